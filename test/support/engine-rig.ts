import { after } from "node:test";
import type { ClockOptions, Clock as DeviceClock } from "../../modules/clock/clock.ts";
import type { Failure } from "../../modules/failure.ts";
import type { Files } from "../../modules/modem/files.ts";
import type { Modem, ModemPort, NetworkAccess } from "../../modules/modem/modem.ts";
import type { Sockets } from "../../modules/modem/sockets.ts";
import type { Clock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { wire } from "../../tools/virtual-board/connect.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";
import {
  createVirtualModem,
  type ModemEvent,
  type ModemOptions,
  type VirtualModem,
} from "../../tools/virtual-modem/index.ts";
import type * as Device from "./device.ts";
import { createEagerClock } from "./eager-clock.ts";
import { createScriptedModem, type Script, type ScriptedModem } from "./scripted-modem.ts";
import { createSteadyClock } from "./steady-clock.ts";

export interface RigOptions {
  /** Default: as fast as can be, which suits everything but real sockets (`REAL_SOCKETS`). */
  readonly speed?: number;
  readonly modem?: Partial<ModemOptions>;
  readonly access?: Partial<NetworkAccess>;
  readonly clock?: Partial<ClockOptions> & { readonly floorS?: number };
  readonly port?: Partial<ModemPort>;
}

/** Speed for rigs whose virtual modem talks to real sockets of this computer. */
export const REAL_SOCKETS = 40;

/** No source may tell less. */
export const FLOOR_S = 1_700_000_000;

/** The engine and what stands on it, as src/main.ts joins them. */
export interface Engine {
  readonly modem: Modem;
  readonly sockets: Sockets;
  readonly files: Files;
  readonly clock: DeviceClock;
  /** What the engine reported of itself. */
  readonly down: Failure[];
  readonly trace: string[];
}

export interface EngineRig extends Engine {
  readonly board: VirtualBoard;
  readonly virtual: VirtualModem;
  readonly device: typeof Device;
  readonly hostClock: Clock;
  readonly events: ModemEvent[];
  /** Evaluates on the board, e.g. `getTime()`. */
  evaluate(expression: string): unknown;
  /** Command lines that the modem has executed, without `AT`. */
  commands(): string[];
  /** Level that the board drives at the pin now. */
  level(pin: "D2" | "D28"): unknown;
  /** Waits on the rig's clock. */
  wait(ms: number): Promise<void>;
  stop(): void;
}

/** A test that fails half-way leaves its rig running, and a test file with a running rig never ends. */
const running = new Set<() => void>();
after(() => {
  for (const stop of running) stop();
});

function createEngine(device: typeof Device, options: RigOptions, port: Partial<ModemPort> = {}): Engine {
  const down: Failure[] = [];
  const trace: string[] = [];
  const modem: Modem = device.createModem(
    { ...device.rak5010.port, ...options.port, ...port },
    {
      apn: "iot.example",
      apnUser: "",
      apnPassword: "",
      pin: "",
      ...options.access,
    },
  );
  const sockets: Sockets = device.createSockets(modem);
  modem.onDown = (error) => {
    down.push({ ...error });
    sockets.dropAll(error);
  };
  modem.channel.onTrace = (direction, text) => void trace.push(direction + text);
  const clockOptions = { ntpHost: "127.0.0.1", ntpPort: 123, resyncS: 86400, ...options.clock };
  const clock = device.createDeviceClock(modem, sockets, clockOptions, options.clock?.floorS ?? FLOOR_S);
  return { modem, sockets, files: device.createFiles(modem), clock, down, trace };
}

/** The engine on a virtual RAK5010, wired to a virtual BG96; nothing is switched on yet. */
export async function startEngine(options: RigOptions = {}): Promise<EngineRig> {
  const hostClock = options.speed === undefined ? createEagerClock() : createSteadyClock(options.speed);
  const board = new VirtualBoard({ board: "rak5010", clock: hostClock, serial: { paced: false } });
  board.start();
  const virtual = createVirtualModem({ clock: hostClock, latency: 0.1, ...options.modem });
  wire(board, virtual);
  const events: ModemEvent[] = [];
  virtual.on("event", (event) => void events.push(event));
  const levels: Record<string, unknown> = {};
  for (const pin of ["D2", "D28"]) {
    board.onPin(pin, (level) => {
      levels[pin] = level;
    });
  }
  const stop = (): void => {
    running.delete(stop);
    virtual.powerCut();
    board.stop();
    hostClock.stop();
  };
  running.add(stop);
  const device = await loadModule<typeof Device>("test/support/device.ts", { board });
  return {
    ...createEngine(device, options),
    board,
    virtual,
    device,
    hostClock,
    events,
    evaluate: (expression) => board.evaluate(expression),
    commands: () => events.flatMap((event) => (event.type === "command" ? [event.line.replace(/^AT/, "")] : [])),
    level: (pin) => levels[pin],
    wait: (ms) => new Promise((resolve) => void hostClock.setTimeout(resolve, ms)),
    stop,
  };
}

export interface ScriptedRig extends Engine {
  readonly board: VirtualBoard;
  readonly device: typeof Device;
  readonly far: ScriptedModem;
  readonly hostClock: Clock;
  evaluate(expression: string): unknown;
  wait(ms: number): Promise<void>;
  stop(): void;
}

/** The engine with a table for a modem; STATUS says that it is on, and the UART is listened to. */
export async function startScripted(script: Script, options: RigOptions = {}): Promise<ScriptedRig> {
  const hostClock = createEagerClock();
  const board = new VirtualBoard({ board: "rak5010", clock: hostClock });
  board.start();
  board.setPin("D18", 1);
  const device = await loadModule<typeof Device>("test/support/device.ts", { board });
  const far = createScriptedModem(hostClock, script);
  const engine = createEngine(device, options, { uart: far.uart as unknown as ModemPort["uart"] });
  engine.modem.listen();
  return {
    ...engine,
    board,
    device,
    far,
    hostClock,
    evaluate: (expression) => board.evaluate(expression),
    wait: (ms) => new Promise((resolve) => void hostClock.setTimeout(resolve, ms)),
    stop() {
      board.stop();
      hostClock.stop();
    },
  };
}

/** A call with a `done(error)` as a promise of the failure. */
export function failureOf(call: (done: (error?: Failure) => void) => void): Promise<Failure | undefined> {
  return new Promise((resolve) => call((error) => resolve(error && { ...error })));
}

/** A call with a `done(error)` as a promise of the failure's code, "" for success. */
export function codeOf(call: (done: (error?: Failure) => void) => void): Promise<string> {
  return new Promise((resolve) => call((error) => resolve(error ? error.code : "")));
}

/** Powers on, registers and activates; the codes of the first failure, or "". */
export async function bringUp(modem: Modem): Promise<string> {
  return (
    (await codeOf((done) => modem.powerOn(done))) ||
    (await codeOf((done) => modem.register(300_000, done))) ||
    (await codeOf((done) => modem.activate(done)))
  );
}
