import type { Clock } from "../clock.ts";
import type { Loop } from "./loop.ts";
import { BoardError, type Realm } from "./realm.ts";

/** jsinteractive.h:192, in milliseconds. */
const MIN_INTERVAL_MS = 0.1;
const MAX_INTERVAL_MS = 31536000001000;

interface Pending {
  readonly id: number;
  due: number;
  interval: number | undefined;
  readonly callback: unknown;
  readonly args: unknown[];
  /** A debouncing watch uses the same list, but clearTimeout() leaves it. */
  readonly watch?: () => void;
}

/** setTimeout and setInterval as jswrap_interactive.c has them: one list, small ids, checked in the idle loop. */
export class Timers {
  private list: Pending[] = [];

  private readonly clock: Clock;
  private readonly loop: Loop;

  constructor(clock: Clock, loop: Loop) {
    this.clock = clock;
    this.loop = loop;
  }

  get count(): number {
    return this.list.length;
  }

  get pending(): readonly {
    readonly callback: unknown;
    readonly args: unknown[];
    readonly interval: number | undefined;
  }[] {
    return this.list;
  }

  add(callback: unknown, ms: number, args: unknown[], repeat: boolean): number {
    return this.insert({ callback, args, interval: repeat ? ms : undefined, due: this.clock.now() + ms });
  }

  /** A call of the host in the device's timer list. */
  addWatch(run: () => void, due: number): number {
    return this.insert({ callback: undefined, args: [], interval: undefined, due, watch: run });
  }

  private insert(entry: Omit<Pending, "id">): number {
    // jsvArrayAddToEnd(…, 1): one more than the last id in the list, so ids are used again.
    const last = this.list[this.list.length - 1];
    const id = last === undefined ? 1 : last.id + 1;
    this.list.push({ ...entry, id });
    this.loop.schedule(entry.due);
    return id;
  }

  remove(id: number): boolean {
    const index = this.list.findIndex((entry) => entry.id === id);
    if (index < 0) return false;
    this.list.splice(index, 1);
    return true;
  }

  removeAll(): void {
    this.list = this.list.filter((entry) => entry.watch !== undefined);
  }

  change(id: number, ms: number): boolean {
    const entry = this.list.find((candidate) => candidate.id === id);
    if (entry === undefined) return false;
    entry.interval = ms;
    entry.due = this.clock.now() + ms;
    this.loop.schedule(entry.due);
    return true;
  }

  stop(): void {
    this.list = [];
  }

  /** Runs what was due when the pass began, in the order of the list as the interpreter does. */
  runDue(): void {
    const now = this.clock.now();
    for (const entry of [...this.list]) {
      if (entry.due > now || !this.list.includes(entry)) continue;
      if (entry.watch !== undefined) {
        this.remove(entry.id);
        entry.watch();
        continue;
      }
      this.loop.execute(entry.callback, undefined, entry.args, "timer");
      // Looked at after the call, which may have changed the interval or removed the timer.
      if (entry.interval === undefined) this.removeEntry(entry);
      else entry.due += entry.interval;
    }
  }

  private removeEntry(entry: Pending): void {
    const index = this.list.indexOf(entry);
    if (index >= 0) this.list.splice(index, 1);
  }

  nextDue(): number | undefined {
    let next: number | undefined;
    for (const entry of this.list) if (next === undefined || entry.due < next) next = entry.due;
    return next;
  }
}

function toMs(value: unknown): number {
  const ms = Number(value);
  return Number.isNaN(ms) || ms < MIN_INTERVAL_MS ? MIN_INTERVAL_MS : ms;
}

export function installTimers(realm: Realm, timers: Timers): void {
  const start = (repeat: boolean) => (args: unknown[]) => {
    const [callback, timeout, ...rest] = args;
    if (!realm.isFunction(callback) && typeof callback !== "string") {
      throw new BoardError("Function or String not supplied!");
    }
    const ms = toMs(timeout);
    if (ms > MAX_INTERVAL_MS) throw new BoardError("Interval is too long (>100 years)");
    return timers.add(callback, ms, rest, repeat);
  };
  const clear = (name: string) => (args: unknown[]) => {
    if (args.length === 0) timers.removeAll();
    else if (args[0] === undefined) {
      throw new BoardError(`clear${name}(undefined) not allowed. Use clear${name}() instead`);
    } else timers.remove(Number(args[0]));
  };
  realm.defineNatives(realm.global, {
    setTimeout: start(false),
    setInterval: start(true),
    clearTimeout: clear("Timeout"),
    clearInterval: clear("Interval"),
    changeInterval([id, ms]) {
      if (!timers.change(Number(id), toMs(ms))) throw new BoardError("Unknown Interval");
    },
  });
}
