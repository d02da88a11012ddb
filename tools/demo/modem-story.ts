/** What the virtual modem reports, as entries of the timeline. */
import type { ModemEvent, SocketEvent, TlsDetails } from "../virtual-modem/index.ts";
import { type Detail, duration, type Tell, utc } from "./entry.ts";

export interface ModemStoryOptions {
  readonly tell: Tell;
  /** Also every command, answer and URC; secrets are masked by the modem. */
  readonly trace: () => boolean;
  /** Who answered the modem's NTP client, to stand behind "from NTP". */
  readonly ntpServer: string;
  readonly model: string;
  /** Name of the CA file in the modem's store. */
  readonly caName: string;
}

type EventOf<T extends ModemEvent["type"]> = Extract<ModemEvent, { type: T }>;
type SocketEventOf<A extends SocketEvent["action"]> = Extract<EventOf<"socket">, { action: A }>;

/** A jump below this is a clock being set to what it shows already. */
const JUMP_MS = 2000;

const date = (text: string | undefined): string => (text === undefined ? "?" : utc(Date.parse(text)).slice(0, 10));

/** What stands between this connection and an impostor, said for each check: made, or not made. */
export function verificationDetails(tls: TlsDetails, host: string, model: string, caName: string): Detail[] {
  const isVerified = tls.seclevel > 0;
  const rows: Detail[] = [
    isVerified
      ? { label: "CA", text: `verified: ${tls.issuer ?? "?"}, signed up to ${caName} in the store`, mark: "good" }
      : { label: "CA", text: "NOT verified: seclevel is 0", mark: "fault" },
    isVerified && tls.datesChecked
      ? {
          label: "dates",
          text: `verified by the modem's clock: ${date(tls.validFrom)} to ${date(tls.validTo)}`,
          mark: "good",
        }
      : { label: "dates", text: "NOT verified", mark: "fault" },
    tls.hostChecked
      ? { label: "host name", text: `verified: ${host}`, mark: "good" }
      : {
          label: "host name",
          text: `NOT compared: no source says that ${model} does it. Use a CA that signs nothing else (docs/security.md)`,
          mark: "fault",
        },
  ];
  if (tls.sni !== undefined) rows.push({ label: "SNI", text: tls.sni });
  return rows;
}

