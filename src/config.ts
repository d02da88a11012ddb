/**
 * The defaults of this firmware. A file `godwit.json` in Storage overrides them, so that one image serves a fleet. It is
 * taken whole or not at all: a file with a mistake in it is refused, the defaults stand, and `status()` says why.
 */
import type { Failure } from "../modules/failure.ts";
import { failure } from "../modules/failure.ts";
import { quoted } from "../modules/at/command.ts";

/**
 * One level, so that a wrong name or type can be told at once. Texts: printable ASCII without `"` and `\`.
 * @public
 */
export interface Config {
  /** Access point name, login where the operator wants one, and the SIM's PIN ("" for none). */
  apn: string;
  apnUser: string;
  apnPassword: string;
  pin: string;
  /** The broker; the name must be in its certificate. */
  host: string;
  port: number;
  /** Names in the modem's file store. `cert` and `key` may both be "" where the broker asks for no client certificate. */
  ca: string;
  cert: string;
  key: string;
  /** `false` switches every check of the broker's identity off; reported at boot. */
  verify: boolean;
  sni: boolean;
  /** "" takes the chip's serial number. */
  clientId: string;
  username: string;
  password: string;
  /** `false`: the broker keeps the session while the device is away. */
  clean: boolean;
  /** Keep Alive, s; 0 none. */
  keepalive: number;
  /** Topics are `<topic>/<clientId>/telemetry`, `/command`, `/result`, `/status`. */
  topic: string;
  intervalS: number;
  ntpHost: string;
  ntpPort: number;
  resyncS: number;
  /** `false`: TLS without proved time; reported at boot. */
  clockGate: boolean;
  registrationS: number;
  backoffMaxS: number;
  watchdogS: number;
}

const DEFAULTS: Config = {
  apn: "iot.1nce.net",
  apnUser: "",
  apnPassword: "",
  pin: "",
  host: "broker.example.com",
  port: 8883,
  ca: "ca.pem",
  cert: "client.pem",
  key: "client.key",
  verify: true,
  sni: true,
  clientId: "",
  username: "",
  password: "",
  clean: false,
  keepalive: 240,
  topic: "godwit",
  intervalS: 60,
  ntpHost: "pool.ntp.org",
  ntpPort: 123,
  resyncS: 86400,
  clockGate: true,
  registrationS: 300,
  backoffMaxS: 900,
  watchdogS: 3600,
};

/** Highest value of each number; the lowest is 1, and 0 where 0 switches something off. */
const HIGHEST: { [name: string]: number } = {
  port: 65535,
  ntpPort: 65535,
  keepalive: 65535,
  intervalS: 604800,
  resyncS: 2592000,
  registrationS: 3600,
  backoffMaxS: 86400,
  // nRF52840 watchdog: 2^32 ticks of 32,768 Hz.
  watchdogS: 131000,
};
const MAY_BE_ZERO = ["keepalive", "watchdogS"];
/** Longest text: the host name of the BG96 socket commands may have 150 characters (R). */
const MAX_TEXT = 128;

/** Why `value` cannot stand for the setting `name`, or undefined. */
function refusal(name: string, value: unknown): string | undefined {
  if (!DEFAULTS.hasOwnProperty(name)) return "CONFIG_UNKNOWN";
  const example = (DEFAULTS as unknown as { [name: string]: unknown })[name];
  if (typeof value != typeof example) return "CONFIG_TYPE";
  if (typeof value == "string") {
    if (quoted(value) == "\0" || value.length > MAX_TEXT) return "CONFIG_TEXT";
    if (name == "host" && !value) return "CONFIG_TEXT";
  }
  if (typeof value == "number") {
    const lowest = MAY_BE_ZERO.indexOf(name) < 0 ? 1 : 0;
    if (!(value >= lowest && value <= (HIGHEST[name] as number)) || value % 1) return "CONFIG_RANGE";
  }
  return undefined;
}

/** The configuration, and why `text` (a `godwit.json`, if there is one) was refused. */
export function readConfig(text: string | undefined): { config: Config; error: Failure | undefined } {
  const config = Object.assign({}, DEFAULTS);
  if (!text) return { config, error: undefined };
  let overrides: { [name: string]: unknown };
  try {
    overrides = JSON.parse(text) as { [name: string]: unknown };
  } catch (_) {
    return { config, error: failure("CONFIG_JSON") };
  }
  if (!overrides || typeof overrides != "object") return { config, error: failure("CONFIG_JSON") };
  for (const name of Object.keys(overrides)) {
    const code = refusal(name, overrides[name]);
    // The name only: the value may be a secret.
    if (code) return { config, error: failure(code, name.substr(0, 32)) };
  }
  // The certificate and its key: one without the other is a mistake, not a choice.
  const cert = "cert" in overrides ? overrides["cert"] : DEFAULTS.cert;
  const key = "key" in overrides ? overrides["key"] : DEFAULTS.key;
  if (!cert != !key) return { config, error: failure("CONFIG_PAIR", "key") };
  return { config: Object.assign(config, overrides), error: undefined };
}
