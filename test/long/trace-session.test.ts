/** A computer at the board's console: trace and status through a session, over Bluetooth of the virtual board with the real image. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readErrorTable } from "../../tools/errors/read-error-table.ts";
import type { Port } from "../../tools/port/port.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import type { Session } from "../../tools/repl/session.ts";
import { explainStatus } from "../../tools/status/explain.ts";
import { readStatus } from "../../tools/status/read-status.ts";
import type { TraceEvent } from "../../tools/trace/event.ts";
import { startTrace, TraceError } from "../../tools/trace/start-trace.ts";
import type { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };

function portOf(board: VirtualBoard): Port {
  const link = board.bluetooth({ chunkBytes: 20 });
  const port: Port = {
    name: "ble:virtual",
    chunkBytes: link.chunkBytes,
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += link.chunkBytes)
        await link.write(Buffer.from(bytes.slice(at, at + link.chunkBytes), "latin1"));
    },
    onData: undefined,
    onClose: undefined,
    close: async () => link.close(),
  };
  link.onData((bytes) => port.onData?.(Buffer.from(bytes).toString("latin1")));
  link.onClose(() => port.onClose?.(undefined));
  return port;
}

async function withBoard(run: (rig: FirmwareRig, session: Session) => Promise<void>): Promise<void> {
  const rig = await startFirmware({ config: { username: "mqttUser7", password: "s3cretMqtt" } });
  await rig.until("booted", () => rig.console.some((line) => line.startsWith("godwit ")));
  const session = openSession(portOf(rig.board));
  try {
    await run(rig, session);
    assert.deepEqual(rig.alarms, []);
  } finally {
    await session.close();
    await rig.stop();
  }
}

test("trace: on, decoded through a link of 20 bytes, off again; status beside it", LIMIT, () =>
  withBoard(async (rig, session) => {
    const events: TraceEvent[] = [];
    const trace = await startTrace(session, { level: 2, onEvent: (event) => void events.push(event) });
    const has = (pattern: RegExp): boolean => events.some(({ kind, text }) => kind === "mqtt" && pattern.test(text));
    await rig.until("PUBACK", () => has(/^PUBACK/));
    assert.ok(
      has(/^CONNECT MQTT 3\.1\.1/) &&
        has(/^CONNACK accepted/) &&
        has(/^PUBLISH godwit\/unit\/telemetry QoS 1 id \d+, \d+ bytes \{"battery/),
    );
    assert.ok(!JSON.stringify(events).includes("s3cretMqtt") && !rig.console.join("\n").includes("s3cretMqtt"));

    const view = await readStatus(session);
    assert.equal(view.trace, 2);
    assert.deepEqual(
      [view.hasFirmware, view.firmware, view.board, view.interpreter],
      [true, "0.1.0", "RAK5010", "2v29"],
    );
    assert.deepEqual([view.link.state, view.link.connects, view.registration], ["connected", 1, "registered"]);
    let { signal } = view;
    while (signal === undefined) ({ signal } = await readStatus(session));
    assert.deepEqual(signal, { rat: "CAT-M1", rsrpDbm: -88, rssiDbm: -61 });
    assert.ok(view.memory !== undefined && view.memory.used > 500 && view.memory.total > view.memory.used);
    assert.ok(view.clock.source !== "none" && Math.abs((view.clock.nowMs ?? 0) - Date.now()) < 3_600_000);
    assert.equal(view.tls.host, "yes");
    const report = explainStatus(view, readErrorTable());
    assert.deepEqual([report.verdict, report.error, report.ladder.at(-1)?.mark], ["good", undefined, "here"]);

    await trace.stop();
    assert.equal((await readStatus(session)).trace, 0);
    const count = events.length;
    const printed = rig.console.length;
    await rig.command('{"cmd":"report"}');
    await rig.result(1);
    assert.equal(events.length, count);
    assert.deepEqual(
      rig.console.slice(printed).filter((line) => line.includes("AT+")),
      [],
    );
  }),
);

test("a board that reboots goes on being traced", LIMIT, async () => {
  const rig = await startFirmware();
  await rig.until("booted", () => rig.console.some((line) => line.startsWith("godwit ")));
  const session = openSession(portOf(rig.board));
  const errors: unknown[] = [];
  const events: TraceEvent[] = [];
  await startTrace(session, {
    level: 1,
    onEvent: (event) => void events.push(event),
    onError: (error) => void errors.push(error),
  });
  // What src/main.ts prints when it starts: a serial port outlives the reboot, and so does the session.
  rig.board.evaluate("godwit.trace=0,print('godwit 0.1.0 rak5010 unit host name unproved')");
  await rig.until("on again", () => rig.board.evaluate("godwit.trace") === 1);
  assert.deepEqual(errors, []);
  await session.close();
  await rig.stop();
});

/** A session that answers as told. */
function fakeSession(answer: (expression: string) => unknown): Session & { asked: string[] } {
  const asked: string[] = [];
  const refuse = (): Promise<never> => Promise.reject(new Error("not used"));
  return {
    asked,
    port: { name: "fake", chunkBytes: 20, write: refuse, onData: undefined, onClose: undefined, close: refuse },
    identify: refuse,
    call: refuse,
    type: refuse,
    interrupt: refuse,
    async evaluate(expression) {
      asked.push(expression);
      return answer(expression);
    },
    onText: () => () => undefined,
    onClose: () => () => undefined,
    close: async () => undefined,
  };
}

test("a board without Godwit: nothing to trace, and a status that says so", async () => {
  await assert.rejects(
    startTrace(
      fakeSession(() => -1),
      { level: 2, onEvent: () => undefined },
    ),
    TraceError,
  );
  const view = await readStatus(fakeSession(() => ({ s: null, v: "2v29", b: "RAK5010" })));
  assert.deepEqual([view.hasFirmware, view.board, view.link.state], [false, "RAK5010", undefined]);
});

test("what the board says of its own trace is never evaluated again", async () => {
  const session = fakeSession((expression) => (expression.startsWith("typeof") ? 1e9 : undefined));
  await (await startTrace(session, { level: 1, onEvent: () => undefined })).stop();
  assert.equal(session.asked.at(-1), "godwit.trace=2");
});

test("the signal is asked for while the modem is on, seldom, and never twice at once; without it the status is still one", async () => {
  let state = "off";
  let release: ((values: unknown[]) => void) | undefined;
  let calls = 0;
  const session: Session = {
    ...fakeSession(() => ({ s: { state } })),
    call(code) {
      assert.equal(code, 'godwit.at("AT+QCSQ",done)');
      calls++;
      return new Promise((resolve) => {
        release = resolve;
      });
    },
  };
  let now = 0;
  const read = async (): Promise<unknown> => (await readStatus(session, () => now)).signal;
  assert.deepEqual([await read(), calls], [undefined, 0], "a modem that is off is not asked");
  state = "connected";
  const first = read();
  while (release === undefined) await new Promise((resolve) => setImmediate(resolve));
  now = 60_000;
  assert.deepEqual([await read(), calls], [undefined, 1], "one is under way");
  release([undefined, ['+QCSQ: "GSM",-71'], ""]);
  const signal = { rat: "GSM", rsrpDbm: undefined, rssiDbm: -71 };
  assert.deepEqual(await first, signal);
  now = 5000;
  assert.deepEqual([await read(), calls], [signal, 1], "not again so soon");
  state = "off";
  assert.deepEqual([await read(), calls], [undefined, 1], "and forgotten when the modem is off");
});
