/** What a board says of itself, checked field by field: whatever came, this has the types that it says. */

import { splitArguments } from "../trace/commands/split.ts";
import { maskText } from "../trace/mask.ts";
import { printableText, shortened } from "../trace/printable.ts";

/** Lowest first: what is reached, in the order in which the link reaches it. */
export const LINK_STATES = ["off", "ready", "registered", "active", "timed", "secured", "connected"] as const;
export type LinkStateName = (typeof LINK_STATES)[number];

/** Rungs of the recovery ladder, as `godwit.status().link.rungs` counts them. */
export const RUNGS = ["socket", "pdp", "radio", "reset", "power", "mcu"] as const;
export type RungName = (typeof RUNGS)[number];

export type Answer = "yes" | "no" | "unproved" | "unknown";

export interface FailureView {
  /** A code of docs/errors.md. */
  readonly code: string;
  readonly cause: string | undefined;
  readonly command: string | undefined;
  readonly reason: string | undefined;
}

export interface LinkView {
  readonly state: LinkStateName | undefined;
  /** The newest failure: kept after recovery. */
  readonly error: FailureView | undefined;
  readonly connects: number | undefined;
  readonly failures: number | undefined;
  /** How often each rung was used. */
  readonly rungs: Readonly<Record<RungName, number>> | undefined;
}

export interface ClockView {
  /** `none`: not proved, or not any more. */
  readonly source: "none" | "nitz" | "modem-ntp" | "sntp" | undefined;
  /** By the board's clock, milliseconds since 1970; absent before it was set. */
  readonly nowMs: number | undefined;
  readonly syncedMs: number | undefined;
  /** Modem's clock minus the board's when last compared, s. */
  readonly rtcErrorS: number | undefined;
  readonly driftPpm: number | undefined;
  readonly uptimeS: number | undefined;
  /** Sources that were passed over, with the code that says why. */
  readonly refused: readonly { readonly source: string; readonly code: string }[];
}

export interface TlsView {
  readonly ca: Answer;
  readonly host: Answer;
  readonly dates: Answer;
  readonly sni: Answer;
  readonly readBack: Answer;
  readonly maxVersion: string | undefined;
}

export interface SignalView {
  /** As the modem names it, e.g. `CAT-M1`; `NOSERVICE`: there is none. */
  readonly rat: string;
  readonly rsrpDbm: number | undefined;
  readonly rssiDbm: number | undefined;
}

export interface StatusView {
  /** When it was read, milliseconds since 1970 by the clock of the reader. */
  readonly atMs: number;
  /** False: an interpreter that has no `godwit`. Then all below but `interpreter`, `board` and `memory` is absent. */
  readonly hasFirmware: boolean;
  readonly firmware: string | undefined;
  /** e.g. `2v29`. */
  readonly interpreter: string | undefined;
  /** As the interpreter says, e.g. `RAK5010`. */
  readonly board: string | undefined;
  readonly link: LinkView;
  /** What is wrong with the configuration file. */
  readonly config: FailureView | undefined;
  readonly registration: "off" | "searching" | "registered" | "roaming" | "denied" | undefined;
  /** The newest that the modem told; it is asked only while it is on. */
  readonly signal: SignalView | undefined;
  readonly ip: string | undefined;
  readonly clock: ClockView;
  readonly tls: TlsView;
  readonly mqtt: { readonly isConnected: boolean; readonly queued: number | undefined };
  readonly outbox: { readonly bytes: number; readonly erased: number } | undefined;
  readonly at: {
    readonly exchanges: number | undefined;
    readonly timeouts: number | undefined;
    readonly orphans: number | undefined;
    readonly lost: number | undefined;
  };
  /** Variables of the interpreter. */
  readonly memory: { readonly used: number; readonly total: number } | undefined;
  readonly crashes: { readonly count: number; readonly last: string | undefined } | undefined;
  /** Error flags since the last reading: reading takes them away. */
  readonly flags: readonly string[];
  /** `godwit.trace`: 0 off, 1 AT, 2 with data of sockets. */
  readonly trace: number | undefined;
}

const LONGEST = 200;
const LONGEST_STACK = 2000;
const MOST_ITEMS = 16;
/** Before this the board's clock was not set. */
const FLOOR_S = 1_600_000_000;
/** After this it is no time: the year 2100. */
const CEILING_S = 4_102_444_800;

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}

function text(value: unknown, longest = LONGEST): string | undefined {
  if (typeof value === "number") return String(value);
  if (typeof value !== "string" || value === "") return undefined;
  return maskText(shortened(printableText(value), longest));
}

function number(value: unknown, least = 0, most = Number.MAX_SAFE_INTEGER): number | undefined {
  return typeof value === "number" && value >= least && value <= most ? value : undefined;
}

function oneOf<const T extends string>(value: unknown, known: readonly T[]): T | undefined {
  return known.find((one) => one === value);
}

function failure(value: unknown): FailureView | undefined {
  const { code, cause, command, reason } = fields(value);
  if (typeof code !== "string" || !/^[A-Z][A-Z0-9_]{1,40}$/.test(code)) return undefined;
  return { code, cause: text(cause), command: text(command), reason: text(reason) };
}

function link(status: Fields): LinkView {
  const { connects, failures, rungs } = fields(status["link"]);
  const counts = Array.isArray(rungs)
    ? rungs.slice(0, RUNGS.length).map((count: unknown) => number(count) ?? 0)
    : undefined;
  const of = (index: number): number => counts?.[index] ?? 0;
  return {
    state: oneOf(status["state"], LINK_STATES),
    error: failure(status["error"]),
    connects: number(connects),
    failures: number(failures),
    rungs:
      counts === undefined
        ? undefined
        : { socket: of(0), pdp: of(1), radio: of(2), reset: of(3), power: of(4), mcu: of(5) },
  };
}

