/** Switches a board's trace on and reads it, over a session that may do other things beside. */
import type { Session } from "../repl/session.ts";
import type { TraceEvent } from "./event.ts";
import { createTraceParser } from "./parse.ts";

/** As `godwit.trace` of src/device.ts takes it: 1 AT traffic, 2 with what sockets write and read, of which MQTT is decoded. */
export type TraceLevel = 1 | 2;

export interface RunningTrace {
  /** The board's trace is as it was before. Rejects when the board cannot be told so. */
  stop(): Promise<void>;
}

export interface TraceOptions {
  readonly level: TraceLevel;
  onEvent(event: TraceEvent): void;
  /** The trace could not be switched on again after the board had rebooted. */
  onError?(error: unknown): void;
  readonly now?: () => number;
}

export class TraceError extends Error {
  readonly code = "TRACE_ABSENT";
}

/** What src/main.ts prints at every boot. */
const BOOTED = /^godwit \d+\.\d+\.\d+ /;

/** Rejects with `TRACE_ABSENT` where the board runs no Godwit, and as `Session.evaluate`. */
export async function startTrace(session: Session, options: TraceOptions): Promise<RunningTrace> {
  const now = options.now ?? Date.now;
  const on = `godwit.trace=${options.level}`;
  let isStopped = false;

  const parser = createTraceParser({
    onEvent(event) {
      options.onEvent(event);
      // A board that has booted has forgotten it.
      if (event.kind === "text" && BOOTED.test(event.text) && !isStopped)
        session.evaluate(on).catch((error: unknown) => options.onError?.(error));
    },
  });
  const forget = session.onText((text) => parser.feed(text, now()));
  const before = await session
    .evaluate(`typeof godwit=="undefined"?-1:(function(b){${on};return b})(0|godwit.trace)`)
    .catch((error: unknown) => {
      forget();
      throw error;
    });
  if (typeof before !== "number" || before < 0) {
    forget();
    throw new TraceError("this board runs no Godwit firmware, so there is nothing to trace");
  }
  return {
    async stop() {
      isStopped = true;
      forget();
      parser.end(now());
      await session.evaluate(`godwit.trace=${Math.min(Math.trunc(before), 2)}`);
    },
  };
}
