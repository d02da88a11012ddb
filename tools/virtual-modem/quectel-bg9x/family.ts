/** The Quectel BG9x family: power, boot and the parts that make one modem. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type Commands, OK, type Result } from "../answer.ts";
import type { FaultName, FaultOptions, SurroundingFault } from "../faults.ts";
import { Machine } from "../machine.ts";
import type { ModemOptions, PowerState, Quirks, VirtualModem } from "../types.ts";
import { createClockPart, type ModemClock } from "./clock.ts";
import type { Boot, LastError, Lasting, Nvm, SimCard } from "./context.ts";
import { cmeText } from "./errors.ts";
import { createFiles } from "./files.ts";
import { createGeneral } from "./general.ts";
import { LATENCY } from "./latency.ts";
import { findModel } from "./models.ts";
import { createPdp, type Pdp } from "./pdp.ts";
import { createPower } from "./power.ts";
import { createRegistration, type Registration } from "./registration.ts";
import { createRtc, POWER_ON_MS } from "./rtc.ts";
import { createSim, PIN_TRIES, PUK_TRIES, type Sim } from "./sim.ts";
import { createSockets } from "./sockets.ts";
import { isStream, type Streams } from "./streams.ts";
import { createTls } from "./tls.ts";

/** [D] AT manual, 3.5. */
const DEFAULT_BAUD = 115_200;

/** One run of the chip, from start to reboot or power-off. */
interface Run {
  readonly commands: Commands;
  readonly pdp: Pdp;
  readonly sim: Sim;
  readonly registration: Registration;
  readonly clock: ModemClock;
  readonly streams: readonly Streams[];
  start(): void;
  dispose(): void;
}

function lastingState(options: ModemOptions, machine: Machine): Lasting {
  const model = findModel(options.model ?? "BG96");
  const started = Date.now();
  const clock = options.clock;
  const clockStart = clock.now();
  const sim: SimCard = {
    absent: options.sim?.absent === true,
    pin: options.sim?.pin ?? "",
    puk: options.sim?.puk ?? "12345678",
    pinEnabled: (options.sim?.pin ?? "") !== "",
    pinTries: PIN_TRIES,
    pukTries: PUK_TRIES,
  };
  const nvm: Nvm = {
    ctzu: 0,
    ctzr: 0,
    simDetect: { watched: 0, level: 0 },
    simReport: 0,
    qcfg: new Map(),
    apn: new Map([[1, ""]]),
    pdpType: new Map(),
    saved: undefined,
  };
  return {
    machine,
    options,
    model,
    quirks: { ...model.quirks, ...options.quirks },
    network: options.network ?? {},
    files: options.files ?? new Map(),
    rtc: createRtc(clock),
    sim,
    air: { noSignal: undefined },
    port: { baud: DEFAULT_BAUD, reports: { "+CREG": 0, "+CGREG": 0, "+CEREG": 0 } },
    nvm,
    // Carried on by the scaled clock, so that network time and the modem's clock run alike.
    wallClock: options.wallClock ?? (() => started + (clock.now() - clockStart)),
  };
}

async function resolve(options: ModemOptions, host: string): Promise<string | undefined> {
  const known = options.resolve?.(host);
  if (known !== undefined || isIP(host) !== 0) return known ?? host;
  try {
    // IPv4 first: the context is IPv4 unless told otherwise.
    return (await lookup(host, { verbatim: false })).address;
  } catch {
    return undefined;
  }
}

