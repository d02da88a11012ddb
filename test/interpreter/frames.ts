/**
 * The console carries two things: what a terminal would show, and messages to the harness between STX and ETX. One
 * char is one byte, and both marks never come from `print` of ordinary text.
 */
const STX = "\x02";
const ETX = "\x03";

export interface FrameReader {
  feed(bytes: string): void;
}

export interface FrameHandlers {
  /** `kind` is the first char of the message. */
  onFrame(kind: string, rest: string): void;
  onText(text: string): void;
}

export function createFrameReader(handlers: FrameHandlers): FrameReader {
  let tail = "";
  return {
    feed(bytes) {
      tail += bytes;
      for (;;) {
        const start = tail.indexOf(STX);
        const plain = start < 0 ? tail : tail.slice(0, start);
        if (plain !== "") handlers.onText(plain);
        tail = tail.slice(plain.length);
        const end = tail.indexOf(ETX);
        if (end < 0) return;
        handlers.onFrame(tail.charAt(1), tail.slice(2, end));
        tail = tail.slice(end + 1);
      }
    },
  };
}

/** A JavaScript string literal in ASCII, whatever bytes it holds. */
export function literal(bytes: string): string {
  const escaped = bytes.replace(/[\\"]/g, "\\$&").replace(/[^\x20-\x7e]/g, (char) => {
    const code = char.charCodeAt(0);
    if (code > 255) throw new RangeError(`not a byte: U+${code.toString(16)}`);
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

/**
 * One line for the REPL that answers with a frame `=<id>,<base64>` or, when it throws, `!<id>,<base64>`. DLE in front
 * keeps the line out of echo and history: history would count as variables in use.
 */
export function evaluationLine(id: number, expression: string): string {
  const text = `(v=>typeof v=="string"?v:E.toJS(v))(eval(${literal(expression)}))`;
  const answer = (mark: string, value: string) => `print("\\x02${mark}${id},"+btoa(${value})+"\\x03")`;
  return `\x10try{${answer("=", text)}}catch(e){${answer("!", '""+e')}}\n`;
}
