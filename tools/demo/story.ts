/** The newest entries of the timeline, kept for whoever comes later. */
import type { Entry } from "./entry.ts";

export interface Story {
  readonly entries: readonly Entry[];
  add(entry: Entry): void;
  /** Called with every entry from now on; returns what ends that. */
  follow(listener: (entry: Entry) => void): () => void;
}

const KEPT = 500;

/** AT traffic is passed on and not kept: it would push out in a minute what there is to tell. */
export function createStory(kept = KEPT): Story {
  const entries: Entry[] = [];
  const listeners = new Set<(entry: Entry) => void>();
  return {
    entries,
    add(entry) {
      if (entry.mark !== "trace") {
        entries.push(entry);
        if (entries.length > kept) entries.shift();
      }
      for (const listener of listeners) listener(entry);
    },
    follow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