export function createQuectelBg9x(options: ModemOptions): VirtualModem {
  const latency = options.latency ?? 0;
  if (!(latency >= 0)) throw new Error(`latency must be 0 or more, not ${String(latency)}`);
  const model = findModel(options.model ?? "BG96");
  const quirks: Quirks = { ...model.quirks, ...options.quirks };
  let run: Run | undefined;
  let sessions = 0;
  const machine: Machine = new Machine({
    clock: options.clock,
    latency,
    baud: options.baud ?? 0,
    seed: options.seed ?? 1,
    typeAhead: quirks.typeAhead,
    answerMs: LATENCY.answer,
    commands: () => run?.commands ?? {},
    cmeText,
    happen: (name, faultOptions) => happen(name, faultOptions),
    heal: (name) => heal(name),
  });
  const lasting = lastingState(options, machine);

  function startRun(): Run {
    const lastError: LastError = { code: 0 };
    const registration: Registration = createRegistration(lasting, () => sim.ready);
    const pdp = createPdp(lasting, lastError, registration);
    const boot: Boot = {
      ...lasting,
      quirks: { ...lasting.quirks },
      lastError,
      bearer: pdp.bearer,
      resolve: (host) => resolve(options, host),
      wears(tls) {
        if (tls) sessions++;
        if (quirks.wearAfter > 0 && sessions > quirks.wearAfter) machine.faults.worn = true;
        return machine.faults.worn;
      },
    };
    const sim: Sim = createSim(boot, registration);
    const clock = createClockPart(boot);
    registration.onChange((registered) => {
      if (registered) clock.registered();
    });
    const files = createFiles(boot);
    const sockets = createSockets(boot);
    const tls = createTls(boot, files.store);
    const general = createGeneral(boot, {
      functionLevel: () => registration.radio,
      setFunction: (fun, reset) => setFunction(registration, sim, fun, reset),
      powerDown: (mode) => power.goodbye(mode === 0 ? "QPOWD=0" : "QPOWD=1"),
      factory: () => factory(lasting),
      restore: () => restore(lasting),
    });
    const parts = [sim, registration, pdp, clock, files, sockets, tls, general];
    return {
      commands: Object.assign({}, ...parts.map((part) => part.commands)) as Commands,
      pdp,
      sim,
      registration,
      clock,
      streams: [sockets.table, tls.table],
      start: () => sim.start(),
      dispose: () => {
        for (const part of parts) part.dispose?.();
      },
    };
  }

  function setFunction(registration: Registration, sim: Sim, fun: 0 | 1 | 4, reset: boolean): Result {
    if (reset) power.restart();
    else {
      registration.setRadio(fun);
      // [D] AT manual, example of AT+CFUN: minimum functionality switches the card off, full functionality on again.
      if (fun === 0) sim.sleep();
      else if (fun === 1) sim.wake();
    }
    return OK;
  }

  const power = createPower(lasting, {
    boot() {
      factory(lasting);
      restore(lasting);
      startPort(lasting);
      run = startRun();
    },
    ready: () => run?.start(),
    halt() {
      run?.dispose();
      run = undefined;
    },
    lost() {
      sessions = 0;
      machine.faults.powerCycled();
    },
    anyPdp: () => run?.pdp.anyActive === true,
  });

  function happen(name: FaultName, faultOptions: FaultOptions): void {
    switch (name) {
      case "reset":
        power.crash();
        break;
      case "power-cut":
        power.cut();
        break;
      case "pdp-lost":
        run?.pdp.lose(faultOptions.cid ?? 1);
        break;
      case "rtc-wrong":
        run?.clock.jump(faultOptions.utcMs ?? POWER_ON_MS);
        break;
      case "drop":
        for (const table of run?.streams ?? []) drop(table, faultOptions);
        break;
      case "no-signal":
        lasting.air.noSignal = faultOptions.stat === 0 || faultOptions.stat === 3 ? faultOptions.stat : 2;
        run?.registration.signalChanged();
        break;
      case "sim-out":
        lasting.sim.absent = true;
        run?.sim.pulled();
        break;
      default:
    }
  }

  function heal(name: SurroundingFault): void {
    if (name === "no-signal" && lasting.air.noSignal !== undefined) {
      lasting.air.noSignal = undefined;
      run?.registration.signalChanged();
    }
    if (name === "sim-out" && lasting.sim.absent && options.sim?.absent !== true) {
      lasting.sim.absent = false;
      run?.sim.inserted();
    }
  }

  const modem: VirtualModem = {
    uart: machine.uart,
    family: "quectel-bg9x",
    model: model.name,
    files: lasting.files,
    get powered() {
      return power.state !== ("off" satisfies PowerState);
    },
    get rtc() {
      return lasting.rtc.now();
    },
    setPin: (pin, level) => power.setPin(pin, level),
    onPin: (_pin, callback) => power.onStatus(callback),
    powerOn: () => power.on("powerOn()"),
    powerOff: () => power.goodbye("powerOff()"),
    powerCut: () => power.cut(),
    fault: (name, faultOptions) => machine.faults.arm(name, faultOptions),
    clearFaults: (name) => machine.faults.clear(name),
    on(name, listener) {
      machine.events.on(name, listener);
      return modem;
    },
    off(name, listener) {
      machine.events.off(name, listener);
      return modem;
    },
  };
  return modem;
}

/** Connections die as if the peer's computer had. */
function drop(table: Streams, { id, silent }: FaultOptions): void {
  for (const entry of table.entries.values()) {
    if ((id !== undefined && id !== entry.id) || !isStream(entry)) continue;
    entry.lose(silent === true);
  }
}

/** AT&F: [D] AT manual V2.1, table 7. The speed of the port stays as it is (3.5). */
function factory({ machine, port }: Lasting): void {
  machine.factorySettings();
  Object.assign(port.reports, { "+CREG": 0, "+CGREG": 0, "+CEREG": 0 });
}

/** ATZ, and a part of every start: what AT&W kept. [D] 3.5: not the speed, which only a start takes back. */
function restore({ machine, nvm, port }: Lasting): void {
  if (nvm.saved === undefined) return;
  const { echo, verbose, quiet, reports } = nvm.saved;
  Object.assign(machine.settings, { echo, verbose, quiet });
  Object.assign(port.reports, reports);
}

/** The speed at a start: what AT&W kept, or what the wire was made for. */
function startPort({ machine, nvm, port, options }: Lasting): void {
  const wire = options.baud ?? 0;
  port.baud = nvm.saved?.baud ?? (wire > 0 ? wire : DEFAULT_BAUD);
  // A wire that is not paced stays so.
  machine.uart.setBaud(wire > 0 ? port.baud : 0);
}
