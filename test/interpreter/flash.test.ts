/** Flashing the real interpreter: from bare flash to an image that runs where it lies, and what is left after a cut. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { FlashError } from "../../tools/flash/errors.ts";
import { type FlashOptions, type FlashResult, flash } from "../../tools/flash/flasher.ts";
import type { Image } from "../../tools/flash/image.ts";
import { SLOT_BYTES } from "../../tools/flash/layout.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { readSlots } from "../../tools/flash/slots.ts";
import { imageOfCode, prepareImages } from "../support/flash-rig.ts";
import { ConsoleRig, silence } from "./console-rig.ts";
import { sensors } from "./field.ts";
import { interpreterPath } from "./harness.ts";
import { boardPrelude } from "./prelude.ts";

const binary = interpreterPath();
/** It proves itself at once, and is as long as a real one is: raw bytes in a string, a function, and who it is. */
function longCode(name: string, copies = 12): string {
  const bytes = Array.from({ length: 224 }, (_, i) => String.fromCharCode(32 + i)).join("");
  const data = bytes.replace(/["\\\x7f]/g, "").repeat(copies);
  const prove = 'f=require("Flash");if(f.read(1,slot+164)[0])f.write("\\0\\0\\0\\0",slot+164);';
  return `${prove}running="${name}";data="${data}";function where(a){"${"x".repeat(600)}";return a}`;
}

const codeOf = (error: unknown): string => (error instanceof FlashError ? error.code : String(error));

async function put(rig: ConsoleRig, image: Image, options: FlashOptions = {}): Promise<FlashResult> {
  const { board } = await rig.with(readSlots);
  return flash(rig.source, image, { espruinoBoard: board, waitS: 20, pauseMs: 50, ...options });
}

const running = (rig: ConsoleRig): Promise<unknown> => rig.with((session) => session.evaluate("global.running"));

describe("flashing the real interpreter", {
  skip: binary === undefined && "ESPRUINO names no interpreter",
  timeout: 120_000,
}, () => {
  let rig: ConsoleRig;

  before(async () => {
    await prepareImages();
    rig = await new ConsoleRig().prepare();
    rig.start();
  });
  after(() => rig.stop());

  it("brings the first image onto bare flash, and the loader runs it where it lies", async () => {
    const result = await put(rig, imageOfCode(longCode("one")));
    assert.deepEqual([result.outcome, result.slot], ["proved", 0]);
    assert.equal(await running(rig), "one");
    await rig.with(async (session) => {
      const { base } = await readSlots(session);
      const address = Number(await session.evaluate('E.getAddressOf(where["\\xFFcod"],true)'));
      assert.ok(address > base && address < base + SLOT_BYTES, `code of a function at ${address}, the slot at ${base}`);
      const size = Number(await session.evaluate("E.getSizeOf(where)"));
      // Its 600 chars would be 50 in RAM.
      assert.ok(size < 10, `${size} variables`);
    });
  });

  it("puts the second one into the other slot, and the first one stays", async () => {
    assert.equal((await put(rig, imageOfCode(longCode("two")))).slot, 1);
    assert.equal(await running(rig), "two");
    const { slots } = await rig.with(readSlots);
    assert.deepEqual(
      slots.map(({ state }) => state),
      ["proved", "proved"],
    );
    assert.equal((await put(rig, imageOfCode(longCode("two")))).outcome, "same");
  });

  it("tells what an image threw, and what ran before comes back", async () => {
    await assert.rejects(put(rig, imageOfCode('throw new Error("no such pin")')), (error: unknown) => {
      assert.equal(codeOf(error), "FLASH_BOOT");
      assert.match(String(error), /no such pin/);
      return true;
    });
    await rig.cut();
    rig.start();
    assert.equal(await running(rig), "two");
  });

  it("goes on where it was when the board dies in the middle, and writes nothing twice", async () => {
    let isKilled = false;
    const result = await put(rig, imageOfCode(longCode("three", 60)), {
      onProgress({ stage, doneBytes }) {
        if (isKilled || stage !== "upload" || doneBytes < 6000) return;
        isKilled = true;
        rig.kill();
      },
    });
    assert.ok(isKilled);
    assert.equal(result.outcome, "proved");
    assert.ok(result.resumed >= 1);
    assert.equal(await running(rig), "three");
  });
});

/** What the interpreter is, when it can fail in the middle of a write to its flash. */
async function canFail(): Promise<boolean> {
  const rig = await new ConsoleRig().prepare();
  try {
    rig.start({ ESPR_FLASH_CUT: "1" });
    await rig.with((session) => session.evaluate('require("Flash").write("1234",require("Flash").getFree()[0].addr)'));
    return false;
  } catch {
    return rig.restarts > 0;
  } finally {
    await rig.stop();
  }
}

describe("the power fails in the middle of a write", {
  skip: binary === undefined && "ESPRUINO names no interpreter",
  timeout: 300_000,
}, () => {
  let rig: ConsoleRig;
  let isAble = false;
  const old = (): Image => imageOfCode(longCode("old", 4));
  /** With another loader, so that it is written too. */
  const next = (): Image => {
    const image = imageOfCode(longCode("new", 9));
    return { ...image, loader: `${image.loader};` };
  };

  before(async () => {
    await prepareImages();
    isAble = await canFail();
    rig = await new ConsoleRig().prepare();
    if (!isAble) return;
    rig.start();
    await put(rig, old());
    await rig.cut();
    rig.keep("old.flash");
  });
  after(() => rig.stop());

  /** Fails in the `nth` write from the start, and starts again. Says what runs then; undefined when nothing failed. */
  async function failAt(nth: number, image: Image, from: { restore: string; percent?: number }): Promise<unknown> {
    rig.restore(from.restore);
    const before = rig.restarts;
    rig.start({ ESPR_FLASH_CUT: String(nth), ESPR_FLASH_CUT_AT: String(from.percent ?? 50) });
    let isWhole = true;
    await put(rig, image, { retries: 0 }).catch((error: unknown) => {
      isWhole = false;
      assert.match(String((error as { code?: unknown }).code), /^(FLASH_LINK|REPL_|PORT_)/);
    });
    const runs = await running(rig);
    // The restart into the new image is not one of those.
    if (isWhole) assert.equal(rig.restarts - before, 1);
    return isWhole ? undefined : (runs ?? "nothing");
  }

  it("with an image there: the old or the new one runs, and only where its loader changes it may be none", async (context) => {
    if (!isAble) return context.skip("this interpreter does not fail on request");
    const found: unknown[] = [];
    for (let nth = 1; ; nth++) {
      const runs = await failAt(nth, next(), { restore: "old.flash" });
      if (runs === undefined) break;
      found.push(runs);
      if (runs !== "old") {
        assert.match((await put(rig, next())).outcome, /^(same|proved)$/);
        assert.equal(await running(rig), "new");
      }
      await rig.cut();
    }
    await rig.cut();
    console.log(`with another loader, cut in write 1 to ${found.length}: ${found.join(" ")}`);
    assert.match(found.join(" "), /^(old )+(new )*(nothing )?(new ?)*$/);
  });

  it("with the same loader: nothing is lost at any moment, the header's own write included", async (context) => {
    if (!isAble) return context.skip("this interpreter does not fail on request");
    const image = { ...next(), loader: old().loader };
    const found: unknown[] = [];
    const fail = async (nth: number, percent: number): Promise<unknown> => {
      const runs = await failAt(nth, image, { restore: "old.flash", percent });
      await rig.cut();
      if (runs !== undefined) found.push(runs);
      return runs;
    };
    let last = 0;
    while ((await fail(last + 1, 50)) !== undefined) last++;
    // The header is what is written last.
    for (const percent of [5, 99]) await fail(last, percent);
    console.log(`with the same loader: ${found.join(" ")}`);
    assert.ok(last >= 2);
    assert.deepEqual(found, Array(last + 2).fill("old"));
  });

  it("in the loader's count of starts and in the image's own mark: the new one runs and is proved", async (context) => {
    if (!isAble) return context.skip("this interpreter does not fail on request");
    rig.restore("old.flash");
    rig.start();
    let off: Promise<void> | undefined;
    const image = { ...next(), loader: old().loader };
    const flashing = put(rig, image, {
      retries: 0,
      onProgress({ stage }) {
        if (stage === "boot") off ??= rig.cut();
      },
    });
    await assert.rejects(flashing);
    await off;
    rig.keep("new.flash");
    for (const nth of [1, 2]) {
      rig.restore("new.flash");
      const before = rig.restarts;
      rig.start({ ESPR_FLASH_CUT: String(nth) });
      while (rig.restarts === before) await sleep(10);
      assert.equal(await running(rig), "new");
      const { slots } = await rig.with(readSlots);
      assert.deepEqual(
        slots.map(({ state }) => state),
        ["proved", "proved"],
      );
      await rig.cut();
    }
  });
});

describe("the real image on the real interpreter", {
  skip: binary === undefined && "ESPRUINO names no interpreter",
  timeout: 120_000,
}, () => {
  const prelude = boardPrelude("./uart") + sensors.replaceAll("\n", "");

  /** Variables in use a moment after its boot line. */
  async function usageOf(rig: ConsoleRig): Promise<number> {
    for (let look = 0; !/godwit \d+\.\d+\.\d+ rak5010/.test(rig.shown); look++) {
      assert.ok(look < 500, rig.shown);
      await sleep(20);
    }
    return rig.with(async (session) => Number(await session.evaluate("process.memory().usage")));
  }

  it("flashed into a slot it boots, and takes as many variables as from Storage and those of the loader", async () => {
    await prepareImages();
    const buildTime = 1_790_000_000;
    const image = await imageOf(await bundleFirmware({ board: "rak5010", features: { OUTBOX: false }, buildTime }));
    const stored = await new ConsoleRig({ prelude, uart: silence(), storage: { ".bootcde": image.code } }).prepare();
    const flashed = await new ConsoleRig({ prelude, uart: silence() }).prepare();
    try {
      stored.start();
      const fromStorage = await usageOf(stored);
      flashed.start();
      const began = Date.now();
      const result = await put(flashed, image, { trust: true });
      assert.equal(result.outcome, "proved");
      const fromSlot = await usageOf(flashed);
      console.log(
        `${image.code.length} bytes flashed in ${Date.now() - began} ms; ${fromSlot} variables, from Storage ${fromStorage}`,
      );
      // The loader's own functions and its timer.
      assert.ok(fromSlot <= fromStorage + 50, `${fromSlot} variables from the slot, ${fromStorage} from Storage`);
      assert.equal(await flashed.with((session) => session.evaluate("typeof godwit.status")), "function");
      assert.equal((await put(flashed, image)).outcome, "same");
    } finally {
      await stored.stop();
      await flashed.stop();
    }
  });
});
