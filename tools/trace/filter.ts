/** Which events of a trace are wanted. Pure. */
import { TRACE_KINDS, type TraceEvent, type TraceKind } from "./event.ts";

export interface TraceFilter {
  /** Absent: all. */
  readonly kinds?: ReadonlySet<TraceKind>;
  /** Somewhere in text or meaning, whatever its case. */
  readonly text?: string;
  /** A Topic Filter (MQTT 3.1.1, 4.7): only PUBLISH packets whose topic it matches. */
  readonly topic?: string;
  /** e.g. `tls0`. */
  readonly socket?: string;
  /** Only what went wrong. */
  readonly faultsOnly?: boolean;
}

/** What `--level` takes: the AT traffic alone, the MQTT packets alone, both without the bytes between them, everything. */
export const LEVELS: Readonly<Record<string, ReadonlySet<TraceKind>>> = {
  at: new Set<TraceKind>(["at-command", "at-response", "urc", "prompt", "data-in", "note", "text"]),
  mqtt: new Set<TraceKind>(["mqtt", "note", "text"]),
  all: new Set(TRACE_KINDS),
};

/** Topic Filter against Topic Name; `$` topics are not matched by a wildcard in front [MQTT-4.7.2-1]. */
export function topicMatches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [index, part] of wanted.entries()) {
    if (part === "#") return true;
    const level = levels[index];
    if (level === undefined || (part !== "+" && part !== level)) return false;
  }
  return wanted.length === levels.length;
}

/** Whether `#` stands at the end only, and both wildcards have a level for themselves [MQTT-4.7.1-2, MQTT-4.7.1-3]. */
export function isTopicFilter(text: string): boolean {
  const levels = text.split("/");
  return (
    text !== "" &&
    levels.every((level, index) => /^(?:[^+#]*|\+)$/.test(level) || (level === "#" && index === levels.length - 1))
  );
}

export function matches(event: TraceEvent, filter: TraceFilter): boolean {
  if (filter.kinds !== undefined && !filter.kinds.has(event.kind)) return false;
  if (filter.faultsOnly === true && event.severity !== "fault") return false;
  if (filter.socket !== undefined && filter.socket !== "" && event.socket !== filter.socket) return false;
  if (filter.topic !== undefined && filter.topic !== "") {
    const topic = event.packet?.topic;
    if (topic === undefined || !topicMatches(filter.topic, topic)) return false;
  }
  const wanted = filter.text?.toLowerCase() ?? "";
  return wanted === "" || `${event.text}\n${event.meaning ?? ""}`.toLowerCase().includes(wanted);
}
