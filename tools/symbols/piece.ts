import { FIRST_WORD_TOKEN, NEW_LINE, needsSpace, tokenAt } from "./tokens.ts";

/** The two lines that the interpreter prints below a position: a piece of the source, and a caret under the place. */
export interface Piece {
  readonly text: string;
  /** Spaces in front of the caret. */
  readonly indent: number;
}

/** Of a piece of source, not counting what stands in front of the caret's window and dots. */
const MOST_CHARS = 60;
const BEFORE_CARET = 30;
const DOTS = "...";

/**
 * What the interpreter prints below a position in this code, to the byte: jslPrintTokenLineMarker of jslex.c. In a long
 * line it starts 30 bytes before the place, at a token, and ends with the token that reaches 60; tokens are written out,
 * the caret is not moved for that.
 */
export function pieceAt(code: string, offset: number): Piece {
  const start = offset === 0 ? 0 : code.lastIndexOf("\n", offset - 1) + 1;
  const lineEnd = code.indexOf("\n", start);
  const lineLength = (lineEnd < 0 ? code.length : lineEnd) - start;
  let indent = offset - start;
  let text = "";
  let skip = 0;
  if (lineLength > MOST_CHARS && offset - start > BEFORE_CARET) {
    text = DOTS;
    indent += DOTS.length;
    skip = offset - BEFORE_CARET - start;
  }
  let chars = -skip;
  let last = 0;
  for (let at = start; at < code.length && chars < MOST_CHARS && last !== 255; ) {
    const char = code.charCodeAt(at);
    if (char === NEW_LINE) break;
    if (skip > 0 && char < FIRST_WORD_TOKEN) {
      // What the general case does, without making a token: most of a long function is passed over so.
      skip--;
      indent--;
      chars++;
      at++;
      last = char;
      continue;
    }
    const { text: printed, size, kind } = tokenAt(code, at);
    if (skip > 0) {
      skip = Math.max(0, skip - size);
      indent -= size;
    } else {
      const isSource = kind === "char" || kind === "word";
      text += isSource && needsSpace(last, char) ? ` ${printed}` : printed;
    }
    if (kind === "char" || kind === "word") last = char;
    chars += size;
    at += size;
  }
  if (chars >= MOST_CHARS) text += DOTS;
  return { text, indent: Math.max(0, indent) };
}
