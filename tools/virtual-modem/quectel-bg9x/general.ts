/** Identity, line settings, battery, power. Source: BG96 AT manual V2.1, chapters 2, 3 and 11 [D]. */
import { type Commands, cme, ERROR, final, type Handler, OK, type Result } from "../answer.ts";
import { integer } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { CME } from "./errors.ts";
import { createGnss } from "./gnss.ts";
import { createSettings } from "./settings.ts";

const IMEI = "866425030000017";

/** Registers of calls, which are not made here: number and factory default. [D] AT manual, table 7. */
const IDLE_REGISTERS: readonly (readonly [number: number, first: number])[] = [
  [0, 0],
  [6, 2],
  [7, 0],
  [8, 2],
  [10, 15],
];
/** [D] AT manual, 3.5. */
const BAUD_RATES = [9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600];

export interface GeneralPorts {
  setFunction(fun: 0 | 1 | 4, reset: boolean): Result;
  readonly functionLevel: () => number;
  readonly powerDown: (mode: number) => void;
  readonly factory: () => void;
  readonly restore: () => void;
}

export function createGeneral(boot: Boot, ports: GeneralPorts): Part {
  const { qcfg } = boot.nvm;
  return {
    commands: {
      ...identity(boot),
      ...lineSettings(boot, ports),
      ...power(boot, ports),
      ...createSettings(qcfg, boot.model),
      ...createGnss(qcfg),
    },
  };
}

const says =
  (...lines: string[]): Handler =>
  (call, io) => {
    if (call.kind !== "test") io.lines(...lines);
    return OK;
  };

function identity({ model }: Boot): Commands {
  const maker = says("Quectel");
  const product = says(model.name);
  const revision = says(model.revision);
  return {
    "I": says("Quectel", model.name, `Revision: ${model.revision}`),
    "+GMI": maker,
    "+CGMI": maker,
    "+GMM": product,
    "+CGMM": product,
    "+GMR": revision,
    "+CGMR": revision,
    "+QGMR": says(model.firmware),
    "+GSN": says(IMEI),
    "+CGSN": says(IMEI),
    "+CBC": says("+CBC: 0,81,3863"),
    // [D] Three temperatures in the BG96 manual and in TinyGSM; a driver of BG95 reads four.
    "+QTEMP": says(`+QTEMP: ${["31", "30", "29", "28"].slice(0, model.temperatures).join(",")}`),
    "+CPAS": says("+CPAS: 0"),
    "+GCAP": says("+GCAP: +CGSM"),
  };
}

function lineSettings({ machine, nvm, port, options }: Boot, ports: GeneralPorts): Commands {
  const { settings } = machine;
  const flag =
    (set: (on: boolean) => void): Handler =>
    (call) => {
      const value = integer(call.args[0], 0, 1, 0);
      if (value === undefined) return ERROR;
      set(value === 1);
      return OK;
    };
  const register =
    (name: "cr" | "lf" | "bs"): Handler =>
    (call, io) => {
      if (call.kind === "read") {
        io.lines(String(settings[name]).padStart(3, "0"));
        return OK;
      }
      const value = integer(call.args[0], 0, 127);
      if (value === undefined) return ERROR;
      settings[name] = value;
      return OK;
    };
  const idle = (first: number): Handler => {
    let kept = first;
    return (call, io) => {
      if (call.kind === "read") io.lines(String(kept).padStart(3, "0"));
      else {
        const value = integer(call.args[0], 0, 255);
        if (value === undefined) return ERROR;
        kept = value;
      }
      return OK;
    };
  };
  /** Accepted and without effect here: result detail, carrier, DTR, flow control. */
  const accepted: Handler = () => OK;
  return {
    "E": flag((on) => {
      settings.echo = on;
    }),
    "Q": flag((on) => {
      settings.quiet = on;
    }),
    "V": flag((on) => {
      settings.verbose = on;
    }),
    "S3": register("cr"),
    "S4": register("lf"),
    "S5": register("bs"),
    ...Object.fromEntries(IDLE_REGISTERS.map(([number, first]) => [`S${number}`, idle(first)])),
    "X": accepted,
    "H": accepted,
    // [D] AT manual, 7.2: what a call that comes to nothing ends with. Neither PPP nor voice is played.
    "D": () => final("NO CARRIER"),
    "&C": accepted,
    "&D": accepted,
    "&F": (call) => {
      if (integer(call.args[0], 0, 0, 0) === undefined) return ERROR;
      ports.factory();
      return OK;
    },
    "Z": (call) => {
      if (integer(call.args[0], 0, 0, 0) === undefined) return ERROR;
      ports.restore();
      return OK;
    },
    "&W": (call) => {
      if (integer(call.args[0], 0, 0, 0) === undefined) return ERROR;
      const { echo, verbose, quiet } = settings;
      nvm.saved = { echo, verbose, quiet, baud: port.baud, reports: { ...port.reports } };
      return OK;
    },
    "&V": (_call, io) => {
      const { echo, quiet, verbose, cr, lf, bs } = settings;
      const bit = (on: boolean): number => (on ? 1 : 0);
      // [D] Table 2.
      io.lines(
        ...["&C: 1", "&D: 2", "&F: 0", "&W: 0", `E: ${bit(echo)}`, `Q: ${bit(quiet)}`, `V: ${bit(verbose)}`, "X: 1"],
        ...["Z: 0", "S0: 0", `S3: ${cr}`, `S4: ${lf}`, `S5: ${bs}`, "S6: 2", "S7: 0", "S8: 2", "S10: 15"],
      );
      return OK;
    },
    "+CMEE": (call, io) => {
      if (call.kind === "test") io.lines("+CMEE: (0-2)");
      else if (call.kind === "read") io.lines(`+CMEE: ${machine.cmee}`);
      else {
        const value = integer(call.args[0], 0, 2, 0);
        if (value === undefined) return ERROR;
        machine.cmee = value as 0 | 1 | 2;
      }
      return OK;
    },
    "+IPR": (call, io) => {
      if (call.kind === "test") io.lines(`+IPR: (),(${BAUD_RATES.join(",")})`);
      else if (call.kind === "read") io.lines(`+IPR: ${port.baud}`);
      else {
        const value = integer(call.args[0], 0, 921_600);
        if (value === undefined || !BAUD_RATES.includes(value)) return ERROR;
        port.baud = value;
        // Behind the OK. A wire that is not paced stays so.
        if ((options.baud ?? 0) > 0) machine.after(0, () => machine.uart.setBaud(value));
      }
      return OK;
    },
  };
}

function power(_boot: Boot, ports: GeneralPorts): Commands {
  return {
    "+CFUN": (call, io) => {
      if (call.kind === "test") io.lines("+CFUN: (0,1,4),(0,1)");
      else if (call.kind === "read") io.lines(`+CFUN: ${ports.functionLevel()}`);
      else {
        const fun = integer(call.args[0], 0, 4);
        const reset = integer(call.args[1], 0, 1, 0);
        if ((fun !== 0 && fun !== 1 && fun !== 4) || reset === undefined) return cme(CME.incorrectParameters);
        return ports.setFunction(fun, reset === 1);
      }
      return OK;
    },
    "+QPOWD": (call, io) => {
      if (call.kind === "test") {
        io.lines("+QPOWD: (0,1)");
        return OK;
      }
      const mode = integer(call.args[0], 0, 1, 1);
      if (mode === undefined) return ERROR;
      ports.powerDown(mode);
      return OK;
    },
  };
}
