import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { ERASE_STEPS } from "../../tools/virtual-board/flash-memory.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";
import { createRig } from "../virtual-board/rig.ts";

const PAGE = 0x94000;
const PAGE_BYTES = 4096;
const words = (flash: FlashMemory, address: number, count: number): number[] => [
  ...new Uint32Array(flash.read(address, count * 4).buffer),
];
const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

/** A page of which every word is 0x0f0f0f0f. */
function createWritten(): FlashMemory {
  const flash = new FlashMemory();
  flash.write(PAGE, new Uint8Array(PAGE_BYTES).fill(0x0f));
  return flash;
}

describe("virtual flash: a cut in a write", () => {
  const data = Uint8Array.from({ length: 22 }, (_, i) => i + 1);
  const STEPS = 6;

  it("takes a step for each word", () => {
    const flash = new FlashMemory();
    flash.write(PAGE, data);
    assert.equal(flash.steps, STEPS);
    flash.write(PAGE + 30, [1, 2, 3, 4]);
    assert.equal(flash.steps, STEPS + 2);
  });

  it("leaves whole words without a seed, at every step", () => {
    for (let cut = 0; cut <= STEPS; cut++) {
      const flash = new FlashMemory();
      flash.powerFailsAfter(cut);
      assert.throws(() => flash.write(PAGE, data), /no power/);
      const expected = Array.from({ length: 24 }, (_, i) =>
        i < cut * 4 && i < data.length ? (data[i] as number) : 255,
      );
      assert.deepEqual([...flash.read(PAGE, 24)], expected);
      assert.equal(flash.steps, cut);
    }
  });

  it("leaves the word after it with any part of its bits cleared, with a seed", () => {
    const seen = new Set<number>();
    for (let cut = 0; cut < STEPS - 1; cut++) {
      for (const seed of SEEDS) {
        const flash = new FlashMemory();
        flash.powerFailsAfter(cut, seed);
        assert.throws(() => flash.write(PAGE, data), /no power/);
        const whole = cut * 4;
        assert.deepEqual([...flash.read(PAGE, whole)], [...data.subarray(0, whole)]);
        const torn = [...flash.read(PAGE + whole, 4)];
        // Bits that were to stay are there.
        for (let i = 0; i < 4; i++) assert.equal((torn[i] as number) & (data[whole + i] as number), data[whole + i]);
        assert.deepEqual([...flash.read(PAGE + whole + 4, 24 - whole)], new Array(24 - whole).fill(255));
        if (cut === 2) seen.add(words(flash, PAGE + whole, 1)[0] as number);
      }
    }
    assert.ok(seen.has(0xffffffff), "none of the bits");
    assert.ok(seen.has(0x0c0b0a09), "all of the bits");
    assert.ok(seen.size > 50, `${seen.size} different words`);
  });

  it("does not come when the steps do not suffice", () => {
    const flash = new FlashMemory();
    flash.powerFailsAfter(STEPS, 7);
    flash.write(PAGE, data);
    assert.equal(flash.isPowered, true);
    assert.throws(() => flash.write(PAGE + 100, [1]), /no power/);
  });
});

