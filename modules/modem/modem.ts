/**
 * The engine: power, boot, SIM, registration, PDP context. 27.007 where it is enough, the driver's record where it is not.
 * Sockets are in sockets.ts, the modem's file store in files.ts; both stand on `Modem`.
 */
import { type Channel, createChannel } from "../at/channel.ts";
import { quoted } from "../at/command.ts";
import type { Done, Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after } from "../guard.ts";
import type { Driver, Urc } from "./driver.ts";
import { nextRegistration, type Registration, registrationOf, UNREGISTERED } from "./registration.ts";

/** The modem's UART and control pins. */
export interface ModemPort {
  uart: Serial;
  baud: number;
  /** As `Serial.setup` takes them: `tx`, `rx`, and `cts` where the modem's RTS input is wired to it. */
  wires: SerialOptions;
  /** Drives PWRKEY, and the level that presses it. */
  powerKey: Pin;
  powerKeyPressed: boolean;
  /** Drives RESET_N, and the level that presses it. */
  resetKey: Pin;
  resetKeyPressed: boolean;
  /** Reads STATUS: high while the modem is on. Absent: a modem that answers is on. */
  statusPin?: Pin;
  /** Bytes read from a socket at once: they must fit the interpreter's receive queue (1,024 with its headers). */
  receiveBytes: number;
}

export interface NetworkAccess {
  apn: string;
  /** "" where the operator wants no login. */
  apnUser: string;
  apnPassword: string;
  /** The SIM's PIN, or "". */
  pin: string;
}

/** @public */
export type ModemState = "off" | "ready" | "registered" | "active";

export interface ModemEvents {
  /** The path below the sockets broke: `MODEM_RESET`, `MODEM_DEAF`, `NET_PDP`. Not called while powering on or off. */
  onDown(error: Failure): void;
  /** A socket's URC. */
  onSocket(urc: Urc): void;
  onTrace(direction: string, text: string): void;
}

export type LinesDone = (error: Failure | undefined, lines: string[]) => void;

/** One change of power at a time: the caller waits for `done`. */
export interface Modem {
  state: ModemState;
  driver: Driver;
  port: ModemPort;
  /** Address in the PDP context. */
  ip: string;
  channel: Channel;
  registration(): Registration;
  /** Opens the UART, switches on if it is off, synchronises, sets up, unlocks the SIM. */
  powerOn(done: Done): void;
  /** Switches off, in order if the modem still answers, and closes the UART. */
  powerOff(done: Done): void;
  /** By RESET_N; then as `powerOn`. */
  reset(done: Done): void;
  register(timeoutMs: number, done: Done): void;
  activate(done: Done): void;
  /** Sends command line parts, as many in one line as the family takes; on an error finds the part that failed. */
  script(parts: string[], done: LinesDone, timeoutMs?: number, secret?: boolean): void;
  /** Listens on the UART, again if need be: running out of memory removes every listener. */
  listen(): void;
}

/** The PDP context that everything uses. */
export const CID = 1;

const POLL_MS = 100;
const SYNC_TRIES = 5;
/** 27.007 9.2: SIM busy. */
const SIM_BUSY = "14";
const SIM_TRIES = 5;

