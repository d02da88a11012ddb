/** The whole path with the image on the real interpreter: virtual modem, time server and broker on real sockets. */
import type { Duplex } from "node:stream";
import type { Packet } from "mqtt-packet";
import type { DeviceStatus } from "../../src/device.ts";
import { createClock } from "../../tools/clock.ts";
import { type Broker, type BrokerEvent, startBroker } from "../../tools/demo/broker.ts";
import { startSntpServer } from "../../tools/demo/sntp-server.ts";
import { createPki } from "../../tools/pki/set.ts";
import { findProfile } from "../../tools/virtual-board/boards/index.ts";
import { createVirtualModem, type ModemEvent, type VirtualModem } from "../../tools/virtual-modem/index.ts";
import { type Interpreter, startInterpreter } from "./harness.ts";

const BROKER_HOST = "broker.test";
const NTP_HOST = "ntp.test";
export const CLIENT_ID = "godwit-interpreter";
export const DEVICE_TOPIC = `godwit/${CLIENT_ID}`;

export interface FieldOptions {
  /** As in `--board`. */
  board: string;
  /** The built image, one char a byte. */
  image: string;
  intervalS: number;
  /** Of the virtual modem: 1 is as slow as a real one. */
  latency?: number;
  /** Further settings of godwit.json. */
  config?: Readonly<Record<string, string | number | boolean>>;
  onReboot?: () => void;
  /** Stands between the board and the modem's UART. */
  wire?: (uart: Duplex) => Duplex;
  onConsole?: (text: string) => void;
}

export interface Field {
  readonly interpreter: Interpreter;
  readonly modem: VirtualModem;
  readonly broker: Broker;
  /** What the broker saw, in order. */
  readonly seen: BrokerEvent[];
  readonly modemEvents: ModemEvent[];
  /** Packets from (`in`) or to (`out`) the device. */
  packets(direction: "in" | "out"): Packet[];
  status(): Promise<DeviceStatus>;
  stop(): Promise<void>;
}

/** What a build for Linux lacks of these boards, beside pins and UART. */
export const sensors = `
E.getAnalogVRef=function(){return 1.8};
global.analogRead=function(){return 0.8};
global.NRF={getBattery:function(){return 3.9}};
`;

export async function startField(options: FieldOptions): Promise<Field> {
  // The interpreter has the computer's clock, so the modem cannot be faster than that.
  const clock = createClock(1);
  const pki = await createPki({ hosts: [BROKER_HOST], client: CLIENT_ID });
  if (pki.client === undefined) throw new Error("no client certificate");
  const seen: BrokerEvent[] = [];
  const broker = await startBroker({
    cert: pki.server.chain,
    key: pki.server.key,
    clientCa: pki.clientCa,
    onEvent: (event) => seen.push(event),
  });
  const sntp = await startSntpServer();
  const modem = createVirtualModem({
    clock,
    latency: options.latency ?? 0.1,
    baud: 115_200,
    files: new Map([
      ["ca.pem", Buffer.from(pki.ca)],
      ["client.pem", Buffer.from(pki.client.chain)],
      ["client.key", Buffer.from(pki.client.traditionalKey)],
    ]),
    resolve: (host) => ([BROKER_HOST, NTP_HOST].includes(host) ? "127.0.0.1" : undefined),
  });
  const modemEvents: ModemEvent[] = [];
  modem.on("event", (event) => modemEvents.push(event));
  const config = {
    host: BROKER_HOST,
    port: broker.port,
    ntpHost: NTP_HOST,
    ntpPort: sntp.port,
    clientId: CLIENT_ID,
    topic: "godwit",
    intervalS: options.intervalS,
    ...options.config,
  };
  const { status: statusLine, pwrkey, reset } = findProfile(options.board).modem;
  const interpreter = await startInterpreter({
    image: options.image,
    storage: { "godwit.json": JSON.stringify(config) },
    uart: options.wire?.(modem.uart) ?? modem.uart,
    boardPrelude: sensors,
    onPin(pin, level) {
      const turned = (inverted: boolean | undefined): 0 | 1 => (inverted === true ? (level ? 0 : 1) : level);
      if (pin === pwrkey.pin) modem.setPin("pwrkey", turned(pwrkey.inverted));
      else if (pin === reset?.pin) modem.setPin("reset", turned(reset.inverted));
    },
    ...(options.onConsole ? { onConsole: options.onConsole } : {}),
    ...(options.onReboot ? { onReboot: options.onReboot } : {}),
  });
  if (statusLine !== undefined) {
    modem.onPin("status", (level) => {
      // Stopping the interpreter under it is no failure of anything.
      interpreter.setPin(statusLine.pin, level).catch(() => {});
    });
  }
  return {
    interpreter,
    modem,
    broker,
    seen,
    modemEvents,
    packets: (direction) =>
      seen.flatMap((event) => (event.type === "packet" && event.direction === direction ? [event.packet] : [])),
    status: async () => JSON.parse(await interpreter.evaluate("JSON.stringify(godwit.status())")) as DeviceStatus,
    async stop() {
      await interpreter.stop();
      modem.powerCut();
      await broker.close();
      await sntp.close();
    },
  };
}
