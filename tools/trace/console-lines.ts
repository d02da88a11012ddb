/** The console's text as lines, without the prompt and the input line that the interpreter erases before it prints. */

/** Longest line kept: 16 KB of socket data, each byte escaped. */
export const MAX_LINE = 65_536;

// The interpreter moves its cursor and erases with these.
const ESCAPE = "\x1b";
const ERASE = `${ESCAPE}[J`;
const CURSOR = new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]`, "g");

export interface ConsoleLines {
  feed(text: string): void;
  /** What stands behind the last line end counts as a line. */
  end(): void;
}

/** A line as a terminal would show it. */
function shown(line: string): string {
  // What stands before it has been erased, and the cursor was at the start of the line.
  const plain = (line.split(ERASE).pop() ?? "").replace(CURSOR, "").replace(/\r+$/, "");
  return plain.slice(plain.lastIndexOf("\r") + 1);
}

/** `onLine`: never empty, no line end. `onLost`: so many chars of a line without end were thrown away. */
export function createConsoleLines(onLine: (line: string) => void, onLost: (chars: number) => void): ConsoleLines {
  let tail = "";
  let lost = 0;

  function take(line: string): void {
    if (lost > 0) {
      onLost(lost + line.length);
      lost = 0;
      return;
    }
    const text = shown(line);
    if (text.trim() !== "") onLine(text);
  }

  return {
    feed(text) {
      const [first = "", ...rest] = text.split("\n");
      tail += first;
      for (const next of rest) {
        take(tail);
        tail = next;
      }
      if (tail.length > MAX_LINE) {
        lost += tail.length;
        tail = "";
      }
    },
    end() {
      const line = tail;
      tail = "";
      if (line !== "" || lost > 0) take(line);
    },
  };
}
