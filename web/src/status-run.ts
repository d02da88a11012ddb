/** Asks the connected board how it is, again and again. */
import { explainStatus, type StatusReport } from "../../tools/status/explain.ts";
import { createStatusHistory } from "../../tools/status/history.ts";
import { readStatus } from "../../tools/status/read-status.ts";
import type { StatusView } from "../../tools/status/view.ts";
import { connector, errors, shownTab } from "./app.ts";
import { isFlashing } from "./flash-run.ts";
import { type Problem, toProblem } from "./state/problem.ts";
import { createStore } from "./state/store.ts";

export interface Reading {
  readonly view: StatusView;
  readonly report: StatusReport;
}

export const reading = createStore<Reading | undefined>(undefined);
export const statusProblem = createStore<Problem | undefined>(undefined);
export const history = createStatusHistory();

const WATCHED_MS = 2000;
/** Enough for the chart to have a past when somebody comes to look. */
const ASIDE_MS = 10_000;

let timer: ReturnType<typeof setTimeout> | undefined;
let isAsking = false;

async function ask(): Promise<void> {
  const { value } = connector.state;
  // The link belongs to the upload meanwhile.
  if (value.kind !== "connected" || value.board === undefined || isFlashing() || isAsking) return;
  isAsking = true;
  try {
    const view = await readStatus(value.session);
    history.add(view);
    reading.set({ view, report: explainStatus(view, errors, history.flags) });
    statusProblem.set(undefined);
  } catch (error) {
    // What a lost link does to a question is told in the header.
    if (connector.state.value === value) statusProblem.set(toProblem(error));
  } finally {
    isAsking = false;
  }
}

async function turn(): Promise<void> {
  clearTimeout(timer);
  await ask();
  clearTimeout(timer);
  timer = setTimeout(() => void turn(), shownTab.value === "status" ? WATCHED_MS : ASIDE_MS);
}

shownTab.subscribe((tab) => {
  if (tab === "status") void turn();
});

connector.state.subscribe((connection) => {
  if (connection.kind === "connected") void turn();
  if (connection.kind !== "disconnected" && connection.kind !== "connecting") return;
  history.clear();
  reading.set(undefined);
  statusProblem.set(undefined);
});
