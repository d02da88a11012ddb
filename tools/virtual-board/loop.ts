import type { Clock, Timer } from "../clock.ts";
import { describeThrown, deviceFrames, toUncaught, type UncaughtError } from "./errors.ts";
import type { Outcome, Realm, RealmFunction, RealmObject } from "./realm.ts";

/** `E.getErrorFlags()` names, in the order of jswrap_espruino.c:836. */
export const ERROR_FLAGS = [
  "FIFO_FULL",
  "BUFFER_FULL",
  "CALLBACK",
  "LOW_MEMORY",
  "MEMORY",
  "MEMORY_BUSY",
  "UART_OVERFLOW",
] as const;
export type ErrorFlag = (typeof ERROR_FLAGS)[number];

export interface LoopHost {
  readonly clock: Clock;
  print(text: string): void;
  uncaught(error: UncaughtError): void;
  flagRaised(flag: ErrorFlag): void;
}

interface QueuedEvent {
  readonly callback: unknown;
  readonly self: unknown;
  readonly args: unknown[];
}

/**
 * Espruino's idle loop (jsinteractive.c:2263): input events, then timers, then the queue of `emit`s and Promise
 * reactions, then what is left of errors. Nothing here waits: JavaScript takes no time on the virtual board, unless
 * a blocking write or `stall` says so.
 */
export class Loop {
  /** What came from pins and serial ports; set by the board. */
  handleInput: () => void = () => {};
  /** Runs timers that are due; set by the board. */
  handleTimers: () => void = () => {};
  /** reset(), load() and save() happen here, between two passes. */
  afterPass: () => void = () => {};

  private queue: QueuedEvent[] = [];
  private wake: Timer | undefined;
  private wakeAt = Number.POSITIVE_INFINITY;
  private busyUntil = 0;
  private alive = true;
  private inPass = false;
  private depth = 0;
  private readonly flags = new Set<ErrorFlag>();
  private readonly seenFlags = new Set<ErrorFlag>();
  /** Espruino keeps ONE escaped exception; a Promise reaction in the same pass takes it (jswrap_promise.c:91). */
  private pending: { value: unknown } | undefined;
  private stopPropagation = false;
  private emitting = false;

  private readonly realm: Realm;
  private readonly host: LoopHost;

  constructor(realm: Realm, host: LoopHost) {
    this.realm = realm;
    this.host = host;
  }

  /** Device code is running at this moment. */
  get running(): boolean {
    return this.depth > 0;
  }

  stop(): void {
    this.alive = false;
    this.queue = [];
    this.pending = undefined;
    if (this.wake !== undefined) this.host.clock.clearTimeout(this.wake);
    this.wake = undefined;
  }

  /** Makes sure that a pass runs at `at` or earlier (clock time; now when left out). */
  schedule(at = this.host.clock.now()): void {
    if (!this.alive || this.inPass) return;
    const due = Math.max(at, this.busyUntil);
    if (this.wake !== undefined) {
      if (this.wakeAt <= due) return;
      this.host.clock.clearTimeout(this.wake);
    }
    this.wakeAt = due;
    this.wake = this.host.clock.setTimeout(() => this.pass(), due - this.host.clock.now());
  }

  /** The processor does nothing else for `ms` more: a flash erase, a long calculation. */
  stall(ms: number): void {
    this.busyUntil = Math.max(this.busyUntil, this.host.clock.now()) + ms;
  }

  /** The processor waits for something that is over in `ms` from now: a full transmit buffer. */
  wait(ms: number): void {
    this.busyUntil = Math.max(this.busyUntil, this.host.clock.now() + ms);
  }

  get busy(): boolean {
    return this.host.clock.now() < this.busyUntil;
  }

  /** A turn for input that arrived at `at`, which may be a little before now when the host is late. */
  turnAt(at: number): void {
    if (!this.alive) return;
    if (at < this.busyUntil || this.inPass) this.schedule(this.busyUntil);
    else this.pass();
  }

  pass(): void {
    if (this.wake !== undefined) this.host.clock.clearTimeout(this.wake);
    this.wake = undefined;
    this.wakeAt = Number.POSITIVE_INFINITY;
    if (!this.alive || this.inPass) return;
    if (this.busy) {
      this.schedule(this.busyUntil);
      return;
    }
    this.inPass = true;
    try {
      this.handleInput();
      if (this.alive) this.handleTimers();
      this.executeEvents();
      this.checkErrors();
      this.afterPass();
    } finally {
      this.inPass = false;
    }
    if (this.alive && this.queue.length > 0) this.schedule();
    if (this.alive) this.onPassEnd();
  }

