/** AT+QSSLCFG: settings of the six SSL contexts. Source: BG96 SSL AT Commands Manual V1.0 [D], NuModem [H]. */
import { ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Argument, type Call, integer, string } from "../v250-parse.ts";
import { ALL_SUITES, isSuite, SUITE_CODES } from "./ciphers.ts";

/** [D] SSL contexts 0 to 5. */
export const MAX_CONTEXT = 5;
/** [R] Longest file name; a file's is 80 [D]. */
const MAX_PATH = 80;

export interface SslContext {
  sslversion: number;
  ciphersuite: string;
  seclevel: number;
  cacert: string;
  clientcert: string;
  clientkey: string;
  ignorelocaltime: number;
  sni: number;
  negotiatetime: number;
  closetimemode: number;
  session: number;
}

type Key = keyof SslContext;
type NumberKey = { [K in Key]: SslContext[K] extends number ? K : never }[Key];
type TextKey = Exclude<Key, NumberKey>;

/** What the chip starts with; all is lost on reboot [H]. */
function defaults(): SslContext {
  return {
    sslversion: 4,
    ciphersuite: ALL_SUITES,
    seclevel: 0,
    cacert: "",
    clientcert: "",
    clientkey: "",
    // [H] The two unsafe ones: dates are not checked, no SNI is sent.
    ignorelocaltime: 1,
    sni: 0,
    negotiatetime: 300,
    closetimemode: 1,
    session: 0,
  };
}

const NUMBERS: Readonly<Record<NumberKey, readonly [min: number, max: number]>> = {
  // [D] 0 SSL 3.0, 1 TLS 1.0, 2 TLS 1.1, 3 TLS 1.2, 4 all.
  sslversion: [0, 4],
  // [D] 0 none, 1 server, 2 server and client.
  seclevel: [0, 2],
  ignorelocaltime: [0, 1],
  sni: [0, 1],
  // [D] Seconds for the handshake.
  negotiatetime: [10, 300],
  closetimemode: [0, 1],
  session: [0, 1],
};

const TEXTS: readonly TextKey[] = ["cacert", "clientcert", "clientkey"];

const isNumberKey = (key: string): key is NumberKey => Object.hasOwn(NUMBERS, key);
const isPathKey = (key: string): key is "cacert" | "clientcert" | "clientkey" => TEXTS.includes(key as TextKey);

export interface SslConfig {
  context(id: number): Readonly<SslContext>;
  command(call: Call, io: Io): Result;
}

export function createSslConfig(): SslConfig {
  const contexts = Array.from({ length: MAX_CONTEXT + 1 }, defaults);

  function show(key: Key, id: number, context: SslContext): string {
    const value = context[key];
    const shown = key === "ciphersuite" || typeof value === "number" ? String(value) : `"${value}"`;
    return `+QSSLCFG: "${key}",${id},${shown}`;
  }

  /** False when the value is none. */
  function set(key: string, context: SslContext, value: Argument | undefined): boolean {
    if (isNumberKey(key)) {
      const number = integer(value, ...NUMBERS[key]);
      if (number === undefined) return false;
      context[key] = number;
      return true;
    }
    if (key === "ciphersuite") {
      const code = value?.text.toUpperCase() ?? "";
      if (!isSuite(code)) return false;
      context.ciphersuite = code;
      return true;
    }
    if (!isPathKey(key)) return false;
    const path = string(value, MAX_PATH);
    if (path === undefined) return false;
    // [R] The file need not be there yet: a missing one shows at QSSLOPEN.
    context[key] = path;
    return true;
  }

  function test(io: Io): Result {
    const id = `(0-${MAX_CONTEXT})`;
    const numbers = Object.entries(NUMBERS).map(([key, [min, max]]) => `+QSSLCFG: "${key}",${id},(${min}-${max})`);
    const paths = TEXTS.filter(isPathKey).map((key) => `+QSSLCFG: "${key}",${id},<${key}path>`);
    io.lines(...numbers, `+QSSLCFG: "ciphersuite",${id},(${SUITE_CODES.join(",")})`, ...paths);
    return OK;
  }

  return {
    context: (id) => contexts[id] ?? defaults(),
    command(call, io) {
      if (call.kind === "test") return test(io);
      const key = string(call.args[0], 32)?.toLowerCase();
      const id = integer(call.args[1], 0, MAX_CONTEXT);
      const context = id === undefined ? undefined : contexts[id];
      if (call.kind !== "write" || key === undefined || id === undefined || context === undefined) return ERROR;
      if (!Object.hasOwn(context, key)) return ERROR;
      if (call.args.length === 2) {
        io.lines(show(key as Key, id, context));
        return OK;
      }
      return call.args.length === 3 && set(key, context, call.args[2]) ? OK : ERROR;
    },
  };
}
