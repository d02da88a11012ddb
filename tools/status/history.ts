/** What becomes of the variables over time, and what one reading takes away from the next. */
import type { StatusView } from "./view.ts";

export interface MemoryPoint {
  readonly atMs: number;
  readonly used: number;
  readonly total: number;
}

export interface StatusHistory {
  add(view: StatusView): void;
  /** Oldest first. */
  readonly memory: readonly MemoryPoint[];
  /** Every error flag that any reading had. */
  readonly flags: readonly string[];
  readonly newest: StatusView | undefined;
  clear(): void;
}

/** An hour at one reading in two seconds. */
const DEFAULT_POINTS = 1800;
const MOST_FLAGS = 32;

export function createStatusHistory(limit = DEFAULT_POINTS): StatusHistory {
  let memory: MemoryPoint[] = [];
  let flags: string[] = [];
  let newest: StatusView | undefined;
  return {
    add(view) {
      newest = view;
      if (view.memory !== undefined) memory = [...memory.slice(-(limit - 1)), { atMs: view.atMs, ...view.memory }];
      for (const flag of view.flags) if (!flags.includes(flag) && flags.length < MOST_FLAGS) flags = [...flags, flag];
    },
    get memory() {
      return memory;
    },
    get flags() {
      return flags;
    },
    get newest() {
      return newest;
    },
    clear() {
      memory = [];
      flags = [];
      newest = undefined;
    },
  };
}

const BARS = "▁▂▃▄▅▆▇█";

/** The newest `width` values as bars between the least and the most of them; one height when they are all equal. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-Math.max(0, width));
  const least = Math.min(...shown);
  const span = Math.max(...shown) - least;
  return shown
    .map((value) => BARS[span === 0 ? 0 : Math.round(((value - least) / span) * (BARS.length - 1))] ?? "")
    .join("");
}
