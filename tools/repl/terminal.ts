/**
 * Console text that may go to a terminal as it is. The board prints what it got from the network too, and a terminal obeys
 * escape sequences: of these only the ones pass that the interpreter itself uses to edit a line. Pure.
 */

/** jsiMoveCursor, jsiConsoleEraseAfterCursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this is about
const ALLOWED = /^\x1b\[(?:[A-D]|J)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const COULD_BECOME = /^\x1b\[?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const SPECIAL = /[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]/;
/** Shown for a byte that is not let through. */
const INSTEAD = "?";

export class TerminalFilter {
  private held = "";

  /** Bytes in, bytes out: one char a byte. */
  feed(text: string): string {
    let rest = this.held + text;
    this.held = "";
    let out = "";
    for (;;) {
      const at = rest.search(SPECIAL);
      if (at < 0) return out + this.holdLead(rest);
      out += rest.slice(0, at);
      rest = rest.slice(at);
      if (COULD_BECOME.test(rest)) {
        this.held = rest;
        return out;
      }
      const sequence = ALLOWED.exec(rest)?.[0];
      out += sequence ?? INSTEAD;
      rest = rest.slice(sequence?.length ?? (rest.startsWith("\xc2") ? 2 : 1));
    }
  }

  /** The first byte of a control character in UTF-8, at the end of a chunk. */
  private holdLead(text: string): string {
    if (!text.endsWith("\xc2")) return text;
    this.held = "\xc2";
    return text.slice(0, -1);
  }
}