describe("virtual flash: a cut in an erase", () => {
  it("leaves some words erased, some with more bits set, some as they were", () => {
    const shares: number[] = [];
    for (let cut = 0; cut < ERASE_STEPS; cut++) {
      const flash = createWritten();
      flash.powerFailsAfter(cut, 1);
      assert.throws(() => flash.erase(PAGE + 5), /no power/);
      const left = words(flash, PAGE, PAGE_BYTES / 4);
      for (const word of left) assert.equal((word & 0x0f0f0f0f) >>> 0, 0x0f0f0f0f);
      const erased = left.filter((word) => word === 0xffffffff).length;
      const kept = left.filter((word) => word === 0x0f0f0f0f).length;
      if (cut > 0) assert.ok(erased > 0 && kept > 0 && erased + kept < left.length, `${erased} and ${kept} at ${cut}`);
      shares.push(erased);
    }
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
    );
  });

  it("has not begun at 0 and is done after the last step, without a seed", () => {
    for (const [cut, expected] of [
      [0, 0x0f0f0f0f],
      [ERASE_STEPS, 0xffffffff],
    ] as const) {
      const flash = createWritten();
      flash.powerFailsAfter(cut);
      assert.throws(() => flash.erase(PAGE), /no power/);
      assert.deepEqual(new Set(words(flash, PAGE, PAGE_BYTES / 4)), new Set([expected]));
    }
    const flash = createWritten();
    flash.powerFailsAfter(1);
    assert.throws(() => flash.erase(PAGE), /no power/);
    assert.ok(new Set(words(flash, PAGE, PAGE_BYTES / 4)).size > 2);
  });

  it("only concerns its page", () => {
    const flash = createWritten();
    flash.write(PAGE + PAGE_BYTES, [1, 2, 3, 4]);
    flash.powerFailsAfter(2, 3);
    assert.throws(() => flash.erase(PAGE), /no power/);
    assert.deepEqual([...flash.read(PAGE + PAGE_BYTES, 5)], [1, 2, 3, 4, 255]);
  });

  it("makes a write into that page an abuse until it is erased to the end", () => {
    const cutErase = (): FlashMemory => {
      const flash = new FlashMemory();
      flash.powerFailsAfter(2, 1);
      assert.throws(() => flash.erase(PAGE));
      flash.powerOn();
      return flash;
    };
    const careless = cutErase();
    careless.write(PAGE, new Uint8Array(40));
    assert.deepEqual(
      careless.abuses.map(({ kind }) => kind),
      ["unsettled"],
    );
    const careful = cutErase();
    careful.erase(PAGE);
    careful.write(PAGE, new Uint8Array(40));
    assert.deepEqual(careful.abuses, []);
  });
});

describe("virtual flash: after a cut", () => {
  it("is the same for the same seed and the same steps", () => {
    const cutAt = (steps: number, seed?: number): string => {
      const flash = createWritten();
      flash.powerFailsAfter(steps, seed);
      assert.throws(() => {
        flash.write(PAGE, [0, 0, 0, 0]);
        flash.erase(PAGE);
      }, /no power/);
      return Buffer.from(flash.read(PAGE, PAGE_BYTES)).toString("latin1");
    };
    for (const seed of [undefined, 1, 2]) assert.equal(cutAt(3, seed), cutAt(3, seed));
    assert.notEqual(cutAt(3, 1), cutAt(3, 2));
    assert.notEqual(cutAt(3, 1), cutAt(3));
  });

  it("does nothing until the power is on again", () => {
    const flash = createWritten();
    flash.powerFailsAfter(0);
    assert.throws(() => flash.write(PAGE, [0]), /no power/);
    assert.equal(flash.isPowered, false);
    const before = [flash.steps, flash.wear(), flash.read(PAGE, PAGE_BYTES)];
    assert.throws(() => flash.write(PAGE, [0]), /no power/);
    assert.throws(() => flash.erase(PAGE), /no power/);
    assert.deepEqual([flash.steps, flash.wear(), flash.read(PAGE, PAGE_BYTES)], before);
    flash.powerOn();
    flash.write(PAGE, [0]);
    assert.equal(flash.read(PAGE, 1)[0], 0);
  });

  it("is fast", () => {
    // A thousand runs of a small scenario; some 20 ms where this was written.
    const flash = new FlashMemory();
    const blank = new FlashMemory();
    const record = new Uint8Array(64);
    const start = performance.now();
    for (let run = 0; run < 1000; run++) {
      flash.copyFrom(blank);
      flash.powerFailsAfter(run % 40, run);
      try {
        flash.erase(PAGE);
        for (let i = 0; i < 4; i++) flash.write(PAGE + i * 64, record);
      } catch {}
    }
    assert.ok(performance.now() - start < 1000);
  });
});

