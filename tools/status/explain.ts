/** A status in words: the ladder with where the link stands, and a row for each thing that is worth knowing. Pure. */
import type { ErrorExplanation, ErrorTable } from "../errors/error-table.ts";
import { bytesText } from "../trace/printable.ts";
import { signalQuality } from "./signal.ts";
import { type Answer, type FailureView, LINK_STATES, type LinkStateName, RUNGS, type StatusView } from "./view.ts";

export type Verdict = "good" | "info" | "warning" | "fault";

/** `reached`: behind it. `here`: the highest that is true. `failed`: the one that ended in the newest failure. `ahead`: not yet. */
export type StepMark = "reached" | "here" | "failed" | "ahead";

export interface LadderStep {
  readonly state: LinkStateName;
  readonly says: string;
  readonly mark: StepMark;
}

export interface StatusRow {
  /** Stable: `registration`, `signal`, `clock` ... */
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly verdict: Verdict;
  /** What follows from it. */
  readonly hint: string | undefined;
}

export interface TlsCell {
  readonly check: "ca" | "host" | "dates" | "sni" | "readBack";
  readonly label: string;
  readonly answer: Answer;
  readonly verdict: Verdict;
  readonly says: string;
}

export interface ExplainedFailure {
  readonly failure: FailureView;
  /** False: it is over, the link is up again. */
  readonly isPresent: boolean;
  /** Absent: the table does not know the code. */
  readonly explanation: ErrorExplanation | undefined;
}

export interface StatusReport {
  /** In one sentence. */
  readonly summary: string;
  readonly verdict: Verdict;
  /** Lowest first; empty where there is no firmware, as `tls` is. */
  readonly ladder: readonly LadderStep[];
  readonly error: ExplainedFailure | undefined;
  readonly config: ExplainedFailure | undefined;
  readonly tls: readonly TlsCell[];
  readonly rows: readonly StatusRow[];
}

const SAYS: Readonly<Record<LinkStateName, string>> = {
  off: "the modem is off, or booting",
  ready: "the modem answers, the SIM is unlocked",
  registered: "a network took the modem",
  active: "there is an address: data can flow",
  timed: "the time is proved",
  secured: "the TLS settings are written and read back",
  connected: "TLS and MQTT are up",
};

/** The step that ends in a code that starts so; the link falls back at once, so its state does not tell. First match. */
const FAILS: readonly (readonly [RegExp, LinkStateName])[] = [
  [/^(SIM_|MODEM_)/, "ready"],
  [/^NET_REGISTRATION$/, "registered"],
  [/^NET_PDP$/, "active"],
  [/^(CLOCK_|SNTP_)/, "timed"],
  [/^TLS_(SETTING|READBACK)$/, "secured"],
  [/^(TLS_|MQTT_|SOCKET_|NET_)/, "connected"],
];

function failedStep(code: string, at: number): number {
  const state = FAILS.find(([pattern]) => pattern.test(code))?.[1];
  const index = state === undefined ? -1 : LINK_STATES.indexOf(state);
  // A step that is behind it is on its way again.
  return index > at ? index : state === undefined ? at + 1 : -1;
}

function ladder({ link }: StatusView): LadderStep[] {
  const at = link.state === undefined ? -1 : LINK_STATES.indexOf(link.state);
  const error = link.state === undefined || link.state === "connected" ? undefined : link.error;
  const failed = error === undefined ? -1 : failedStep(error.code, at);
  return LINK_STATES.map((state, index) => {
    if (index === failed) return { state, says: `not reached: ${error?.code ?? ""}`, mark: "failed" };
    const mark = index < at ? "reached" : index === at ? "here" : "ahead";
    return { state, says: state === "off" && mark === "reached" ? "the modem was switched on" : SAYS[state], mark };
  });
}

const TLS_LABELS = {
  ca: { label: "CA", yes: "the chain is checked up to your CA", no: "the chain is NOT checked" },
  host: {
    label: "host name",
    yes: "the name in the certificate is compared",
    no: "the name in the certificate is NOT compared: use a CA that signs nothing but your brokers",
  },
  dates: { label: "dates", yes: "dates count, by the modem's clock", no: "dates are NOT checked" },
  sni: {
    label: "SNI",
    yes: "the server is told which name is wanted",
    no: "the server is not told which name is wanted",
  },
  readBack: { label: "read back", yes: "settings are read back and compared", no: "settings cannot be read back" },
} as const;

