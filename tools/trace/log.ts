/** The newest events, bounded in number and in text: what a page keeps and an export takes. */
import type { TraceEvent } from "./event.ts";

export interface TraceLog {
  add(event: TraceEvent): void;
  /** Oldest first. */
  readonly events: readonly TraceEvent[];
  /** Older ones that have been let go. */
  readonly dropped: number;
  clear(): void;
}

const DEFAULT_LIMIT = 20_000;

export function createTraceLog(limit = DEFAULT_LIMIT): TraceLog {
  let events: TraceEvent[] = [];
  let dropped = 0;
  return {
    add(event) {
      events.push(event);
      // A tenth at once: shifting one by one would move the whole list each time.
      if (events.length > limit) {
        const count = Math.max(1, Math.floor(limit / 10));
        events = events.slice(count);
        dropped += count;
      }
    },
    get events() {
      return events;
    },
    get dropped() {
      return dropped;
    },
    clear() {
      events = [];
      dropped = 0;
    },
  };
}
