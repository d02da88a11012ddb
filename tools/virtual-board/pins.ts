import type { Clock } from "../clock.ts";
import type { InputQueue } from "./input-queue.ts";
import type { Loop } from "./loop.ts";
import { type BoardProfile, PIN_COUNT } from "./profile.ts";
import { BoardError, type Realm, type RealmObject } from "./realm.ts";
import type { Timers } from "./timers.ts";

export type Level = 0 | 1;
/** What the board drives a pin to; undefined when it does not drive it (an input, or high-impedance). */
export type DrivenLevel = Level | undefined;

const OUTPUT_MODES = new Set(["output", "af_output"]);
const OPEN_DRAIN_MODES = new Set(["opendrain", "opendrain_pullup", "af_opendrain"]);
const MODES = new Set(["analog", "input", "input_pullup", "input_pulldown", ...OUTPUT_MODES, ...OPEN_DRAIN_MODES]);

interface PinState {
  mode: string;
  /** Set by pinMode: reads and writes then leave the mode alone. */
  manual: boolean;
  output: Level;
}

/** The electrical side of the pins: survives reboots, as the wires do. */
export class PinBank {
  private readonly states: PinState[] = [];
  /** What the outside drives each pin to. */
  private readonly external: (Level | undefined)[] = [];
  private readonly analog: (number | undefined)[] = [];
  private readonly listeners = new Map<number, ((level: DrivenLevel) => void)[]>();
  /** Told when an outside level changes. */
  onExternal: (pin: number) => void = () => {};

  constructor() {
    this.reset();
  }

  /** After power-on or reset every pin is an input that floats. */
  reset(): void {
    for (let pin = 0; pin < PIN_COUNT; pin++) {
      const before = this.states[pin] === undefined ? undefined : this.driven(pin);
      this.states[pin] = { mode: "analog", manual: false, output: 0 };
      if (before !== undefined) this.announce(pin, before);
    }
  }

  state(pin: number): PinState {
    return this.states[pin] as PinState;
  }

  driven(pin: number): DrivenLevel {
    const { mode, output } = this.state(pin);
    if (OUTPUT_MODES.has(mode)) return output;
    if (OPEN_DRAIN_MODES.has(mode)) return output === 0 ? 0 : mode === "opendrain_pullup" ? 1 : undefined;
    return undefined;
  }

  level(pin: number): Level {
    const pulled = this.state(pin).mode === "input_pullup" ? 1 : 0;
    return this.driven(pin) ?? this.external[pin] ?? pulled;
  }

  change(pin: number, change: Partial<PinState>): void {
    const before = this.driven(pin);
    Object.assign(this.state(pin), change);
    this.announce(pin, before);
  }

  private announce(pin: number, before: DrivenLevel): void {
    const after = this.driven(pin);
    if (after === before) return;
    for (const listener of this.listeners.get(pin) ?? []) listener(after);
  }

  onDriven(pin: number, listener: (level: DrivenLevel) => void): void {
    const list = this.listeners.get(pin);
    if (list === undefined) this.listeners.set(pin, [listener]);
    else list.push(listener);
  }

  setExternal(pin: number, level: Level | undefined): void {
    const before = this.level(pin);
    this.external[pin] = level;
    if (this.level(pin) !== before) this.onExternal(pin);
  }

  setAnalog(pin: number, value: number | undefined): void {
    this.analog[pin] = value;
  }

  readAnalog(pin: number): number {
    return this.analog[pin] ?? this.level(pin);
  }
}

interface Watch {
  readonly id: number;
  readonly pin: number;
  readonly callback: unknown;
  readonly repeat: boolean;
  readonly edge: number;
  readonly debounceMs: number;
  state: boolean;
  lastTime: number | undefined;
  debouncing: boolean;
}

export interface PinDeps {
  readonly realm: Realm;
  readonly loop: Loop;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly queue: InputQueue;
  readonly bank: PinBank;
  readonly profile: BoardProfile;
  /** The device's own time in seconds, `getTime()`. */
  readonly time: () => number;
}

/** Pins, watches and the digital and analog functions, as one run of the interpreter sees them. */
export class Pins {
  private readonly objects: RealmObject[] = [];
  private readonly numbers = new Map<unknown, number>();
  private readonly negated: ReadonlySet<number>;
  private watches: Watch[] = [];

  private readonly deps: PinDeps;

  constructor(deps: PinDeps) {
    this.deps = deps;
    this.negated = new Set(deps.profile.negatedPins.map((name) => Number(name.slice(1))));
    deps.bank.onExternal = (pin) => this.edge(pin);
    // Their pull stands whatever reads them (jsdevices.c, jshResetDevices): a button that nobody presses is released.
    for (const name of Object.values(deps.profile.buttons)) {
      const pin = Number(name.slice(1));
      deps.bank.change(pin, { mode: this.negated.has(pin) ? "input_pullup" : "input_pulldown", manual: true });
    }
  }

  /** Whether the first button is held, at which a start leaves `.bootcde` alone (nrf5x/main.c). */
  get isSafeBoot(): boolean {
    const { BTN1 } = this.deps.profile.buttons;
    return BTN1 !== undefined && this.sense(Number(BTN1.slice(1)));
  }

