import type { Clock as DeviceClock, ClockOptions } from "../../modules/clock/clock.ts";
import type { Failure } from "../../modules/failure.ts";
import type { Files } from "../../modules/modem/files.ts";
import type { Modem, NetworkAccess } from "../../modules/modem/modem.ts";
import type { Sockets } from "../../modules/modem/sockets.ts";
import { createClock } from "../../tools/clock.ts";
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

export interface RigOptions {
  readonly speed?: number;
  readonly modem?: Partial<ModemOptions>;
  readonly access?: Partial<NetworkAccess>;
  readonly clock?: Partial<ClockOptions>;
}

export interface EngineRig {
  readonly board: VirtualBoard;
  readonly virtual: VirtualModem;
  readonly device: typeof Device;
  readonly modem: Modem;
  readonly sockets: Sockets;
  readonly files: Files;
  readonly clock: DeviceClock;
  /** What the engine reported of itself. */
  readonly down: Failure[];
  readonly trace: string[];
  readonly events: ModemEvent[];
  /** Evaluates on the board, e.g. `getTime()`. */
  evaluate(expression: string): unknown;
  stop(): void;
}

/** The engine on a virtual RAK5010, wired to a virtual BG96; nothing is switched on yet. */
export async function startEngine(options: RigOptions = {}): Promise<EngineRig> {
  const hostClock = createClock(options.speed ?? 50);
  const board = new VirtualBoard({ board: "rak5010", clock: hostClock, serial: { paced: false } });
  board.start();
  const virtual = createVirtualModem({ clock: hostClock, latency: 0.1, ...options.modem });
  wire(board, virtual);
  const events: ModemEvent[] = [];
  virtual.on("event", (event) => void events.push(event));
  const device = await loadModule<typeof Device>("test/support/device.ts", { board });
  const down: Failure[] = [];
  const trace: string[] = [];
  const modem: Modem = device.createModem(
    device.rak5010.port,
    device.rak5010.driver,
    { apn: "iot.example", user: "", password: "", pin: "", ...options.access },
    {
      onDown(error) {
        down.push({ ...error });
        sockets.dropAll(error);
      },
      onSocket: (urc) => sockets.onUrc(urc),
      onTrace: (direction, text) => void trace.push(direction + text),
    },
  );
  const sockets: Sockets = device.createSockets(modem, () => {});
  const clock = device.createDeviceClock(modem, sockets, {
    ntpHost: "127.0.0.1",
    ntpPort: 123,
    resyncS: 86400,
    floorS: 1_700_000_000,
    ...options.clock,
  });
  return {
    board,
    virtual,
    device,
    modem,
    sockets,
    files: device.createFiles(modem),
    clock,
    down,
    trace,
    events,
    evaluate: (expression) => board.evaluate(expression),
    stop() {
      virtual.powerCut();
      board.stop();
    },
  };
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
