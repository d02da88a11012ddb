/**
 * The engine: power, boot, SIM, registration, PDP context. 27.007 where it is enough, the driver's record where it is not.
 * Sockets are in sockets.ts, the modem's file store in files.ts; both stand on `Modem`.
 */
import { type Channel, createChannel } from "../at/channel.ts";
import type { AnswerDone, Command } from "../at/command.ts";
import { quoted } from "../at/command.ts";
import type { Done, Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after, guard } from "../guard.ts";
import type { Driver, Signal, Urc } from "./driver.ts";
import { nextRegistration, type Registration, registrationOf, UNREGISTERED } from "./registration.ts";

/**
 * The modem's UART and control pins.
 * @public
 */
export interface ModemPort {
  uart: Serial;
  baud: number;
  /** As `Serial.setup` takes them: `tx`, `rx`, and `cts` where the modem's RTS input is wired to it. */
  options: SerialOptions;
  /** Drives PWRKEY; `powerOn` is the level that presses it. */
  powerKey: Pin;
  powerKeyPressed: boolean;
  /** Drives RESET_N, where it is wired. */
  reset?: Pin;
  resetPressed?: boolean;
  /** Reads STATUS, where it is wired: high while the modem is on. */
  status?: Pin;
  /** Bytes read from a socket at once: they must fit the interpreter's receive queue (1,024 with its headers). */
  receiveBytes: number;
}

/** @public */
export interface NetworkAccess {
  apn: string;
  user: string;
  password: string;
  /** The SIM's PIN, or "". */
  pin: string;
}

/** @public */
export type ModemState = "off" | "booting" | "ready" | "registered" | "active";

export interface ModemEvents {
  /** The path below the sockets broke: `MODEM_RESET`, `MODEM_DEAF`, `NET_PDP`. Not called while powering on or off. */
  onDown(error: Failure): void;
  /** A socket's URC. */
  onSocket(urc: Urc): void;
  onTrace?: ((direction: string, text: string) => void) | undefined;
}

export type LinesDone = (error: Failure | undefined, lines: string[]) => void;
export type LineDone = (error: Failure | undefined, line: string) => void;

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
  /** RESET_N where it is wired, else CFUN=1,1; then as powerOn. */
  reset(done: Done): void;
  /** Radio off and on. */
  restartRadio(done: Done): void;
  register(timeoutMs: number, done: Done): void;
  activate(done: Done): void;
  deactivate(done: Done): void;
  signal(done: (error: Failure | undefined, signal?: Signal) => void): void;
  /** Sends command line parts, as many in one line as the family takes; on an error finds the part that failed. */
  script(parts: string[], timeoutMs: number, done: LinesDone, secret?: boolean): void;
  /** Sends a command whose result comes in a line of its own, before or after `OK`. */
  result(command: Command, prefix: string, timeoutMs: number, done: LineDone): void;
  /** Listens on the UART, again if need be: running out of memory removes every listener. */
  listen(): void;
}

/** The PDP context that everything uses. */
export const CID = 1;

const COMMAND_MS = 5000;
const SYNC_TRIES = 8;
/** Pause between the first sign of life and the first command, where no `ready` URC comes. */
const SETTLE_MS = 2000;
/** 27.007 9.2: 10 no SIM, 11 PIN required, 12 PUK required, 13 SIM failure, 14 busy, 15 wrong. */
const SIM_BUSY = "14";
const SIM_TRIES = 5;

interface Wait {
  prefix: string;
  done: LineDone;
  timer: number;
}

