import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type BoardPanel,
  guide,
  heard,
  isTraffic,
  MOST_ENTRIES,
  MOST_TRAFFIC,
  NO_PANEL,
} from "../../web/src/state/board-panel.ts";

const frame = (message: unknown): string => JSON.stringify(message);
const entry = (topic: string, mark: string, atMs = 0): string =>
  frame({ type: "entry", entry: { atMs, topic, mark, text: topic } });
const HELLO = frame({
  type: "hello",
  board: "rak5010",
  model: "BG96",
  faults: [{ name: "drop", says: "cuts", expect: "comes back", once: true, active: false }],
});
const told = (...frames: string[]): BoardPanel => frames.reduce(heard, NO_PANEL);

describe("what npm start tells", () => {
  it("has board, faults and story", () => {
    const panel = told(
      HELLO,
      entry("mqtt", "good", 1200),
      frame({ type: "faults", active: ["drop"] }),
      frame({ type: "board", state: "off" }),
    );
    assert.equal(panel.link, "open");
    assert.deepEqual(panel.faults, [{ name: "drop", says: "cuts", expect: "comes back", once: true, active: true }]);
    assert.deepEqual(
      panel.story.map(({ atMs, text }) => [atMs, text]),
      [[1200, "mqtt"]],
    );
    assert.equal(panel.power, "off");
  });

  it("is told anew at every connection, not twice", () => {
    assert.equal(told(HELLO, entry("mqtt", "good"), HELLO, entry("mqtt", "good")).story.length, 1);
  });

  it("is bounded", () => {
    const panel = told(HELLO, ...Array.from({ length: MOST_ENTRIES + 20 }, (_, n) => entry("device", "info", n)));
    assert.equal(panel.story.length, MOST_ENTRIES);
    assert.equal(panel.story[0]?.atMs, 20);
  });

  it("has the AT traffic apart, which pushes out nothing else", () => {
    const traffic = Array.from({ length: MOST_TRAFFIC + 700 }, (_, n) => entry("at", "trace", n));
    const { story } = told(HELLO, entry("mqtt", "good", 1), ...traffic, entry("link", "fault", 2));
    assert.deepEqual(
      story.filter((one) => !isTraffic(one)).map(({ topic }) => topic),
      ["mqtt", "link"],
    );
    const kept = story.filter(isTraffic);
    assert.equal(kept.length, MOST_TRAFFIC);
    assert.equal(kept[0]?.atMs, 700);
  });

  it("changes nothing where it is not understood", () => {
    const before = told(HELLO);
    for (const bad of [
      "",
      "{",
      "null",
      "[]",
      "3",
      frame({ type: "entry" }),
      frame({ type: "entry", entry: { atMs: "x" } }),
      frame({ type: "board", state: "up" }),
    ]) {
      assert.deepEqual(heard(before, bad), before, bad);
    }
  });

  it("does not throw whatever comes", () => {
    const type = fc.constantFrom("hello", "entry", "faults", "board");
    fc.assert(
      fc.property(
        type,
        fc.dictionary(fc.constantFrom("faults", "entry", "active", "state", "board"), fc.jsonValue()),
        (name, rest) => {
          heard(NO_PANEL, frame({ ...rest, type: name }));
        },
      ),
    );
  });
});

describe("the guided path", () => {
  const ticks = (panel: BoardPanel): boolean[] => guide(panel).map(({ isDone }) => isDone);

  it("ticks off what has happened, in order", () => {
    assert.deepEqual(ticks(told(HELLO)), [false, false, false]);
    assert.deepEqual(ticks(told(HELLO, entry("mqtt", "good"))), [true, false, false]);
    assert.deepEqual(ticks(told(HELLO, entry("mqtt", "good"), entry("link", "fault"))), [true, true, false]);
    assert.deepEqual(ticks(told(HELLO, entry("mqtt", "good"), entry("link", "fault"), entry("mqtt", "good"))), [
      true,
      true,
      true,
    ]);
  });

  it("does not take what went wrong on the way up for the user's doing", () => {
    assert.deepEqual(ticks(told(HELLO, entry("clock", "fault"), entry("mqtt", "good"))), [true, false, false]);
  });
});
