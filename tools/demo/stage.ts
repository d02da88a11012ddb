/** Everything the demo needs, joined together: board, modem, broker and time server, each with its listener. */
import type { DeviceStatus } from "../../src/device.ts";
import type { Clock } from "../clock.ts";
import { paddedLoader } from "../flash/flasher.ts";
import type { Image } from "../flash/image.ts";
import { CODE_OFFSET, encodeHeader, SLOT_BYTES, SLOTS } from "../flash/layout.ts";
import { VirtualBoard } from "../virtual-board/board.ts";
import { findProfile } from "../virtual-board/boards/index.ts";
import { wire } from "../virtual-board/connect.ts";
import { FlashMemory } from "../virtual-board/flash.ts";
import { createVirtualModem, type ModemEvent, type VirtualModem } from "../virtual-modem/index.ts";
import { noisyWire } from "./noisy-wire.ts";
import { type SntpRequest, type SntpServer, startSntpServer } from "./sntp-server.ts";
import type { World } from "./world.ts";

/** Names that only the virtual modem resolves (RFC 6761 reserves `.test`). */
export const BROKER_HOST = "broker.test";
export const NTP_HOST = "ntp.test";
export const CLIENT_ID = "godwit-demo";
const TOPIC = "godwit";
/** Everything below it is the device's; the names are those of src/app.ts. */
export const DEVICE_TOPIC = `${TOPIC}/${CLIENT_ID}`;
export const TOPICS = {
  telemetry: `${DEVICE_TOPIC}/telemetry`,
  command: `${DEVICE_TOPIC}/command`,
  result: `${DEVICE_TOPIC}/result`,
} as const;
export const MODEL = "BG96";
/** As src/config.ts names them. */
export const FILE_NAMES = { ca: "ca.pem", cert: "client.pem", key: "client.key" } as const;

/** What the network says when it is years off: long before any firmware was built, and after the 1980 of the modem. */
const WRONG_TIME_MS = Date.UTC(2019, 3, 7);

