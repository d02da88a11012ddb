/** Asks a board how it is. */
import type { Session } from "../repl/session.ts";
import { parseSignal, parseStatus, type SignalView, type StatusView } from "./view.ts";

/**
 * One question, so that all of it is of one moment. Without the firmware there is no `godwit`; `process.memory(false)` leaves
 * out the collection of garbage, which would stop the board for some milliseconds.
 */
export const STATUS_EXPRESSION =
  '(function(){var g=typeof godwit=="undefined"?null:godwit;return{s:g&&g.status(),t:g&&g.trace,' +
  "m:process.memory(false),v:process.version,b:process.env.BOARD,w:getTime()}})()";

/** `done` of `call` is what the answer of the modem goes to. */
const SIGNAL_CODE = 'godwit.at("AT+QCSQ",done)';
/** The signal does not change faster, and each question is an AT exchange. */
const SIGNAL_PAUSE_MS = 10_000;
/** So long a reading waits for it; it may stand in a queue behind a handshake. */
const SIGNAL_WAIT_MS = 1500;
/** After this it will not come any more: the longest command takes 150 s. */
const SIGNAL_TIMEOUT_MS = 170_000;

interface SignalState {
  newest: SignalView | undefined;
  askedMs: number;
  /** Under way: another one would only stand behind it in the board's queue. */
  isAsked: boolean;
}

const signals = new WeakMap<Session, SignalState>();

async function ask(session: Session, state: SignalState): Promise<void> {
  state.isAsked = true;
  try {
    const [, lines] = await session.call(SIGNAL_CODE, { timeoutMs: SIGNAL_TIMEOUT_MS });
    state.newest = parseSignal(lines) ?? state.newest;
  } catch {
    // An older firmware, a modem that is silent, a link that ends: a status without the signal is still one.
  } finally {
    state.isAsked = false;
  }
}

async function signalOf(session: Session, view: StatusView): Promise<SignalView | undefined> {
  const state = signals.get(session) ?? { newest: undefined, askedMs: Number.NEGATIVE_INFINITY, isAsked: false };
  signals.set(session, state);
  const link = view.link.state;
  // A modem that is off would not answer, and the board would take it for deaf.
  if (link === undefined || link === "off") state.newest = undefined;
  else if (!state.isAsked && view.atMs - state.askedMs >= SIGNAL_PAUSE_MS) {
    state.askedMs = view.atMs;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SIGNAL_WAIT_MS);
    });
    await Promise.race([ask(session, state), wait]);
    clearTimeout(timer);
  }
  return state.newest;
}

/**
 * May be called as often as one likes: the signal is asked for now and then only. Rejects as `Session.evaluate`. Reading takes
 * the interpreter's error flags away: keep them (`createStatusHistory`).
 */
export async function readStatus(session: Session, now: () => number = Date.now): Promise<StatusView> {
  const view = parseStatus(await session.evaluate(STATUS_EXPRESSION), now());
  return { ...view, signal: await signalOf(session, view) };
}
