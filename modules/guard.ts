/**
 * An exception that escapes a timer or a listener rejects an unrelated Promise and its own report is lost
 * (jswrap_promise.c), so whatever the interpreter calls goes through `guard`.
 */

/** @public */
export interface Crashes {
  /** Exceptions caught so far. */
  count: number;
  /** Stack of the newest one. */
  last: string;
}

export const crashes: Crashes = { count: 0, last: "" };

/** So many, and the board starts anew: where something throws at every turn, the link may stand and the device be dead. */
const MANY = 250;

/** Calls `run(a, b, c)`; an exception is counted, kept and printed, never passed on. */
export function guard<A, B, C>(run: (a: A, b: B, c: C) => void, a?: A, b?: B, c?: C): void {
  try {
    run(a as A, b as B, c as C);
  } catch (error) {
    crashes.count++;
    crashes.last = `${error}\n${(error as Error).stack}`;
    print(crashes.last);
    if (crashes.count > MANY) E.reboot();
  }
}

/** `setTimeout` whose callback is guarded; three arguments travel with it, so that no closure is needed. */
export function after<A, B, C>(ms: number, run: (a: A, b: B, c: C) => void, a?: A, b?: B, c?: C): number {
  return setTimeout(guard, ms, run, a, b, c);
}
