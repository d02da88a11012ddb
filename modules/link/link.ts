/**
 * Brings the path up and keeps it up: power, SIM, registration, PDP context, time, TLS, MQTT. The next step follows
 * from what is not yet true, so every failure ends in the same place: wait, climb the ladder, look again.
 */
import { driver } from "godwit:driver";
import { MQTT5 } from "godwit:features";
import type { Clock } from "../clock/clock.ts";
import type { Done, Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after } from "../guard.ts";
import type { Modem } from "../modem/modem.ts";
import type { Sockets } from "../modem/sockets.ts";
import type { Client } from "../mqtt/client.ts";
import type { TlsProfile } from "../tls/profile.ts";
import { configureTls, explainRefusal } from "../tls/tls.ts";
import { backoffS, rungFor } from "./ladder.ts";

export interface LinkOptions extends TlsProfile {
  /** Longest wait for registration, s. */
  registrationS: number;
  /** Longest wait between attempts, s. */
  backoffMaxS: number;
  /** Without progress for so long the MCU is reset; 0: no watchdog. Must be well above `backoffMaxS`. */
  watchdogS: number;
  /** `false`: TLS without proved time. Insecure, and said so at boot. */
  clockGate: boolean;
  /** Seconds between synchronisations of the clock. */
  resyncS: number;
}

/** @public */
export type LinkState = "off" | "ready" | "registered" | "active" | "timed" | "secured" | "connected";

/** @public */
export interface LinkCounters {
  /** Times MQTT came up. */
  connects: number;
  /** Failures, and how often each rung was used, lowest first: socket, pdp, radio, reset, power, mcu. */
  failures: number;
  rungs: number[];
}

export interface Link {
  state: LinkState;
  counters: LinkCounters;
  /** The newest failure, kept after recovery. */
  error: Failure | undefined;
  /** Failures since MQTT was last up for some time. */
  failed: number;
  start(): void;
  /** MQTT DISCONNECT, modem off. */
  stop(done: Done): void;
}

/** Radio off and on, or a PDP context deactivated (27.007 sets no limit; 40 s in the TCP/IP manual of BG96, D). */
const RADIO_MS = 40000;

/**
 * A connection that ends sooner is no success: a broker that throws the device out must not be asked again at once. On top
 * of it comes the longest wait that may have gone before that connection: two devices with one client id would throw each
 * other out for ever otherwise, at the pace of a minute.
 */
const STABLE_S = 60;

/** Called at every change of state and at every failure; `retryS` and `rung` go with a failure. */
export type LinkLog = (state: LinkState, error?: Failure, retryS?: number, rung?: number) => void;

