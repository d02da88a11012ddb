/** What a trace consists of, for the command line, the page and the export. */

/**
 * `at-command`: a command line of the board. `at-response`: a line of its answer. `urc`: a line that no command asked for.
 * `prompt`: the modem asked for data, and so many bytes went. `data-out`, `data-in`: bytes of a socket, or how many there were.
 * `mqtt`: a Control Packet in them. `note`: what the AT channel remarks, e.g. `AT_TIMEOUT`. `text`: anything else on the console.
 */
export type TraceKind =
  | "at-command"
  | "at-response"
  | "urc"
  | "prompt"
  | "data-out"
  | "data-in"
  | "mqtt"
  | "note"
  | "text";

export const TRACE_KINDS: readonly TraceKind[] = [
  "at-command",
  "at-response",
  "urc",
  "prompt",
  "data-out",
  "data-in",
  "mqtt",
  "note",
  "text",
];

export type Direction = "out" | "in";

export type Severity = "info" | "good" | "fault";

/** A Control Packet in fields. Everything in it is printable, and secrets are masked. */
export interface MqttSummary {
  /** As `mqtt-packet` names it: `publish`, `puback` ... */
  readonly cmd: string;
  /** 3: MQTT 3.1, 4: 3.1.1, 5. */
  readonly version: number;
  readonly messageId: number | undefined;
  readonly topic: string | undefined;
  readonly qos: number | undefined;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly payloadBytes: number | undefined;
  /** The beginning of the payload, where it is text as text, else escaped. */
  readonly payload: string | undefined;
}

export interface TraceEvent {
  /** From 0, in the order of the console. */
  readonly number: number;
  /** Milliseconds since 1970 by the clock of whoever reads the console. */
  readonly atMs: number;
  readonly kind: TraceKind;
  /** `out`: from the board. Absent where there is none. */
  readonly direction: Direction | undefined;
  /** One printable line, secrets masked. */
  readonly text: string;
  /** What it means, in a sentence; absent where the text says it all. */
  readonly meaning: string | undefined;
  readonly severity: Severity;
  /** A code of docs/errors.md that explains it. */
  readonly code: string | undefined;
  /** Kind and identifier, e.g. `tls0`. */
  readonly socket: string | undefined;
  /** Of data. */
  readonly bytes: number | undefined;
  readonly packet: MqttSummary | undefined;
}
