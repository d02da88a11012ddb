import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeviceStatus } from "../../src/device.ts";
import { createDeviceStory, type DeviceFailure } from "../../tools/demo/device-story.ts";
import type { Entry, Tell } from "../../tools/demo/entry.ts";
import { verificationDetails } from "../../tools/demo/modem-story.ts";
import { createMqttStory } from "../../tools/demo/mqtt-story.ts";
import { createStreamMarks } from "../../tools/demo/stream-marks.ts";
import { parseErrorTable } from "../../tools/errors/error-table.ts";

const ERRORS = parseErrorTable(`| code | meaning | likely causes | what to do |
|---|---|---|---|
| \`NET_X\` | no net | 1. rain<br>2. wall | go outside |
`);

function recorder(): { entries: Entry[]; tell: Tell } {
  const entries: Entry[] = [];
  return {
    entries,
    tell: (topic, text, extras = {}) => entries.push({ atMs: 0, topic, mark: "info", text, ...extras }),
  };
}

/** Only what the story reads. */
const STATUS = {
  error: { code: "NET_X", command: "+CEREG?" },
  at: { exchanges: 17 },
  clock: { source: "sntp", rtcErrorS: 1, refused: "nitz:CLOCK_NONE " },
  tls: { readBack: "yes", host: "unproved" },
} as DeviceStatus;

function deviceStory(explains = true) {
  const { entries, tell } = recorder();
  const failures: DeviceFailure[] = [];
  const states: string[] = [];
  const story = createDeviceStory({
    tell,
    errors: ERRORS,
    status: () => STATUS,
    buildTime: 1_750_000_000,
    explains,
    onFailure: (failure) => failures.push(failure),
    onState: (state) => states.push(state),
  });
  return { entries, failures, states, story };
}

test("console text that comes in pieces is read line by line", () => {
  const { entries, failures, states, story } = deviceStory();
  for (const piece of ["link act", "ive\r", "\nlink ready ! NET_X 566 retry 1.2 s, radio\r\nhel", "lo\n"])
    story.console(piece);
  assert.deepEqual(states, ["active"]);
  assert.deepEqual(failures, [{ code: "NET_X", cause: "566", inRow: 1 }]);
  assert.deepEqual(
    entries.map(({ text }) => text),
    ["NET_X (566)", "hello"],
  );
});

test("an error that nothing caught is told once, however the console prints it", () => {
  const { entries, story } = deviceStory();
  const stack = "TypeError: no\n    at publish (.bootcde:1:24)\n    throw 1\n    ^\n    at REPL:1:15";
  story.uncaught("TypeError: no", stack);
  story.console(`Uncaught ${stack.replaceAll("\n", "\r\n")}\r\nlink active\r\n`);
  story.console("Uncaught TypeError: no\r\n");
  assert.deepEqual(
    entries.map(({ text, details = [] }) => [text, details.map(({ label, text: at }) => `${label}|${at}`)]),
    [
      ["uncaught: TypeError: no", ["at|publish (.bootcde:1:24)", "|REPL:1:15"]],
      // Printed by somebody, and told by nobody else.
      ["Uncaught TypeError: no", []],
    ],
  );
});

test("what the console prints of a running trace is no part of the story", () => {
  const { entries, states, story } = deviceStory();
  story.console('>AT+QCSQ\n<+QCSQ: "CAT-M1"\n<\n>tls0"ab"\n<tls0"cd"\n!AT_ERROR\n>>AT\nlink active\n<b> is text\n');
  story.console("hello > there\n");
  assert.deepEqual(states, ["active"]);
  assert.deepEqual(
    entries.map(({ text }) => text),
    ["hello > there"],
  );
});

