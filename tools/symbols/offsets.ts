import { type SourceText, shownSource } from "./detokenise.ts";
import type { FrameLine } from "./frame-line.ts";
import { type Piece, pieceAt } from "./piece.ts";
import { interpreterPositions, type Position, type Positions } from "./positions.ts";
import type { Body, Program } from "./program.ts";
import { type Candidate, createSpellings } from "./spelling.ts";
import { tokenAt } from "./tokens.ts";

/** Bytes of the code at which a frame can be. */
export type Offsets = (frame: FrameLine, piece: Piece | undefined) => Candidate[];

const DOTS = "...";
/** Places that show the same source: as many are looked at. */
const MOST_OCCURRENCES = 50;
/** Names under which the interpreter runs text that is in no image: what was typed, or what `setTimeout` was given. */
const notOfAnImage = new Set(["REPL", "[raw]", "event"]);
/** Names under which it runs a whole image. */
const wholeImage = new Set(["boot code", "eval", "load"]);

export function createOffsets(program: Program): Offsets {
  const { code } = program;
  const texts = program.bodies.map((body) => createBodyText(code, body));
  const filePositions = interpreterPositions(code);
  const inFile = createSpellings(program);
  let shown: SourceText | undefined;

  const isPrinted = (offset: number, piece: Piece): boolean => texts.some((text) => text.prints(offset, piece));

  /** The interpreter has no memory left to find the position, but prints the source. */
  const bySource = (piece: Piece): number[] => {
    shown ??= shownSource(code);
    const isCut = piece.text.startsWith(DOTS);
    const visible = piece.text.slice(isCut ? DOTS.length : 0, piece.text.endsWith(DOTS) ? -DOTS.length : undefined);
    const found: number[] = [];
    let at = visible === "" ? -1 : shown.text.indexOf(visible);
    for (let n = 0; at >= 0 && n < MOST_OCCURRENCES; n++) {
      const offset = shown.toCode(at) + piece.indent - (isCut ? DOTS.length : 0);
      if (isPrinted(offset, piece)) found.push(offset);
      at = shown.text.indexOf(visible, at + 1);
    }
    return found;
  };

  /** No source below it, so its name has to do. */
  const byName = (frame: FrameLine): number[] => {
    const isCalledSo = ({ name }: Body): boolean => name !== undefined && name.text === frame.name;
    return texts.filter(({ body }) => isCalledSo(body)).flatMap((text) => text.at(frame));
  };

  const bySourceAndPosition = (frame: FrameLine, piece: Piece): number[] => {
    if (frame.file !== undefined) return filePositions.at(frame).filter((offset) => isPrinted(offset, piece));
    const meant = wholeImage.has(frame.name ?? "") ? texts.slice(0, 1) : texts;
    const found = meant.flatMap((text) => text.at(frame).filter((offset) => text.prints(offset, piece)));
    return found.length > 0 || frame.line !== 1 || frame.column !== 1 ? found : bySource(piece);
  };

  return (frame, piece) => {
    if (frame.name !== undefined && notOfAnImage.has(frame.name)) return [];
    if (piece === undefined && frame.file !== undefined) return inFile(frame);
    const offsets = piece === undefined ? byName(frame) : bySourceAndPosition(frame, piece);
    return offsets.map((offset) => ({ offset, isProved: true }));
  };
}

interface BodyText {
  readonly body: Body;
  /** Offsets in the code of a position in this text. */
  at(position: Position): number[];
  /** Whether this is what the interpreter prints at a byte of the code when it runs this text. */
  prints(offset: number, piece: Piece): boolean;
}

function createBodyText(code: string, body: Body): BodyText {
  const { start, end } = body;
  const text = code.slice(start, end);
  const beginning = tokenAt(text, 0).text;
  let positions: Positions | undefined;
  return {
    body,
    at(position) {
      if (position.column > text.length) return [];
      positions ??= interpreterPositions(text);
      return positions
        .at(position)
        .filter((offset) => offset < text.length)
        .map((offset) => start + offset);
    },
    prints(offset, piece) {
      if (offset < start || offset >= end) return false;
      // Cheap, and enough for nearly all that are not meant.
      const isOther = !piece.text.startsWith(DOTS) && !piece.text.startsWith(beginning);
      if (isOther && !text.slice(0, offset - start).includes("\n")) return false;
      const expected = pieceAt(text, offset - start);
      return expected.text === piece.text && expected.indent === piece.indent;
    },
  };
}
