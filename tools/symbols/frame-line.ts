import type { Piece } from "./piece.ts";
import type { Position } from "./positions.ts";

/** What a line of a stack trace says. */
export interface FrameLine extends Position {
  /** Chars of the line in front of it: `OUT OF MEMORY` ends without a new line. */
  readonly indent: number;
  /** What was called by which name, e.g. `publish`, or the text of a function that has none; undefined: by nobody. */
  readonly name: string | undefined;
  /** In which file of Storage the position counts; undefined: in the function's own text. */
  readonly file: string | undefined;
}

const AT = "    at ";
/** A name is cut at 63 chars, a file's name at 28; V8 puts the place of an `eval` into the line as well. */
const LONGEST = 300;
const POSITION = /:(\d{1,8}):(\d{1,8})(\)?)$/;

/**
 * Reads a line of a stack trace, or the lines that make one up, as the interpreter writes it and as the virtual board's engine does, without its line
 * end; undefined when it is another line.
 *
 *     at name (.bootcde:1:24)      a function in a file of Storage
 *     at name (:1:24)              one anywhere else: in RAM, or in flash outside of Storage
 *     at :1:24                     called by the interpreter itself: a timer, a listener, `map`
 *     at function (a) {        one without a name: 63 chars of its text, with new lines, then as above
 *       return a+ (:1:24)
 *     at name (eval at f (.bootcde:1:2), <anonymous>:1:24)     V8
 */
export function parseFrameLine(line: string): FrameLine | undefined {
  const at = line.indexOf(AT);
  if (at < 0 || line.length - at > LONGEST) return undefined;
  const rest = line.slice(at + AT.length);
  const position = POSITION.exec(rest);
  if (position === null) return undefined;
  const [, lineNumber, column, bracket] = position;
  const front = rest.slice(0, position.index);
  const place = { indent: at, line: Number(lineNumber), column: Number(column) };
  if (place.column < 1) return undefined;
  if (bracket === "") {
    // Without a name there is only a file's name, which has no blanks.
    return /[\s(]/.test(front) ? undefined : { ...place, name: undefined, file: front === "" ? undefined : front };
  }
  const evaluated = front.indexOf(" (eval at ");
  const open = evaluated >= 0 ? evaluated : front.lastIndexOf(" (");
  if (open <= 0) return undefined;
  const file = evaluated >= 0 ? "<anonymous>" : front.slice(open + 2);
  return { ...place, name: plainName(front.slice(0, open)), file: file === "" ? undefined : file };
}

/** V8 writes `new Link`, `get a`, `Object.publish` and `Object.k [as publish]` where the interpreter writes the last word. */
function plainName(name: string): string {
  const bare = name.replace(/^(new|async|get|set) /, "").replace(/ \[as [^\]]*\]$/, "");
  return /^[\w$.<>]+$/.test(bare) ? bare.slice(bare.lastIndexOf(".") + 1) : name;
}

/** A line that begins with a function's text, which goes on in the next: the interpreter's name for one without a name. */
export function startsFrameLine(line: string): boolean {
  return line.length < LONGEST && line.includes(`${AT}function (`);
}

/** The two lines below a frame; undefined when these are not such. */
export function parsePiece(text: string | undefined, caret: string | undefined): Piece | undefined {
  if (text === undefined || caret === undefined || !/^ *\^$/.test(caret)) return undefined;
  return { text, indent: caret.length - 1 };
}
