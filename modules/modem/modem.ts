/**
 * The engine: power, boot, SIM, registration, PDP context. 27.007 where it is enough, the driver's record where it is not.
 * Sockets are in sockets.ts, the modem's file store in files.ts; both stand on `Modem`.
 */
import { driver } from "godwit:driver";
import { type Channel, createChannel } from "../at/channel.ts";
import { quoted } from "../at/command.ts";
import type { Done, Failure } from "../failure.ts";
import { failure, isRefusal } from "../failure.ts";
import { after } from "../guard.ts";
import type { Urc } from "./driver.ts";
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

export type LinesDone = (error: Failure | undefined, lines: string[]) => void;

/** One change of power at a time: the caller waits for `done`. */
export interface Modem {
  state: ModemState;
  port: ModemPort;
  /** Address in the PDP context. */
  ip: string;
  channel: Channel;
  registration: Registration;
  /** The TLS stack has taken the order to compare the host name, and says so when asked (`configureTls`). */
  checksHost?: boolean;
  /** Opens the UART, switches on if it is off (or presses RESET_N), synchronises, sets up, unlocks the SIM. */
  powerOn(done: Done, byReset?: boolean): void;
  /** Switches off, in order if the modem still answers, and closes the UART. */
  powerOff(done: Done): void;
  register(timeoutMs: number, done: Done): void;
  activate(done: Done): void;
  /** Sends command line parts, as many in one line as the family takes; on an error finds the part that failed. */
  script(parts: string[], done: LinesDone, timeoutMs?: number, secret?: boolean): void;
  /** Listens on the UART, again if need be: Ctrl-C removes a listener. Out of memory (`flags`) the board starts anew. */
  listen(flags?: string[]): void;
  /**
   * Assigned by the link. The path below the sockets broke: `MODEM_RESET`, `MODEM_DEAF`, `NET_PDP`. Not called while
   * powering on or off.
   */
  onDown?: (error: Failure) => void;
  /** Assigned by the sockets. */
  onSocket?: (urc: Urc) => void;
}

/** The PDP context that everything uses. */
export const CID = 1;

const POLL_MS = 100;
const SYNC_TRIES = 5;
/** 27.007 9.2: SIM busy. */
const SIM_BUSY = "14";
const SIM_TRIES = 20;

