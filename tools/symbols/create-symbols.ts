import { type FrameLine, parseFrameLine, parsePiece, startsFrameLine } from "./frame-line.ts";
import { createLookup, type Lookup } from "./image-symbols.ts";
import type { Piece } from "./piece.ts";
import type { Annotation, SourcePlace, SymbolImage, Symbols } from "./symbols.ts";

/** A longer line is no line of a stack trace, and is not kept until it ends. */
const LONGEST_LINE = 4096;
/** Frames whose places are remembered: a recursion prints the same one over and over. */
const MOST_REMEMBERED = 200;
/** Source and caret. */
const PIECE_LINES = 2;
/** Of a function's text of 63 chars in place of its name. */
const NAME_LINES = 5;

/**
 * Annotates what the interpreter prints.
 *
 * What it prints for an error that nothing caught (jslPrintStackTrace of jslex.c, seen on 2v29), innermost function first,
 * and the same text, from the first `at` on, is `error.stack`:
 *
 *     Uncaught Error: boo
 *         at beta (.bootcde:1:24)
 *     throw new Error("boo"+y)
 *                            ^
 *         at .bootcde:2:35
 *     "hello "+x+" "+beta(x)
 *                          ^
 *
 * - The name is what was called, not what the function is called: a callback goes by its parameter's name, a method by
 *   its property's, a function that has none by the first 63 chars of its text, new lines and all. What the interpreter calls itself
 *   (a timer, a listener, `map`, a getter) has none. A script goes by `boot code`, `eval`, `event` (a timer's string),
 *   `REPL`, `[raw]`.
 * - The position is that of the token in front of the one that was read last: of a call and of `new` the closing bracket,
 *   of `x.y` of undefined the dot.
 * - In code that runs from a file in Storage, line and column count from the start of that file; anywhere else (RAM,
 *   flash read by `E.memoryArea`) from the start of the function's text, and no file is named.
 * - Columns count bytes. Pretokenised code has other bytes than the script, so it has other columns, and a string or a
 *   number in it may hold the byte of a new line, from where on the line is another and the column starts anew.
 *   Lines can be counted from 0 (`interpreterPositions`).
 * - The source below it is the function's own text, tokens written out, at most about 60 bytes of it and a token more, cut
 *   by `...`; the caret stands where the byte does, so in pretokenised code it is too far left or right. Where a line
 *   starts within a string or a number, its bytes come as they are, control chars as well.
 * - An expression in a template is a text of its own, without name or file, and the functions around it are not printed.
 * - With no memory left the position is `:1:1`, while source and caret are right; `OUT OF MEMORY` has no line end.
 * - A thrown value that is no error has no frames; a rejection (`Unhandled promise rejection: ...`) keeps those of its error.
 *
 * So a frame is looked up by its position, and found where the interpreter would print just that source and caret.
 * `codes` are annotated wherever they stand as a word. Never throws: an image that cannot be read knows no place.
 */
export function createSymbols(images: readonly SymbolImage[], codes: ReadonlySet<string>): Symbols {
  return new Annotator(images, codes);
}

interface Pending {
  /** One, or more where a function's text stands for its name. */
  lines: string;
  count: number;
  /** Undefined as long as that text goes on. */
  frame: FrameLine | undefined;
  readonly below: string[];
}

class Annotator implements Symbols {
  private readonly images: readonly SymbolImage[];
  private readonly codes: ReadonlySet<string>;
  private lookups: readonly Lookup[] | undefined;
  private readonly remembered = new Map<string, SourcePlace | undefined>();
  private tail = "";
  private pending: Pending | undefined;

  constructor(images: readonly SymbolImage[], codes: ReadonlySet<string>) {
    this.images = images;
    this.codes = codes;
  }

