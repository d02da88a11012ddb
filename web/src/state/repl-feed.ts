/**
 * From console text to what a terminal shows. The annotator gives whole lines, and a stack frame only with the two lines below
 * it; whoever types wants to see each char at once. So what cannot be a frame is shown ahead, and not shown again.
 */
import { formatPlace } from "../../../tools/symbols/format.ts";
import type { Annotation, SourcePlace, Symbols } from "../../../tools/symbols/symbols.ts";

export interface ReplFeed {
  /** What to write to the terminal now. */
  feed(text: string): string;
  /** Call when nothing has come for a while: what was held back, as it is. */
  idle(): string;
  /** Held back at the moment; only then is `idle` needed. */
  readonly isHolding: boolean;
}

export interface ReplListeners {
  readonly onCode: (code: string) => void;
  readonly onPlace: (place: SourcePlace) => void;
}

/** The beginning of `    at name (file:1:2)`, however little of it has come. */
const FRAME_BEGIN = /^ {1,4}$|^ {4}a$|^ {4}at( |$)/;
const PLACE_STYLE = "\x1b[36m";
const PLAIN = "\x1b[39m";

export function createReplFeed(symbols: Symbols, { onCode, onPlace }: ReplListeners): ReplFeed {
  /** What the annotator was given and has not given back. */
  let pending = "";
  /** Chars at the start of `pending` that the terminal has already. */
  let ahead = 0;

  function place(source: SourcePlace): string {
    onPlace(source);
    return `${PLACE_STYLE} <- ${formatPlace(source)}${PLAIN}`;
  }

  function show(annotation: Annotation): string {
    const { text } = annotation;
    const shown = text.slice(Math.min(ahead, text.length));
    ahead = Math.max(0, ahead - text.length);
    pending = pending.slice(text.length);
    if (annotation.kind === "code") onCode(annotation.code);
    if (annotation.kind !== "frame" || annotation.frame.source === undefined) return shown;
    return shown + place(annotation.frame.source);
  }

  function showAhead(): string {
    const line = pending.slice(pending.lastIndexOf("\n") + 1);
    // Behind a frame its source is awaited: nothing is ahead of that.
    if (pending.includes("\n") || FRAME_BEGIN.test(line)) return "";
    const shown = pending.slice(ahead);
    ahead = pending.length;
    return shown;
  }

  return {
    feed(text) {
      pending += text;
      const whole = symbols.feed(text).map(show).join("");
      return whole + showAhead();
    },
    idle: () => symbols.flush().map(show).join(""),
    get isHolding() {
      return pending.length > ahead;
    },
  };
}
