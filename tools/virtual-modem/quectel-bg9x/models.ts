/** What differs between the models of the family, as data. Grades as in latency.ts. */
import type { Quirks } from "../types.ts";

/** 27.007 7.3: E-UTRAN. */
export const ACT_LTE = 7;

export interface Model {
  readonly name: string;
  readonly revision: string;
  /** AT+QGMR. */
  readonly firmware: string;
  readonly quirks: Quirks;
  /** What the modem says when it goes, and whether a line end follows. */
  readonly goodbye: string;
  readonly goodbyeEnds: boolean;
  readonly saysAppReady: boolean;
  /** 27.007 access technology: 8 = LTE-M as Quectel numbers it, 7 = E-UTRAN. */
  readonly act: number;
  /** Name of the access technology in AT+QNWINFO, and in AT+QCSQ. */
  readonly rat: string;
  readonly sysmode: string;
  /** How many numbers AT+QTEMP tells. */
  readonly temperatures: number;
  readonly ufsBytes: number;
  /** Allocation unit of the file system. */
  readonly ufsBlock: number;
}

const BG_QUIRKS: Quirks = {
  // [R] No source says that BG96 compares the host name: treated as unchecked.
  checksHost: false,
  // [H] Four digits in a log, two in the manual.
  ntpYearDigits: 4,
  // [D] BG96 AT manual: 1 = GMT to RTC, 3 = local time to RTC; TinyGSM met UTC in CCLK.
  ctzu1: "gmt",
  // [H] zephyr 38654: firmware since 2020 can add it; off as shipped.
  recvUrcLength: false,
  // [D] The SSL manual has no query for waiting bytes.
  tlsLengthQuery: false,
  wearAfter: 0,
  // [D] V.250 lets a modem ignore them; [H] EC25 loses what comes before a prompt.
  typeAhead: "drop",
  // [H] BG96 log: names without `UFS:`.
  listsDrive: false,
};

const BG96: Model = {
  name: "BG96",
  revision: "BG96MAR02A07M1G",
  firmware: "BG96MAR02A07M1G_01.019.01.019",
  quirks: BG_QUIRKS,
  goodbye: "POWERED DOWN",
  goodbyeEnds: false,
  saysAppReady: true,
  act: 8,
  // [D] AT manual, 6.17 and 6.18.
  rat: "CAT-M1",
  sysmode: "CAT-M1",
  temperatures: 3,
  // [D] FILE manual V1.1, example of AT+QFLDS.
  ufsBytes: 14_483_456,
  ufsBlock: 1,
};

const BG95: Model = {
  ...BG96,
  name: "BG95-M3",
  revision: "BG95M3LAR02A03",
  firmware: "BG95M3LAR02A03_01.006.01.006",
  // [H] zimbora/esp32-BG95 and others.
  goodbye: "NORMAL POWER DOWN",
  goodbyeEnds: true,
  // [H] Logs of BG95 and BG770A: +QNWINFO: "eMTC",... and +QCSQ: "eMTC",...
  rat: "eMTC",
  sysmode: "eMTC",
  temperatures: 4,
  // [D] TinyGSM's BG95 client asks QSSLRECV=<id>,0 and reads three numbers.
  quirks: { ...BG_QUIRKS, tlsLengthQuery: true },
};

const EC25: Model = {
  ...BG96,
  name: "EC25",
  revision: "EC25EFAR06A01M4G",
  firmware: "EC25EFAR06A01M4G_01.001.01.001",
  saysAppReady: false,
  act: ACT_LTE,
  rat: "FDD LTE",
  // [D] EC25 AT manual.
  sysmode: "LTE",
  // [H] About 16 MB.
  ufsBytes: 16 * 1024 * 1024,
  quirks: { ...BG_QUIRKS, listsDrive: true },
};

const EG800K: Model = {
  ...EC25,
  name: "EG800K",
  revision: "EG800KCNGCR07A06M04",
  firmware: "EG800KCNGCR07A06M04_01.001.01.001",
  // [H] 280 KB in blocks of 4 KB.
  ufsBytes: 280 * 1024,
  ufsBlock: 4096,
  // [H] Refuses a wrong host at seclevel 1; about 20 TLS sessions wear the data stack out.
  quirks: { ...BG_QUIRKS, checksHost: true, listsDrive: true, wearAfter: 20, ctzu1: "local" },
};

const MODELS: Readonly<Record<string, Model>> = {
  BG96,
  BG95,
  BG77: { ...BG95, name: "BG77", revision: "BG77LAR02A04", firmware: "BG77LAR02A04_01.008.01.008" },
  EC25,
  EC21: { ...EC25, name: "EC21", revision: "EC21EFAR06A01M4G", firmware: "EC21EFAR06A01M4G_01.001.01.001" },
  EG91: { ...EC25, name: "EG91", revision: "EG91EFBR02A06M4G", firmware: "EG91EFBR02A06M4G_01.001.01.001" },
  EG800K,
};

export function findModel(name: string): Model {
  const model = Object.hasOwn(MODELS, name.toUpperCase()) ? MODELS[name.toUpperCase()] : undefined;
  if (model === undefined) {
    throw new Error(`no model ${JSON.stringify(name)} in quectel-bg9x; there are ${Object.keys(MODELS).join(", ")}`);
  }
  return model;
}