function tlsCells(view: StatusView): TlsCell[] {
  const checks = ["ca", "host", "dates", "sni", "readBack"] as const;
  return checks.map((check) => {
    const answer = view.tls[check];
    const { label, yes, no } = TLS_LABELS[check];
    const says =
      answer === "yes"
        ? yes
        : answer === "no"
          ? no
          : answer === "unproved"
            ? `not proved, or not read back yet, so take it for no: ${no}`
            : "the board did not say";
    const verdict = answer === "yes" ? "good" : answer === "no" ? "fault" : answer === "unproved" ? "warning" : "info";
    return { check, label, answer, verdict, says };
  });
}

const utc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** `3 d 4 h`, `12 min`, `7 s`. */
export function durationText(seconds: number): string {
  const units: readonly [string, number][] = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  const at = Math.max(
    0,
    units.findIndex(([, size]) => seconds >= size),
  );
  const [name, size] = units[seconds < 1 ? 3 : at] ?? ["s", 1];
  const [nextName, nextSize] = units[at + 1] ?? ["", 0];
  const rest = nextSize === 0 || seconds < 1 ? 0 : Math.floor((seconds % size) / nextSize);
  return `${Math.floor(seconds / size)} ${name}${rest > 0 ? ` ${rest} ${nextName}` : ""}`;
}

type Row = StatusRow | undefined;

const row = (id: string, label: string, value: string | undefined, verdict: Verdict = "info", hint?: string): Row =>
  value === undefined ? undefined : { id, label, value, verdict, hint };

const REGISTRATION = {
  off: "warning",
  searching: "warning",
  registered: "good",
  roaming: "good",
  denied: "fault",
} as const;

function signalRow({ signal, link }: StatusView): Row {
  if (signal === undefined) return row("signal", "signal", link.state === "off" ? "the modem is off" : "not told yet");
  if (signal.rat === "NOSERVICE") return row("signal", "signal", "no service", "fault");
  const quality = signalQuality(signal);
  const power = [
    signal.rsrpDbm === undefined ? "" : `RSRP ${signal.rsrpDbm} dBm`,
    signal.rssiDbm === undefined ? "" : `RSSI ${signal.rssiDbm} dBm`,
  ].filter((part) => part !== "");
  return row("signal", "signal", [signal.rat, ...power, quality.word].join(", "), quality.verdict);
}

function clockRows({ clock }: StatusView): Row[] {
  const { source, driftPpm, rtcErrorS, nowMs, syncedMs, refused } = clock;
  const passed = refused.map((one) => `${one.source} (${one.code})`).join(", ");
  const isProved = source !== undefined && source !== "none";
  const age =
    nowMs === undefined || syncedMs === undefined || nowMs < syncedMs
      ? ""
      : `, set ${durationText((nowMs - syncedMs) / 1000)} ago`;
  return [
    row(
      "clock",
      "clock",
      source === undefined ? undefined : isProved ? `proved by ${source}${age}` : "not proved",
      isProved ? "good" : "warning",
      passed === "" ? undefined : `passed over: ${passed}`,
    ),
    row("time", "time", nowMs === undefined ? undefined : utc(nowMs)),
    row(
      "rtc",
      "modem's clock",
      !isProved || rtcErrorS === undefined ? undefined : `${rtcErrorS} s off the board's`,
      Math.abs(rtcErrorS ?? 0) > 2 ? "fault" : "good",
    ),
    row(
      "drift",
      "drift",
      driftPpm === undefined || driftPpm === 0 ? undefined : `${driftPpm} ppm`,
      Math.abs(driftPpm ?? 0) > 500 ? "warning" : "info",
    ),
    row("uptime", "running", clock.uptimeS === undefined ? undefined : durationText(clock.uptimeS)),
  ];
}