function timeMs(value: unknown): number | undefined {
  const seconds = number(value, FLOOR_S, CEILING_S);
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}

function clock(status: Fields, nowS: unknown): ClockView {
  const { source, syncedS, rtcErrorS, driftPpm, startedS, refused } = fields(status["clock"]);
  const now = number(nowS, 0, CEILING_S);
  const started = number(startedS, -CEILING_S, CEILING_S);
  const pairs = typeof refused === "string" ? refused.trim().split(/\s+/).slice(0, MOST_ITEMS) : [];
  return {
    source: oneOf(source, ["none", "nitz", "modem-ntp", "sntp"]),
    nowMs: timeMs(nowS),
    syncedMs: timeMs(syncedS),
    rtcErrorS: number(rtcErrorS, -CEILING_S, CEILING_S),
    driftPpm: number(driftPpm, -1e12, 1e12),
    uptimeS: now === undefined || started === undefined || now < started ? undefined : Math.round(now - started),
    refused: pairs.flatMap((pair) => {
      const [, from, code] = /^([a-z-]{1,20}):([A-Z][A-Z0-9_]{1,40})$/.exec(pair) ?? [];
      return from === undefined || code === undefined ? [] : [{ source: from, code }];
    }),
  };
}

function tls(value: unknown): TlsView {
  const { ca, host, dates, sni, readBack, maxVersion } = fields(value);
  const answer = (one: unknown): Answer => oneOf(one, ["yes", "no", "unproved"]) ?? "unknown";
  return {
    ca: answer(ca),
    host: answer(host),
    dates: answer(dates),
    sni: answer(sni),
    readBack: answer(readBack),
    maxVersion: text(maxVersion, 10),
  };
}

/** From the modem's own answer, `+QCSQ: "CAT-M1",-61,-88,152,-10`: kind, RSSI and, for LTE, RSRP (Quectel AT manual, D). */
export function parseSignal(lines: unknown): SignalView | undefined {
  const line = Array.isArray(lines)
    ? lines.find((one: unknown) => typeof one === "string" && one.startsWith("+QCSQ:"))
    : undefined;
  if (typeof line !== "string") return undefined;
  const [rat, rssi = "", third = ""] = splitArguments(line.slice(6));
  const name = text(rat, 20);
  const dbm = (word: string): number | undefined => number(word === "" ? undefined : Number(word), -200, -1);
  // 0 and above is no received power, below -200 neither. The third of GSM and WCDMA is something else.
  const hasRsrp = name !== "GSM" && name !== "WCDMA";
  return name === undefined ? undefined : { rat: name, rsrpDbm: hasRsrp ? dbm(third) : undefined, rssiDbm: dbm(rssi) };
}

function counted(value: unknown): { count: number; last: string | undefined } | undefined {
  const { count, last } = fields(value);
  const times = number(count);
  return times === undefined ? undefined : { count: times, last: typeof last === "string" ? stack(last) : undefined };
}

/** Its lines stay lines. */
function stack(value: string): string | undefined {
  return value === ""
    ? undefined
    : value
        .slice(0, LONGEST_STACK)
        .split("\n")
        .map((line) => maskText(printableText(line)))
        .join("\n");
}

function memory(value: unknown): { used: number; total: number } | undefined {
  const { usage, total } = fields(value);
  const used = number(usage);
  const all = number(total, 1);
  return used === undefined || all === undefined || used > all ? undefined : { used, total: all };
}

function outbox(value: unknown): { bytes: number; erased: number } | undefined {
  const { bytes, erased } = fields(value);
  const used = number(bytes);
  return used === undefined ? undefined : { bytes: used, erased: number(erased) ?? 0 };
}

/** `answer`: what `STATUS_EXPRESSION` (read-status.ts) gave; the signal is asked for apart. Never throws. */
export function parseStatus(answer: unknown, atMs: number): StatusView {
  const all = fields(answer);
  const hasFirmware = typeof all["s"] === "object" && all["s"] !== null;
  const status = fields(all["s"]);
  const at = fields(status["at"]);
  const { flags } = status;
  return {
    atMs,
    hasFirmware,
    firmware: text(status["version"], 40),
    interpreter: text(all["v"], 40),
    board: text(all["b"], 40),
    link: link(status),
    config: failure(status["config"]),
    registration: oneOf(status["registration"], ["off", "searching", "registered", "roaming", "denied"]),
    signal: undefined,
    ip: text(status["ip"], 45),
    clock: clock(status, all["w"]),
    tls: tls(status["tls"]),
    mqtt: { isConnected: status["state"] === "connected", queued: number(status["queued"]) },
    outbox: outbox(status["outbox"]),
    at: {
      exchanges: number(at["exchanges"]),
      timeouts: number(at["timeouts"]),
      orphans: number(at["orphans"]),
      lost: number(at["lost"]),
    },
    memory: memory(all["m"]),
    crashes: counted(status["crashes"]),
    flags: Array.isArray(flags) ? flags.slice(0, MOST_ITEMS).flatMap((flag: unknown) => text(flag, 30) ?? []) : [],
    trace: number(all["t"] === true ? 1 : all["t"] === false ? 0 : all["t"], 0, 9),
  };
}