/** PEM texts. */
export interface Certificates {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where a board measures its battery: 3.9 V behind the divider of boards/<id>.ts, as a part of the reference. */
const BATTERY: Readonly<Record<string, { pin: string; level: number }>> = {
  rak5010: { pin: "D4", level: 3.9 / (1.8 * 2.5) },
};

export interface StageOptions {
  readonly board: string;
  readonly image: Image;
  /** Time of board, modem, network and time server. */
  readonly clock: Clock;
  readonly world: World;
  readonly broker: { readonly host: string; readonly port: number };
  /** Goes into the modem's store. */
  readonly certificates: Certificates;
  /** Takes the place of the CA in a world where that is another. */
  readonly otherCa: string;
  /** Settings of src/config.ts beyond those that lead to the demo's broker. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

export interface StageListeners {
  modem(event: ModemEvent): void;
  console(text: string): void;
  uncaught(message: string, stack: string | undefined): void;
  rebooted(why: "reboot" | "watchdog"): void;
  /** The supply of board and modem comes or goes. */
  powered(isOn: boolean): void;
  sntp(request: SntpRequest): void;
  /** Something about the board that no firmware may cause. */
  alarm(text: string): void;
}

export interface Gauge {
  readonly variables: number;
  readonly variablesTotal: number;
  readonly uartIn: number;
  readonly uartOut: number;
  readonly exchanges: number;
}

export interface Stage {
  readonly clock: Clock;
  /** The one that is fitted now. */
  readonly modem: VirtualModem;
  readonly board: VirtualBoard;
  /** Undefined while the board is off, or runs something else than this firmware. */
  status(): DeviceStatus | undefined;
  /** Packets that the MQTT client has accepted and not done with. */
  queued(): number;
  gauge(): Gauge | undefined;
  start(): void;
  /** Board and modem lose their supply, or get it back. */
  power(on: boolean): void;
  /** Makes everything around the device as it is in this world. The broker is not part of it. */
  change(world: World): void;
  /** Bytes between board and modem are damaged for so long. */
  noise(ms: number): void;
  stop(): Promise<void>;
}

/** Puts the demo's own files where they belong; others stay. */
function fillStore(files: Map<string, Buffer>, options: StageOptions, world: World): void {
  const { ca, cert, key } = options.certificates;
  const put = (name: string, text: string | undefined): void => {
    if (text === undefined) files.delete(name);
    else files.set(name, Buffer.from(text));
  };
  put(FILE_NAMES.ca, world.ca === "right" ? ca : options.otherCa);
  put(FILE_NAMES.cert, world.hasClient ? cert : undefined);
  put(FILE_NAMES.key, world.hasClient ? key : undefined);
}

function overrides(options: StageOptions, ntpPort: number): string {
  return JSON.stringify({
    // Files that are named and missing are a fault of their own; none at all is a broker that asks for none.
    ...(options.certificates.cert === undefined ? { cert: "", key: "" } : {}),
    host: options.broker.host,
    port: options.broker.port,
    ntpHost: NTP_HOST,
    ntpPort,
    clientId: CLIENT_ID,
    topic: TOPIC,
    ...options.settings,
  });
}

/** As `godwit flash` leaves a board: the loader in Storage, the image in the first slot. */
function flashed(image: Image): FlashMemory {
  const { address, length } = findProfile(image.board).freeFlash;
  const slot = address + length - SLOTS * SLOT_BYTES;
  const flash = new FlashMemory();
  flash.write(slot + CODE_OFFSET, Buffer.from(image.code, "latin1"));
  flash.write(slot, Buffer.from(encodeHeader({ ...image, number: 1 }), "latin1"));
  return flash;
}

/** What the virtual modem is given once and looks at again and again. */
interface Surroundings {
  readonly files: Map<string, Buffer>;
  readonly network: { nitzMs?: number | undefined };
  readonly wallClock: () => number;
}

function makeModem({ clock }: StageOptions, surroundings: Surroundings): VirtualModem {
  return createVirtualModem({
    clock,
    latency: 1,
    baud: 115_200,
    ...surroundings,
    resolve: (host) => ([BROKER_HOST, NTP_HOST].includes(host) ? "127.0.0.1" : undefined),
  });
}

export async function createStage(options: StageOptions, listeners: StageListeners): Promise<Stage> {
  const { clock } = options;
  const started = Date.now();
  let { world } = options;
  // Runs as fast as the board's clock does, so that the device never sees the time stand still or jump.
  const wallClock = (): number => started + clock.now();
  const sntp: SntpServer = await startSntpServer({ now: wallClock, onRequest: (request) => listeners.sntp(request) });
  const board = new VirtualBoard({
    board: options.board,
    image: paddedLoader(options.image),
    clock,
    flash: flashed(options.image),
    storage: new Map([["godwit.json", overrides(options, sntp.port)]]),
  });
  const battery = BATTERY[options.board];
  if (battery !== undefined) board.setAnalog(battery.pin, battery.level);

  const surroundings: Surroundings = {
    files: new Map(),
    network: {},
    wallClock: () => (world.networkTime === "right" ? wallClock() : WRONG_TIME_MS + clock.now()),
  };
  function surround(): void {
    // The wrong time has to be there before the firmware asks for it.
    surroundings.network.nitzMs = world.networkTime === "right" ? undefined : 50;
  }
  surround();
  fillStore(surroundings.files, options, world);
  const modem = makeModem(options, surroundings).on("event", (event) => listeners.modem(event));
  const cable = noisyWire(modem);
  wire(board, cable);
  listen(board, listeners);
  const uart = board.uart(board.profile.modem.serial);
  const evaluate = (expression: string): unknown => (board.running ? board.evaluate(expression) : undefined);
  // With a question before it, so that another image that is flashed here is no error.
  const status = (): DeviceStatus | undefined =>
    evaluate('typeof godwit=="object"&&godwit.status?godwit.status():undefined') as DeviceStatus | undefined;

  function power(on: boolean): void {
    if (on) board.start();
    else {
      board.stop();
      modem.powerCut();
    }
    listeners.powered(on);
  }

  /** What surrounds the modem changes while it has no supply: it finds it so when it starts anew. */
  function place(fault: "sim-out" | "no-signal", was: boolean, is: boolean): void {
    if (was === is) return;
    if (is) modem.clearFaults(fault);
    else modem.fault(fault);
    modem.fault("reset");
  }

  function change(next: World): void {
    const was = world;
    world = next;
    surround();
    if (next.ca !== was.ca || next.hasClient !== was.hasClient) fillStore(surroundings.files, options, next);
    place("sim-out", was.hasSim, next.hasSim);
    place("no-signal", was.hasCell, next.hasCell);
    if (next.networkTime !== was.networkTime && board.running) {
      power(false);
      power(true);
    }
  }

  return {
    clock,
    modem,
    board,
    status,
    queued: () => Number(evaluate("godwit.client.queued()") ?? 0),
    gauge() {
      const memory = evaluate("process.memory(false)") as { usage: number; total: number } | undefined;
      const exchanges = status()?.at.exchanges;
      if (memory === undefined || exchanges === undefined) return undefined;
      return {
        variables: memory.usage,
        variablesTotal: memory.total,
        uartIn: uart.received,
        uartOut: uart.sent,
        exchanges,
      };
    },
    start: () => power(true),
    power,
    change,
    noise(ms) {
      cable.isNoisy = true;
      clock.setTimeout(() => {
        cable.isNoisy = false;
      }, ms);
    },
    async stop() {
      power(false);
      await sntp.close();
    },
  };
}

function listen(board: VirtualBoard, listeners: StageListeners): void {
  board.on("console", (text) => listeners.console(text));
  board.on("error", (error) => listeners.uncaught(error.message, error.stack));
  board.on("reboot", () => listeners.rebooted("reboot"));
  board.on("watchdog", () => listeners.rebooted("watchdog"));
  board.on("overflow", (flag) => listeners.alarm(`the interpreter raised ${flag}`));
  board.on("console-takeover", ({ device }) => listeners.alarm(`the console moved to ${device}`));
  board.on("flash-abuse", (message) => listeners.alarm(message));
  board.on("defect", (error) => listeners.alarm(`the virtual board is broken: ${String(error)}`));
}