function linkRows({ link, mqtt, outbox }: StatusView): Row[] {
  const used = RUNGS.filter((rung) => (link.rungs?.[rung] ?? 0) > 0).map(
    (rung) => `${rung} ${link.rungs?.[rung] ?? 0}`,
  );
  const { connects, failures } = link;
  return [
    row("mqtt", "MQTT", mqtt.isConnected ? "connected" : "not connected", mqtt.isConnected ? "good" : "warning"),
    row(
      "connects",
      "connections",
      connects === undefined ? undefined : `${connects}${failures === undefined ? "" : `, failures: ${failures}`}`,
    ),
    row("rungs", "recovery", used.length === 0 ? undefined : used.join(", ")),
    row(
      "queued",
      "under way",
      mqtt.queued === undefined ? undefined : `${mqtt.queued} ${mqtt.queued === 1 ? "packet" : "packets"}`,
    ),
    row(
      "outbox",
      "outbox",
      outbox === undefined ? undefined : `${bytesText(outbox.bytes)}, pages erased: ${outbox.erased}`,
    ),
  ];
}

function boardRows(view: StatusView, seenFlags: readonly string[]): Row[] {
  const { memory, crashes, at } = view;
  const share = memory === undefined ? 0 : memory.used / memory.total;
  const flags = [...new Set([...seenFlags, ...view.flags])];
  return [
    row(
      "memory",
      "variables",
      memory === undefined ? undefined : `${memory.used} of ${memory.total} (${Math.round(share * 100)} %)`,
      share > 0.95 ? "fault" : share > 0.8 ? "warning" : "good",
      share > 0.8 ? "running out of them ends whatever runs" : undefined,
    ),
    row(
      "crashes",
      "exceptions",
      crashes === undefined ? undefined : String(crashes.count),
      (crashes?.count ?? 0) > 0 ? "fault" : "good",
      crashes?.last?.split("\n")[0],
    ),
    row(
      "flags",
      "error flags",
      view.hasFirmware ? (flags.length === 0 ? "none" : flags.join(", ")) : undefined,
      flags.length === 0 ? "good" : "warning",
    ),
    row(
      "at",
      "AT",
      at.exchanges === undefined ? undefined : `exchanges: ${at.exchanges}, time-outs: ${at.timeouts ?? "?"}`,
      (at.timeouts ?? 0) > 0 ? "warning" : "info",
    ),
    row(
      "trace",
      "trace",
      view.trace === undefined
        ? undefined
        : (["off", "AT traffic", "AT traffic and data of sockets"][view.trace] ?? String(view.trace)),
    ),
    row(
      "versions",
      "versions",
      [view.firmware && `firmware ${view.firmware}`, view.board, view.interpreter && `interpreter ${view.interpreter}`]
        .filter((part) => part)
        .join(", ") || undefined,
    ),
  ];
}

function explained(
  failure: FailureView | undefined,
  isPresent: boolean,
  errors: ErrorTable,
): ExplainedFailure | undefined {
  return failure && { failure, isPresent, explanation: errors.get(failure.code) };
}

function summary(view: StatusView): { summary: string; verdict: Verdict } {
  const { state, error } = view.link;
  if (!view.hasFirmware) return { summary: "This interpreter runs, and has no Godwit firmware.", verdict: "warning" };
  if (state === undefined) return { summary: "The board did not say where its link stands.", verdict: "warning" };
  if (state === "connected")
    return { summary: "Connected: TLS and MQTT are up.", verdict: view.config === undefined ? "good" : "warning" };
  if (error === undefined) return { summary: `On its way: ${SAYS[state]}.`, verdict: "info" };
  return {
    summary: `Not connected: ${error.code}${error.cause === undefined ? "" : ` (${error.cause})`}; ${SAYS[state]}.`,
    verdict: "fault",
  };
}

/** `seenFlags`: of earlier readings, which took them away from this one. */
export function explainStatus(view: StatusView, errors: ErrorTable, seenFlags: readonly string[] = []): StatusReport {
  const rows = view.hasFirmware
    ? [
        row("registration", "registration", view.registration, view.registration && REGISTRATION[view.registration]),
        signalRow(view),
        row("ip", "address", view.ip),
        ...clockRows(view),
        ...linkRows(view),
        ...boardRows(view, seenFlags),
      ]
    : boardRows(view, seenFlags);
  return {
    ...summary(view),
    ladder: view.hasFirmware ? ladder(view) : [],
    error: explained(view.link.error, view.link.state !== "connected", errors),
    config: explained(view.config, true, errors),
    tls: view.hasFirmware ? tlsCells(view) : [],
    rows: rows.filter((one) => one !== undefined),
  };
}
