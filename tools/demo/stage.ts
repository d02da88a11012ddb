/** Everything the demo needs, joined together: board, modem, broker and time server, each with its listener. */
import type { DeviceStatus } from "../../src/device.ts";
import type { Clock } from "../clock.ts";
import { VirtualBoard } from "../virtual-board/board.ts";
import { wire } from "../virtual-board/connect.ts";
import { createVirtualModem, type ModemEvent, type VirtualModem } from "../virtual-modem/index.ts";
import type { DemoFault } from "./faults.ts";
import { type SntpRequest, type SntpServer, startSntpServer } from "./sntp-server.ts";

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

/** What the network says in `wrong-clock`: long before any firmware was built, and after the 1980 of the modem. */
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
  readonly image: string;
  /** Time of board, modem, network and time server. */
  readonly clock: Clock;
  readonly fault: DemoFault | undefined;
  readonly broker: { readonly host: string; readonly port: number };
  /** Goes into the modem's store. */
  readonly certificates: Certificates;
  readonly intervalS: number;
}

export interface StageListeners {
  modem(event: ModemEvent): void;
  console(text: string): void;
  uncaught(message: string, stack: string | undefined): void;
  rebooted(why: "reboot" | "watchdog"): void;
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
  readonly modem: VirtualModem;
  readonly board: VirtualBoard;
  status(): DeviceStatus;
  /** Packets that the MQTT client has accepted and not done with. */
  queued(): number;
  gauge(): Gauge;
  start(): void;
  stop(): Promise<void>;
}

function store({ ca, cert, key }: Certificates): Map<string, Buffer> {
  const files = new Map([[FILE_NAMES.ca, Buffer.from(ca)]]) as Map<string, Buffer>;
  if (cert !== undefined) files.set(FILE_NAMES.cert, Buffer.from(cert));
  if (key !== undefined) files.set(FILE_NAMES.key, Buffer.from(key));
  return files;
}

function overrides(options: StageOptions, ntpPort: number): string {
  const { cert } = options.certificates;
  return JSON.stringify({
    // Files that are named and missing are a fault of their own; none at all is a broker that asks for none.
    ...(cert === undefined && options.fault !== "no-client-cert" ? { cert: "", key: "" } : {}),
    host: options.broker.host,
    port: options.broker.port,
    ntpHost: NTP_HOST,
    ntpPort,
    clientId: CLIENT_ID,
    topic: TOPIC,
    intervalS: options.intervalS,
  });
}

function makeModem(options: StageOptions, clock: Clock, wallClock: () => number): VirtualModem {
  const isWrong = options.fault === "wrong-clock";
  const { fault } = options;
  return createVirtualModem({
    clock,
    latency: 1,
    baud: 115_200,
    files: store(options.certificates),
    wallClock: isWrong ? () => WRONG_TIME_MS + clock.now() : wallClock,
    // The wrong time has to be there before the firmware asks for it.
    network: isWrong ? { nitzMs: 50 } : {},
    resolve: (host) => ([BROKER_HOST, NTP_HOST].includes(host) ? "127.0.0.1" : undefined),
    ...(fault === "wrong-host" ? { quirks: { checksHost: true } } : {}),
  });
}

export async function createStage(options: StageOptions, listeners: StageListeners): Promise<Stage> {
  const { clock } = options;
  const started = Date.now();
  // Runs as fast as the board's clock does, so that the device never sees the time stand still or jump.
  const wallClock = (): number => started + clock.now();
  const sntp: SntpServer = await startSntpServer({ now: wallClock, onRequest: (request) => listeners.sntp(request) });
  const board = new VirtualBoard({
    board: options.board,
    image: options.image,
    clock,
    storage: new Map([["godwit.json", overrides(options, sntp.port)]]),
  });
  const battery = BATTERY[options.board];
  if (battery !== undefined) board.setAnalog(battery.pin, battery.level);
  const modem = makeModem(options, clock, wallClock);
  wire(board, modem);
  modem.on("event", (event) => listeners.modem(event));
  board.on("console", (text) => listeners.console(text));
  board.on("error", (error) => listeners.uncaught(error.message, error.stack));
  board.on("reboot", () => listeners.rebooted("reboot"));
  board.on("watchdog", () => listeners.rebooted("watchdog"));
  board.on("overflow", (flag) => listeners.alarm(`the interpreter raised ${flag}`));
  board.on("console-takeover", ({ device }) => listeners.alarm(`the console moved to ${device}`));
  board.on("flash-abuse", (message) => listeners.alarm(message));
  board.on("defect", (error) => listeners.alarm(`the virtual board is broken: ${String(error)}`));
  const uart = board.uart(board.profile.modem.serial);
  const status = (): DeviceStatus => board.evaluate("godwit.status()") as DeviceStatus;

  return {
    clock,
    modem,
    board,
    status,
    queued: () => Number(board.evaluate("godwit.client.queued()")),
    gauge() {
      const memory = board.evaluate("process.memory(false)") as { usage: number; total: number };
      return {
        variables: memory.usage,
        variablesTotal: memory.total,
        uartIn: uart.received,
        uartOut: uart.sent,
        exchanges: status().at.exchanges,
      };
    },
    start: () => board.start(),
    async stop() {
      board.stop();
      modem.powerCut();
      await sntp.close();
    },
  };
}
