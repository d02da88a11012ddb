import { lastAtMost } from "./search.ts";

/** From 1, but see `interpreterPositions`. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Offsets in a text, as lines and columns. */
export interface Positions {
  of(offset: number): Position;
  /** Offsets that have this position. */
  at(position: Position): number[];
}

/** As source maps and other engines count. */
export function plainPositions(text: string): Positions {
  return createPositions(text, []);
}

/**
 * As the interpreter counts (jsvGetLineAndCol of jsvar.c). It means to leave out lines in front that begin with
 * `Modules.addCached`, and leaves out each line, of the first ones, in which these letters stand in this order, however
 * far apart: from the last of them on, such a line and all behind it have a number less. So the only line of a long script
 * is line 0 further on, and a position can mean two places.
 */
export function interpreterPositions(text: string): Positions {
  const letters = "Modules.addCached";
  const ends: number[] = [];
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.indexOf("\n", start);
    const end = lineEnd < 0 ? text.length : lineEnd;
    let at = start - 1;
    for (const letter of letters) {
      at = text.indexOf(letter, at + 1);
      if (at < 0 || at >= end) return createPositions(text, ends);
    }
    ends.push(at);
    start = end + 1;
  }
  return createPositions(text, ends);
}

/** `omitted`: offsets from which on lines have a number less. */
function createPositions(text: string, omitted: readonly number[]): Positions {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const omittedAt = (offset: number): number => omitted.filter((end) => end <= offset).length;
  return {
    of(offset) {
      const line = lastAtMost(starts, offset);
      return { line: line + 1 - omittedAt(offset), column: offset - (starts[line] ?? 0) + 1 };
    },
    at({ line, column }) {
      const offsets: number[] = [];
      for (let more = 0; more <= omitted.length; more++) {
        const start = starts[line - 1 + more];
        const offset = (start ?? 0) + column - 1;
        const end = starts[line + more] ?? text.length + 1;
        if (start !== undefined && offset >= start && offset < end && omittedAt(offset) === more) offsets.push(offset);
      }
      return offsets;
    },
  };
}
