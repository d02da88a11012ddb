/** Wiring only: board + configuration + application. */
import board from "godwit:board";
import { BUILD_TIME, VERSION } from "godwit:build";
import { driver } from "godwit:driver";
import { MQTT5, OUTBOX } from "godwit:features";
import { createClock } from "../modules/clock/clock.ts";
import type { Failure } from "../modules/failure.ts";
import { crashes } from "../modules/guard.ts";
import { RUNGS } from "../modules/link/ladder.ts";
import { createLink, type LinkState } from "../modules/link/link.ts";
import { createFiles } from "../modules/modem/files.ts";
import { createModem } from "../modules/modem/modem.ts";
import { createSockets } from "../modules/modem/sockets.ts";
import { type ClientOptions, createClient } from "../modules/mqtt/client.ts";
import { createOutbox } from "../modules/mqtt/outbox.ts";
import { startApp } from "./app.ts";
import { type Config, readConfig } from "./config.ts";
import type { Device, DeviceGlobals } from "./device.ts";

// Before anything else: on some boards the console would move to the modem's UART a second after boot, and at every
// BLE or USB disconnect, and what the modem says would be executed.
E.setConsole(board.console, { force: true });

const read = readConfig(require("Storage").read("godwit.json"));
const config = read.config;
config.clientId = config.clientId || getSerial();
const topic = `${config.topic}/${config.clientId}/`;

function log(state: LinkState, error?: Failure, retryS?: number, rung?: number): void {
  print(
    `link ${state}${error ? ` ! ${error.code} ${error.cause} retry ${Math.round(retryS as number)} s, ${RUNGS.split(" ")[rung as number]}` : ""}`,
  );
}

const modem = createModem(board.port, config);
const sockets = createSockets(modem);
const clock = createClock(modem, sockets, config, BUILD_TIME);
// The broker says `offline` when the device does not say goodbye. Into the same object: a second one would cost memory.
const session: Config & ClientOptions = config;
session.will = { topic: `${topic}status`, payload: "offline", qos: 1, retain: true };
if (MQTT5) session.uptime = () => getTime() - clock.status.startedS;
const outbox = OUTBOX ? createOutbox(config.outboxPages as number) : undefined;
const client = createClient(session, outbox);
const link = createLink(modem, sockets, clock, client, config, log);

const device: Device = {
  status: () => ({
    version: VERSION,
    state: link.state,
    error: link.error,
    config: read.error,
    link: link.counters,
    registration: modem.registration,
    ip: modem.ip,
    at: modem.channel.counters,
    clock: clock.status,
    tls: driver.tls(),
    crashes,
    flags: E.getErrorFlags(),
    memory: process.memory(false).usage,
    outbox: outbox && outbox.stats,
  }),
  client,
  at: (text) => modem.channel.send({ text, prefix: "" }, (error, lines) => print(error || lines.join("\n"))),
  // Made when asked for: provisioning is rare, and functions take memory.
  files: () => createFiles(modem),
  trace: false,
};
modem.channel.onTrace = (direction, text) => {
  if (device.trace) print(direction + text);
};
// What is typed at the REPL: `godwit.status()`, `godwit.files().put(...)`.
(global as unknown as DeviceGlobals).godwit = device;

// Running out of memory in a data handler removes every data handler (CALLBACK): listen again.
E.on("errorFlag", modem.listen);

if (read.error) print(`config ! ${read.error.code} ${read.error.cause}`);
if (OUTBOX && !outbox) print("outbox !", "OUTBOX_FLASH");
if (!config.verify || !config.clockGate) print("INSECURE: certificates are not fully checked");
print(`godwit ${VERSION} ${board.id} ${config.clientId} host name ${driver.tls().host}`);
startApp(board, modem, clock.status, client, topic, config.intervalS);
link.start();