export function createModemStory(options: ModemStoryOptions): (event: ModemEvent) => void {
  const { tell } = options;
  let bootedAt = 0;
  let searchedAt = 0;
  let openedAt = 0;
  let simReady = false;
  let blankMs = 0;

  function power({ state, reason, at }: EventOf<"power">): void {
    if (state === "booting") {
      bootedAt = at;
      simReady = false;
      tell("power", `${options.model} starts (${reason})`);
      const stands = `the modem's clock stands at ${utc(blankMs)} UTC: no certificate is valid yet`;
      tell("clock", stands, { data: { source: "power-on", utcMs: blankMs } });
    } else if (state === "ready") tell("power", `${options.model} is up after ${duration(at - bootedAt)}`);
    else if (state === "off") tell("power", `${options.model} is off (${reason})`);
    else tell("power", `${options.model} shuts down (${reason})`);
  }

  function rtc({ source, utcMs, beforeMs }: EventOf<"rtc">): void {
    const data = { source, utcMs, beforeMs };
    if (source === "power-on") {
      // It is reported just before the power itself.
      blankMs = utcMs;
      return;
    }
    const from = {
      ntp: `by NTP, from ${options.ntpServer}`,
      nitz: "by the network (NITZ)",
      host: "by the device",
      fault: "by a fault that the demo injects",
    }[source];
    if (Math.abs(utcMs - beforeMs) < JUMP_MS)
      tell("clock", `modem clock confirmed at ${utc(utcMs)} UTC ${from}`, { data });
    else tell("clock", `modem clock ${utc(beforeMs)} -> ${utc(utcMs)} UTC, set ${from}`, { data });
  }

  function registration({ name, stat, at }: EventOf<"registration">): void {
    const data = { stat, name };
    if (name === "searching") {
      searchedAt = at;
      tell("network", "searching for a cell", { data });
    } else if (name === "home" || name === "roaming") {
      const where = name === "home" ? "in the home network" : "roaming";
      tell("network", `registered ${where} after ${duration(at - searchedAt)}`, { data, mark: "good" });
    } else if (name === "denied") tell("network", "registration denied", { data, mark: "fault" });
  }

  function connected(event: SocketEventOf<"connected">): void {
    const { host, port, tls, at, kind } = event;
    if (tls === undefined) {
      const opened = kind === "tcp" ? `answers after ${duration(at - openedAt)}` : "is open";
      tell("link", `${kind.toUpperCase()} ${host}:${port} ${opened}`);
      return;
    }
    const how = `${tls.protocol ?? "?"} ${tls.cipher ?? "?"}`;
    tell("tls", `${host}:${port} after ${duration(at - openedAt)}: ${how}, made by the modem`, {
      mark: "good",
      data: { ...tls },
      details: [
        ...verificationDetails(tls, host, options.model, options.caName),
        tls.clientCertificate
          ? { label: "client", text: "certificate shown, key never left the modem's store", mark: "good" as const }
          : { label: "client", text: "no certificate shown" },
      ],
    });
  }

  function socket(event: EventOf<"socket">): void {
    const isTls = event.kind === "tls";
    const place = `${event.host}:${event.port}`;
    const where = isTls ? place : `${event.kind.toUpperCase()} ${place}`;
    const topic = isTls ? "tls" : "link";
    if (event.action === "open") {
      openedAt = event.at;
      tell(topic, `opening ${where}`);
    } else if (event.action === "connected") connected(event);
    else if (event.action === "failed") {
      tell(topic, `${where} failed after ${duration(event.at - openedAt)}; the modem says only ${event.code}`, {
        mark: "fault",
        data: { code: event.code, cause: event.cause, detail: event.detail },
        details: [{ label: "in truth", text: `${event.cause}: ${event.detail} (only a virtual modem can tell)` }],
      });
    } else if (event.action === "closed" && isTls) {
      const who = { host: "by the device", peer: "by the broker or the way to it", modem: "by the modem" }[event.by];
      tell("tls", `${where} closed ${who}`, event.by === "host" ? {} : { mark: "fault" });
    }
  }

  function line(sign: string, text: string): void {
    if (options.trace()) tell("at", `${sign} ${text}`, { mark: "trace" });
  }

  function urc(text: string): void {
    if (text === "+CPIN: READY" && !simReady) {
      simReady = true;
      tell("sim", "ready");
    } else if (text.startsWith("+CPIN: ") && text !== "+CPIN: READY") tell("sim", text.slice(7), { mark: "fault" });
    line("<", text);
  }

  return (event) => {
    if (event.type === "power") power(event);
    else if (event.type === "rtc") rtc(event);
    else if (event.type === "registration") registration(event);
    else if (event.type === "pdp") {
      if (event.active)
        tell("pdp", `context ${event.cid} is active, address ${event.address ?? "?"}`, { mark: "good" });
      else tell("pdp", `context ${event.cid} is gone`);
    } else if (event.type === "socket") socket(event);
    else if (event.type === "nitz") {
      const zone = `zone ${event.zone < 0 ? "-" : "+"}${Math.abs(event.zone) / 4} h`;
      tell("network", `sends its time: ${utc(event.utcMs)} UTC, ${zone}`, { data: { utcMs: event.utcMs } });
    }
    // A fault that is injected is told by whoever does it.
    else if (event.type === "command") line(">", event.line);
    else if (event.type === "answer") line("<", event.line);
    else if (event.type === "urc") urc(event.line);
    else if (event.type === "swallowed") line("x", `${event.bytes} bytes lost: ${event.why}`);
  };
}
