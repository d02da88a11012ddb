/**
 * Brings the path up and keeps it up: power, SIM, registration, PDP context, time, TLS, MQTT. The next step follows
 * from what is not yet true, so every failure ends in the same place: wait, climb the ladder, look again.
 */
import type { Clock } from "../clock/clock.ts";
import { after } from "../guard.ts";
import type { Done, Failure } from "../failure.ts";
import type { Files } from "../modem/files.ts";
import type { Modem } from "../modem/modem.ts";
import type { Sockets } from "../modem/sockets.ts";
import type { Client } from "../mqtt/client.ts";
import type { TlsProfile } from "../tls/profile.ts";
import { configureTls, explainRefusal } from "../tls/tls.ts";
import { backoffS, RUNGS, rungFor } from "./ladder.ts";

/** @public */
export interface LinkOptions {
  tls: TlsProfile;
  /** Longest wait for registration, s. */
  registrationS: number;
  /** Longest wait between attempts, s. */
  backoffMaxS: number;
  /** Without progress for so long the MCU is reset; 0: no watchdog. Must be well above `backoffMaxS`. */
  watchdogS: number;
  /** `false`: TLS without proved time. Insecure, and said so at boot. */
  clockGate: boolean;
  /** Seconds between synchronisations. */
  resyncS: number;
}

/** @public */
export type LinkState = "off" | "booting" | "ready" | "registered" | "active" | "timed" | "secured" | "connected";

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
  /** Failures since MQTT was last up. */
  failed: number;
  start(): void;
  /** MQTT DISCONNECT, modem off. */
  stop(done: Done): void;
  /** The path below the sockets broke. */
  onDown(error: Failure): void;
  /** Something came through: the watchdog is fed by this, never by a timer. */
  onProgress(): void;
}

/** Called at every change of state and at every failure; `retryS` and `rung` go with a failure. */
export type LinkLog = (state: LinkState, error?: Failure, retryS?: number, rung?: string) => void;

export function createLink(
  modem: Modem,
  sockets: Sockets,
  files: Files,
  clock: Clock,
  client: Client,
  options: LinkOptions,
  log: LinkLog,
): Link {
  const counters: LinkCounters = { connects: 0, failures: 0, rungs: RUNGS.map(() => 0) };
  let running = false;
  /** A step or a rung is under way, or a wait. */
  let busy = false;
  let configured = false;
  /** Waits for CONNACK or for the end of the connection. */
  let onConnect: Done | undefined;
  let resyncTimer = 0;

  function progress(): void {
    if (options.watchdogS) E.kickWatchdog();
  }

  function enter(state: LinkState): void {
    link.state = state;
    log(state);
  }

  /** Runs one step and looks again. */
  function step(state: LinkState, run: (done: Done) => void): void {
    busy = true;
    run((error) => {
      busy = false;
      if (!running) return;
      progress();
      if (error) recover(error);
      else {
        enter(state);
        advance();
      }
    });
  }

  function advance(): void {
    if (busy || !running) return;
    const state = modem.state;
    if (state == "off" || state == "booting") {
      configured = false;
      clock.invalidate();
      step("ready", modem.powerOn);
    } else if (state == "ready") step("registered", (done) => modem.register(options.registrationS * 1000, done));
    else if (state == "registered") step("active", modem.activate);
    else if (options.clockGate && !clock.valid()) step("timed", synchronise);
    else if (!configured) step("secured", configure);
    else if (!client.connected) step("connected", connect);
  }

  function synchronise(done: Done): void {
    clock.synchronise((error) => {
      if (!error) planResync(options.resyncS);
      done(error);
    });
  }

  /** While connected the time is proved anew now and then; a failure costs nothing but another try in an hour. */
  function planResync(seconds: number): void {
    if (resyncTimer) clearTimeout(resyncTimer);
    resyncTimer = after(seconds * 1000, () => {
      resyncTimer = 0;
      if (link.state == "connected" && !busy) clock.synchronise((error) => planResync(error ? 3600 : options.resyncS));
    });
  }

  function configure(done: Done): void {
    configureTls(modem, options.tls, (error) => {
      configured = !error;
      done(error);
    });
  }

  function connect(done: Done): void {
    const tls = options.tls;
    sockets.open("tls", tls.host, tls.port, (error, socket) => {
      if (socket) {
        onConnect = done;
        client.attach(socket);
      } else if (error && error.code == "TLS_REFUSED") refused(error, done);
      else done(error);
    });
  }

  function refused(error: Failure, done: Done): void {
    // It may have been the time after all: prove it again before the next attempt.
    clock.invalidate();
    // The questions cost energy: once a row of failures is enough.
    if (link.failed) done(error);
    else explainRefusal(sockets, files, options.tls, error, done);
  }

  function onMqtt(error?: Failure): void {
    const done = onConnect;
    onConnect = undefined;
    if (!error) {
      counters.connects++;
      link.failed = 0;
    }
    if (done) done(error);
    else if (error && running && !busy) recover(error);
  }

  function recover(error: Failure): void {
    const count = ++link.failed;
    const rung = rungFor(error, count);
    const waitS = backoffS(count, options.backoffMaxS, Math.random());
    counters.failures++;
    counters.rungs[rung] = (counters.rungs[rung] as number) + 1;
    link.error = error;
    link.state = modem.state;
    log(link.state, error, waitS, RUNGS[rung]);
    busy = true;
    after(waitS * 1000, () => {
      progress();
      busy = false;
      if (running) climb(rung);
    });
  }

  function climb(rung: number): void {
    const on = modem.state != "off";
    if (rung == 5) E.reboot();
    else if (rung == 4) rise((done) => modem.powerOff(done));
    else if (rung == 3) rise(modem.reset);
    else if (rung == 2 && on) rise(modem.restartRadio);
    else if (rung == 1 && modem.state == "active") rise(modem.deactivate);
    else advance();
  }

  /** A rung that fails is no failure of its own: the steps that follow show what it did. */
  function rise(run: (done: Done) => void): void {
    configured = false;
    step(link.state, (done) => run(() => done()));
  }

  function onDown(error: Failure): void {
    sockets.dropAll(error);
    // A step under way hears of it by its own callback.
    if (running && !busy && !onConnect) recover(error);
  }

  client.on("connect", () => onMqtt());
  client.on("close", (cause?: Failure) => onMqtt(cause || { code: "SOCKET_CLOSED" }));

  const link: Link = {
    state: "off",
    counters,
    error: undefined,
    failed: 0,
    start() {
      running = true;
      if (options.watchdogS) E.enableWatchdog(options.watchdogS, false);
      advance();
    },
    stop(done) {
      running = false;
      client.end(false, () =>
        modem.powerOff((error) => {
          link.state = "off";
          done(error);
        }),
      );
    },
    onDown,
    onProgress: progress,
  };
  return link;
}
