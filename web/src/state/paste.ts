/** Sends text of many lines to a console that takes one at a time. */

/** A line that is longer than the interpreter's input can have is a mistake: base64, or a whole bundle. */
export const MAX_LINE = 4000;
export const MAX_LINES = 2000;

/** Chars above one byte as UTF-8, each byte a char. */
export function toByteChars(text: string): string {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** Throws with what is wrong, in words. */
export function toLines(text: string): string[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (lines.length > MAX_LINES)
    throw new Error(`${lines.length} lines; at most ${MAX_LINES} are sent at once. Flash it instead.`);
  const long = lines.findIndex((line) => line.length > MAX_LINE);
  if (long >= 0) throw new Error(`Line ${long + 1} has more than ${MAX_LINE} characters. Flash it instead.`);
  return lines.map((line) => toByteChars(line));
}

export interface LineSender {
  /** Resolves when the link has taken it. */
  readonly type: (text: string) => Promise<void>;
  /** Resolves when the board has echoed a line end, or has not for too long. */
  readonly echoed: () => Promise<void>;
  readonly isCancelled: () => boolean;
}

/** One line after the other: the next one goes when the board has echoed the one before. */
export async function sendLines(lines: readonly string[], { type, echoed, isCancelled }: LineSender): Promise<number> {
  let sent = 0;
  for (const line of lines) {
    if (isCancelled()) break;
    const echo = echoed();
    await type(`${line}\n`);
    await echo;
    sent++;
  }
  return sent;
}
