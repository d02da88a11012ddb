/** The built bundle on a virtual board with a virtual modem, over real TLS to an embedded broker and a time server. */
import { after } from "node:test";
import type { DeviceStatus } from "../../src/device.ts";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { type Broker, type BrokerEvent, startBroker } from "../../tools/demo/broker.ts";
import { type SntpBehaviour, startSntpServer } from "../../tools/demo/sntp-server.ts";
import { createPki, type PkiOptions } from "../../tools/pki/set.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { wire } from "../../tools/virtual-board/connect.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import {
  createVirtualModem,
  type ModemEvent,
  type ModemOptions,
  type VirtualModem,
} from "../../tools/virtual-modem/index.ts";
import { createSteadyClock } from "./steady-clock.ts";

export interface FirmwareOptions {
  /** Profile of the virtual board; default `rak5010`, whose firmware runs unless `image` gives another. */
  readonly board?: string;
  /** Overrides in godwit.json; a string is the file as it is, `null` leaves it out. */
  readonly config?: Readonly<Record<string, unknown>> | string | null;
  readonly modem?: Partial<ModemOptions>;
  readonly pki?: Partial<PkiOptions>;
  readonly sntp?: SntpBehaviour;
  readonly speed?: number;
  /** In place of the firmware: given the broker's and the time server's port. */
  readonly image?: (ports: { broker: number; sntp: number }) => string;
  /** Further files in the board's Storage. */
  readonly storage?: Readonly<Record<string, string>>;
  /** Called before power comes. */
  readonly prepare?: (rig: FirmwareRig) => void;
}

/** Something that a client published, as the broker saw it. */
export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly dup: boolean;
}

export interface FirmwareRig {
  readonly board: VirtualBoard;
  readonly modem: VirtualModem;
  readonly broker: Broker;
  readonly events: ModemEvent[];
  readonly brokerEvents: BrokerEvent[];
  readonly console: string[];
  /** Exceptions that escaped, console takeovers, abuse of flash: none may happen. */
  readonly alarms: string[];
  readonly published: Published[];
  reboots(): number;
  status(): DeviceStatus;
  commands(): string[];
  /** Waits in real time until it is so; throws with the console when it takes too long. */
  until(what: string, test: () => boolean, limitMs?: number): Promise<void>;
  /** Publishes on the device's command topic. */
  command(payload: string, retain?: boolean): Promise<void>;
  /** Until so many results have come; the newest one. */
  result(count: number): Promise<{ cmd: string; error?: string }>;
  telemetry(): Published[];
  stop(): Promise<void>;
}

const CLIENT_ID = "unit";
const TOPIC = `godwit/${CLIENT_ID}`;
const LIMIT_MS = 15_000;
let image: Promise<string> | undefined;
const running = new Set<FirmwareRig>();
after(async () => {
  for (const rig of running) await rig.stop();
});

async function buildImage(): Promise<string> {
  const firmware = await bundleFirmware({ board: "rak5010", buildTime: Math.floor(Date.now() / 1000) - 3600 });
  return firmware.code;
}

export async function startFirmware(options: FirmwareOptions = {}): Promise<FirmwareRig> {
  const clock = createSteadyClock(options.speed ?? 40);
  const started = Date.now();
  const wallClock = (): number => started + clock.now();
  const pki = await createPki({ hosts: ["broker.test"], client: CLIENT_ID, ...options.pki });
  const brokerEvents: BrokerEvent[] = [];
  const published: Published[] = [];
  const broker = await startBroker({
    cert: pki.server.chain,
    key: pki.server.key,
    clientCa: pki.clientCa,
    onEvent(event) {
      brokerEvents.push(event);
      if (event.type !== "packet" || event.direction !== "in" || event.packet.cmd !== "publish") return;
      const { topic, payload, dup } = event.packet;
      published.push({ topic, payload: payload.toString(), dup });
    },
  });
  const sntp = await startSntpServer({ now: wallClock, ...(options.sntp ? { behaviour: options.sntp } : {}) });
  const config = {
    host: "broker.test",
    port: broker.port,
    ntpHost: "ntp.test",
    ntpPort: sntp.port,
    clientId: CLIENT_ID,
  };
  const text =
    typeof options.config === "string" ? options.config : JSON.stringify({ ...config, ...(options.config ?? {}) });
  const storage = new Map<string, string>(Object.entries(options.storage ?? {}));
  if (options.config !== null) storage.set("godwit.json", text);
  image ??= buildImage();
  const code = options.image?.({ broker: broker.port, sntp: sntp.port }) ?? (await image);
  const board = new VirtualBoard({
    board: options.board ?? "rak5010",
    image: code,
    clock,
    storage,
    serial: { paced: false },
  });
  const files = new Map([["ca.pem", Buffer.from(pki.ca)]]);
  if (pki.client !== undefined) {
    files.set("client.pem", Buffer.from(pki.client.chain));
    files.set("client.key", Buffer.from(pki.client.traditionalKey));
  }
  const modem = createVirtualModem({
    clock,
    latency: 0.1,
    files,
    wallClock,
    resolve: (host) => (host.endsWith(".test") ? "127.0.0.1" : undefined),
    ...options.modem,
  });
  wire(board, modem);
  const events: ModemEvent[] = [];
  const lines: string[] = [];
  const alarms: string[] = [];
  let reboots = 0;
  modem.on("event", (event) => void events.push(event));
  board.on("console", (written) => void lines.push(...written.split(/\r?\n/).filter((line) => line !== "")));
  board.on("error", (error) => void alarms.push(`uncaught ${error.message}\n${error.stack ?? ""}`));
  board.on("console-takeover", ({ device }) => void alarms.push(`console on ${device}`));
  board.on("flash-abuse", (message) => void alarms.push(message));
  board.on("defect", (error) => void alarms.push(`defect ${String(error)}`));
  board.on("reboot", () => {
    reboots++;
  });

  const rig: FirmwareRig = {
    board,
    modem,
    broker,
    events,
    brokerEvents,
    console: lines,
    alarms,
    published,
    reboots: () => reboots,
    status: () => toHost(board.evaluate("godwit.status()")) as DeviceStatus,
    commands: () => events.flatMap((event) => (event.type === "command" ? [event.line.replace(/^AT/, "")] : [])),
    async until(what, test, limitMs = LIMIT_MS) {
      const end = Date.now() + limitMs;
      while (!test()) {
        if (Date.now() > end) throw new Error(`not ${what} in ${limitMs} ms:\n${lines.slice(-20).join("\n")}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    command: (payload, retain = false) => broker.publish(`${TOPIC}/command`, payload, { qos: 1, retain }),
    async result(count) {
      const results = (): Published[] => published.filter(({ topic, dup }) => topic === `${TOPIC}/result` && !dup);
      await rig.until(`${count} results`, () => results().length >= count);
      return JSON.parse(results()[count - 1]?.payload ?? "{}") as { cmd: string; error?: string };
    },
    telemetry: () => published.filter(({ topic }) => topic === `${TOPIC}/telemetry`),
    async stop() {
      if (!running.delete(rig)) return;
      board.stop();
      modem.powerCut();
      clock.stop();
      await sntp.close();
      await broker.close();
    },
  };
  running.add(rig);
  options.prepare?.(rig);
  board.start();
  return rig;
}
