import { after } from "node:test";
import type { Clock as DeviceClock } from "../../modules/clock/clock.ts";
import type { Failure } from "../../modules/failure.ts";
import type * as LinkModule from "../../modules/link/link.ts";
import type { Modem, ModemState } from "../../modules/modem/modem.ts";
import type { Sockets } from "../../modules/modem/sockets.ts";
import type { Client } from "../../modules/mqtt/client.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";
import { createEagerClock } from "./eager-clock.ts";

export const LIMIT = { timeout: 20_000 };
const OPTIONS: LinkModule.LinkOptions = {
  host: "broker.test",
  port: 8883,
  ca: "ca.pem",
  cert: "",
  key: "",
  verify: true,
  sni: true,
  registrationS: 300,
  backoffMaxS: 900,
  watchdogS: 3600,
  clockGate: true,
  resyncS: 86_400,
};

type Done = (error?: Failure) => void;
const stops: (() => void)[] = [];
after(() => {
  for (const stop of stops) stop();
});

export interface Rig {
  readonly link: LinkModule.Link;
  readonly modem: Modem;
  readonly sockets: Sockets;
  /** What the link did, in order. */
  readonly steps: string[];
  /** Codes with which the next calls of a step fail. */
  readonly fails: Record<string, string[]>;
  readonly logged: { state: string; code: string; retryS: number; rung: number }[];
  /** Seconds since the rig began. */
  nowS(): number;
  wait(seconds: number): Promise<void>;
  /** Until the link says so. */
  until(state: string): Promise<void>;
  /** The connection ends. */
  close(code: string): void;
  kicks(): number;
  reboots(): number;
}

export async function startLink(options: Partial<LinkModule.LinkOptions> = {}, MQTT5 = false): Promise<Rig> {
  const hostClock = createEagerClock();
  const board = new VirtualBoard({ board: "rak5010", clock: hostClock });
  board.start();
  stops.push(() => {
    board.stop();
    hostClock.stop();
  });
  board.evaluate(
    "global.kicks=0;global.reboots=0;E.kickWatchdog=function(){kicks++};E.enableWatchdog=function(){};E.reboot=function(){reboots++}",
  );
  const { createLink } = await loadModule<typeof LinkModule>("modules/link/link.ts", { board, features: { MQTT5 } });
  const steps: string[] = [];
  const fails: Record<string, string[]> = {};
  const logged: Rig["logged"] = [];
  const listeners = new Map<string, (value?: Failure) => void>();
  let wake = (): void => undefined;
  let isClockValid = false;
  let settings = new Map<string, string>();

  function act(step: string, done: Done, success: () => void = () => undefined): void {
    steps.push(step);
    hostClock.setTimeout(() => {
      const code = fails[step]?.shift();
      if (code === undefined) success();
      done(code === undefined ? undefined : { code });
    }, 10);
  }
  const become = (state: ModemState) => (): void => {
    modem.state = state;
  };
  const modem = {
    state: "off" as ModemState,
    powerOn: (done: Done, byReset?: boolean) => act(byReset ? "reset" : "powerOn", done, become("ready")),
    powerOff: (done: Done) => act("powerOff", done, become("off")),
    register: (_ms: number, done: Done) => act("register", done, become("registered")),
    activate: (done: Done) => act("activate", done, become("active")),
    script(parts: string[], done: (error: Failure | undefined, lines: string[]) => void) {
      const [first = ""] = parts;
      const isTls = first.startsWith("+QSSLCFG");
      const isQuery = isTls && !/,1,/.test(first);
      const lines = isQuery ? [...parts].map((part) => `${part.replace("=", ": ")},${settings.get(part)}`) : [];
      if (isTls && !isQuery) {
        settings = new Map(
          [...parts].map((part) => [part.slice(0, part.lastIndexOf(",")), part.slice(part.lastIndexOf(",") + 1)]),
        );
      }
      const name = isQuery ? "tlsRead" : isTls ? "tlsWrite" : [...parts].join(";");
      act(name, (error) => done(error, error ? [] : lines));
    },
  } as unknown as Modem;
  const sockets = {
    open(kind: string, _host: string, _port: number, done: (error?: Failure, socket?: Transport) => void) {
      act(`open ${kind}`, (error) => done(error, error ? undefined : ({ close: () => undefined } as Transport)));
    },
    dropAll: (cause: Failure) => void steps.push(`dropAll ${cause.code}`),
  } as unknown as Sockets;
  const clock = {
    isValid: () => isClockValid,
    status: {
      set source(value: string) {
        if (value === "none") isClockValid = false;
      },
    },
    synchronise: (done: Done) =>
      act("clock", done, () => {
        isClockValid = true;
      }),
  } as unknown as DeviceClock;
  const client = {
    connected: false,
    attach() {
      act("mqtt", (error) => {
        client.connected = !error;
        listeners.get(error ? "close" : "connect")?.(error);
      });
    },
    end: (_force: boolean, done: () => void) => act("disconnect", done),
    on: (event: string, listener: (value?: Failure) => void) => void listeners.set(event, listener),
  };
  const link = createLink(
    modem,
    sockets,
    clock,
    client as unknown as Client,
    { ...OPTIONS, ...options },
    (state, error, retryS, rung) => {
      logged.push({ state, code: error ? error.code : "", retryS: retryS ?? 0, rung: rung ?? -1 });
      wake();
    },
  );
  return {
    link,
    modem,
    sockets,
    steps,
    fails,
    logged,
    nowS: () => hostClock.now() / 1000,
    wait: (seconds) => new Promise((resolve) => void hostClock.setTimeout(resolve, seconds * 1000)),
    until: (state) =>
      new Promise((resolve) => {
        wake = () => {
          if (link.state === state) resolve();
        };
        wake();
      }),
    close(code) {
      client.connected = false;
      listeners.get("close")?.({ code });
    },
    kicks: () => Number(board.evaluate("kicks")),
    reboots: () => Number(board.evaluate("reboots")),
  };
}
