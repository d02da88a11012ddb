/** From what the interpreter prints to lines of TypeScript and to what an error code means. `createSymbols` makes one. */
import type { Image } from "../flash/image.ts";

/** The part of an image that says what a position in it means. */
export type SymbolImage = Pick<Image, "code" | "symbols">;

/** A frame of a stack trace, of which the interpreter says the function and the place within it. */
export interface Frame {
  /** As the interpreter wrote it, e.g. `    at beta (:1:24)`; more than one line where a function's text is its name. */
  readonly text: string;
  /** Undefined where the place is in no image: typed at the REPL, or another image's. */
  readonly source: SourcePlace | undefined;
}

export interface SourcePlace {
  /** Relative to the project's root, e.g. `modules/link/link.ts`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The function as the source calls it, where it has a name. */
  readonly name: string | undefined;
  /** Found on more than one line, of which this is the first, or found without what proves it. */
  readonly isGuess: boolean;
}

/** A piece of console text, in order: all pieces joined are the text again. */
export type Annotation =
  | { readonly kind: "text"; readonly text: string }
  /** A line of a stack trace, without its line end; its two lines of source and caret are `kind: "text"` behind it. */
  | { readonly kind: "frame"; readonly text: string; readonly frame: Frame }
  /** A code of docs/errors.md. */
  | { readonly kind: "code"; readonly text: string; readonly code: string };

export interface Symbols {
  /**
   * Takes text as it arrives, in whatever pieces; gives what is complete, by line. A frame waits for the two lines below
   * it, which tell where it is.
   */
  feed(text: string): Annotation[];
  /** What is left of a line that has not ended, e.g. a prompt. */
  flush(): Annotation[];
}
