/**
 * What the interpreter says behind a NAK: `Uncaught ...`, lines of the stack, each with its source and a caret, and then
 * whatever the console goes on with. It has no end mark, so the end is found by its form.
 */

export interface ExceptionText {
  /** The interpreter's own words, lines ended by LF; undefined where it gave none. */
  readonly detail: string | undefined;
  /** Console text that only came behind it. */
  readonly rest: string;
}

/** More than any stack trace that the interpreter's memory allows to be useful. */
export const MAX_EXCEPTION = 4096;

const REASONS = ["Uncaught ", "Execution Interrupted"];
/** The line that is being typed is taken away before something is printed: cursor moves, start of line, erase. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of the console
const LINE_REMOVED = /^(?:\x1b\[[A-D])*\r\x1b\[J/;
/** A caret alone in its line, under the place in the source line above it. */
const CARET = /(?:^|\n) *\^\r?\n/g;
const PROMPT = /(?:^|\n)>/;

/** Splits what came behind a NAK, once it is known to be over. */
export function splitException(text: string): ExceptionText {
  const removed = LINE_REMOVED.exec(text)?.[0] ?? "";
  const words = text.slice(removed.length);
  if (!REASONS.some((reason) => words.startsWith(reason))) return { detail: undefined, rest: text };
  const end = endOfTrace(words);
  return { detail: words.slice(0, end).replaceAll("\r\n", "\n").trimEnd(), rest: removed + words.slice(end) };
}

/** Whether nothing that comes can belong to it any more: the prompt is there again. */
export function isExceptionOver(text: string): boolean {
  return text.length > MAX_EXCEPTION || PROMPT.test(text);
}

function endOfTrace(words: string): number {
  let end = 0;
  for (const caret of words.matchAll(CARET)) end = caret.index + caret[0].length;
  if (end > 0) return end;
  const line = words.indexOf("\n");
  return line < 0 ? words.length : line + 1;
}
