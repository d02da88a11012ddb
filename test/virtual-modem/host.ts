/** The host's side of the wire in tests: writes, waits for text, keeps what came. */
import { createClock } from "../../tools/clock.ts";
import {
  createVirtualModem,
  type ModemEvent,
  type ModemOptions,
  type VirtualModem,
} from "../../tools/virtual-modem/index.ts";

const PATIENCE_MS = 5000;
const FINAL = /(?:^|\r\n)(?:OK|ERROR|\+CME ERROR: [^\r]*|SEND OK|SEND FAIL)\r\n$/;

export interface Host {
  readonly modem: VirtualModem;
  readonly events: ModemEvent[];
  /** Everything that came and was not taken yet, latin1. */
  readonly pending: string;
  write(text: string | Buffer): void;
  /** Waits until the pattern is there; returns and takes everything up to its end. */
  expect(pattern: RegExp, patienceMs?: number): Promise<string>;
  /** A command and its answer, echo left out. */
  at(command: string): Promise<string>;
  /** Nothing comes for a while. */
  silence(ms: number): Promise<string>;
  event<T extends ModemEvent["type"]>(
    type: T,
    test?: (event: Extract<ModemEvent, { type: T }>) => boolean,
  ): Extract<ModemEvent, { type: T }> | undefined;
  end(): void;
}

export function createHost(options: Partial<ModemOptions> = {}): Host {
  const modem = createVirtualModem({ clock: createClock(), ...options });
  const events: ModemEvent[] = [];
  let pending = "";
  let wake: () => void = () => undefined;
  modem.on("event", (event) => events.push(event));
  modem.uart.on("data", (bytes: Buffer) => {
    pending += bytes.toString("latin1");
    wake();
  });
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const host: Host = {
    modem,
    events,
    get pending() {
      return pending;
    },
    write: (text) => void modem.uart.write(typeof text === "string" ? Buffer.from(text, "latin1") : text),
    async expect(pattern, patienceMs = PATIENCE_MS) {
      const until = Date.now() + patienceMs;
      for (;;) {
        const match = pattern.exec(pending);
        if (match !== null) {
          const end = match.index + match[0].length;
          const taken = pending.slice(0, end);
          pending = pending.slice(end);
          return taken;
        }
        const left = until - Date.now();
        if (left <= 0) throw new Error(`no ${String(pattern)} in ${JSON.stringify(pending)}`);
        await sleep(left);
      }
    },
    async at(command) {
      pending = "";
      host.write(`${command}\r`);
      return (await host.expect(FINAL)).replace(`${command}\r`, "");
    },
    async silence(ms) {
      await new Promise((resolve) => setTimeout(resolve, ms));
      const taken = pending;
      pending = "";
      return taken;
    },
    event(type, test) {
      for (const event of [...events].reverse()) {
        const wanted = event as Extract<ModemEvent, { type: typeof type }>;
        if (event.type === type && (test === undefined || test(wanted))) return wanted;
      }
      return undefined;
    },
    end: () => modem.powerCut(),
  };
  return host;
}

/** A modem that has booted, without echo. */
export async function createReadyHost(options: Partial<ModemOptions> = {}): Promise<Host> {
  const host = createHost(options);
  host.modem.powerOn();
  await host.expect(/SMS DONE\r\n/);
  await host.at("ATE0");
  return host;
}

/** A modem with an active PDP context and the clock of the network. */
export async function createConnectedHost(options: Partial<ModemOptions> = {}): Promise<Host> {
  const host = await createReadyHost(options);
  await host.at("AT+CTZU=1");
  for (let tries = 0; !(await host.at("AT+QIACT=1")).includes("OK"); tries++) {
    if (tries > 500) throw new Error("no registration");
    await host.silence(5);
  }
  return host;
}