test("a code is explained once, with causes in their order; the rest of the row is short", () => {
  const { entries, failures, story } = deviceStory();
  story.console("link ready ! NET_X undefined retry 1.0 s, socket\n");
  story.console("link ready ! NET_X undefined retry 2.0 s, pdp\n");
  assert.deepEqual(
    entries[0]?.details?.map(({ label, text }) => `${label}|${text}`),
    [
      "command|+CEREG?",
      "meaning|no net",
      "likely causes|1. rain",
      "|2. wall",
      "what to do|go outside",
      "more|docs/errors.md",
      "next|in 1.0 s: open the socket again",
    ],
  );
  assert.equal(entries[1]?.details?.length, 2);
  assert.deepEqual(
    failures.map(({ cause, inRow }) => [cause, inRow]),
    [
      [undefined, 1],
      [undefined, 2],
    ],
  );
  story.console("link connected\nlink ready ! NET_X 1 retry 1.0 s, socket\n");
  assert.equal(failures.at(-1)?.inRow, 1);
});

test("a mistake in the configuration is shown with its explanation", () => {
  const { entries, story } = deviceStory();
  story.console("config ! NET_X port\n");
  assert.equal(entries[0]?.mark, "fault");
  assert.ok(entries[0]?.details?.some(({ text }) => text === "no net"));
});

test("what the modem did not verify is said to be not verified", () => {
  const tls = { seclevel: 2, datesChecked: true, hostChecked: false, clientCertificate: true };
  const marks = (rows: ReturnType<typeof verificationDetails>): string =>
    rows.map(({ label, mark }) => `${label}:${mark}`).join(" ");
  assert.equal(marks(verificationDetails(tls, "h", "BG96", "ca.pem")), "CA:good dates:good host name:fault");
  assert.equal(
    marks(verificationDetails({ ...tls, seclevel: 0, hostChecked: true }, "h", "BG96", "ca.pem")),
    "CA:fault dates:fault host name:good",
  );
});

test("a position in a stream is passed by the mark that reaches it", () => {
  const marks = createStreamMarks();
  marks.add(10, 1);
  marks.add(5, 2);
  assert.equal(marks.passed(10), 1);
  assert.equal(marks.passed(11), 2);
  assert.equal(marks.passed(16), undefined);
  assert.equal(marks.total, 15);
});

test("a publish is acknowledged when its PUBACK was read, not when it was written", () => {
  const { entries, tell } = recorder();
  const acknowledged: string[] = [];
  const story = createMqttStory({
    tell,
    now: () => 0,
    onConnected: () => undefined,
    onAcknowledged: ({ topic }) => acknowledged.push(topic),
  });
  const socket = { type: "socket", kind: "tls", id: 0, host: "h", port: 1 } as const;
  const publish = {
    cmd: "publish",
    topic: "t",
    payload: "p",
    qos: 1,
    retain: false,
    dup: false,
    messageId: 7,
  } as const;
  story.broker({ type: "accepted", link: 1, protocol: "TLSv1.2", client: "c" });
  story.modem({ type: "command", line: "AT+QSSLSEND=0,20", at: 90 });
  story.modem({ ...socket, action: "sent", bytes: 20, at: 100 });
  story.broker({ type: "packet", link: 1, direction: "in", packet: publish, end: 20 });
  story.broker({ type: "packet", link: 1, direction: "out", packet: { cmd: "puback", messageId: 7 }, end: 4 });
  story.modem({ type: "command", line: "AT+QSSLRECV=0,768", at: 280 });
  story.modem({ ...socket, action: "read", bytes: 3, at: 290 });
  assert.deepEqual(acknowledged, []);
  story.modem({ ...socket, action: "read", bytes: 1, at: 300 });
  assert.deepEqual(acknowledged, ["t"]);
  assert.deepEqual([entries[0]?.data?.["roundTripMs"], entries[0]?.data?.["exchanges"]], [200, 2]);
});

test("what was under way when the connection ended is named", () => {
  const { entries, tell } = recorder();
  const story = createMqttStory({ tell, now: () => 0, onConnected: () => undefined, onAcknowledged: () => undefined });
  const publish = {
    cmd: "publish",
    topic: "t",
    payload: "p",
    qos: 1,
    retain: false,
    dup: false,
    messageId: 7,
  } as const;
  story.broker({ type: "accepted", link: 1, protocol: "TLSv1.2", client: "c" });
  story.broker({ type: "packet", link: 1, direction: "in", packet: publish, end: 20 });
  story.broker({ type: "closed", link: 1 });
  assert.match(entries[0]?.text ?? "", /1 packet unacknowledged: t/);
});
