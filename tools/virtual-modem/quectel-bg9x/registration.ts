/** Registration: CREG, CGREG, CEREG, COPS, CGATT, signal. Source: 27.007 chapter 7 [D], BG96 AT manual [D]. */
import { cme, type Io, OK, type Result } from "../answer.ts";
import type { SearchEnd } from "../faults.ts";
import type { RegistrationName } from "../types.ts";
import { type Call, integer } from "../v250-parse.ts";
import type { Lasting, Part, Reports } from "./context.ts";
import { CME } from "./errors.ts";
import { LATENCY } from "./latency.ts";

/** 27.007 10.1.22: values of <stat>. */
const STAT: Readonly<Record<RegistrationName, number>> = { off: 0, home: 1, searching: 2, denied: 3, roaming: 5 };

/** What registration looks like without a cell. */
function unserved(stat: SearchEnd): RegistrationName {
  return stat === 0 ? "off" : stat === 3 ? "denied" : "searching";
}

const TAC = "1A2B";
const CELL = "01A2D05";
const OPERATOR = "Godwit Virtual";
const PLMN = "00101";

export interface Registration extends Part {
  readonly registered: boolean;
  /** AT+CFUN. */
  setRadio(fun: 0 | 1 | 4): void;
  readonly radio: 0 | 1 | 4;
  start(): void;
  detach(): void;
  /** Cells came into reach or went out of it. */
  signalChanged(): void;
  onChange(listener: (registered: boolean) => void): void;
}

export function createRegistration(boot: Lasting, simReady: () => boolean): Registration {
  const { machine, network, model, air } = boot;
  const { reports } = boot.port;
  const listeners: ((registered: boolean) => void)[] = [];
  let state: RegistrationName = "off";
  let radio: 0 | 1 | 4 = 1;
  let manualOff = false;
  let search = 0;
  let format = 0;

  const registered = (): boolean => state === "home" || state === "roaming";
  const location = (): string => `,"${TAC}","${CELL}",${model.act}`;

  function set(next: RegistrationName): void {
    if (next === state) return;
    const before = registered();
    state = next;
    machine.emit({ type: "registration", stat: STAT[state], name: state });
    for (const [name, n] of Object.entries(reports)) {
      if (n > 0) machine.urc(`${name}: ${STAT[state]}${n > 1 && registered() ? location() : ""}`);
    }
    if (before !== registered()) for (const listener of listeners) listener(registered());
  }

  const maySearch = (): boolean => radio === 1 && !manualOff && simReady() && !registered();

  function start(): void {
    if (maySearch() && state !== "searching") seek();
  }

  function seek(): void {
    set("searching");
    const mine = ++search;
    machine.after(network.registrationMs ?? LATENCY.registration, () => {
      if (mine === search && state === "searching") set(outcome());
    });
  }

  function outcome(): RegistrationName {
    if (air.noSignal !== undefined) return unserved(air.noSignal);
    return network.denied === true ? "denied" : network.roaming === true ? "roaming" : "home";
  }

  function signalChanged(): void {
    if (air.noSignal === undefined) {
      if (maySearch()) seek();
    } else if (state !== "off") {
      search++;
      set(unserved(air.noSignal));
    }
  }

  function stop(): void {
    search++;
    set("off");
  }

  const report =
    (kind: keyof Reports) =>
    (call: Call, io: Io): Result => {
      const most = call.name === "+CREG" ? 2 : 4;
      if (call.kind === "test") {
        io.lines(`${call.name}: (0-2${most === 4 ? ",4" : ""})`);
        return OK;
      }
      if (call.kind !== "read") {
        // [D] AT manual, 6.1 and 9.11: <n> may be left out.
        const n = integer(call.args[0], 0, most, 0);
        if (n === undefined || n === 3) return cme(CME.incorrectParameters);
        reports[kind] = n;
        return OK;
      }
      const n = reports[kind];
      io.lines(`${call.name}: ${n},${STAT[state]}${n > 1 && registered() ? location() : ""}`);
      return OK;
    };

  function operator(call: Call, io: Io): Result | Promise<Result> {
    if (call.kind === "test") return scan(io);
    if (call.kind === "read") {
      const name = format === 2 ? PLMN : OPERATOR;
      // [D] AT manual, example of AT+CFUN: 2 at minimum functionality.
      io.lines(
        registered() ? `+COPS: 0,${format},"${name}",${model.act}` : `+COPS: ${manualOff || radio === 0 ? 2 : 0}`,
      );
      return OK;
    }
    const mode = integer(call.args[0], 0, 4);
    if (mode === undefined) return cme(CME.incorrectParameters);
    // 27.007 7.3: the format goes for what is read, whatever the mode.
    const shown = integer(call.args[1], 0, 2, mode === 3 ? 0 : format);
    if (shown === undefined) return cme(CME.incorrectParameters);
    format = shown;
    if (mode === 3) return OK;
    manualOff = mode === 2;
    if (manualOff) stop();
    else start();
    return OK;
  }

  async function scan(io: Io): Promise<Result> {
    await machine.wait(LATENCY.registration);
    const stat = registered() ? 2 : network.denied === true ? 3 : 1;
    const found = air.noSignal === undefined ? `(${stat},"${OPERATOR}","${OPERATOR}","${PLMN}",${model.act})` : "";
    io.lines(`+COPS: ${found},,(0,1,2,3,4),(0,1,2)`);
    return OK;
  }

  return {
    get registered() {
      return registered();
    },
    get radio() {
      return radio;
    },
    start,
    setRadio(fun) {
      radio = fun;
      if (fun === 1) start();
      else stop();
    },
    detach: stop,
    signalChanged,
    onChange: (listener) => void listeners.push(listener),
    commands: {
      "+CREG": report("+CREG"),
      "+CGREG": report("+CGREG"),
      "+CEREG": report("+CEREG"),
      "+COPS": operator,
      "+CGATT": async (call, io) => {
        if (call.kind === "test") io.lines("+CGATT: (0,1)");
        else if (call.kind === "read") io.lines(`+CGATT: ${registered() ? 1 : 0}`);
        else {
          const attach = integer(call.args[0], 0, 1);
          if (attach === undefined) return cme(CME.incorrectParameters);
          // [D] On LTE attach and registration go together.
          if (attach === 0) stop();
          else start();
          await machine.wait(LATENCY.roundTrip);
          if (attach === 1 && !registered()) return cme(CME.noNetwork);
        }
        return OK;
      },
      "+CSQ": (call, io) => {
        if (call.kind === "test") io.lines("+CSQ: (0-31,99),(0-7,99)");
        else io.lines(registered() ? "+CSQ: 24,99" : "+CSQ: 99,99");
        return OK;
      },
      "+QCSQ": (call, io) => {
        if (call.kind === "test") io.lines(`+QCSQ: "NOSERVICE","GSM","${model.sysmode}"`);
        else io.lines(registered() ? `+QCSQ: "${model.sysmode}",-61,-88,152,-10` : '+QCSQ: "NOSERVICE"');
        return OK;
      },
      "+QNWINFO": (call, io) => {
        if (call.kind === "test") return OK;
        // [H] Logs of the family without service: no quotes.
        io.lines(registered() ? `+QNWINFO: "${model.rat}","${PLMN}","LTE BAND 20",6300` : "+QNWINFO: No Service");
        return OK;
      },
      "+QSPN": (call, io) => {
        if (call.kind === "test") return OK;
        if (!registered()) return cme(CME.noNetwork);
        io.lines(`+QSPN: "${OPERATOR}","Godwit","",0,"${PLMN}"`);
        return OK;
      },
    },
  };
}
