/** Filter, log and export. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TraceEvent } from "../../tools/trace/event.ts";
import { exportLine, exportTrace } from "../../tools/trace/export.ts";
import { isTopicFilter, LEVELS, matches, topicMatches } from "../../tools/trace/filter.ts";
import { createTraceLog } from "../../tools/trace/log.ts";
import { createTraceParser } from "../../tools/trace/parse.ts";

const AT = Date.UTC(2026, 7, 7, 12, 34, 56, 789);

function decode(text: string): TraceEvent[] {
  const events: TraceEvent[] = [];
  const parser = createTraceParser({ onEvent: (event) => void events.push(event) });
  parser.feed(text, AT);
  parser.end(AT);
  return events;
}

const EVENTS = decode(
  [
    '>AT+QSSLOPEN=1,1,0,"h",8883,0',
    "<OK",
    "<+QSSLOPEN: 0,566",
    '>tls1"0\\x08\\0\\3a/babc"',
    "<867698041234567",
    "!AT_TIMEOUT",
    "hello",
    "",
  ].join("\n"),
);
const texts = (filter: Parameters<typeof matches>[1]): string[] =>
  EVENTS.filter((event) => matches(event, filter)).map(({ text }) => text);

test("a Topic Filter has its wildcards in their places", () => {
  for (const good of ["a", "/", "+", "#", "a/+/b", "a/#", "+/+/#", "$SYS/#", "a//b"])
    assert.ok(isTopicFilter(good), good);
  for (const bad of ["", "a+", "a/b#", "#/a", "a/#/b", "+a/b", "##"]) assert.ok(!isTopicFilter(bad), bad);
});

describe("filter", () => {
  test("by kind, text, socket, topic, fault; all of them together", () => {
    assert.equal(texts({}).length, EVENTS.length);
    assert.deepEqual(texts({ kinds: new Set(["note"]) }), ["AT_TIMEOUT"]);
    assert.deepEqual(texts({ text: "REFUSED" }), ["+QSSLOPEN: 0,566"], "in the meaning too, whatever the case");
    assert.deepEqual(texts({ socket: "tls1" }), ["tls1 writes 10 bytes", "PUBLISH a/b QoS 0, 3 bytes abc"]);
    assert.deepEqual(texts({ topic: "a/+" }), ["PUBLISH a/b QoS 0, 3 bytes abc"]);
    assert.deepEqual(texts({ faultsOnly: true }), ["+QSSLOPEN: 0,566", "AT_TIMEOUT"]);
    assert.deepEqual(texts({ topic: "a/+", faultsOnly: true }), []);
    assert.deepEqual(texts({ text: "", topic: "", socket: "" }).length, EVENTS.length, "empty fields of a form");
  });

  test("levels of the command line", () => {
    assert.deepEqual(texts({ kinds: LEVELS["mqtt"] ?? new Set() }), [
      "PUBLISH a/b QoS 0, 3 bytes abc",
      "AT_TIMEOUT",
      "hello",
    ]);
    assert.ok(!texts({ kinds: LEVELS["at"] ?? new Set() }).some((text) => text.startsWith("PUBLISH")));
    assert.equal(texts({ kinds: LEVELS["all"] ?? new Set() }).length, EVENTS.length);
  });

  test("Topic Filters (MQTT 3.1.1, 4.7)", () => {
    const rows: readonly [string, string, boolean][] = [
      ["#", "a/b", true],
      ["a/#", "a", true],
      ["a/#", "a/b/c", true],
      ["a/+", "a", false],
      ["a/+", "a/", true],
      ["+/+", "/a", true],
      ["+", "/a", false],
      ["a/b", "a/b/c", false],
      ["#", "$SYS/x", false],
      ["+/x", "$SYS/x", false],
      ["$SYS/#", "$SYS/x", true],
    ];
    for (const [filter, topic, expected] of rows)
      assert.equal(topicMatches(filter, topic), expected, `${filter} ${topic}`);
  });
});

describe("export", () => {
  test("a line each, aligned, with time, fault, meaning and code; identifiers masked unless asked for", () => {
    const lines = EVENTS.map((event) => exportLine(event));
    const column = EVENTS.map(({ text }, index) => lines[index]?.indexOf(text.slice(0, 4), 30));
    assert.deepEqual([...new Set(column)], [35]);
    assert.match(
      lines[2] ?? "",
      /^12:34:56\.789 ! at-response tls0 {2}< \+QSSLOPEN: 0,566 {2}-- TLS socket 0 is not open.* \[TLS_REFUSED\]$/,
    );
    assert.ok(lines.some((line) => line.includes("867698*********")));
    assert.ok(
      EVENTS.map((event) => exportLine(event, { identifiers: true })).some((line) => line.includes("867698041234567")),
    );
  });

  test("a head says what it is of, and nothing in it breaks the line", () => {
    const text = exportTrace(EVENTS, { atMs: AT, board: "RAK5010\n# forged", firmware: "0.1.0" });
    const head = text.split("\n").filter((line) => line.startsWith("#"));
    assert.equal(head.length, 5);
    assert.match(head[1] ?? "", /board RAK5010\\n# forged, interpreter not asked, firmware 0\.1\.0/);
    assert.equal(text.trimEnd().split("\n").length, 5 + EVENTS.length);
    assert.match(exportTrace([], { atMs: AT }), /0 events/);
  });

  test("without payloads: topic and length stay", () => {
    const text = exportTrace(EVENTS, { atMs: AT }, { payloads: false });
    assert.match(text, /PUBLISH a\/b QoS 0, 3 bytes\n/);
    assert.match(text, /payloads are left out/);
  });
});

test("the log keeps the newest, and says how many it let go", () => {
  const log = createTraceLog(100);
  const [event] = EVENTS;
  assert.ok(event !== undefined);
  for (let number = 0; number < 250; number++) log.add({ ...event, number });
  assert.ok(log.events.length <= 100);
  assert.equal(log.events.at(-1)?.number, 249);
  assert.equal(log.dropped + log.events.length, 250);
  log.clear();
  assert.deepEqual([log.events.length, log.dropped], [0, 0]);
});
