/** Strings for the interpreter, as it reads them in an expression. What it prints is read by to-js.ts. */

type Delimiter = '"' | "'";

const DELIMITERS: readonly Delimiter[] = ['"', "'"];
/** Ctrl-C: it ends what runs when it arrives, wherever it stands (jsdevices.c, jshPushIOCharEventsHandler). */
const INTERRUPT = "\x03";

/**
 * The shortest string literal that the interpreter reads as exactly these bytes, of which none can end it. It may be sent in
 * a packet whatever runs: neither NUL, which ends a script for the lexer, nor Ctrl-C stands in it. All other bytes are as
 * they are, XON and XOFF too, which the interpreter sends and does not obey.
 *
 * For interpreters without Unicode support (both boards of this project): with it, bytes that happen to be UTF-8 would make
 * a string of another kind.
 * @throws {RangeError} for a character above 255.
 */
export function quote(bytes: string): string {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes.charCodeAt(i) > 255) throw new RangeError(`no byte: character ${bytes.charCodeAt(i)} at ${i}`);
  }
  let shortest = "";
  for (const delimiter of DELIMITERS) {
    const literal = quoteWith(delimiter, bytes);
    if (shortest === "" || literal.length < shortest.length) shortest = literal;
  }
  return shortest;
}

function quoteWith(delimiter: Delimiter, bytes: string): string {
  const escaped = bytes.replace(PATTERNS[delimiter], (found, at: number) => {
    if (found === "\0" || found === "\x03") return octal(found.charCodeAt(0), bytes.charCodeAt(at + 1));
    if (found === "\n") return "\\n";
    // The interpreter would take it as it is; JavaScript does not.
    return found === "\r" ? "\\r" : "\\" + found;
  });
  return delimiter + escaped + delimiter;
}

const PATTERNS: Readonly<Record<Delimiter, RegExp>> = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes that may not stand in a packet
  '"': /[\0\x03\n\r\\"]/g,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  "'": /[\0\x03\n\r\\']/g,
};

/** The lexer takes up to three octal digits, so all three are written where a digit follows. */
function octal(byte: number, next: number): string {
  const isDigit = next >= 0x30 && next <= 0x37;
  return isDigit ? `\\${byte.toString(8).padStart(3, "0")}` : `\\${byte}`;
}

/** Whether each char is a byte. */
export function isBytes(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return false;
  return true;
}

/** Whether an expression can be sent as it is: bytes only, and no NUL and no Ctrl-C among them. */
export function canTravel(expression: string): boolean {
  return isBytes(expression) && !expression.includes("\0") && !expression.includes(INTERRUPT);
}
