/** Time as the session needs it: a test gives a clock that stands still, everybody else has the computer's. */

/** Handle of a pending call. */
export interface Timer {
  /** When the call is due, in milliseconds of the clock. */
  readonly due: number;
}

/** A `Clock` of tools/clock.ts is one; it is not imported, as its own way to wait is only Node's. */
export interface Timers {
  /** Milliseconds since some moment. */
  now(): number;
  setTimeout(run: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

/** In Node and in a browser. */
export function systemTimers(): Timers {
  const handles = new WeakMap<Timer, ReturnType<typeof setTimeout>>();
  const now = (): number => performance.now();
  return {
    now,
    setTimeout(run, ms) {
      const timer: Timer = { due: now() + ms };
      handles.set(timer, setTimeout(run, ms));
      return timer;
    },
    clearTimeout(timer) {
      clearTimeout(handles.get(timer));
    },
  };
}
