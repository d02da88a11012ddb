/**
 * A clock that does not wait: when nothing happens any more it goes straight to the next pending call. Minutes pass in
 * milliseconds and always in the same order, whatever else the computer does. For rigs without real sockets: it would
 * run ahead of those.
 */
import { type Clock, createManualClock } from "../../tools/clock.ts";

export interface EagerClock extends Clock {
  /** Goes no further, so that a test with endless timers can end. */
  stop(): void;
}

/** Turns of the host's loop without news before time goes on: pipes, promises and `setImmediate` need a few. */
const QUIET_TURNS = 6;

export function createEagerClock(): EagerClock {
  const manual = createManualClock();
  let quiet = 0;
  let isPumping = false;
  let isStopped = false;

  function pump(): void {
    const due = manual.nextDue();
    isPumping = due !== undefined && !isStopped;
    if (due === undefined || isStopped) return;
    if (quiet++ >= QUIET_TURNS) {
      quiet = 0;
      manual.advance(Math.max(0, due - manual.now()));
    }
    setImmediate(pump);
  }

  return {
    speed: 1,
    now: manual.now,
    setTimeout(run, ms) {
      quiet = 0;
      const timer = manual.setTimeout(run, ms);
      if (!isPumping && !isStopped) {
        isPumping = true;
        setImmediate(pump);
      }
      return timer;
    },
    clearTimeout: manual.clearTimeout,
    stop() {
      isStopped = true;
    },
  };
}
