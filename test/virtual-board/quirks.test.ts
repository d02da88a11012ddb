import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { expressions, normalise, probe, SCRIPT_MS, scripts } from "./quirks.ts";

describe("virtual board: expressions as on the interpreter", () => {
  const board = new VirtualBoard({ board: "rak5010", clock: createManualClock() });
  board.on("defect", (error) => assert.fail(String(error)));
  board.start();
  for (const [topic, table] of Object.entries(expressions)) {
    it(topic, () => {
      const answers = table.map(([expression]) => [expression, String(board.evaluate(probe(expression)))]);
      assert.deepEqual(answers, table);
    });
  }
});

describe("virtual board: order of events as on the interpreter", () => {
  for (const { name, script, prints } of scripts) {
    it(name, () => {
      const clock = createManualClock();
      const board = new VirtualBoard({ board: "rak5010", clock, serial: { paced: false } });
      let text = "";
      board.on("console", (more) => {
        text += more;
      });
      board.on("defect", (error) => assert.fail(String(error)));
      board.start();
      board.evaluate(script);
      clock.advance(SCRIPT_MS);
      board.stop();
      assert.deepEqual(normalise(text), prints);
    });
  }
});
