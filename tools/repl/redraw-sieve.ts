/**
 * Keeps questions of ours out of the console's text. While a packet arrives the interpreter keeps it in its input line, and draws
 * that anew when something prints meanwhile: prompt, what has come, a NUL for each byte that is still to come, and the
 * cursor back by as many. Nobody typed it, and it is not erased again.
 */

/** What session.evaluate asks, as far as the NULs. */
const QUESTION = /^\{[A-Z][A-Za-z0-9]{2}:0,v:[^\0\r\n]*/;
const MAYBE = /^\{(?:[A-Z][A-Za-z0-9]{0,2}|[A-Z][A-Za-z0-9]{2}:(?:0(?:,v?)?)?)?$/;
const NULS = /^\0*/;
const BACK = "\x1b[D";
/** Longer than a packet with its NULs and all the ways back. */
const MOST_HELD = 40_000;

export interface RedrawSieve {
  feed(text: string): string;
  /** What was held back, as it is. */
  idle(): string;
  readonly isHolding: boolean;
}

/** How many chars the redraw at the start of `text` has; 0: it is none; undefined: that is not known yet. */
function lengthOfRedraw(text: string): number | undefined {
  const question = QUESTION.exec(text)?.[0].length;
  if (question === undefined) return MAYBE.test(text) ? undefined : 0;
  if (question === text.length) return undefined;
  const nuls = NULS.exec(text.slice(question))?.[0].length ?? 0;
  if (nuls === 0) return 0;
  let at = question + nuls;
  let backs = 0;
  for (; backs < nuls && text.startsWith(BACK, at); backs++) at += BACK.length;
  return backs < nuls && BACK.startsWith(text.slice(at)) ? undefined : at;
}

export function createRedrawSieve(): RedrawSieve {
  let held = "";
  /** Newest char that was given on. */
  let last = "";

  function give(text: string): string {
    last = text.at(-1) ?? last;
    return text;
  }

  function idle(): string {
    const text = held;
    held = "";
    return give(text);
  }

  return {
    feed(text) {
      held += text;
      let out = "";
      for (let from = 0; ; ) {
        const at = held.indexOf("{", from);
        if (at < 0) return out + idle();
        const before = at === 0 ? last : held[at - 1];
        const length = before === ">" ? lengthOfRedraw(held.slice(at)) : 0;
        if (length === 0) from = at + 1;
        else {
          out += give(held.slice(0, at));
          held = held.slice(at + (length ?? 0));
          from = 0;
          if (length === undefined) return held.length > MOST_HELD ? out + idle() : out;
        }
      }
    },
    idle,
    get isHolding() {
      return held !== "";
    },
  };
}
