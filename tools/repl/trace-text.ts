/**
 * Stack traces in a console's text, with the place in the source behind each frame. What is typed has to be seen at once, and
 * a trace can only be read whole: so text is held back from `Uncaught` to the prompt, and nowhere else.
 */
import { type AnnotationStyle, formatAnnotated } from "../symbols/format.ts";
import type { Symbols } from "../symbols/symbols.ts";

const TRACE = /^(?:Uncaught |Execution Interrupted)/;

export class TraceText {
  private readonly symbols: Symbols;
  private readonly style: AnnotationStyle | undefined;
  /** The line that has not ended, as it came. */
  private line = "";
  private isTrace = false;

  constructor(symbols: Symbols, style?: AnnotationStyle) {
    this.symbols = symbols;
    this.style = style;
  }

  /** What can be shown now. */
  feed(text: string): string {
    const lines = (this.line + text).split("\n");
    this.line = lines.pop() ?? "";
    for (const line of lines) if (TRACE.test(line)) this.isTrace = true;
    if (this.line.startsWith(">")) this.isTrace = false;
    const shown = this.format(this.symbols.feed(text));
    return this.isTrace || TRACE.test(this.line) ? shown : shown + this.format(this.symbols.flush());
  }

  /** No more comes. */
  flush(): string {
    this.isTrace = false;
    return this.format(this.symbols.flush());
  }

  private format(annotations: ReturnType<Symbols["feed"]>): string {
    return this.style === undefined ? formatAnnotated(annotations) : formatAnnotated(annotations, this.style);
  }
}