  feed(text: string): Annotation[] {
    const out: Annotation[] = [];
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.takeLine(this.tail + text.slice(from, end + 1), out);
      this.tail = "";
      from = end + 1;
    }
    this.tail += text.slice(from);
    if (this.tail.length > LONGEST_LINE) this.give(out);
    return out;
  }

  flush(): Annotation[] {
    const out: Annotation[] = [];
    this.give(out);
    return out;
  }

  /** Everything that is held, as if the line had ended. */
  private give(out: Annotation[]): void {
    const { tail } = this;
    this.tail = "";
    if (tail !== "") this.takeLine(tail, out);
    this.settle(out);
  }

  private takeLine(line: string, out: Annotation[]): void {
    const { pending } = this;
    const isLong = line.length > LONGEST_LINE;
    const frame = isLong ? undefined : parseFrameLine(withoutEnd(line));
    if (pending !== undefined && pending.frame === undefined && frame === undefined && !isLong) {
      pending.lines += line;
      pending.frame = parseFrameLine(withoutEnd(pending.lines));
      if (pending.frame === undefined && ++pending.count >= NAME_LINES) this.settle(out);
    } else if (frame !== undefined || (!isLong && startsFrameLine(line))) {
      this.settle(out);
      this.pending = { lines: line, count: 1, frame, below: [] };
    } else if (pending === undefined || isLong) {
      this.settle(out);
      this.addText(line, out);
    } else {
      pending.below.push(line);
      if (pending.below.length === PIECE_LINES) this.settle(out);
    }
  }

  private settle(out: Annotation[]): void {
    const { pending } = this;
    if (pending === undefined) return;
    this.pending = undefined;
    const { lines, frame, below } = pending;
    if (frame === undefined) {
      this.addText(lines, out);
      return;
    }
    const [source, caret] = below.map(withoutEnd);
    const piece = parsePiece(source, caret);
    const bare = withoutEnd(lines);
    this.addText(bare.slice(0, frame.indent), out);
    const text = bare.slice(frame.indent);
    out.push({ kind: "frame", text, frame: { text, source: this.find(text, frame, piece) } });
    addPlain(lines.slice(bare.length), out);
    for (const under of below) {
      if (piece === undefined) this.addText(under, out);
      else addPlain(under, out);
    }
  }

  private find(text: string, frame: FrameLine, piece: Piece | undefined): SourcePlace | undefined {
    const key = JSON.stringify([text, piece]);
    // Without source, what was not known of the same frame may be known now.
    if (piece !== undefined && this.remembered.has(key)) return this.remembered.get(key);
    const place = choose(this.look(frame, piece));
    const [oldest] = this.remembered.keys();
    if (this.remembered.size >= MOST_REMEMBERED && oldest !== undefined) this.remembered.delete(oldest);
    this.remembered.set(key, place);
    return place;
  }

  private look(frame: FrameLine, piece: Piece | undefined): ReturnType<Lookup> {
    this.lookups ??= this.images.map(carefully);
    return this.lookups.flatMap((lookup) => lookup(frame, piece));
  }

  private addText(text: string, out: Annotation[]): void {
    let from = 0;
    for (const { index, 0: word } of text.matchAll(/[A-Za-z0-9_]+/g)) {
      if (!this.codes.has(word)) continue;
      addPlain(text.slice(from, index), out);
      out.push({ kind: "code", text: word, code: word });
      from = index + word.length;
    }
    addPlain(text.slice(from), out);
  }
}

function addPlain(text: string, out: Annotation[]): void {
  if (text === "") return;
  const last = out.at(-1);
  if (last?.kind === "text") out[out.length - 1] = { kind: "text", text: last.text + text };
  else out.push({ kind: "text", text });
}

function withoutEnd(line: string): string {
  let end = line.endsWith("\n") ? line.length - 1 : line.length;
  while (line[end - 1] === "\r") end--;
  return line.slice(0, end);
}

/** The one line that fits; of several, first those whose function goes by the name that was printed. */
function choose(fits: ReturnType<Lookup>): SourcePlace | undefined {
  const named = fits.filter((fit) => fit.isNamed);
  const likely = named.length > 0 ? named : fits;
  const lines = new Set(likely.map(({ place }) => `${place.file}:${place.line}`));
  const [first] = likely;
  return first && { ...first.place, isGuess: lines.size > 1 || !likely.some((fit) => fit.isProved) };
}

/** A file that was given as an image may hold anything. */
function carefully(image: SymbolImage): Lookup {
  try {
    return createLookup(image);
  } catch {
    return () => [];
  }
}
