import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TraceEvent, TraceKind } from "../../tools/trace/event.ts";
import { bytes, hex32, seconds, stamp } from "../../web/src/state/format.ts";
import { toProblem } from "../../web/src/state/problem.ts";
import { tabForKey, tabFromHash, tabsFor } from "../../web/src/state/tabs.ts";
import { readChoice, themeOf, toggled } from "../../web/src/state/theme.ts";
import { EVERYTHING, filtered, visible } from "../../web/src/state/trace-view.ts";

describe("tabs", () => {
  const tabs = tabsFor(true);

  it("have the board's own panel first where there is a virtual board, and nowhere else", () => {
    assert.equal(tabFromHash("", tabs), "board");
    assert.equal(tabFromHash("", tabsFor(false)), "flash");
    assert.equal(tabFromHash("#board", tabsFor(false)), "flash");
    assert.equal(tabFromHash("#trace", tabs), "trace");
  });

  it("are walked by arrow keys, around the ends", () => {
    assert.equal(tabForKey("ArrowDown", "board", tabs), "flash");
    assert.equal(tabForKey("ArrowLeft", "board", tabs), "status");
    assert.equal(tabForKey("ArrowRight", "status", tabs), "board");
    assert.equal(tabForKey("Home", "trace", tabs), "board");
    assert.equal(tabForKey("End", "board", tabs), "status");
    assert.equal(tabForKey("Enter", "board", tabs), undefined);
  });
});

describe("theme", () => {
  it("is the system's until somebody says otherwise", () => {
    assert.equal(themeOf(readChoice(null), true), "dark");
    assert.equal(themeOf(readChoice("nonsense"), false), "light");
    assert.equal(themeOf(readChoice("light"), true), "light");
  });

  it("toggles to the other one, and back to what the system says", () => {
    assert.equal(toggled("system", true), "light");
    assert.equal(toggled("light", true), "system");
    assert.equal(toggled("dark", false), "system");
  });
});

describe("numbers", () => {
  it("read as people read them", () => {
    assert.equal(bytes(9999), "9,999 B");
    assert.equal(bytes(22_873), "22.3 KB");
    assert.deepEqual([8, 65, 7380].map(seconds), ["8 s", "1 min 05 s", "2 h 03 min"]);
    assert.equal(stamp(83_045), "01:23.045");
    assert.equal(hex32(-1), "ffffffff");
  });
});

describe("a problem", () => {
  it("has a code only where there is a stable one", () => {
    assert.deepEqual(toProblem(Object.assign(new Error("m"), { code: "PORT_LOST" })), {
      code: "PORT_LOST",
      message: "m",
    });
    assert.equal(toProblem(Object.assign(new Error("m"), { code: 19 })).code, undefined);
    assert.equal(toProblem("text").message, "text");
    assert.equal(toProblem(new Error("x".repeat(900))).message.length, 500);
  });
});

describe("rows of the trace", () => {
  const event = (number: number, kind: TraceKind, text: string): TraceEvent => ({
    number,
    atMs: number,
    kind,
    direction: "out",
    text,
    meaning: undefined,
    severity: text.includes("ERROR") ? "fault" : "info",
    code: undefined,
    socket: undefined,
    bytes: undefined,
    packet: undefined,
  });
  const events = [event(0, "at-command", "AT+CSQ"), event(1, "urc", "+CREG: 1"), event(2, "at-response", "ERROR")];
  const numbers = (filter: Partial<typeof EVERYTHING>) =>
    filtered(events, { ...EVERYTHING, ...filter }).map(({ number }) => number);

  it("are those of the chips, the search and the faults", () => {
    assert.deepEqual(numbers({}), [0, 1, 2]);
    assert.deepEqual(numbers({ chips: new Set(["urc"]) }), [1]);
    assert.deepEqual(numbers({ search: "csq" }), [0]);
    assert.deepEqual(numbers({ faultsOnly: true }), [2]);
  });

  it("are drawn where they can be seen, and a few around", () => {
    const { from, to } = visible(5000, 26_000, 520, 26);
    assert.ok(from <= 1000 && from > 900, String(from));
    assert.ok(to >= 1020 && to < 1100, String(to));
    assert.deepEqual(visible(3, 0, 520, 26), { from: 0, to: 3 });
    assert.equal(visible(0, 0, 520, 26).to, 0);
    assert.ok(visible(5000, 0, 520, 0).to <= 60);
  });
});
