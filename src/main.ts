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
import type { LoaderGlobals } from "./slots.ts";
import { PROVED, SLOT_PAGES } from "./slots.ts";

// Before anything else: on some boards the console would move to the modem's UART a second after boot, and at every
// BLE or USB disconnect, and what the modem says would be executed. A device in production has it nowhere.
E.setConsole((global as LoaderGlobals).locked ? null : board.console, { force: true });

const read = readConfig(require("Storage").read("godwit.json"));
const config = read.config;
config.clientId = config.clientId || getSerial();
const topic = `${config.topic}/${config.clientId}/`;

/** Until this is written, the loader takes the image that was here before when this one does not connect. */
function prove(): void {
  const slot = (global as LoaderGlobals).slot;
  if (slot && (require("Flash").read(1, slot + PROVED)[0] as number)) require("Flash").write("\0\0\0\0", slot + PROVED);
}

function log(state: LinkState, error?: Failure, retryS?: number, rung?: number): void {
  if (state == "connected") prove();
  // Never silently less: the settings have just been written and read back.
  if (state == "secured" && !modem.checksHost) print("host name unproved");
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
const outbox = OUTBOX ? createOutbox(config.outboxPages as number, 2 * SLOT_PAGES) : undefined;
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
    tls: driver.tls(modem.checksHost),
    crashes,
    flags: E.getErrorFlags(),
    memory: process.memory(false).usage,
    outbox: outbox && outbox.stats,
    queued: client.queued(),
  }),
  client,
  at: (text, done) =>
    modem.channel.send({ text, prefix: "" }, done || ((error, lines) => print(error || lines.join("\n")))),
  // Made when asked for: provisioning is rare, and functions take memory.
  files: () => createFiles(modem),
  trace: 0,
};
modem.channel.onTrace = (direction, text) => {
  const isData = direction[1];
  if (device.trace > (isData ? 1 : 0))
    // A CONNECT, which is always written alone, ends in user name and password: 12 bytes are what stands before them.
    print(
      direction +
        (isData ? E.toJS(text.substr(0, (direction[0] as string) + (text[0] as string) == ">\x10" ? 12 : 1e5)) : text),
    );
};
// What is typed at the REPL: `godwit.status()`, `godwit.files().put(...)`.
(global as unknown as DeviceGlobals).godwit = device;

// Running out of memory in a data handler removes every data handler (CALLBACK): listen again.
E.on("errorFlag", modem.listen);

if (read.error) print(`config ! ${read.error.code} ${read.error.cause}`);
if (OUTBOX && !outbox) print("outbox !", "OUTBOX_FLASH");
if (!config.verify || !config.checkHost || !config.clockGate) print("INSECURE: not all is checked");
print(`godwit ${VERSION} ${board.id} ${config.clientId}`);
startApp(board, modem, clock.status, client, topic, config.intervalS);
link.start();
