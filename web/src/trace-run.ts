/** Reads the console for traces, whether or not the panel is shown, and switches the board's trace on and off. */
import type { Session } from "../../tools/repl/session.ts";
import type { TraceEvent } from "../../tools/trace/event.ts";
import { createTraceLog } from "../../tools/trace/log.ts";
import { createTraceParser } from "../../tools/trace/parse.ts";
import { connector } from "./app.ts";
import { type Problem, toProblem } from "./state/problem.ts";
import { createStore } from "./state/store.ts";

const MOST_EVENTS = 5000;
/** The panel is drawn so often at most. */
const DRAW_MS = 120;

export const log = createTraceLog(MOST_EVENTS);
/** Rises when there is something new in the log. */
export const revision = createStore(0);
export const isTracing = createStore(false);
export const traceProblem = createStore<Problem | undefined>(undefined);

let isDue = false;

function changed(): void {
  if (isDue) return;
  isDue = true;
  setTimeout(() => {
    isDue = false;
    revision.update((n) => n + 1);
  }, DRAW_MS);
}

const onEvent = (event: TraceEvent): void => {
  // What else the board prints stands on REPL; here it would only be noise.
  if (event.kind === "text") return;
  log.add(event);
  changed();
};

export function clearTrace(): void {
  log.clear();
  changed();
}

/** 2 of src/device.ts: with what sockets write and read, of which MQTT is decoded. */
const LEVEL = 2;

export async function setTracing(isOn: boolean): Promise<void> {
  const { value } = connector.state;
  if (value.kind !== "connected") return;
  try {
    await value.session.evaluate(`godwit.trace=${isOn ? LEVEL : 0}`);
    isTracing.set(isOn);
    traceProblem.set(undefined);
  } catch (error) {
    traceProblem.set(toProblem(error));
  }
}

async function ask(session: Session): Promise<void> {
  try {
    const level = await session.evaluate('typeof godwit=="object"?+godwit.trace:0');
    if (!isTracing.value) isTracing.set(typeof level === "number" && level > 0);
  } catch {
    // It is off as far as anybody knows.
  }
}

let attached: object | undefined;
connector.state.subscribe((connection) => {
  if (connection.kind === "disconnected") isTracing.set(false);
  if (connection.kind !== "connected" || connection.session === attached) return;
  attached = connection.session;
  const parser = createTraceParser({ onEvent });
  connection.session.onText((text) => parser.feed(text, Date.now()));
  connection.session.onClose(() => parser.end(Date.now()));
  // A board that rebooted has forgotten it; one that did not may have it on from another page.
  if (isTracing.value) void setTracing(true);
  else void ask(connection.session);
});
