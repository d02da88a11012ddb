/**
 * A scaled clock for rigs with real sockets that does not jump: when this computer is busy with something else, time
 * stands still instead of running on, so that a time-out means that nothing came, not that nobody looked.
 */
import { type Clock, createManualClock } from "../../tools/clock.ts";

/** Virtual time in one turn of the host's loop, in turns at full speed: sockets have their say in between. */
const MOST_TURNS = 2;

export function createSteadyClock(speed: number): Clock & { stop(): void } {
  const manual = createManualClock();
  let isTicking = false;
  let isStopped = false;
  let lastMs = 0;

  function tick(): void {
    const nowMs = performance.now();
    const passed = Math.min((nowMs - lastMs) * speed, MOST_TURNS * speed);
    lastMs = nowMs;
    manual.advance(passed);
    isTicking = false;
    start();
  }

  function start(): void {
    if (isTicking || isStopped || manual.nextDue() === undefined) return;
    isTicking = true;
    setTimeout(tick, 1);
  }

  return {
    speed,
    now: manual.now,
    setTimeout(run, ms) {
      const timer = manual.setTimeout(run, ms);
      if (!isTicking) lastMs = performance.now();
      start();
      return timer;
    },
    clearTimeout: manual.clearTimeout,
    stop() {
      isStopped = true;
    },
  };
}