export function createModem(port: ModemPort, driver: Driver, access: NetworkAccess, events: ModemEvents): Modem {
  const timing = driver.timing;
  let registered = UNREGISTERED;
  /** While `register` waits: called at each registration line, and with an error when the wait is over. */
  let onRegistration: Done | undefined;
  let isChanging = false;
  let isReady = false;
  let pin = access.pin;

  function down(state: ModemState, code: string): void {
    if (isChanging) return;
    drop(state, code);
    events.onDown(failure(code));
  }

  /** Whoever waits for this modem waits in vain. */
  function drop(state: ModemState, code: string): void {
    modem.state = state;
    isReady = false;
    if (onRegistration) onRegistration(failure(code));
    channel.abort(code);
  }

  // ---- lines that nobody asked for

  function onUrc(line: string): boolean {
    const next = nextRegistration(registered, line);
    const urc = driver.readUrc(line);
    if (next) {
      registered = next;
      if (onRegistration) onRegistration();
    } else if (!urc) return false;
    else if (urc.event == "pdpdeact") down("registered", "NET_PDP");
    else if (urc.event == "ready") {
      isReady = true;
      down("off", "MODEM_RESET");
    } else events.onSocket(urc);
    return true;
  }

  // ---- power

  function listen(): void {
    port.uart.removeAllListeners("data");
    port.uart.on("data", channel.feed);
  }

  function isOff(): boolean {
    return !!port.statusPin && !digitalRead(port.statusPin);
  }

  function until(reached: () => boolean, ms: number, done: () => void): void {
    if (ms <= 0 || reached()) done();
    else after(POLL_MS, until, reached, ms - POLL_MS, done);
  }

  function begin(): void {
    isChanging = true;
    registered = UNREGISTERED;
    drop("off", "MODEM_OFF");
  }

  /** Ends a change of power. */
  function end(error: Failure | undefined, done: Done): void {
    isChanging = false;
    modem.state = error ? "off" : "ready";
    done(error);
  }

  function powerOn(done: Done): void {
    begin();
    port.uart.setup(port.baud, port.wires);
    listen();
    if (isOff()) press(done);
    // A pulse would switch a running modem off. Without STATUS the only way to know is to ask.
    else synchronise(port.statusPin ? SYNC_TRIES : 0, done);
  }

  function press(done: Done): void {
    digitalPulse(port.powerKey, port.powerKeyPressed, timing.powerOnMs);
    boot(done);
  }

  function boot(done: Done): void {
    until(
      () => isReady,
      timing.bootMs,
      () => synchronise(SYNC_TRIES, done),
    );
  }

  function synchronise(tries: number, done: Done): void {
    channel.send({ text: "ATE0", timeoutMs: 1000 }, (error) => {
      if (!error) setUp(done);
      else if (tries > 1) synchronise(tries - 1, done);
      else if (tries) end(failure("MODEM_DEAF"), done);
      else press(done);
    });
  }

  function powerOff(done: Done): void {
    begin();
    channel.send({ text: `AT${driver.switchOff}`, timeoutMs: 1000 }, (error) => {
      if (error && !isOff()) digitalPulse(port.powerKey, port.powerKeyPressed, timing.powerOffMs);
      until(isOff, timing.shutdownMs, () => {
        port.uart.unsetup();
        isChanging = false;
        done();
      });
    });
  }

  function reset(done: Done): void {
    begin();
    digitalPulse(port.resetKey, port.resetKeyPressed, timing.resetMs);
    boot(done);
  }

  // ---- set-up and SIM

  function setUp(done: Done): void {
    script(["+CMEE=1"].concat(driver.setUp), (error) => {
      if (error) end(error, done);
      else unlock(SIM_TRIES, done);
    });
  }

  function unlock(tries: number, done: Done): void {
    script(["+CPIN?"], (error, lines) => {
      const answer = lines.join("");
      if (error && error.cause == SIM_BUSY && tries) after(1000, unlock, tries - 1, done);
      else if (error) end(failure("SIM_ABSENT", error.cause), done);
      else if (answer.includes("READY")) end(undefined, done);
      else if (pin && answer.includes("SIM PIN")) enterPin(done);
      else end(failure("SIM_LOCKED", answer.substr(7)), done);
    });
  }

  /** The last try is never spent, for after it only the PUK helps; and no PIN is tried twice. */
  function enterPin(done: Done): void {
    script([driver.pinTries], (_, lines) => {
      const left = parseInt(lines.join("").substr(driver.pinTriesPrefix.length), 10);
      if (!(left > 1)) end(failure("SIM_PIN_LAST", left), done);
      else
        script(
          [`+CPIN=${quoted(pin)}`],
          (error) => {
            if (error) pin = "";
            after(1000, unlock, SIM_TRIES, done);
          },
          0,
          true,
        );
    });
  }

  // ---- network

  function register(timeoutMs: number, done: Done): void {
    const timer = after(timeoutMs, () => check(failure("NET_REGISTRATION", registrationOf(registered))));
    function check(error?: Failure): void {
      if (!onRegistration || (!error && !registrationOf(registered).startsWith("r"))) return;
      clearTimeout(timer);
      onRegistration = undefined;
      if (!error) modem.state = "registered";
      done(error);
    }
    onRegistration = check;
    // The answers have the form of the URCs and go the same way.
    script(["+CEREG=2", "+CGREG=2", "+CEREG?", "+CGREG?"], (error) => {
      if (error) check(error);
    });
  }

  function activate(done: Done): void {
    const parts = driver.activate(CID, access.apn, access.apnUser, access.apnPassword);
    script(
      parts,
      (error, lines) => {
        if (!error) activated(undefined, lines, done);
        // An active context refuses to be activated: ask.
        else script([driver.activeQuery], (_, found) => activated(error, found, done));
      },
      timing.activateMs,
      !!access.apnPassword,
    );
  }

  function activated(error: Failure | undefined, lines: string[], done: Done): void {
    modem.ip = driver.address(CID, lines) || "";
    if (modem.ip) modem.state = "active";
    done(modem.ip ? undefined : failure("NET_PDP", error && error.cause, error && error.command));
  }

  // ---- commands

  function script(parts: string[], done: LinesDone, timeoutMs?: number, secret?: boolean): void {
    run(parts, [], driver.lineLength, done, timeoutMs, secret);
  }

  /** `width` 0: one part a line, to learn which of them fails. */
  function run(
    parts: string[],
    lines: string[],
    width: number,
    done: LinesDone,
    timeoutMs?: number,
    secret?: boolean,
  ): void {
    const rest = parts.slice(1);
    let text = `AT${parts[0]}`;
    while (rest.length && text.length + (rest[0] as string).length < width) text += `;${rest.shift()}`;
    channel.send({ text, timeoutMs: timeoutMs as number, prefix: "", secret: secret as boolean }, (error, more) => {
      if (error && error.code == "AT_ERROR" && width) run(parts, lines, 0, done, timeoutMs, secret);
      else if (error || !rest.length) done(error, lines.concat(more));
      else run(rest, lines.concat(more), width, done, timeoutMs, secret);
    });
  }

  const channel = createChannel(port.uart, { onUrc, onDeaf: () => down("off", "MODEM_DEAF"), onTrace: events.onTrace });

  const modem: Modem = {
    state: "off",
    driver,
    port,
    ip: "",
    channel,
    registration: () => registrationOf(registered),
    powerOn,
    powerOff,
    reset,
    register,
    activate,
    script,
    listen,
  };
  return modem;
}
