/** Finds the moment at which a position of a byte stream was passed. */
export interface StreamMarks {
  /** `bytes` more went by at `at`. */
  add(bytes: number, at: number): void;
  /** When the byte before `position` went by; undefined: not yet. */
  passed(position: number): number | undefined;
  readonly total: number;
}

/** Positions of one connection; older ones than this many are forgotten. */
const KEPT = 512;

export function createStreamMarks(): StreamMarks {
  const marks: { total: number; at: number }[] = [];
  let total = 0;
  return {
    add(bytes, at) {
      total += bytes;
      marks.push({ total, at });
      if (marks.length > KEPT) marks.shift();
    },
    passed: (position) => marks.find((mark) => mark.total >= position)?.at,
    get total() {
      return total;
    },
  };
}
