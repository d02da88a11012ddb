/** Which rows of a long list are to be drawn, and what the filter chips stand for. */
import type { TraceEvent, TraceKind } from "../../../tools/trace/event.ts";
import { matches } from "../../../tools/trace/filter.ts";

export interface Chip {
  readonly id: string;
  readonly label: string;
  readonly kinds: readonly TraceKind[];
}

export const CHIPS: readonly Chip[] = [
  { id: "at", label: "AT", kinds: ["at-command", "at-response", "prompt"] },
  { id: "urc", label: "URC", kinds: ["urc"] },
  { id: "mqtt", label: "MQTT", kinds: ["mqtt"] },
  { id: "data", label: "Data", kinds: ["data-out", "data-in"] },
  { id: "note", label: "Notes", kinds: ["note"] },
];

export interface ViewFilter {
  readonly chips: ReadonlySet<string>;
  readonly search: string;
  readonly faultsOnly: boolean;
}

export const EVERYTHING: ViewFilter = { chips: new Set(CHIPS.map(({ id }) => id)), search: "", faultsOnly: false };

export function filtered(events: readonly TraceEvent[], { chips, search, faultsOnly }: ViewFilter): TraceEvent[] {
  const kinds = new Set(CHIPS.filter(({ id }) => chips.has(id)).flatMap((chip) => chip.kinds));
  return events.filter((event) => matches(event, { kinds, text: search, faultsOnly }));
}

export interface Window {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** A few more than can be seen, so that scrolling shows no gap. */
const SPARE = 12;

export function visible(count: number, scrollTop: number, height: number, rowHeight: number): Window {
  if (rowHeight <= 0) return { from: 0, to: Math.min(count, 60) };
  const first = Math.floor(scrollTop / rowHeight);
  const from = Math.max(0, Math.min(first - SPARE, count - 1));
  return { from, to: Math.min(count, first + Math.ceil(height / rowHeight) + SPARE) };
}

export const KIND_WORDS: Readonly<Record<TraceKind, string>> = {
  "at-command": "AT",
  "at-response": "AT",
  "urc": "URC",
  "prompt": "AT",
  "data-out": "data",
  "data-in": "data",
  "mqtt": "MQTT",
  "note": "note",
  "text": "text",
};