export function createLink(
  modem: Modem,
  sockets: Sockets,
  clock: Clock,
  client: Client,
  options: LinkOptions,
  log: LinkLog,
): Link {
  const counters: LinkCounters = { connects: 0, failures: 0, rungs: [0, 0, 0, 0, 0, 0] };
  let isRunning = false;
  /** A step or a rung is under way, or a wait. */
  let isBusy = false;
  let isConfigured = false;
  /** Waits for CONNACK or for the end of the connection. */
  let onConnect: Done | undefined;
  let resyncTimer = 0;
  /** When MQTT came up; 0 while it is down. */
  let connectedS = 0;

  /** Something came through, or was tried: the watchdog is fed by this, never by a timer. */
  function progress(): void {
    if (options.watchdogS) E.kickWatchdog();
  }

  /** What is needed only on the way up lives only while it runs. */
  function advance(): void {
    const state = modem.state;

    /** Runs one step and looks again. */
    function step(next: LinkState, run: (done: Done) => void): void {
      isBusy = true;
      run((error) => {
        isBusy = false;
        progress();
        if (error) recover(error);
        else {
          link.state = next;
          log(next);
          advance();
        }
      });
    }

    function configure(done: Done): void {
      configureTls(modem, options, (error) => {
        isConfigured = !error;
        done(error);
      });
    }

    function connect(done: Done): void {
      sockets.open("tls", options.host, options.port, (refusal, socket) => {
        const error = refusal as Failure;
        if (socket) {
          onConnect = done;
          client.attach(socket);
        } else if (error.code != "TLS_REFUSED") done(error);
        else {
          // It may have been the time after all: prove it again before the next attempt.
          clock.status.source = "none";
          // The questions cost energy, so the answer stands for four refusals in a row. Not for ever: somebody may have
          // put other files into the store. Only TLS_FILE and TLS_REFUSED are answers.
          if (link.failed & 3 && /TLS_F|TLS_REF/.test((link.error as Failure).code)) done(link.error);
          else explainRefusal(modem, sockets, options, error, done);
        }
      });
    }

    if (isBusy || !isRunning) return;
    if (state == "off") step("ready", modem.powerOn);
    else if (state == "ready") {
      // A modem that was off, or reset, has forgotten both.
      isConfigured = false;
      clock.status.source = "none";
      step("registered", (done) => modem.register(options.registrationS * 1000, done));
    } else if (state == "registered") step("active", modem.activate);
    else if (options.clockGate && !clock.isValid()) step("timed", synchronise);
    else if (!isConfigured) step("secured", configure);
    else if (!client.connected) step("connected", connect);
  }

  /** While connected the time is proved anew now and then; a failure costs nothing but another try in an hour. */
  function synchronise(done: Done): void {
    clock.synchronise((error) => {
      if (resyncTimer) clearTimeout(resyncTimer);
      resyncTimer = after((error ? 3600 : options.resyncS) * 1000, () => {
        resyncTimer = 0;
        if (client.connected) synchronise(() => {});
      });
      done(error);
    });
  }

  function onMqtt(error?: Failure): void {
    const done = onConnect;
    onConnect = undefined;
    if (error) {
      if (connectedS && getTime() - connectedS > STABLE_S + Math.min(Math.pow(2, link.failed), options.backoffMaxS))
        link.failed = 0;
      connectedS = 0;
    } else {
      counters.connects++;
      connectedS = getTime();
    }
    if (done) done(error);
    else if (error) recover(error);
  }

  function recover(error: Failure): void {
    if (isBusy || !isRunning) return;
    const count = ++link.failed;
    const rung = rungFor(error, count);
    const waitS = backoffS(
      // Whoever has our client id wants it as much as we do: no hurry.
      MQTT5 && error.code == "MQTT_TAKEN_OVER" ? 99 : count,
      options.backoffMaxS,
      Math.random(),
    );

    /** A rung that fails is no failure of its own: the steps that follow show what it did. */
    function risen(): void {
      isBusy = false;
      advance();
    }

    function climb(): void {
      progress();
      if (rung) isConfigured = false;
      if (!isRunning) isBusy = false;
      else if (rung == 5) E.reboot();
      else if (rung == 4) modem.powerOff(risen);
      else if (rung == 3) modem.powerOn(risen, true);
      else if (rung && modem.state != "off") {
        // Parts of one line are executed in order. The SIM loses its power with the radio, and may want its PIN again: all
        // that comes behind switching on is due.
        modem.script(rung == 2 ? ["+CFUN=0", "+CFUN=1"] : [driver.deactivate], risen, RADIO_MS);
        modem.state = rung == 2 ? "off" : "registered";
      } else risen();
    }

    counters.failures++;
    (counters.rungs[rung] as number)++;
    link.error = error;
    link.state = modem.state;
    log(link.state, error, waitS, rung);
    isBusy = true;
    after(waitS * 1000, climb);
  }

  modem.onDown = (error) => {
    sockets.dropAll(error);
    // A step under way hears of it by its own callback; without one this is the news.
    if (!onConnect) recover(error);
  };
  sockets.onHeard = progress;
  // Events come later, from the idle loop: by then the connection may have ended again, and `close` says so.
  client.on("connect", () => {
    if (client.connected) onMqtt();
  });
  client.on("close", (cause?: Failure) => onMqtt(cause || failure("SOCKET_CLOSED")));

  const link: Link = {
    state: "off",
    counters,
    error: undefined,
    failed: 0,
    start() {
      isRunning = true;
      if (options.watchdogS) E.enableWatchdog(options.watchdogS, false);
      advance();
    },
    stop(done) {
      isRunning = false;
      client.end(false, () => modem.powerOff(done));
    },
  };
  return link;
}
