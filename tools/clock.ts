/** One scaled clock for everything that is simulated: with speed 20 a minute of virtual time takes three seconds. */

/** Handle of a pending call; give it back to `clearTimeout`. */
export interface Timer {
  /** When the call is due, in milliseconds of the clock. */
  readonly due: number;
}

export interface Clock {
  /** 1 = real time, 20 = twenty times faster, timers included. */
  readonly speed: number;
  /** Milliseconds since the clock was made: monotonic, scaled, starts at 0. */
  now(): number;
  /** Calls `run` once, `ms` scaled milliseconds from now, never early. */
  setTimeout(run: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
}

interface Entry extends Timer {
  readonly run: () => void;
}

/** Pending calls sorted by due time; calls with the same due time keep the order in which they were made. */
class Agenda {
  private readonly entries: Entry[] = [];

  add(run: () => void, due: number): Entry {
    const entry: Entry = { due, run };
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle] as Entry).due <= due) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
    return entry;
  }

  remove(timer: Timer): void {
    const index = this.entries.indexOf(timer as Entry);
    if (index >= 0) this.entries.splice(index, 1);
  }

  next(): Entry | undefined {
    return this.entries[0];
  }

  shiftDue(now: number): Entry | undefined {
    const first = this.entries[0];
    return first !== undefined && first.due <= now ? this.entries.shift() : undefined;
  }
}

/** A clock that follows the host's, `speed` times as fast. */
export function createClock(speed = 1): Clock {
  if (!(speed > 0) || !Number.isFinite(speed)) throw new Error(`clock speed must be a positive number, not ${speed}`);
  const started = performance.now();
  const agenda = new Agenda();
  let cancel: (() => void) | undefined;
  let wakeAt = Number.POSITIVE_INFINITY;
  const now = (): number => (performance.now() - started) * speed;

  function arm(): void {
    const next = agenda.next();
    if (next === undefined) {
      cancel?.();
      cancel = undefined;
      wakeAt = Number.POSITIVE_INFINITY;
      return;
    }
    if (cancel !== undefined && wakeAt <= next.due) return;
    cancel?.();
    wakeAt = next.due;
    const realMs = (next.due - now()) / speed;
    // Node's timers have a grain of 1 ms, which is 20 ms of virtual time at speed 20: poll through the last one.
    if (realMs < 1) {
      const handle = setImmediate(fire);
      cancel = () => clearImmediate(handle);
    } else {
      // 2^31-1 ms is the longest delay that Node takes; waking early only re-arms.
      const handle = setTimeout(fire, Math.min(Math.floor(realMs), 0x7fffffff));
      cancel = () => clearTimeout(handle);
    }
  }

  function fire(): void {
    cancel = undefined;
    wakeAt = Number.POSITIVE_INFINITY;
    // Calls that are added while these run are due later than this instant: they wait, so that sockets get their turn.
    const until = now();
    try {
      for (let entry = agenda.shiftDue(until); entry !== undefined; entry = agenda.shiftDue(until)) entry.run();
    } finally {
      arm();
    }
  }

  return {
    speed,
    now,
    setTimeout(run, ms) {
      const entry = agenda.add(run, now() + Math.max(0, Number.isFinite(ms) ? ms : 0));
      arm();
      return entry;
    },
    clearTimeout(timer) {
      agenda.remove(timer);
      arm();
    },
  };
}

/** A clock that stands still until it is told to move: tests of timeouts and back-off without waiting. */
export interface ManualClock extends Clock {
  /** Moves on by `ms` and runs everything that falls due on the way, in order, at its own instant. */
  advance(ms: number): void;
  /** When the next pending call is due, or undefined. */
  nextDue(): number | undefined;
}

export function createManualClock(): ManualClock {
  const agenda = new Agenda();
  let time = 0;
  return {
    speed: 1,
    now: () => time,
    setTimeout: (run, ms) => agenda.add(run, time + Math.max(0, Number.isFinite(ms) ? ms : 0)),
    clearTimeout: (timer) => agenda.remove(timer),
    nextDue: () => agenda.next()?.due,
    advance(ms) {
      const until = time + ms;
      for (let next = agenda.next(); next !== undefined && next.due <= until; next = agenda.next()) {
        time = Math.max(time, next.due);
        (agenda.shiftDue(time) as Entry).run();
      }
      time = until;
    },
  };
}
