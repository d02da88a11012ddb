/** Settings that only have to be remembered: AT+QCFG and the others with a key, and those with one list of values. */
import { type Commands, ERROR, type Handler, OK } from "../answer.ts";
import { type Call, string } from "../v250-parse.ts";
import { ACT_LTE, type Model } from "./models.ts";

interface Setting {
  /** What it is at first. */
  readonly first: string;
  /** What is kept of the values given; undefined = they are wrong. Without it they are kept as they are. */
  readonly merge?: (before: string, given: readonly string[]) => string | undefined;
  /** Values behind the key; one more is <effect>: when to take effect. Not read back. */
  readonly values: number;
  /** What AT+QCFG=? says of it. */
  readonly range: string;
}

const setting = (first: string, range: string, values = 1, merge?: Setting["merge"]): Setting => ({
  ...{ first, range, values },
  ...(merge === undefined ? {} : { merge }),
});
const EFFECT = ",(0,1)";
const NO_LTE_CHANGE = 0x40000000n;

/** [D] 4.2.5: hexadecimal masks, 0 (and 0x40000000 for LTE) = not to change. [H] Read back with 0x, in lower case. */
function mergeBands(before: string, given: readonly string[]): string | undefined {
  if (given.length !== 3 || !given.every((text) => /^(?:0x)?[0-9a-f]{1,20}$/i.test(text))) return undefined;
  const masks = given.map((text) => BigInt(`0x${text.replace(/^0x/i, "")}`));
  const old = before.split(",");
  return masks
    .map((mask, at) => {
      const same = mask === 0n || (at > 0 && mask === NO_LTE_CHANGE);
      return same ? (old[at] ?? "0x0") : `0x${mask.toString(16)}`;
    })
    .join(",");
}

const RATS = ["02", "03", "01"];

/** [D] 4.2.1: pairs of digits, 00 = automatic; a driver in use finds all three of BG96 in what is read back. */
function mergeSequence(_before: string, [text = ""]: readonly string[]): string | undefined {
  const pairs = text.match(/../g) ?? [];
  if (text.length % 2 !== 0 || pairs.length === 0 || pairs.length > RATS.length) return undefined;
  if (pairs.some((pair) => pair !== "00" && !RATS.includes(pair))) return undefined;
  return [...new Set([...pairs.filter((pair) => pair !== "00"), ...RATS])].join("");
}

/** [D] BG96 AT manual V2.1, 4.2; [R] what a module out of the box has where the manual names no default. */
const QCFG: Readonly<Record<string, Setting>> = {
  "nwscanmode": setting("0", `(0,1,3)${EFFECT}`),
  "nwscanseq": setting("020301", `(00-020301)${EFFECT}`, 1, mergeSequence),
  "iotopmode": setting("0", `(0-2)${EFFECT}`),
  "roamservice": setting("255", `(1,2,255)${EFFECT}`),
  "band": setting("0xf,0x400a0e189f,0xa0e189f", `(0-F),(0-400A0E189F),(0-A0E189F)${EFFECT}`, 3, mergeBands),
  "servicedomain": setting("2", `(1,2)${EFFECT}`),
  "celevel": setting("0", "(0-2)"),
  "nb1/bandprior": setting('""', "<band_priority_seq>"),
  "sgsn": setting("2", "(0-2)"),
  "msc": setting("2", "(0-2)"),
  "pdp/duplicatechk": setting("0", "(0,1)"),
  "ledmode": setting("0", "(0,1)"),
  "ims": setting("0,0", "(0-2)"),
  "psm/urc": setting("0", "(0,1)"),
  "psm/enter": setting("0", "(0,1)"),
  "urc/ri/ring": setting('"pulse",120,1000,5000,"off",1', '("off","pulse","always","auto","wave"),(1-2000)', 6),
  "urc/ri/smsincoming": setting('"pulse",120,1', '("off","pulse","always"),(1-2000),(1-5)', 3),
  "urc/ri/other": setting('"pulse",120,1', '("off","pulse"),(1-2000),(1-5)', 3),
  "risignaltype": setting('"respective"', '("respective","physical")'),
  "urc/delay": setting("0", "(0,1)"),
  "cmux/urcport": setting("0", "(0-4)"),
  "apready": setting("0,0,500", "(0,1),(0,1),(100-3000)", 3),
  // [D] Drivers in use (zephyr, TinyGSM, Sixfab) ask for these; not in V2.1 of the manual.
  "gprsattach": setting("1", "(0,1)"),
  "simeffect": setting("1", "(0,1)"),
  "airplanecontrol": setting("0", "(0,1)"),
  "fast/poweroff": setting("0,0", "(0-40),(0,1)", 2),
  "nbsibscramble": setting("1", "(0,1)"),
};

const QURCCFG: Readonly<Record<string, Setting>> = {
  "urcport": setting('"usbat"', '("usbat","usbmodem","uart1")'),
};

/** [D] 4.3; the second number says whether to save it. */
const QINDCFG: Readonly<Record<string, Setting>> = {
  "all": setting("1", "(0,1),(0,1)"),
  "csq": setting("0", "(0,1),(0,1)"),
  "smsfull": setting("0", "(0,1),(0,1)"),
  "ring": setting("1", "(0,1),(0,1)"),
  "smsincoming": setting("1", "(0,1),(0,1)"),
};