export function createModem(port: ModemPort, driver: Driver, access: NetworkAccess, events: ModemEvents): Modem {
  let registered = UNREGISTERED;
  /** While `register` waits: called at each registration line, and with an error when the wait is over. */
  let onRegistration: ((error?: Failure) => void) | undefined;
  /** Called by the URC that says the modem is up, or off. */
  let onBoot: ((urc: Urc) => void) | undefined;
  let waits: Wait[] = [];
  let changing = false;

  function down(code: string): void {
    if (changing) return;
    if (code == "NET_PDP") modem.state = "registered";
    else {
      modem.state = "off";
      drop(code);
    }
    events.onDown(failure(code));
  }

  /** Whoever waits for this modem waits in vain. */
  function drop(code: string): void {
    const dropped = waits;
    waits = [];
    registered = UNREGISTERED;
    if (onRegistration) onRegistration(failure(code));
    channel.abort(code);
    for (const wait of dropped) {
      clearTimeout(wait.timer);
      guard(wait.done, failure(code), "");
    }
  }

  // ---- lines that nobody asked for

  function onUrc(line: string): boolean {
    for (const wait of waits)
      if (line.startsWith(wait.prefix)) {
        endWait(wait, undefined, line);
        return true;
      }
    const next = nextRegistration(registered, line);
    if (next) {
      registered = next;
      if (onRegistration) onRegistration();
      return true;
    }
    const urc = driver.urc(line);
    if (!urc) return false;
    if (urc.type == "recv" || urc.type == "closed") events.onSocket(urc);
    else if (urc.type == "pdp") down("NET_PDP");
    else if (urc.type != "known") onPower(urc);
    return true;
  }

  function onPower(urc: Urc): void {
    if (onBoot) onBoot(urc);
    else down("MODEM_RESET");
  }

  function endWait(wait: Wait, error: Failure | undefined, line: string): void {
    const at = waits.indexOf(wait);
    if (at < 0) return;
    waits.splice(at, 1);
    clearTimeout(wait.timer);
    guard(wait.done, error, line);
  }

  // ---- power

  function listen(): void {
    port.uart.removeAllListeners("data");
    port.uart.on("data", channel.feed);
  }

  /** STATUS where it is wired; else unknown. */
  function isOn(): boolean | undefined {
    return port.status && digitalRead(port.status) == 1;
  }

  function press(pin: Pin, pressed: boolean | undefined, ms: number, done: () => void): void {
    digitalWrite(pin, !!pressed);
    after(ms, release, { pin, level: !pressed }, done);
  }

  function release(held: { pin: Pin; level: boolean }, done: () => void): void {
    digitalWrite(held.pin, held.level);
    done();
  }

  /** Waits for the modem's own word that it is up (or off), or for the time it may take. */
  function awaitBoot(ms: number, off: boolean, done: () => void): void {
    let timer = after(ms, over);
    function over(): void {
      onBoot = undefined;
      done();
    }
    onBoot = (urc) => {
      clearTimeout(timer);
      if (off != (urc.type == "off")) timer = after(ms, over);
      else if (urc.type == "boot") timer = after(SETTLE_MS, over);
      else over();
    };
  }

  function begin(state: ModemState): void {
    changing = true;
    modem.state = state;
    drop("MODEM_OFF");
  }

  function powerOn(done: Done): void {
    begin("booting");
    port.uart.setup(port.baud, port.options);
    listen();
    if (isOn()) synchronise(SYNC_TRIES, done);
    else if (isOn() === false) pressPower(done);
    // No STATUS pin: a pulse would switch a running modem off, so ask first.
    else channel.send({ text: "ATE0", timeoutMs: 1000 }, (error) => (error ? pressPower(done) : initialise(done)));
  }

  function pressPower(done: Done): void {
    press(port.powerKey, port.powerKeyPressed, driver.timing.powerOnMs, () => {
      awaitBoot(driver.timing.bootMs, false, () => synchronise(SYNC_TRIES, done));
    });
  }

  function synchronise(tries: number, done: Done): void {
    channel.send({ text: "ATE0", timeoutMs: 1000 }, (error) => {
      if (!error) initialise(done);
      else if (tries > 1) synchronise(tries - 1, done);
      else ended(failure("MODEM_DEAF"), done);
    });
  }

  /** Ends a change of power. */
  function ended(error: Failure | undefined, done: Done): void {
    changing = false;
    modem.state = error ? "off" : "ready";
    done(error);
  }

  function powerOff(done: Done): void {
    const wasOn = modem.state != "off";
    begin("off");
    function closed(): void {
      channel.abort("MODEM_OFF");
      port.uart.unsetup();
      ended(undefined, done);
      modem.state = "off";
    }
    function pressed(): void {
      if (isOn() === false) closed();
      else
        press(port.powerKey, port.powerKeyPressed, driver.timing.powerOffMs, () =>
          awaitBoot(driver.timing.shutdownMs, true, closed),
        );
    }
    if (wasOn)
      channel.send({ text: `AT${driver.shutdown}` }, (error) => {
        if (error) pressed();
        else awaitBoot(driver.timing.shutdownMs, true, closed);
      });
    else pressed();
  }

  function reset(done: Done): void {
    begin("booting");
    const up = (): void => awaitBoot(driver.timing.bootMs, false, () => synchronise(SYNC_TRIES, done));
    if (port.reset) press(port.reset, port.resetPressed, driver.timing.resetMs, up);
    else channel.send({ text: "AT+CFUN=1,1" }, up);
  }

  // ---- set-up and SIM

  function initialise(done: Done): void {
    modem.script(["+CMEE=1"].concat(driver.init), COMMAND_MS, (error) => {
      if (error) ended(error, done);
      else unlock(SIM_TRIES, done);
    });
  }

  function unlock(tries: number, done: Done): void {
    modem.script(["+CPIN?"], COMMAND_MS, (error, lines) => {
      const status = lines.join("");
      if (error && error.cause == SIM_BUSY && tries > 1) after(1000, unlock, tries - 1, done);
      else if (error) ended(failure("SIM_ABSENT", error.cause), done);
      else if (status.includes("READY")) ended(undefined, done);
      else if (!status.includes("SIM PIN")) ended(failure("SIM_LOCKED", status.substr(7)), done);
      else if (!access.pin) ended(failure("SIM_PIN"), done);
      else enterPin(done);
    });
  }

  /** The last try is never spent: after it only the PUK helps. */
  function enterPin(done: Done): void {
    modem.script([driver.pinTries], COMMAND_MS, (error, lines) => {
      const left = error ? 0 : driver.readPinTries(lines);
      if (left < 2) ended(failure("SIM_PIN_LAST", left), done);
      else
        channel.send({ text: `AT+CPIN=${quoted(access.pin)}`, secret: true }, (refused) => {
          if (refused) ended(failure("SIM_PIN", refused.cause), done);
          else after(500, unlock, SIM_TRIES, done);
        });
    });
  }

  // ---- network

  function restartRadio(done: Done): void {
    registered = UNREGISTERED;
    modem.script(["+CFUN=0"], 15000, () =>
      modem.script(["+CFUN=1"], 15000, (error) => {
        if (!error) modem.state = "ready";
        done(error);
      }),
    );
  }

  function register(timeoutMs: number, done: Done): void {
    const timer = after(timeoutMs, () => check(failure("NET_REGISTRATION", registrationOf(registered))));
    function check(error?: Failure): void {
      const now = registrationOf(registered);
      if (!error && now != "registered" && now != "roaming") return;
      clearTimeout(timer);
      onRegistration = undefined;
      if (!error) modem.state = "registered";
      done(error);
    }
    onRegistration = check;
    // The answers have the form of the URCs and go the same way.
    modem.script(["+CEREG=2", "+CGREG=2", "+CEREG?", "+CGREG?"], COMMAND_MS, (error) => {
      if (error && onRegistration) check(error);
    });
  }

  function activate(done: Done): void {
    const parts = driver.activate(CID, access.apn, access.user, access.password);
    modem.script(
      parts,
      driver.timing.activateMs,
      (error, lines) => {
        if (!error) activated(undefined, lines, done);
        // An active context refuses to be activated: ask.
        else modem.script([driver.activeQuery], COMMAND_MS, (_, found) => activated(error, found, done));
      },
      !!access.password,
    );
  }

  function activated(error: Failure | undefined, lines: string[], done: Done): void {
    const ip = driver.readActive(CID, lines);
    if (!ip) {
      done(failure("NET_PDP", error && error.cause, error && error.command));
      return;
    }
    modem.ip = ip;
    modem.state = "active";
    done();
  }

  function deactivate(done: Done): void {
    modem.state = "registered";
    modem.script(driver.deactivate(CID), driver.timing.activateMs, done);
  }

  // ---- commands

  function script(parts: string[], timeoutMs: number, done: LinesDone, secret?: boolean): void {
    run(parts, [], driver.limits.line, timeoutMs, done, secret);
  }

  /** `width` 0: one part a line, to learn which of them fails. */
  function run(parts: string[], lines: string[], width: number, ms: number, done: LinesDone, secret?: boolean): void {
    let text = `AT${parts[0]}`;
    let count = 1;
    for (const part of parts.slice(1)) {
      if (text.length + part.length >= width) break;
      text += `;${part}`;
      count++;
    }
    const answered: AnswerDone = (error, answer) => {
      lines = lines.concat(answer.lines);
      if (error && error.code == "AT_ERROR" && count > 1) run(parts, [], 0, ms, done, secret);
      else if (error || count == parts.length) done(error, lines);
      else run(parts.slice(count), lines, width, ms, done, secret);
    };
    channel.send({ text, timeoutMs: ms, prefix: "", secret: !!secret }, answered);
  }

  function result(command: Command, prefix: string, timeoutMs: number, done: LineDone): void {
    const wait: Wait = { prefix, done, timer: 0 };
    wait.timer = after(timeoutMs, endWait as () => void, wait as never, failure("AT_NO_RESULT", prefix) as never);
    waits.push(wait);
    channel.send(command, (error) => {
      if (error) endWait(wait, error, "");
    });
  }

  const channel = createChannel(port.uart, { onUrc, onDeaf: () => down("MODEM_DEAF"), onTrace: events.onTrace });

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
    restartRadio,
    register,
    activate,
    deactivate,
    signal(done) {
      script([driver.signal], COMMAND_MS, (error, lines) => done(error, error ? undefined : driver.readSignal(lines)));
    },
    script,
    result,
    listen,
  };
  return modem;
}
