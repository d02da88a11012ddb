/**
 * The defaults of this firmware. A file `godwit.json` in Storage overrides them, so that one image serves a fleet. It is
 * taken whole or not at all: a file with a mistake in it is refused, the defaults stand, and `status()` says why.
 */

import { MQTT5, OUTBOX } from "godwit:features";
import { quoted } from "../modules/at/command.ts";
import type { Failure } from "../modules/failure.ts";
import { failure } from "../modules/failure.ts";
import type { FullPolicy } from "../modules/mqtt/types.ts";

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
  /** `false`: the host name is not compared, even where the modem can; reported at boot. */
  checkHost: boolean;
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
  /** 4 is MQTT 3.1.1, 5 is MQTT 5; only in an image that has both. */
  protocolVersion?: number;
  /**
   * Only in an image with an outbox: packets that are accepted and not done with, at most; pages of 4 KB for messages that
   * outlive a reset; and what gives way when either is used up.
   */
  maxQueue?: number;
  outboxPages?: number;
  whenFull?: FullPolicy;
}

/** A function, so that only one such object is in memory. */
const DEFAULTS = (): Config => {
  const config: Config = {
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
    checkHost: true,
    clockGate: true,
    registrationS: 300,
    backoffMaxS: 900,
    watchdogS: 3600,
  };
  if (MQTT5) config.protocolVersion = 5;
  if (OUTBOX) {
    config.maxQueue = 300;
    config.outboxPages = 16;
    config.whenFull = "drop-oldest";
  }
  return config;
};

/** Seconds: the nRF52840 watchdog counts no further (2^32 ticks of 32,768 Hz); the rest: 16 bits. */
const MAX_SECONDS = 131000;
const MAX_NUMBER = 65535;
/** Longest text: the host name of the BG96 socket commands may have 150 characters (R). */
const MAX_TEXT = 128;

/** Why `value` cannot stand for the setting `name`, or undefined. */
function refusal(name: string, value: unknown, example: unknown): string | undefined {
  if (example === undefined) return "CONFIG_UNKNOWN";
  if (typeof value != typeof example) return "CONFIG_TYPE";
  if (typeof value == "string" && (quoted(value) == "\0" || value.length > MAX_TEXT || (name == "host" && !value)))
    return "CONFIG_TEXT";
  // Both are in topics that are published to.
  if ((name == "topic" || name == "clientId") && /[+#]/.test(value as string)) return "CONFIG_TEXT";
  if (OUTBOX && name == "whenFull" && !["reject", "drop-oldest", "drop-newest"].includes(value as string))
    return "CONFIG_TEXT";
  if (MQTT5 && name == "protocolVersion" && value != 4 && value != 5) return "CONFIG_RANGE";
  // 0 switches these two off.
  const least = name == "keepalive" || name == "watchdogS" ? 0 : 1;
  const most = name.endsWith("S") ? MAX_SECONDS : MAX_NUMBER;
  if (typeof value == "number" && (!(value >= least && value <= most) || value % 1)) return "CONFIG_RANGE";
  return undefined;
}

/** The configuration, and why `text` (a `godwit.json`, if there is one) was refused. */
export function readConfig(text: string | undefined): { config: Config; error: Failure | undefined } {
  const config = DEFAULTS();
  const known = config as unknown as { [name: string]: unknown };
  let code: string | undefined;
  let wrong: string | undefined;
  try {
    const overrides = JSON.parse(text || "{}") as { [name: string]: unknown };
    if (typeof overrides != "object" || Array.isArray(overrides)) code = "CONFIG_JSON";
    const chosen = (name: string): unknown => (overrides.hasOwnProperty(name) ? overrides[name] : known[name]);
    for (const name of Object.keys(overrides))
      if (!code) {
        code = refusal(name, overrides[name], known.hasOwnProperty(name) ? known[name] : undefined);
        // The name only: the value may be a secret.
        wrong = name.substr(0, 32);
      }
    // The certificate and its key: one without the other is a mistake, not a choice.
    if (!code && !chosen("cert") != !chosen("key")) code = "CONFIG_PAIR";
    if (!code) Object.assign(config, overrides);
  } catch (_) {
    code = "CONFIG_JSON";
  }
  return { config, error: code ? failure(code, wrong) : undefined };
}
