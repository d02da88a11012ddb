/** The connection to a board: one state at a time, and what may follow it. Made again by itself after it was lost. */
import type { Port, PortSource } from "../../../tools/port/port.ts";
import type { BoardIdentity, Session } from "../../../tools/repl/session.ts";
import { type Problem, toProblem } from "./problem.ts";
import { createStore, type Store } from "./store.ts";

export type Way = "bluetooth" | "serial" | "virtual";

export type Connection =
  | { readonly kind: "disconnected"; readonly problem: Problem | undefined }
  | { readonly kind: "connecting"; readonly way: Way }
  | {
      readonly kind: "connected";
      readonly way: Way;
      readonly name: string;
      /** Undefined: something is there and did not answer as the interpreter does; `problem` says what it did. */
      readonly board: BoardIdentity | undefined;
      readonly problem: Problem | undefined;
      readonly session: Session;
    }
  | {
      readonly kind: "lost";
      readonly way: Way;
      readonly name: string;
      /** From 1. */
      readonly attempt: number;
      readonly problem: Problem | undefined;
    };

export interface ConnectorOptions {
  readonly openSession: (port: Port) => Session;
  /** Resolves after so many ms, or at once when the signal is raised. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface Connector {
  readonly state: Store<Connection>;
  /** Ends what is there first. */
  connect(way: Way, source: PortSource): Promise<void>;
  disconnect(): Promise<void>;
  /** The open session, or the one that comes after a lost link. Rejects when there is none to wait for. */
  session(): Promise<Session>;
}

/** A board that reboots is back within seconds; one that somebody carries away, within two minutes or not at all. */
export const RETRIES_MS: readonly number[] = [300, 500, 1000, 2000, 3000, 5000, 8000, ...Array<number>(12).fill(8000)];

export function createConnector({ openSession, wait }: ConnectorOptions): Connector {
  const state = createStore<Connection>({ kind: "disconnected", problem: undefined });
  /** Raised when the user wants another connection or none: whatever is under way then no longer counts. */
  let current = new AbortController();

  function supersede(): AbortSignal {
    const { value } = state;
    current.abort();
    current = new AbortController();
    if (value.kind === "connected") void value.session.close().catch(() => undefined);
    return current.signal;
  }

  async function open(way: Way, source: PortSource, signal: AbortSignal): Promise<"open" | "declined"> {
    const port = await source.open();
    if (port === undefined) return "declined";
    if (signal.aborted) {
      await port.close();
      return "declined";
    }
    const session = openSession(port);
    let isGone = false;
    let cause: Error | undefined;
    session.onClose((why) => {
      isGone = true;
      cause = why;
      if (!signal.aborted && state.value.kind === "connected") void reopen(way, port.name, source, signal, cause);
    });
    const found = await session.identify().then(
      (board) => ({ board, problem: undefined }),
      (error: unknown) => ({ board: undefined, problem: toProblem(error) }),
    );
    if (signal.aborted) await session.close().catch(() => undefined);
    else if (isGone) throw cause ?? new Error("the link ended at once");
    else state.set({ kind: "connected", way, name: displayName(port.name), ...found, session });
    return "open";
  }

  async function reopen(
    way: Way,
    name: string,
    source: PortSource,
    signal: AbortSignal,
    cause: unknown,
  ): Promise<void> {
    let problem = cause === undefined ? undefined : toProblem(cause);
    for (const [index, ms] of RETRIES_MS.entries()) {
      state.set({ kind: "lost", way, name: displayName(name), attempt: index + 1, problem });
      await wait(ms, signal);
      if (signal.aborted) return;
      try {
        if ((await open(way, source, signal)) === "open") return;
        break;
      } catch (error) {
        problem = toProblem(error);
      }
      if (signal.aborted) return;
    }
    if (!signal.aborted) state.set({ kind: "disconnected", problem });
  }

  return {
    state,
    async connect(way, source) {
      const signal = supersede();
      state.set({ kind: "connecting", way });
      try {
        const outcome = await open(way, source, signal);
        if (outcome === "declined" && !signal.aborted) state.set({ kind: "disconnected", problem: undefined });
      } catch (error) {
        if (!signal.aborted) state.set({ kind: "disconnected", problem: toProblem(error) });
      }
    },
    async disconnect() {
      const { value } = state;
      supersede();
      state.set({ kind: "disconnected", problem: undefined });
      if (value.kind === "connected") await value.session.close().catch(() => undefined);
    },
    session: () => nextSession(state),
  };
}

function nextSession(state: Store<Connection>): Promise<Session> {
  return new Promise((resolve, reject) => {
    let stop: (() => void) | undefined;
    function look(value: Connection): void {
      if (value.kind === "connected") resolve(value.session);
      else if (value.kind === "disconnected") {
        reject(Object.assign(new Error(value.problem?.message ?? "no board is connected"), { code: "PORT_CLOSED" }));
      } else return;
      stop?.();
    }
    stop = state.subscribe(look);
    look(state.value);
  });
}

/** `ble:Godwit 42` is for `--port`; people read `Godwit 42`. */
export function displayName(portName: string): string {
  return portName.replace(/^(ble|serial|ws|tcp):/, "");
}

/** For the header and for screen readers. */
export function describe(connection: Connection): string {
  switch (connection.kind) {
    case "disconnected":
      return connection.problem === undefined ? "Not connected" : "Not connected: it failed";
    case "connecting":
      return "Connecting…";
    case "connected":
      return `Connected to ${connection.name}`;
    case "lost":
      return `Link to ${connection.name} lost, reconnecting (try ${connection.attempt})`;
  }
}
