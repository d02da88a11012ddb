/** Keeps the lines of a running trace out of the REPL: they stand on Trace, and would bury what somebody types. */

/** How the interpreter takes its prompt away before it prints. */
const ERASE = "\x1b[J";
/** As src/main.ts prints it, with or without a prompt that was not taken away. */
const TRACE = /^(?:>{1,2}AT|>{0,2}<|>{1,2}(?:tls|tcp|udp)\d+"|>?![A-Z][A-Z0-9_]+\r?$)/;
/** Enough of it to wait for the end of the line. A prompt alone is not. */
const MAYBE = /^(?:>{1,2}AT|>{0,2}<|>{1,2}(?:tls|tcp|udp)\d)/;
/** What does not end in so many chars is no line of a trace. */
const MOST_HELD = 70_000;

export interface TraceSieve {
  feed(text: string): string;
  /** What was held back and is no line so far. */
  idle(): string;
  readonly isHolding: boolean;
}

export function createTraceSieve(): TraceSieve {
  let line = "";
  /** Chars of `line` that are out already. */
  let shown = 0;

  function rest(): string {
    const text = line.slice(shown);
    shown = line.length;
    return text;
  }

  function visible(): string {
    const at = line.lastIndexOf(ERASE);
    return at < 0 ? line : line.slice(at + ERASE.length);
  }

  function end(): string {
    // The prompt in front of it is on the screen: it goes, as the interpreter wanted.
    const text = TRACE.test(visible()) ? (shown > 0 || line.includes(ERASE) ? `\r${ERASE}` : "") : `${rest()}\n`;
    line = "";
    shown = 0;
    return text;
  }

  return {
    feed(text) {
      let out = "";
      const pieces = text.split("\n");
      for (const [index, piece] of pieces.entries()) {
        line += piece;
        if (index < pieces.length - 1) out += end();
        else if (!MAYBE.test(visible()) || line.length > MOST_HELD) out += rest();
      }
      return out;
    },
    idle: rest,
    get isHolding() {
      return line.length > shown;
    },
  };
}
