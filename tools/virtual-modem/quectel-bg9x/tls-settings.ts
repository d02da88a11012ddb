/**
 * Which settings AT+QSSLCFG has on which model, in the order and with the words of its answer to AT+QSSLCFG=?.
 * Sources: BG96, RAK's AT manual for the RAK5010 [H]; BG95-M3, kept by an emulator from hardware [H, second hand];
 * EG25-G with EG25GGBR07A08M2G, a published record of its answers [H]; the rest by likeness [R].
 */
import { type Argument, integer, string } from "../v250-parse.ts";
import { ALL_SUITES, SUITES_OF, type SuiteList } from "./ciphers.ts";

/** [R] Longest file name; a file's is 80 [D]. */
const MAX_PATH = 80;

export interface Setting {
  readonly key: string;
  /** What AT+QSSLCFG=? shows behind the range of contexts. */
  readonly shown: string;
  /** After each start of the chip: all is lost on reboot [H]. */
  readonly factory: number | string;
  /** The value of an argument; undefined when it is none. */
  readonly take: (value: Argument | undefined) => number | string | undefined;
}

function number(key: string, min: number, max: number, factory: number, shown?: string): Setting {
  const range = max - min === 1 ? `(${min},${max})` : `(${min}-${max})`;
  return { key, shown: shown ?? range, factory, take: (value) => integer(value, min, max) };
}

/** [R] The file need not be there yet: a missing one shows at QSSLOPEN. */
function path(key: string, shown: string): Setting {
  return { key, shown, factory: "", take: (value) => string(value, MAX_PATH) };
}

function suites(list: SuiteList): Setting {
  return {
    key: "ciphersuite",
    shown: `(${[...list, ALL_SUITES].join(",")})`,
    factory: ALL_SUITES,
    take(value) {
      // [H] A BG96 answers ERROR to the number in quotes.
      const code = value === undefined || value.quoted ? "" : value.text.toUpperCase();
      return code === ALL_SUITES || list.includes(code) ? code : undefined;
    },
  };
}

// [D] 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all.
const VERSION = number("sslversion", 0, 4, 4);
// [D] 0 none, 1 server, 2 server and client.
const LEVEL = number("seclevel", 0, 2, 0);
// [H] The two unsafe ones: dates are not checked, no SNI is sent.
const IGNORE_TIME = number("ignorelocaltime", 0, 1, 1);
const SNI = number("sni", 0, 1, 0);
// [D] Seconds for the handshake.
const NEGOTIATE = number("negotiatetime", 10, 300, 300);
// [H] It is there; [D] a driver's words for 1: the common name is compared with the host; [R] off as shipped.
const CHECK_HOST = number("checkhost", 0, 1, 0);
// DTLS is not played: listed, and refused when it is switched on.
const dtls = (shown: string): Setting => number("dtls", 0, 0, 0, shown);

/** `ignorecertchain` is remembered only: what it leaves out is in no source, and nothing is left out here. */
const BG96: readonly Setting[] = [
  VERSION,
  suites(SUITES_OF.bg96),
  path("cacert", "<cacertpath>"),
  path("clientcert", "<client_cert_path>"),
  path("clientkey", "<client_key_path>"),
  LEVEL,
  SNI,
  CHECK_HOST,
  number("ignorecertchain", 0, 1, 0),
  IGNORE_TIME,
  NEGOTIATE,
];

/** `session`, `renegotiation` and `dtlsversion` are remembered only. */
const BG95: readonly Setting[] = [
  VERSION,
  suites(SUITES_OF.bg95),
  path("cacert", "<cacertpath>"),
  path("clientcert", "<clientcertpath>"),
  path("clientkey", "<clientkeypath>"),
  // [H] The list goes to 3; what 3 is, no source says: refused.
  number("seclevel", 0, 2, 0, "(0-3)"),
  number("session", 0, 1, 0),
  SNI,
  CHECK_HOST,
  IGNORE_TIME,
  NEGOTIATE,
  number("renegotiation", 0, 1, 0),
  dtls("(0-1)"),
  number("dtlsversion", 0, 2, 0),
];

/** No `checkhost` in the record [H]. Left out, because not played: `cacertex`, `psk`, `alpn`, the password of a key. */
const ec2x = (list: SuiteList): readonly Setting[] => [
  VERSION,
  dtls("(0,1)"),
  number("dtlsversion", 0, 1, 0),
  suites(list),
  path("cacert", "<cacertpath>"),
  path("clientcert", "<client_cert_path>"),
  path("clientkey", "<client_key_path>"),
  LEVEL,
  IGNORE_TIME,
  NEGOTIATE,
  SNI,
  number("closetimemode", 0, 1, 0),
  number("session_cache", 0, 1, 0),
  number("renegotiation", 0, 1, 0),
  number("ignoremulticertchainverify", 0, 1, 0),
  number("ignoreinvalidcertsign", 0, 1, 0),
];

const SETTINGS: Readonly<Record<string, readonly Setting[]>> = {
  BG96,
  "BG95-M3": BG95,
  // [R] As BG95, with which it shares the manual.
  BG77: BG95,
  EC25: ec2x(SUITES_OF.ec2x),
  EC21: ec2x(SUITES_OF.ec2x),
  EG91: ec2x(SUITES_OF.ec2x),
  // [R] As EC2x.
  EG800K: ec2x(SUITES_OF.eg800k),
};

/** By the model's name as AT+CGMM says it. */
export function tlsSettings(model: string): readonly Setting[] {
  const found = Object.hasOwn(SETTINGS, model) ? SETTINGS[model] : undefined;
  if (found === undefined) throw new Error(`no TLS settings for ${model}`);
  return found;
}
