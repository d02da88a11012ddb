/** Registration: CREG, CGREG, CEREG, COPS, CGATT, signal. Source: 27.007 chapter 7 [D], BG96 AT manual [D]. */
import { cme, ERROR, type Io, OK, type Result } from "../answer.ts";
import type { RegistrationName } from "../types.ts";
import { type Call, integer } from "../v250-parse.ts";
import type { Lasting, Part } from "./context.ts";
import { CME } from "./errors.ts";
import { LATENCY } from "./latency.ts";

/** 27.007 10.1.22: values of <stat>. */
const STAT: Readonly<Record<RegistrationName, number>> = { off: 0, home: 1, searching: 2, denied: 3, roaming: 5 };
const TAC = "1A2B";
const CELL = "01A2D05";
const OPERATOR = "Godwit Virtual";
const PLMN = "00101";

export interface Registration extends Part {
  readonly registered: boolean;
  /** AT+CFUN. */
  setRadio(fun: 0 | 1 | 4): void;
  readonly radio: 0 | 1 | 4;
  detach(): void;
  onChange(listener: (registered: boolean) => void): void;
}

export function createRegistration(boot: Lasting, simReady: () => boolean): Registration & { start(): void } {
  const { machine, network, model } = boot;
  const modes: Record<string, number> = { "+CREG": 0, "+CGREG": 0, "+CEREG": 0 };
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
    for (const [name, n] of Object.entries(modes)) {
      if (n > 0) machine.urc(`${name}: ${STAT[state]}${n > 1 && registered() ? location() : ""}`);
    }
    if (before !== registered()) for (const listener of listeners) listener(registered());
  }

  function start(): void {
    if (radio !== 1 || manualOff || !simReady() || state === "searching" || registered()) return;
    set("searching");
    const mine = ++search;
    machine.after(network.registrationMs ?? LATENCY.registration, () => {
      if (mine !== search || state !== "searching") return;
      set(network.denied === true ? "denied" : network.roaming === true ? "roaming" : "home");
    });
  }

  function stop(): void {
    search++;
    set("off");
  }

  function report(call: Call, io: Io): Result {
    const most = call.name === "+CEREG" ? 4 : 2;
    if (call.kind === "test") {
      io.lines(`${call.name}: (0-2${most === 4 ? ",4" : ""})`);
      return OK;
    }
    if (call.kind === "write") {
      const n = integer(call.args[0], 0, most);
      if (n === undefined || n === 3) return cme(CME.incorrectParameters);
      modes[call.name] = n;
      return OK;
    }
    if (call.kind === "execute") return ERROR;
    const n = modes[call.name] ?? 0;
    io.lines(`${call.name}: ${n},${STAT[state]}${n > 1 && registered() ? location() : ""}`);
    return OK;
  }

  function operator(call: Call, io: Io): Result | Promise<Result> {
    if (call.kind === "test") return scan(io);
    if (call.kind === "read") {
      const name = format === 2 ? PLMN : OPERATOR;
      io.lines(
        registered() ? `+COPS: ${manualOff ? 2 : 0},${format},"${name}",${model.act}` : `+COPS: ${manualOff ? 2 : 0}`,
      );
      return OK;
    }
    const mode = integer(call.args[0], 0, 4);
    if (mode === undefined) return cme(CME.incorrectParameters);
    if (mode === 3) {
      format = integer(call.args[1], 0, 2, 0) ?? 0;
      return OK;
    }
    manualOff = mode === 2;
    if (manualOff) stop();
    else start();
    return OK;
  }

  async function scan(io: Io): Promise<Result> {
    await machine.wait(LATENCY.registration);
    const stat = registered() ? 2 : network.denied === true ? 3 : 1;
    io.lines(`+COPS: (${stat},"${OPERATOR}","${OPERATOR}","${PLMN}",${model.act}),,(0-4),(0-2)`);
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
    onChange: (listener) => void listeners.push(listener),
    commands: {
      "+CREG": report,
      "+CGREG": report,
      "+CEREG": report,
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
      "+QCSQ": (_call, io) => {
        io.lines(registered() ? `+QCSQ: "${model.rat}",-61,-88,152,-10` : '+QCSQ: "NOSERVICE"');
        return OK;
      },
      "+QNWINFO": (_call, io) => {
        io.lines(registered() ? `+QNWINFO: "${model.rat}","${PLMN}","LTE BAND 20",6300` : "+QNWINFO: No Service");
        return OK;
      },
      "+QSPN": (_call, io) => {
        if (!registered()) return cme(CME.noNetwork);
        io.lines(`+QSPN: "${OPERATOR}","Godwit","",0,"${PLMN}"`);
        return OK;
      },
    },
  };
}
