import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Port, PortError, type PortSource } from "../../tools/port/port.ts";
import type { Session } from "../../tools/repl/session.ts";
import { type Connection, createConnector, describe as inWords, RETRIES_MS } from "../../web/src/state/connection.ts";

const lost = new PortError("PORT_LOST", "out of reach");

interface Fake {
  readonly session: Session;
  lose(cause?: Error): void;
}

function fakePort(name: string): Port {
  return { name, chunkBytes: 20, write: async () => {}, onData: undefined, onClose: undefined, close: async () => {} };
}

function fakeSession(port: Port, identify: Session["identify"]): Fake {
  const listeners = new Set<(cause: Error | undefined) => void>();
  const lose = (cause?: Error): void => {
    for (const listener of [...listeners]) listener(cause);
    listeners.clear();
  };
  const session: Session = {
    port,
    identify,
    evaluate: async () => undefined,
    call: async () => [],
    type: async () => {},
    interrupt: async () => {},
    onText: () => () => {},
    onClose(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => lose(),
  };
  return { session, lose };
}

/** `opens`: what each try to open gives, the last one for ever. */
function rig(
  opens: (Port | PortError | undefined)[],
  identify: Session["identify"] = async () => ({ version: "2v29", board: "RAK5010" }),
) {
  const sessions: Fake[] = [];
  const seen: string[] = [];
  const waits: number[] = [];
  let tries = 0;
  const connector = createConnector({
    openSession: (port) => {
      const fake = fakeSession(port, identify);
      sessions.push(fake);
      return fake.session;
    },
    wait: async (ms) => void waits.push(ms),
  });
  connector.state.subscribe(({ kind }) => seen.push(kind));
  const source: PortSource = {
    async open() {
      const next = opens[Math.min(tries++, opens.length - 1)];
      if (next instanceof PortError) throw next;
      return next;
    },
  };
  const newest = (): Fake => {
    const fake = sessions.at(-1);
    if (fake === undefined) throw new Error("no session was opened");
    return fake;
  };
  const until = (kind: Connection["kind"]): Promise<Connection> =>
    new Promise((resolve) => {
      const look = (value: Connection) => {
        if (value.kind === kind) resolve(value);
      };
      connector.state.subscribe(look);
      look(connector.state.value);
    });
  return { connector, source, seen, waits, newest, until };
}

describe("the page's connection", () => {
  it("goes from nothing to connected, with what the board says it is", async () => {
    const { connector, source, seen } = rig([fakePort("ble:Godwit 42")]);
    await connector.connect("bluetooth", source);
    const { value } = connector.state;
    assert.deepEqual(seen, ["connecting", "connected"]);
    assert.equal(value.kind === "connected" && value.board?.board, "RAK5010");
    assert.equal(inWords(value), "Connected to Godwit 42");
  });

  it("is as before when the user closes the browser's dialog", async () => {
    const { connector, source } = rig([undefined]);
    await connector.connect("bluetooth", source);
    assert.deepEqual(connector.state.value, { kind: "disconnected", problem: undefined });
  });

  it("says with a code why it could not be made", async () => {
    const { connector, source } = rig([new PortError("PORT_REFUSED", "in use")]);
    await connector.connect("serial", source);
    assert.deepEqual(connector.state.value, {
      kind: "disconnected",
      problem: { code: "PORT_REFUSED", message: "in use" },
    });
  });

  it("stays up when what is there does not answer as the interpreter: somebody may want to type", async () => {
    const { connector, source } = rig([fakePort("ble:x")], async () => {
      throw Object.assign(new Error("silence"), { code: "REPL_SILENT" });
    });
    await connector.connect("bluetooth", source);
    const { value } = connector.state;
    assert.equal(value.kind === "connected" && value.problem?.code, "REPL_SILENT");
  });

  it("comes back by itself after a lost link, and whoever waits for a session has the new one", async () => {
    const { connector, source, seen, newest, until } = rig([fakePort("a"), lost, lost, fakePort("a")]);
    await connector.connect("bluetooth", source);
    newest().lose(lost);
    const waited = connector.session();
    await until("connected");
    assert.equal(await waited, newest().session);
    assert.deepEqual(seen, ["connecting", "connected", "lost", "lost", "lost", "connected"]);
  });

  it("gives up after so many tries and says why", async () => {
    const { connector, source, waits, newest, until } = rig([fakePort("a"), lost]);
    await connector.connect("bluetooth", source);
    newest().lose(lost);
    const waited = connector.session();
    const end = await until("disconnected");
    assert.equal(end.kind === "disconnected" && end.problem?.code, "PORT_LOST");
    assert.deepEqual(waits, RETRIES_MS);
    await assert.rejects(waited, { code: "PORT_CLOSED" });
  });

  it("stays away when the user disconnects", async () => {
    const { connector, source, seen } = rig([fakePort("a")]);
    await connector.connect("bluetooth", source);
    await connector.disconnect();
    await assert.rejects(connector.session());
    assert.deepEqual(seen, ["connecting", "connected", "disconnected"]);
  });

  it("does not come up after the user gave up while it was being made", async () => {
    let opened: (port: Port) => void = () => {};
    const { connector, seen } = rig([]);
    const connecting = connector.connect("bluetooth", { open: () => new Promise((resolve) => (opened = resolve)) });
    await connector.disconnect();
    opened(fakePort("late"));
    await connecting;
    assert.deepEqual(seen, ["connecting", "disconnected"]);
  });
});
