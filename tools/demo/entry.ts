/** One line of the timeline. Every entry tells of something that a part of the demo reported; none is made up. */

export type Topic =
  | "demo"
  | "power"
  | "sim"
  | "network"
  | "pdp"
  | "clock"
  | "files"
  | "tls"
  | "mqtt"
  | "publish"
  | "command"
  | "link"
  | "device"
  | "fault"
  | "at";

/** `good`: a goal is reached. `fault`: something broke. `trace`: AT traffic. */
export type Mark = "info" | "good" | "fault" | "trace";

/** A line below the entry: a label and what there is to say about it; without a label it has the whole width. */
export interface Detail {
  readonly label?: string;
  readonly text: string;
  readonly mark?: Mark;
}

export interface Entry {
  /** Milliseconds on the clock of board and modem since the start. */
  readonly atMs: number;
  readonly topic: Topic;
  readonly mark: Mark;
  readonly text: string;
  readonly details?: readonly Detail[];
  /** The same as fields, for --json. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Extras {
  readonly mark?: Mark;
  readonly details?: readonly Detail[];
  readonly data?: Readonly<Record<string, unknown>>;
}

export type Tell = (topic: Topic, text: string, extras?: Extras) => void;

/** `2026-08-07 12:34:56` in UTC. */
export function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

/** `4.8 s`, `230 ms`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}
