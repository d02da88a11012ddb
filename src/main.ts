/** Wiring only: board + configuration + application. */
import board from "godwit:board";
import { BUILD_TIME, VERSION } from "godwit:build";
import { createClock } from "../modules/clock/clock.ts";
import type { Failure } from "../modules/failure.ts";
import { crashes } from "../modules/guard.ts";
import { createLink, type Link, type LinkState } from "../modules/link/link.ts";
import { createFiles } from "../modules/modem/files.ts";
import { createModem } from "../modules/modem/modem.ts";
import { createSockets, type Sockets } from "../modules/modem/sockets.ts";
import { createClient } from "../modules/mqtt/client.ts";
import { startApp, topicsFor, willFor } from "./app.ts";
import { readConfig } from "./config.ts";
import type { Device, DeviceGlobals, DeviceStatus } from "./device.ts";

// Before anything else: on some boards the console would move to the modem's UART a second after boot, and at every
// BLE or USB disconnect, and what the modem says would be executed.
E.setConsole(board.console, { force: true });

const read = readConfig(require("Storage").read("godwit.json"));
const config = read.config;
const clientId = config.clientId || getSerial();
const topics = topicsFor(config.topic, clientId);

function onTrace(direction: string, text: string): void {
  if (device.trace) print(direction + text);
}

function log(state: LinkState, error?: Failure, retryS?: number, rung?: string): void {
  if (error) print(`link ${state} ! ${error.code} ${error.cause} retry ${(retryS as number).toFixed(1)} s, ${rung}`);
  else print(`link ${state}`);
}

const modem = createModem(
  board.port,
  board.driver,
  { apn: config.apn, user: config.apnUser, password: config.apnPassword, pin: config.pin },
  { onDown: (error) => link.onDown(error), onSocket: (urc) => sockets.onUrc(urc), onTrace },
);
const sockets: Sockets = createSockets(modem, () => link.onProgress());
const files = createFiles(modem);
const clock = createClock(modem, sockets, {
  ntpHost: config.ntpHost,
  ntpPort: config.ntpPort,
  resyncS: config.resyncS,
  floorS: BUILD_TIME,
});
const client = createClient({
  clientId,
  clean: config.clean,
  keepalive: config.keepalive,
  username: config.username || undefined,
  password: config.password || undefined,
  will: willFor(topics),
});
const link: Link = createLink(
  modem,
  sockets,
  files,
  clock,
  client,
  {
    tls: {
      host: config.host,
      port: config.port,
      ca: config.ca,
      cert: config.cert,
      key: config.key,
      verify: config.verify,
      minVersion: "1.2",
      sni: config.sni,
    },
    registrationS: config.registrationS,
    backoffMaxS: config.backoffMaxS,
    watchdogS: config.watchdogS,
    clockGate: config.clockGate,
    resyncS: config.resyncS,
  },
  log,
);

function status(): DeviceStatus {
  return {
    version: VERSION,
    state: link.state,
    error: link.error,
    config: read.error,
    link: link.counters,
    registration: modem.registration(),
    ip: modem.ip,
    at: modem.channel.counters,
    clock: clock.status,
    tls: modem.driver.tls,
    crashes,
    flags: E.getErrorFlags(),
    memory: process.memory(false).usage,
  };
}

// Running out of memory in a data handler removes every data handler (CALLBACK): listen again.
E.on("errorFlag", () => modem.listen());

const device: Device = { status, link, client, modem, files, trace: false };
// What is typed at the REPL: `godwit.status()`, `godwit.files.put(...)`.
(global as unknown as DeviceGlobals).godwit = device;

if (read.error) print(`config ! ${read.error.code} ${read.error.cause}`);
if (!config.verify || !config.clockGate) print("INSECURE: certificates are not fully checked");
print(`godwit ${VERSION} ${board.id} ${clientId} host name ${modem.driver.tls.host}`);
startApp(board, modem, clock.status, client, topics, config.intervalS);
link.start();