  stop(): void {
    this.watches = [];
    this.deps.bank.onExternal = () => {};
  }

  get watchCount(): number {
    return this.watches.length;
  }

  get watchCallbacks(): unknown[] {
    return this.watches.map((watch) => watch.callback);
  }

  /** The Pin object of a number, as device code knows it. */
  object(pin: number): RealmObject {
    return this.objects[pin] as RealmObject;
  }

  /** jshGetPinFromVar: a Pin, its number or its name. Undefined when it is none of them. */
  find(value: unknown): number | undefined {
    const known = this.numbers.get(value);
    if (known !== undefined) return known;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < PIN_COUNT) return value;
    const match = typeof value === "string" ? /^D(\d{1,2})$/.exec(value) : null;
    const pin = match === null ? Number.NaN : Number(match[1]);
    return pin < PIN_COUNT ? pin : undefined;
  }

  require(value: unknown): number {
    const pin = this.find(value);
    if (pin === undefined) throw new BoardError("Invalid pin");
    return pin;
  }

  write(pin: number, on: boolean): void {
    const level: Level = on !== this.negated.has(pin) ? 1 : 0;
    const { manual } = this.deps.bank.state(pin);
    this.deps.bank.change(pin, manual ? { output: level } : { output: level, mode: "output" });
  }

  /** Reading makes the pin an input, unless pinMode said what it is (jspin.c, jshPinInput). */
  read(pin: number): boolean {
    if (!this.deps.bank.state(pin).manual) this.deps.bank.change(pin, { mode: "input" });
    return this.sense(pin);
  }

  private sense(pin: number): boolean {
    return (this.deps.bank.level(pin) === 1) !== this.negated.has(pin);
  }

  setMode(pin: number, mode: unknown, automatic: boolean): void {
    if (typeof mode === "string" && MODES.has(mode)) this.deps.bank.change(pin, { mode, manual: !automatic });
    else {
      this.deps.bank.change(pin, { manual: false });
      if (mode !== undefined && mode !== "auto") throw new BoardError("Unknown pin mode");
    }
  }

  pulse(pin: number, value: boolean, times: unknown): void {
    const list = typeof times === "number" ? [times] : Array.isArray(times) ? times.map(Number) : [];
    if (list.some((ms) => !(ms >= 0)))
      throw new BoardError("Pulse Time given for digitalPulse is less than 0, or not a number");
    this.write(pin, value);
    let at = 0;
    let level = value;
    for (const ms of list) {
      at += ms;
      level = !level;
      const next = level;
      this.deps.clock.setTimeout(() => this.write(pin, next), at);
    }
  }

  analog(pin: number): number {
    return this.deps.bank.readAnalog(pin);
  }

  addWatch(callback: unknown, pin: number, options: unknown): number {
    const { realm, profile } = this.deps;
    const button = Object.values(profile.buttons).includes(`D${pin}`);
    let repeat = options === true;
    let edge = button ? 1 : 0;
    // Buttons are debounced by 25 ms unless told otherwise (jswrap_io.c).
    let debounceMs = button ? 25 : 0;
    if (realm.isObject(options)) {
      repeat = Boolean(options.repeat);
      if (options.debounce !== undefined) debounceMs = Math.max(0, Number(options.debounce) || 0);
      if (options.edge !== undefined) edge = toEdge(options.edge);
    }
    if (!realm.isFunction(callback) && typeof callback !== "string") {
      throw new BoardError("Function or String not supplied!");
    }
    const last = this.watches[this.watches.length - 1];
    const id = last === undefined ? 1 : last.id + 1;
    const state = this.read(pin);
    this.watches.push({ id, pin, callback, repeat, edge, debounceMs, state, lastTime: undefined, debouncing: false });
    return id;
  }

  clearWatch(args: unknown[]): void {
    if (args.length === 0) this.watches = [];
    else if (args[0] === undefined) throw new BoardError("clearWatch(undefined) not allowed. Use clearWatch() instead");
    else {
      const before = this.watches.length;
      this.watches = this.watches.filter((watch) => watch.id !== Number(args[0]));
      if (this.watches.length === before) throw new BoardError(`Unknown Watch ${String(args[0])}`);
    }
  }

  /** An outside edge: the interrupt puts it into the input queue, with its time. */
  private edge(pin: number): void {
    if (!this.watches.some((watch) => watch.pin === pin)) return;
    this.deps.queue.push({ kind: "watch", pin, state: this.sense(pin), timeMs: this.deps.time() * 1000 });
    this.deps.loop.schedule();
  }

  /** The idle loop takes the edge out of the queue. */
  handleEdge(pin: number, state: boolean, timeMs: number): void {
    for (const watch of [...this.watches]) {
      if (watch.pin !== pin || !this.watches.includes(watch)) continue;
      if (watch.debounceMs <= 0) {
        watch.state = state;
        this.fire(watch, state, timeMs / 1000);
      } else if (!watch.debouncing && state !== watch.state) {
        watch.debouncing = true;
        this.deps.timers.addWatch(() => this.settle(watch), this.deps.clock.now() + watch.debounceMs);
      }
    }
  }

  private settle(watch: Watch): void {
    watch.debouncing = false;
    const state = this.sense(watch.pin);
    if (state === watch.state || !this.watches.includes(watch)) return;
    watch.state = state;
    this.fire(watch, state, this.deps.time() - watch.debounceMs / 1000);
  }

  private fire(watch: Watch, state: boolean, time: number): void {
    const { lastTime } = watch;
    watch.lastTime = time;
    if ((watch.edge > 0 && !state) || (watch.edge < 0 && state)) return;
    if (!watch.repeat) this.watches = this.watches.filter((other) => other !== watch);
    const data = this.deps.realm.object({ state, lastTime, time, pin: this.object(watch.pin) });
    this.deps.loop.execute(watch.callback, undefined, [data], "watch");
  }

  /** Pin objects D0 to D47, buttons and LEDs, and the functions that take them. */
  install(): void {
    const { realm, profile } = this.deps;
    const type = realm.constructorOf("Pin", ([value]) => this.object(this.require(value)));
    realm.define(realm.global, "Pin", type);
    for (let pin = 0; pin < PIN_COUNT; pin++) {
      const object = realm.object();
      Object.setPrototypeOf(object, type.prototype);
      this.objects.push(object);
      this.numbers.set(object, pin);
      realm.define(realm.global, `D${pin}`, object);
    }
    for (const [name, pin] of Object.entries({ ...profile.buttons, ...profile.leds })) {
      realm.define(realm.global, name, realm.global[pin]);
    }
    const self = (value: unknown) => this.require(value);
    realm.defineNatives(type.prototype, {
      read: (_, pin) => this.read(self(pin)),
      write: ([on], pin) => this.write(self(pin), Boolean(on)),
      set: (_, pin) => this.write(self(pin), true),
      reset: (_, pin) => this.write(self(pin), false),
      toggle: (_, pin) => this.toggle(self(pin)),
      mode: ([mode], pin) => this.setMode(self(pin), mode, false),
      getMode: (_, pin) => this.deps.bank.state(self(pin)).mode,
      pulse: ([on, times], pin) => this.pulse(self(pin), Boolean(on), times),
      analog: (_, pin) => this.analog(self(pin)),
      pwm: ([value], pin) => this.write(self(pin), Number(value) >= 0.5),
      getInfo: (_, pin) => realm.object({ port: "D", num: self(pin), mode: this.deps.bank.state(self(pin)).mode }),
      valueOf: (_: unknown[], pin: unknown) => self(pin),
      toString: (_: unknown[], pin: unknown) => `D${self(pin)}`,
      toJSON: (_, pin) => `D${self(pin)}`,
    });
    this.installFunctions();
  }

  private toggle(pin: number): boolean {
    const on = (this.deps.bank.state(pin).output === 1) === this.negated.has(pin);
    this.write(pin, on);
    return on;
  }

  private installFunctions(): void {
    const { realm } = this.deps;
    realm.defineNatives(realm.global, {
      digitalWrite: ([pin, value]) => this.digitalWrite(pin, value),
      digitalRead: ([pin]) => this.digitalRead(pin),
      digitalPulse: ([pin, value, times]) => this.pulse(this.require(pin), Boolean(value), times),
      analogRead: ([pin]) => this.analog(this.require(pin)),
      analogWrite: ([pin, value]) => this.write(this.require(pin), Number(value) >= 0.5),
      pinMode: ([pin, mode, automatic]) => this.setMode(this.require(pin), mode, Boolean(automatic)),
      getPinMode: ([pin]) => this.deps.bank.state(this.require(pin)).mode,
      setWatch: ([callback, pin, options]) => this.addWatch(callback, this.require(pin), options),
      clearWatch: (args) => this.clearWatch(args),
      setBusyIndicator: () => undefined,
      setSleepIndicator: () => undefined,
    });
  }

  private digitalWrite(target: unknown, value: unknown): void {
    if (!Array.isArray(target)) {
      this.write(this.require(target), typeof value === "boolean" ? value : Math.trunc(Number(value)) !== 0);
      return;
    }
    let bits = value === true ? -1 : Math.trunc(Number(value)) || 0;
    for (let i = target.length - 1; i >= 0; i--, bits >>= 1) this.write(this.require(target[i]), (bits & 1) === 1);
  }

  private digitalRead(target: unknown): number | boolean {
    if (!Array.isArray(target)) return this.read(this.require(target)) ? 1 : 0;
    return target.reduce((value: number, pin) => (value << 1) | (this.read(this.require(pin)) ? 1 : 0), 0);
  }
}

function toEdge(value: unknown): number {
  if (typeof value === "number") return Math.sign(value);
  const names: Readonly<Record<string, number>> = { rising: 1, falling: -1, both: 0 };
  const edge = typeof value === "string" ? names[value] : undefined;
  if (edge === undefined) {
    throw new BoardError("'edge' in setWatch should be 1, -1, 0, 'rising', 'falling' or 'both'", "TypeError");
  }
  return edge;
}