export function createModem(port: ModemPort, access: NetworkAccess): Modem {
  let registered = UNREGISTERED;
  /** While `register` waits: called at each registration line, and with an error when the wait is over. */
  let onRegistration: Done | undefined;
  let isChanging = false;
  let isReady = false;
  let pin = access.pin;

  /** Whoever waits for this modem waits in vain: it has forgotten everything, answers included. */
  function drop(code: string): void {
    modem.state = modem.registration = "off";
    registered = UNREGISTERED;
    isReady = false;
    if (onRegistration) onRegistration(failure(code));
    channel.abort(code);
  }

  function down(code: string, ifOff?: boolean): void {
    // A context that is not in use, because it is being activated or was given up, is no loss.
    if (isChanging || (ifOff && !isOff()) || (code == "NET_PDP" && modem.state != "active")) return;
    // A lost context leaves the modem alive, and its answers on their way.
    if (code == "NET_PDP") modem.state = "registered";
    else drop(code);
    if (modem.onDown) modem.onDown(failure(code));
  }

  function onUrc(line: string): boolean {
    const next = nextRegistration(registered, line);
    const urc = driver.readUrc(line);
    if (next) {
      registered = next;
      modem.registration = registrationOf(next);
      if (onRegistration) onRegistration();
    } else if (!urc) return false;
    else if (urc.event == "pdpdeact") down("NET_PDP");
    else if (urc.event == "ready") {
      down("MODEM_RESET");
      isReady = true;
    } else if (modem.onSocket) modem.onSocket(urc);
    return true;
  }

  function listen(flags?: string[]): void {
    // `MEMORY`, not `LOW_MEMORY`: a callback was ended where it stood, and what it had half done nobody knows. It is told once.
    if (/,M/.test("," + flags)) E.reboot();
    port.uart.removeAllListeners("data");
    port.uart.on("data", channel.feed);
  }

  function isOff(): unknown {
    return port.statusPin && !digitalRead(port.statusPin);
  }

  function until(reached: () => unknown, ms: number, done: () => void): void {
    if (ms <= 0 || reached()) done();
    else after(POLL_MS, until, reached, ms - POLL_MS, done);
  }

  function begin(): void {
    isChanging = true;
    drop("MODEM_OFF");
  }

  /** What is needed once per boot lives only while it runs: a function that stays costs seven variables. */
  function powerOn(done: Done, byReset?: boolean): void {
    function end(error?: Failure): void {
      isChanging = false;
      if (!error) modem.state = "ready";
      done(error);
    }

    function press(): void {
      // RESET_N starts none that is off.
      if (byReset && !isOff()) digitalPulse(port.resetKey, port.resetKeyPressed, driver.resetMs);
      else digitalPulse(port.powerKey, port.powerKeyPressed, driver.powerOnMs);
      until(
        () => isReady,
        driver.bootMs,
        () => synchronise(SYNC_TRIES, true),
      );
    }

    /** `isSafe`: it does not wait for the rest of what we were sending when we were reset, and so takes no question for it. */
    function synchronise(tries: number, isSafe?: boolean): void {
      channel.send({ text: "ATE0", timeoutMs: 1000 }, (error) => {
        if (!error)
          script(["+CMEE=1"].concat(driver.setUp()), (refused) => {
            if (refused) end(refused);
            else unlock(SIM_TRIES);
          });
        else if (tries > 1 && (isSafe || isRefusal(error))) synchronise(tries - 1, true);
        else if (tries) end(failure("MODEM_DEAF"));
        else press();
      });
    }

    function unlock(tries: number): void {
      channel.send({ text: "AT+CPIN?", prefix: "+CPIN:" }, (error, lines) => {
        // The last: the URC of the same name may have come first.
        const answer = (lines.pop() || "").substr(6).trim();
        // Before "O": NOT READY, or nothing, because a late OK of somebody else's was taken for ours.
        if (tries && (error ? error.cause == SIM_BUSY : answer < "O")) after(1000, unlock, tries - 1);
        // Silence says nothing about the SIM.
        else if (error) end(isRefusal(error) ? failure("SIM_ABSENT", error.cause) : error);
        else if (answer == "READY") end();
        else if (pin && answer == "SIM PIN") enterPin();
        else end(failure("SIM_LOCKED", answer));
      });
    }

    /** The last try is never spent, for after it only the PUK helps; and no PIN is tried twice. */
    function enterPin(): void {
      const prefix = driver.pinTriesPrefix;
      channel.send({ text: `AT${driver.pinTries}`, prefix }, (_, lines) => {
        const left = parseInt(lines.join("").substr(prefix.length), 10);
        if (!(left > 1)) end(failure("SIM_PIN_LAST", left));
        else
          channel.send({ text: `AT+CPIN=${quoted(pin)}`, secret: true }, (error) => {
            // What was not refused may have been taken: a modem that resets here must find its PIN when it is back.
            if (isRefusal(error)) pin = "";
            after(1000, unlock, SIM_TRIES);
          });
      });
    }

    begin();
    port.uart.setup(port.baud, port.wires);
    listen();
    if (byReset || isOff()) press();
    // A pulse would switch a running modem off. Without STATUS the only way to know is to ask.
    else synchronise(port.statusPin ? SYNC_TRIES : 0);
  }

  function powerOff(done: Done): void {
    begin();
    channel.send({ text: `AT${driver.switchOff}`, timeoutMs: 1000 }, (error) => {
      if (error && !isOff()) digitalPulse(port.powerKey, port.powerKeyPressed, driver.powerOffMs);
      until(isOff, driver.shutdownMs, () => {
        port.uart.unsetup();
        isChanging = false;
        done();
      });
    });
  }

  function register(timeoutMs: number, done: Done): void {
    const timer = after(timeoutMs, () => check(failure("NET_REGISTRATION", modem.registration)));
    function check(error?: Failure): void {
      if (!onRegistration || (!error && !modem.registration.startsWith("r"))) return;
      clearTimeout(timer);
      onRegistration = undefined;
      if (!error) modem.state = "registered";
      done(error);
    }
    onRegistration = check;
    // The answers have the form of the URCs and go the same way.
    script(["+CEREG=2", "+CGREG=2", "+CEREG?", "+CGREG?"], check);
  }

  function activate(done: Done): void {
    function activated(error: Failure | undefined, lines: string[]): void {
      modem.ip = driver.address(CID, lines) || "";
      if (modem.ip) {
        modem.state = "active";
        done();
      } else done(failure("NET_PDP", error && error.cause, error && error.command));
    }
    script(
      driver.activate(CID, access.apn, access.apnUser, access.apnPassword),
      (error, lines) => {
        // An active context refuses to be activated: ask.
        if (error) script([driver.activeQuery], (_, found) => activated(error, found));
        else activated(error, lines);
      },
      driver.activateMs,
      !!access.apnPassword,
    );
  }

  /** `isSingle`: one part a line, to learn which of them fails. */
  function script(parts: string[], done: LinesDone, timeoutMs?: number, secret?: boolean, isSingle?: boolean): void {
    const rest = parts.slice(1);
    let text = `AT${parts[0]}`;
    while (!isSingle && rest.length && text.length + (rest[0] as string).length < driver.lineLength)
      text += `;${rest.shift()}`;
    channel.send({ text, timeoutMs: timeoutMs as number, prefix: "", secret: secret as boolean }, (error, lines) => {
      if (isRefusal(error) && parts.length - rest.length > 1) script(parts, done, timeoutMs, secret, true);
      else if (error || !rest.length) done(error, lines);
      else script(rest, (failed, more) => done(failed, lines.concat(more)), timeoutMs, secret, isSingle);
    });
  }

  const channel = createChannel(port.uart, onUrc, down);

  const modem: Modem = {
    state: "off",
    port,
    ip: "",
    channel,
    registration: "off",
    powerOn,
    powerOff,
    register,
    activate,
    script,
    listen,
  };
  return modem;
}
