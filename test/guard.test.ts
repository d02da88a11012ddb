/** What the interpreter calls: an exception ends nothing, and too many of them the run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleModule } from "../tools/build/bundle.ts";
import { createManualClock } from "../tools/clock.ts";
import { VirtualBoard } from "../tools/virtual-board/board.ts";

test("an exception is counted, kept and printed; when there is no end to them, the board starts anew", async () => {
  const { code } = await bundleModule("modules/guard.ts");
  const clock = createManualClock();
  const board = new VirtualBoard({ board: "rak5010", clock, storage: new Map([["guard", code]]) });
  let reboots = 0;
  let shown = "";
  board.on("reboot", () => reboots++);
  board.on("console", (text) => {
    shown += text;
  });
  board.start();
  board.evaluate('g=require("guard");n=0;function bad(a,b,c){n+=a+b+c;null.x}');
  board.evaluate("g.guard(bad,1,2,3)");
  assert.equal(board.evaluate("n"), 6);
  assert.equal(board.evaluate("g.crashes.count"), 1);
  assert.match(String(board.evaluate("g.crashes.last")), /x[\s\S]*at bad/);
  assert.match(shown, /at bad/);
  board.evaluate("for(i=1;i<250;i++)g.guard(bad,0,0,0)");
  assert.equal(reboots, 0);
  board.evaluate("g.after(1000,bad,0,0,0)");
  clock.advance(2000);
  assert.equal(reboots, 1);
  board.stop();
});
