/** What the loader on the board picks, start after start: `.bootcde` as it is built, on a virtual board. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import { encodeHeader, PROVED_OFFSET, REVOKED_OFFSET, SLOT_BYTES } from "../../tools/flash/layout.ts";
import { bundleLoader } from "../../tools/flash/make-image.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { findProfile } from "../../tools/virtual-board/boards/index.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";

const { freeFlash } = findProfile("rak5010");
const BASE = freeFlash.address + freeFlash.length - 2 * SLOT_BYTES;
const HALF_A_MINUTE = 30_000;

let loader = "";

/** A board with two slots, started as often as a test likes. */
class Rig {
  readonly flash = new FlashMemory();
  readonly clock = createManualClock();
  readonly board: VirtualBoard;
  shown = "";

  constructor() {
    this.board = new VirtualBoard({ board: "rak5010", image: loader, clock: this.clock, flash: this.flash });
    this.board.on("console", (text) => {
      this.shown += text;
    });
    this.board.on("defect", (error) => assert.fail(String(error)));
    this.board.on("flash-abuse", (message) => assert.fail(message));
  }

  put(slot: number, number: number, code: string): this {
    const base = BASE + slot * SLOT_BYTES;
    const header = encodeHeader({ number, code, board: "rak5010", version: "1.2.3", buildTime: 1 });
    this.flash.write(base, Buffer.from(header, "latin1"));
    this.flash.write(base + 256, Buffer.from(code, "latin1"));
    return this;
  }

  mark(slot: number, offset: number): this {
    this.flash.write(BASE + slot * SLOT_BYTES + offset, [0, 0, 0, 0]);
    return this;
  }

  /** Plug in, `ms` pass, plug out; what the images have said meanwhile. */
  run(ms = 1000): string {
    this.shown = "";
    this.board.start();
    this.clock.advance(ms);
    this.board.stop();
    return this.shown.trim();
  }
}

const says = (text: string): string => `print(${JSON.stringify(text)});`;

describe("loader", () => {
  before(async () => {
    loader = await bundleLoader("rak5010");
  });

  it("fits into a page of Storage with its header, and has no finding", () => assert.ok(loader.length < 1200));

  it("without an image says so and leaves the board in reach", () => {
    const rig = new Rig();
    assert.equal(rig.run(), "godwit: there is no image that runs");
  });

  it("runs the newer one of two, whichever slot it is in", () => {
    assert.equal(new Rig().put(0, 1, says("old")).put(1, 2, says("new")).run(), "new");
    assert.equal(new Rig().put(0, 8, says("new")).put(1, 7, says("old")).run(), "new");
  });

  it("goes back to the one that was there after three starts without a connection", () => {
    const rig = new Rig().put(0, 1, says("old")).mark(0, PROVED_OFFSET).put(1, 2, says("new"));
    assert.deepEqual([rig.run(), rig.run(), rig.run(), rig.run(), rig.run()], ["new", "new", "new", "old", "old"]);
  });

  it("stays with one that has proved itself", () => {
    const rig = new Rig().put(0, 1, says("old")).mark(0, PROVED_OFFSET).put(1, 2, says("new")).mark(1, PROVED_OFFSET);
    assert.deepEqual(new Set(Array.from({ length: 12 }, () => rig.run())), new Set(["new"]));
  });

  it("lets an image prove itself by its slot, at any start", () => {
    const word = `slot+${PROVED_OFFSET}`;
    const prove = `f=require("Flash");if(f.read(1,${word})[0])f.write("\\0\\0\\0\\0",${word})`;
    const rig = new Rig()
      .put(0, 1, says("old"))
      .mark(0, PROVED_OFFSET)
      .put(1, 2, says("new") + prove);
    for (let i = 0; i < 10; i++) assert.equal(rig.run(), "new");
  });

  it("does not run one that was revoked, or is for more bytes than a slot has", () => {
    assert.equal(new Rig().put(0, 1, says("old")).put(1, 2, says("new")).mark(1, REVOKED_OFFSET).run(), "old");
  });

  for (const [what, offset] of [
    ["the code", 300],
    ["the header", 20],
    ["the length", 12],
  ] as const) {
    it(`does not run one in which a bit of ${what} has fallen`, () => {
      const rig = new Rig().put(0, 1, says("old")).put(1, 2, says("a new one that is long enough to have byte 300"));
      const [byte = 0] = rig.flash.read(BASE + SLOT_BYTES + offset, 1);
      rig.flash.write(BASE + SLOT_BYTES + offset, [byte & (byte - 1)]);
      assert.equal(rig.run(), "old");
    });
  }

  it("restarts a board whose new image throws while it boots, and goes back to the other one", () => {
    const rig = new Rig().put(0, 1, says("old")).mark(0, PROVED_OFFSET).put(1, 2, 'throw new Error("broken")');
    const shown = rig.run(HALF_A_MINUTE + 2000);
    assert.match(shown, /broken[\s\S]*old$/);
    assert.equal(rig.run(), "old");
  });

  it("keeps what was thrown where a computer can read it, and the REPL in reach for half a minute", () => {
    const rig = new Rig().put(0, 1, says("old")).put(1, 2, 'throw new Error("broken")');
    rig.board.start();
    rig.clock.advance(HALF_A_MINUTE - 1000);
    assert.equal(rig.board.evaluate("bootError.message"), "broken");
    rig.board.stop();
  });

  it("gives an image that is alone eight starts to live for half a minute", () => {
    const rig = new Rig().put(0, 1, 'throw new Error("broken")');
    const starts = Array.from({ length: 9 }, () => rig.run(1000)); // and no word of the flash is written a third time
    assert.equal(starts.filter((text) => text.includes("broken")).length <= 8, true);
    assert.equal(rig.run(), "godwit: there is no image that runs");
  });

  it("keeps one that is alone and lives, connected or not", () => {
    const rig = new Rig().put(0, 1, says("only"));
    assert.equal(rig.run(HALF_A_MINUTE + 1000), "only");
    for (let i = 0; i < 12; i++) assert.equal(rig.run(), "only");
  });

  it("is not disturbed by globals of the image that have its own short names", () => {
    const names = [...loader.matchAll(/(?:var |,)(\w)=/g)].map(([, name]) => `${name}=function(){throw 1}`);
    const rig = new Rig().put(0, 1, `var ${[...new Set(names)].join()};print("only")`);
    assert.equal(rig.run(HALF_A_MINUTE + 1000), "only");
    for (let i = 0; i < 9; i++) assert.equal(rig.run(), "only");
  });

  it("survives a power cut at every access to the flash", () => {
    for (let cut = 1; cut <= 6; cut++) {
      const rig = new Rig().put(0, 1, says("old")).mark(0, PROVED_OFFSET).put(1, 2, says("new"));
      rig.flash.powerFailsAfter(cut, cut);
      rig.run(HALF_A_MINUTE + 1000);
      rig.flash.powerOn();
      assert.equal(rig.run(), "new", `cut ${cut}`);
    }
  });
});
