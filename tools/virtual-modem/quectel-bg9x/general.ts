/** Identity, line settings, battery, power saving and the many settings that only have to be remembered. */
import { type Commands, cme, ERROR, type Handler, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import type { Boot, Part } from "./context.ts";
import { CME } from "./errors.ts";

const IMEI = "866425030000017";

/** [D] BG96 AT manual, AT+QCFG: settings a client may ask for and set, with what they are at first. */
const QCFG_DEFAULTS: Readonly<Record<string, string>> = {
  "gprsattach": "1",
  "nwscanmode": "0",
  "nwscanseq": "020301",
  "iotopmode": "0",
  "roamservice": "255",
  "band": "0xf,0x400a0e189f,0xa0e189f",
  "servicedomain": "2",
  "simeffect": "1",
  "psm/enter": "0",
  "psm/urc": "0",
  "apready": "0,0,500",
  "urc/ri/ring": '"pulse",120,1000,5000,"off",1',
  "urc/delay": "0",
  "risignaltype": '"respective"',
  "airplanecontrol": "0",
  "celevel": "0",
  "nb1/bandprior": '""',
  "ledmode": "0",
  "fast/poweroff": "0,0",
};

const BAUD_RATES = [0, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600];

export interface GeneralPorts {
  setFunction(fun: 0 | 1 | 4, reset: boolean): Result;
  readonly functionLevel: () => number;
  readonly powerDown: (mode: number) => void;
  readonly restore: () => void;
}

export function createGeneral(boot: Boot, ports: GeneralPorts): Part {
  return { commands: { ...identity(boot), ...lineSettings(boot, ports), ...power(boot, ports), ...remembered(boot) } };
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
    // [D] TinyGSM reads three numbers on one line.
    "+QTEMP": says("+QTEMP: 31,30,29"),
    "+CPAS": says("+CPAS: 0"),
    "+GCAP": says("+GCAP: +CGSM"),
  };
}

function lineSettings({ machine, nvm, options }: Boot, ports: GeneralPorts): Commands {
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
    "S0": accepted,
    "S7": accepted,
    "X": accepted,
    "H": accepted,
    "&C": accepted,
    "&D": accepted,
    "&F": (call) => {
      if (integer(call.args[0], 0, 0, 0) === undefined) return ERROR;
      machine.factorySettings();
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
      nvm.saved = { echo, verbose, quiet, cmee: machine.cmee };
      return OK;
    },
    "&V": says("&C: 1", "&D: 2", `E: ${settings.echo ? 1 : 0}`, "S0: 000", "S3: 013", "S4: 010", "S5: 008"),
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
      else if (call.kind === "read") io.lines(`+IPR: ${nvm.baud}`);
      else {
        const value = integer(call.args[0], 0, 921_600);
        if (value === undefined || !BAUD_RATES.includes(value)) return ERROR;
        nvm.baud = value;
        // Behind the OK. A wire that is not paced stays so; 0 is autobauding.
        if (value > 0 && (options.baud ?? 0) > 0) machine.after(0, () => machine.uart.setBaud(value));
      }
      return OK;
    },
    "+IFC": (call, io) => {
      if (call.kind === "read") io.lines("+IFC: 0,0");
      return OK;
    },
    "+ICF": (call, io) => {
      if (call.kind === "read") io.lines("+ICF: 3,3");
      return OK;
    },
    "+CSCS": (call, io) => {
      if (call.kind === "read") io.lines('+CSCS: "GSM"');
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

/** Settings with one value list, read back as they were set. Nothing sleeps here, so they change nothing else. */
function remembered({ nvm }: Boot): Commands {
  const values = new Map<string, string>();
  const keep =
    (first: string): Handler =>
    (call, io) => {
      if (call.kind === "read") io.lines(`${call.name}: ${values.get(call.name) ?? first}`);
      else if (call.kind === "write") values.set(call.name, listed(call.args));
      return OK;
    };
  /** `AT+X="key"` asks, `AT+X="key",...` sets. */
  const keyed =
    (known: Readonly<Record<string, string>>, store: Map<string, string>): Handler =>
    (call, io) => {
      if (call.kind === "test") {
        io.lines(...Object.keys(known).map((key) => `${call.name}: "${key}"`));
        return OK;
      }
      const key = string(call.args[0], 32)?.toLowerCase();
      if (key === undefined || !Object.hasOwn(known, key)) return ERROR;
      if (call.args.length === 1) io.lines(`${call.name}: "${key}",${store.get(key) ?? known[key]}`);
      else store.set(key, listed(call.args.slice(1)));
      return OK;
    };
  return {
    "+QCFG": keyed(QCFG_DEFAULTS, nvm.qcfg),
    "+QURCCFG": keyed({ "urcport": '"usbat"' }, nvm.qcfg),
    "+QINDCFG": keyed({ "all": "1", "csq": "0", "smsfull": "0", "ring": "1", "smsincoming": "1" }, nvm.qcfg),
    "+CPSMS": keep('0,,,"00100001","00000001"'),
    "+QPSMS": keep("0"),
    "+CEDRXS": keep(""),
    // 27.007 7.41: 0 = the cell does not use eDRX: nothing was granted.
    "+CEDRXRDP": says("+CEDRXRDP: 0"),
    "+QSCLK": keep("0"),
    "+CGEREP": keep("0,0"),
    "+CMGF": keep("0"),
    "+CNMI": keep("2,1,0,0,0"),
    "+QGPS": keep("0"),
    "+QGPSEND": () => OK,
    // There is no sky here: not fixed yet.
    "+QGPSLOC": () => cme(CME.gnssNotFixed),
  };
}

function listed(args: Call["args"]): string {
  return args.map((arg) => (arg === undefined ? "" : arg.quoted ? `"${arg.text}"` : arg.text)).join(",");
}
