/** AT+QSSLCFG: settings of the six SSL contexts. Source: BG96 SSL AT Commands Manual V1.0 [D], NuModem [H]. */
import { ERROR, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer, string } from "../v250-parse.ts";
import { tlsSettings } from "./tls-settings.ts";

/** [D] SSL contexts 0 to 5. */
export const MAX_CONTEXT = 5;

/** What a handshake asks for. A setting that the model lacks has the value that it has without it. */
export interface SslContext {
  readonly sslversion: number;
  readonly ciphersuite: string;
  readonly seclevel: number;
  readonly cacert: string;
  readonly clientcert: string;
  readonly clientkey: string;
  readonly ignorelocaltime: number;
  readonly sni: number;
  readonly checkhost: number;
  readonly negotiatetime: number;
}

export interface SslConfig {
  context(id: number): SslContext;
  command(call: Call, io: Io): Result;
}

type Values = Map<string, number | string>;

function view(values: Values): SslContext {
  const number = (key: string): number => Number(values.get(key) ?? 0);
  const text = (key: string): string => String(values.get(key) ?? "");
  return {
    sslversion: number("sslversion"),
    ciphersuite: text("ciphersuite"),
    seclevel: number("seclevel"),
    cacert: text("cacert"),
    clientcert: text("clientcert"),
    clientkey: text("clientkey"),
    ignorelocaltime: number("ignorelocaltime"),
    sni: number("sni"),
    checkhost: number("checkhost"),
    negotiatetime: number("negotiatetime"),
  };
}

/** `model`: as AT+CGMM says it. */
export function createSslConfig(model: string): SslConfig {
  const settings = tlsSettings(model);
  const factory = (): Values => new Map(settings.map((setting) => [setting.key, setting.factory]));
  const contexts = Array.from({ length: MAX_CONTEXT + 1 }, factory);

  function show(key: string, id: number, values: Values): string {
    const value = values.get(key) ?? "";
    const shown = key === "ciphersuite" || typeof value === "number" ? String(value) : `"${value}"`;
    return `+QSSLCFG: "${key}",${id},${shown}`;
  }

  return {
    context: (id) => view(contexts[id] ?? factory()),
    command(call, io) {
      if (call.kind === "test") {
        io.lines(...settings.map(({ key, shown }) => `+QSSLCFG: "${key}",(0-${MAX_CONTEXT}),${shown}`));
        return OK;
      }
      const key = string(call.args[0], 32)?.toLowerCase();
      const id = integer(call.args[1], 0, MAX_CONTEXT);
      const values = id === undefined ? undefined : contexts[id];
      const setting = settings.find((one) => one.key === key);
      if (call.kind !== "write" || setting === undefined || id === undefined || values === undefined) return ERROR;
      if (call.args.length === 2) {
        io.lines(show(setting.key, id, values));
        return OK;
      }
      const value = call.args.length === 3 ? setting.take(call.args[2]) : undefined;
      if (value === undefined) return ERROR;
      values.set(setting.key, value);
      return OK;
    },
  };
}