describe("virtual board: a power cut", () => {
  const SCENARIO = "f=require('Flash');a=f.getFree()[0].addr;f.erasePage(a);f.write('0123456789',a);";

  it("stops the board inside the native call, whatever the device code catches", () => {
    const flash = new FlashMemory();
    const one = createRig({ flash });
    const events: string[] = [];
    one.board.on("power-cut", () => events.push(`power-cut ${one.board.running}`));
    one.board.on("error", ({ message }) => events.push(message));
    one.board.start();
    flash.powerFailsAfter(ERASE_STEPS + 1);
    one.board.evaluate(`Serial1.setup(9600);try{${SCENARIO}}catch(e){}
      try{f.write('again',a)}catch(e){} try{f.erasePage(a)}catch(e){} try{Serial1.write('still here')}catch(e){}
      try{require('Storage').write('x','y')}catch(e){}`);
    one.clock.advance(1000);
    assert.deepEqual(events, ["power-cut false"]);
    assert.equal(one.sent(), "");
    assert.equal(one.board.storage.read("x"), undefined);
    assert.throws(() => one.board.start(), /no power/);

    flash.powerOn();
    const two = createRig({ flash });
    two.board.start();
    two.board.evaluate("f=require('Flash');a=f.getFree()[0].addr");
    assert.equal(two.ask("E.toString(f.read(4,a))+f.read(2,a+4).join()"), "0123255,255");
  });

  it("comes in a timer, in a Promise, in boot code and after load()", () => {
    const image = `function go(){load();${SCENARIO}}`;
    for (const code of [`${image};setTimeout(go,5)`, `${image};Promise.resolve().then(go)`, `${image};go()`]) {
      const flash = new FlashMemory();
      flash.powerFailsAfter(3, 5);
      const { board, clock } = createRig({ flash, image: code });
      let cuts = 0;
      board.on("power-cut", () => cuts++);
      board.start();
      clock.advance(5000);
      assert.deepEqual([cuts, board.running, flash.steps], [1, false, 3]);
    }
  });

  it("can be put at every step of a scenario", () => {
    const count = new FlashMemory();
    const plain = createRig({ flash: count });
    plain.board.start();
    plain.board.evaluate(SCENARIO);
    assert.equal(count.steps, ERASE_STEPS + 3);
    for (let cut = 0; cut <= count.steps; cut++) {
      const flash = new FlashMemory();
      flash.powerFailsAfter(cut);
      const { board } = createRig({ flash });
      board.start();
      board.evaluate(SCENARIO);
      assert.equal(board.running, false);
      assert.equal(flash.steps, cut);
    }
  });

  it("may be followed by the next start of the same board", () => {
    const flash = new FlashMemory();
    flash.powerFailsAfter(1, 1);
    const { board, ask } = createRig({ flash });
    board.on("power-cut", () => {
      flash.powerOn();
      board.start();
    });
    board.start();
    board.evaluate(`old=1;try{${SCENARIO}}catch(e){} f.write('from the old run',a)`);
    assert.equal(ask("typeof old"), "undefined");
    assert.equal(flash.steps, 1);
    assert.equal(ask(`${SCENARIO}E.toString(f.read(10,a))`), "0123456789");
  });
});

describe("virtual board: a power cut in one module", () => {
  interface Log {
    append(text: string): void;
    read(): string;
  }
  const SOURCE = `
const flash = require("Flash");
const { addr } = flash.getFree()[0]!;
export function append(text: string): void { flash.write(text, addr); }
export function read(): string { return E.toString(flash.read(8, addr)); }
`;
  let directory = "";
  let entry = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "godwit-flash-"));
    entry = join(directory, "log.ts");
    writeFileSync(entry, SOURCE);
  });
  after(() => rmSync(directory, { recursive: true }));

  it("works with a flash, or with a board that has one", async () => {
    const flash = new FlashMemory();
    const log = await loadModule<Log>(entry, { flash, clock: createManualClock() });
    flash.powerFailsAfter(1);
    assert.throws(() => log.append("12345678"), { message: /no power/ });
    flash.powerOn();
    // That board is off; its code reaches nothing any more.
    assert.throws(() => log.append("abcdefgh"), { message: /was running when the board was reset/ });
    const board = new VirtualBoard({ board: "rak5010", flash, clock: createManualClock() });
    board.start();
    const next = await loadModule<Log>(entry, { board });
    assert.equal(next.read(), "1234\xff\xff\xff\xff");
  });

  it("can leave the board on, for many runs in one realm", async () => {
    const flash = new FlashMemory();
    const log = await loadModule<Log>(entry, { flash, clock: createManualClock() });
    flash.onPowerCut = () => {};
    const blank = new FlashMemory();
    for (let cut = 0; cut <= 2; cut++) {
      flash.copyFrom(blank);
      flash.powerFailsAfter(cut);
      assert.throws(() => log.append("12345678"), { message: /no power/ });
      assert.throws(() => log.read(), { message: /no power/ });
      flash.powerOn();
      assert.equal(log.read(), "12345678".slice(0, cut * 4).padEnd(8, "\xff"));
    }
  });
});