/** Longest value kept: what a client may make the modem remember is bounded by the line, and the keys are known. */
function listed(args: Call["args"]): string {
  return args.map((arg) => (arg === undefined ? "" : arg.quoted ? `"${arg.text}"` : arg.text)).join(",");
}

/** `AT+X="key"` asks, `AT+X="key",...` sets. `store` keeps what was set, under the command's name and the key. */
export function keyed(known: Readonly<Record<string, Setting>>, store: Map<string, string>): Handler {
  return (call, io) => {
    if (call.kind === "test") {
      io.lines(...Object.entries(known).map(([key, { range }]) => `${call.name}: "${key}",${range}`));
      return OK;
    }
    const key = string(call.args[0], 32)?.toLowerCase();
    const entry = key !== undefined && Object.hasOwn(known, key) ? known[key] : undefined;
    if (call.kind !== "write" || entry === undefined) return ERROR;
    const slot = `${call.name} ${key}`;
    if (call.args.length === 1) {
      io.lines(`${call.name}: "${key}",${store.get(slot) ?? entry.first}`);
      return OK;
    }
    const values = call.args.slice(1);
    // Every value of the manual's list and <effect>, no more.
    if (values.length > entry.values + 1) return ERROR;
    const given = values.slice(0, entry.values);
    const kept =
      entry.merge === undefined
        ? listed(given)
        : entry.merge(
            store.get(slot) ?? entry.first,
            given.map((arg) => arg?.text ?? ""),
          );
    if (kept === undefined) return ERROR;
    store.set(slot, kept);
    return OK;
  };
}

/** EC2x and EG9x: other access technologies, so their sequence is kept as it is set. [H] A log of EG91. */
const LTE_QCFG: Readonly<Record<string, Setting>> = {
  ...QCFG,
  "nwscanseq": setting("0403010502", `(00-0102030405)${EFFECT}`),
};

export function createSettings(saved: Map<string, string>, { act }: Model): Commands {
  const values = new Map<string, string>();
  const keep =
    (first: string, range: string): Handler =>
    (call, io) => {
      if (call.kind === "test") io.lines(`${call.name}: ${range}`);
      else if (call.kind === "read") io.lines(`${call.name}: ${values.get(call.name) ?? first}`);
      else if (call.kind === "write") values.set(call.name, listed(call.args));
      return OK;
    };
  const octet = '("00000000"-"11111111")';
  const timers = `(0,1),${octet},${octet},${octet},${octet}`;
  return {
    "+QCFG": keyed(act === ACT_LTE ? LTE_QCFG : QCFG, saved),
    "+QURCCFG": keyed(QURCCFG, saved),
    "+QINDCFG": reportSettings(saved),
    "+CPSMS": keep('0,,,"00100001","00000001"', timers),
    // [D] 6.9: what the network granted; here it grants nothing.
    "+QPSMS": keep("0,,,,", timers),
    "+QPSMCFG": keep("60,4", "(60-4294967295),(0-15)"),
    "+CEDRXS": edrx(),
    // 27.007 7.41: 0 = the cell does not use eDRX: nothing was granted.
    "+CEDRXRDP": (call, io) => {
      if (call.kind !== "test") io.lines("+CEDRXRDP: 0");
      return OK;
    },
    "+QSCLK": keep("0", "(0,1)"),
    "+QCSCON": keep("0,0", "(0,1)"),
    "+CGEREP": keep("0,0", "(0-2),(0,1)"),
    "+CMGF": keep("0", "(0,1)"),
    "+CNMI": keep("2,1,0,0,0", "(0-2),(0-3),(0,2),(0-2),(0,1)"),
    "+CSCS": keep('"GSM"', '("GSM","IRA","UCS2")'),
    "+IFC": keep("0,0", "(0,2),(0,2)"),
    "+ICF": keep("3,3", "(3),(0-3)"),
  };
}

/** [D] 4.3: kept until the next start, or in the chip's flash when the second number says so. */
function reportSettings(saved: Map<string, string>): Handler {
  const now = new Map(saved);
  const inRun = keyed(QINDCFG, now);
  const forGood = keyed(QINDCFG, saved);
  return async (call, io) => {
    const result = await inRun(call, io);
    return result === OK && call.args[2]?.text === "1" ? forGood(call, io) : result;
  };
}

/** 27.007 7.40: set as mode, access technology, value; read as one line for each technology that uses eDRX. */
function edrx(): Handler {
  const wanted = new Map<string, string>();
  return (call, io) => {
    if (call.kind === "test") io.lines('+CEDRXS: (0-3),(4,5),("0000"-"1111")');
    else if (call.kind === "read")
      io.lines(...[...wanted].map(([technology, value]) => `+CEDRXS: ${technology},${value}`));
    else if (call.kind === "write") {
      const [mode, technology, value] = call.args;
      if (!/^[0-3]$/.test(mode?.text ?? "")) return ERROR;
      // [D] 6.13: 4 = LTE-M, 5 = NB-IoT; others are invalid on BG96. Without one both are meant.
      const technologies = technology === undefined ? ["4", "5"] : [technology.text];
      if (technologies.some((name) => name !== "4" && name !== "5")) return ERROR;
      if (value !== undefined && !/^[01]{4}$/.test(value.text)) return ERROR;
      for (const name of technologies) {
        if (mode?.text === "1" || mode?.text === "2") wanted.set(name, `"${value?.text ?? "0010"}"`);
        else wanted.delete(name);
      }
    }
    return OK;
  };
}