  /** Lets the board arm the next timer; set by the board. */
  onPassEnd: () => void = () => {};

  /** What `emit` and Promises use: runs in this pass if one is on, else in the next. */
  queueEvent(callback: unknown, self: unknown, args: unknown[]): void {
    this.queue.push({ callback, self, args });
    this.schedule();
  }

  private executeEvents(): void {
    for (let event = this.queue.shift(); event !== undefined && this.alive; event = this.queue.shift()) {
      this.execute(event.callback, event.self, event.args, "event");
    }
  }

  /** Calls one callback, a string of code, or a list of either; an exception stops none of the others. */
  execute(callback: unknown, self: unknown, args: unknown[], where: string): void {
    if (typeof callback === "string" || this.realm.isFunction(callback)) {
      const outcome = this.attempt(callback, self, args, where);
      if (outcome[0] !== 0) this.escaped(outcome[1], where);
    } else if (Array.isArray(callback)) {
      this.emitting = true;
      this.stopPropagation = false;
      for (const one of [...callback]) {
        if (this.stopPropagation || !this.alive) break;
        this.execute(one, self, args, where);
      }
      this.emitting = false;
      this.stopPropagation = false;
    }
  }

  /** Runs code and tells how it ended, without reporting anything. */
  attempt(code: RealmFunction | string, self: unknown, args: unknown[], where: string): Outcome {
    this.depth++;
    try {
      return typeof code === "string" ? this.realm.attemptEvaluate(code, where) : this.realm.attempt(code, self, args);
    } finally {
      this.depth--;
    }
  }

  /** `E.stopEventPropagation()`; false when nothing is being emitted. */
  stopEvent(): boolean {
    if (!this.emitting) return false;
    this.stopPropagation = true;
    return true;
  }

  /** An exception left a callback. */
  escaped(value: unknown, where: string): void {
    if (!this.alive) return;
    this.host.uncaught(toUncaught(this.realm, value, where));
    this.pending = { value };
  }

  /** An exception that is pending now, which the caller takes over. */
  takePending(): { value: unknown } | undefined {
    const taken = this.pending;
    this.pending = undefined;
    return taken;
  }

  setPending(value: unknown): void {
    this.pending = { value };
  }

  raise(flag: ErrorFlag): void {
    this.flags.add(flag);
    this.host.flagRaised(flag);
    this.schedule();
  }

  hasFlag(flag: ErrorFlag): boolean {
    return this.flags.has(flag);
  }

  takeFlags(): ErrorFlag[] {
    const taken = ERROR_FLAGS.filter((flag) => this.flags.has(flag));
    this.flags.clear();
    return taken;
  }

  /** jsiCheckErrors (jsinteractive.c:1273). */
  checkErrors(): void {
    if (!this.alive) return;
    const pending = this.takePending();
    if (pending !== undefined) this.report(pending.value);
    const fresh = ERROR_FLAGS.filter((flag) => this.flags.has(flag) && !this.seenFlags.has(flag));
    this.seenFlags.clear();
    for (const flag of this.flags) this.seenFlags.add(flag);
    // LOW_MEMORY alone is a warning and is not delivered (jsutils.h:552).
    if (!fresh.some((flag) => flag !== "LOW_MEMORY")) return;
    const list = this.realm.array(fresh);
    this.execute((this.realm.global.E as RealmObject)["#onerrorFlag"], this.realm.global.E, [list], "errorFlag");
    this.host.print(`New interpreter error: ${fresh.join(",")}\n`);
  }

  private report(value: unknown): void {
    const process = this.realm.global.process as RealmObject;
    const handlers = process["#onuncaughtException"];
    if (handlers !== undefined) {
      this.execute(handlers, process, [value], "uncaughtException");
      const again = this.takePending();
      if (again === undefined) return;
      this.printUncaught(again.value);
      return;
    }
    this.printUncaught(value);
  }

  private printUncaught(value: unknown): void {
    this.host.print(`Uncaught ${describeThrown(this.realm, value)}\n`);
    for (const frame of deviceFrames(this.realm, value)) this.host.print(`${frame}\n`);
  }

  /** Runs code outside the loop (boot code, the REPL) and reports what escapes. */
  run(code: RealmFunction | string, where: string): { value: unknown } | undefined {
    const outcome = this.attempt(code, undefined, [], where);
    if (outcome[0] === 0) return { value: outcome[1] };
    this.escaped(outcome[1], where);
    this.checkErrors();
    return undefined;
  }
}
