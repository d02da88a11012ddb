/** Console text as lines to be kept: without the prompt, without the line that was being typed, without escapes. Pure. */

/** A firmware that prints without an end has its lines cut here. */
const MAX_LINE = 4096;
/** The line that is being typed is erased before anything is printed, so what stands before this was not printed. */
const LINE_REMOVED = "\r\x1b[J";
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const ESCAPES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[^[])?/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;
/** The interpreter's own prompt, alone in its line. */
const PROMPT = /^>\s*$/;

export class LineReader {
  private partial = "";

  /** The lines that are complete now. */
  feed(text: string): string[] {
    const parts = (this.partial + text).split("\n");
    this.partial = parts.pop() ?? "";
    const lines = parts.flatMap((part) => cleaned(part));
    if (this.partial.length <= MAX_LINE) return lines;
    const cut = this.partial.slice(0, MAX_LINE);
    this.partial = this.partial.slice(MAX_LINE);
    return [...lines, ...cleaned(cut)];
  }

  /** What has not ended. */
  flush(): string[] {
    const { partial } = this;
    this.partial = "";
    return partial === "" ? [] : cleaned(partial);
  }
}

function cleaned(raw: string): string[] {
  const start = raw.lastIndexOf(LINE_REMOVED);
  const printed = start < 0 ? raw : raw.slice(start + LINE_REMOVED.length);
  const line = printed.replace(ESCAPES, "").replace(CONTROLS, "");
  return PROMPT.test(line) || (line === "" && start >= 0) ? [] : [line];
}
