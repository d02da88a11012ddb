import { detokenise } from "./detokenise.ts";
import type { FrameLine } from "./frame-line.ts";
import { interpreterPositions, plainPositions } from "./positions.ts";
import { innermost, type Program } from "./program.ts";

/** A byte of the code that a position can mean. */
export interface Candidate {
  readonly offset: number;
  /** Nothing else is likely to be there. */
  readonly isProved: boolean;
}

/** Files of Storage that have been named. */
const MOST_FILES = 20;

/**
 * Positions in a file without the source below them: from another engine that runs the image (the virtual board), or where
 * the source was lost. Whether they count in the script, in tokens made source again, or in bytes of the code is not said.
 * That shows with time: by one of them, the functions at the positions have the names that were printed.
 */
export function createSpellings(program: Program): (frame: FrameLine) => Candidate[] {
  const { code, alignment, bodies } = program;
  let spellings: ((frame: FrameLine) => number[])[] | undefined;
  const scores = new Map<string, number[]>();

  const create = (): ((frame: FrameLine) => number[])[] => {
    const runnable = detokenise(code);
    const inRunnable = plainPositions(runnable.text);
    const inScript = plainPositions(program.script);
    const inCode = interpreterPositions(code);
    return [
      (frame) => inRunnable.at(frame).map(runnable.toCode),
      (frame) => inScript.at(frame).map(alignment.toCode),
      (frame) => inCode.at(frame),
    ];
  };

  return (frame) => {
    const { file = "", name } = frame;
    if (/[/:]/.test(file)) return []; // a file of the computer on which the engine runs
    spellings ??= create();
    const found = spellings.map((at) => at(frame).filter((offset) => offset < code.length));
    const score = scores.get(file) ?? [0, 0, 0];
    const votes = found.map((offsets) =>
      offsets.some((offset) => name !== undefined && innermost(bodies, offset)?.name?.text === name) ? 1 : 0,
    );
    const sums = score.map((sum, n) => sum + (votes[n] ?? 0));
    if (scores.size < MOST_FILES || scores.has(file)) scores.set(file, sums);
    const best = Math.max(...sums);
    const isKnown = best > 0;
    // The image is known to run from another file, so this one is what runs it.
    if (!isKnown && [...scores.values()].some((other) => Math.max(...other) > 0)) return [];
    const likely = found.filter((_, n) => sums[n] === best).flat();
    return [...new Set(likely)].map((offset) => ({ offset, isProved: isKnown }));
  };
}
