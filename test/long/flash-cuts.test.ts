/**
 * A hundred cuts at random moments of a flash: of the link, after which it goes on to a good end, and of the power, after
 * which the board runs the old image or the new one, whole, and takes the new one at the next attempt.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { FlashError } from "../../tools/flash/errors.ts";
import { readSlots } from "../../tools/flash/slots.ts";
import { FlashRig, imageOfCode, longCode, prepareImages } from "../support/flash-rig.ts";

const CUTS = Number(process.env["GODWIT_CUTS"] ?? 100);
const SEED = Number(process.env["GODWIT_SEED"] ?? Date.now() % 1_000_000);

/** Mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const old = () => imageOfCode(longCode("old", 20));
const next = () => imageOfCode(longCode("new", 20));

describe(`flash, cut at random moments (GODWIT_SEED=${SEED})`, { timeout: 80_000 }, () => {
  before(prepareImages);

  it(`${CUTS / 2} lost links: each flash comes to a good end`, async () => {
    const random = createRandom(SEED);
    let resumed = 0;
    const rig = new FlashRig();
    for (let i = 0; i < CUTS / 2; i++) {
      // Alternately, so that there is something to write each time.
      const image = i % 2 === 0 ? next() : old();
      rig.cutAfter(Math.floor(random() * 1.1 * image.code.length));
      const result = await rig.put(image);
      assert.equal(result.outcome, "proved", `cut ${i}`);
      assert.equal(rig.board.evaluate("running"), i % 2 === 0 ? "new" : "old", `cut ${i}`);
      assert.equal(result.slots.slots[result.slot]?.crc32, image.crc32);
      resumed += result.resumed;
    }
    assert.ok(resumed >= CUTS / 4, `only ${resumed} of the cuts met an upload`);
    rig.stop();
  });

  it(`${CUTS / 2} power cuts: the board runs one image or the other, and takes the new one afterwards`, async () => {
    const random = createRandom(SEED + 1);
    const seen = { old: 0, new: 0 };
    for (let i = 0; i < CUTS / 2; i++) {
      const rig = new FlashRig();
      await rig.put(old());
      // Accesses to the flash: two pages erased in four steps each, some 1,400 words of code, 32 of the header.
      rig.flash.powerFailsAfter(1 + Math.floor(random() * 1500), SEED + i);
      await rig.put(next(), { retries: 0, waitS: 0 }).catch((error: unknown) => {
        assert.ok(error instanceof FlashError || (error as { code?: string }).code !== undefined, String(error));
      });
      rig.powerCycle();
      const running = rig.board.evaluate("global.running");
      assert.ok(running === "old" || running === "new", `cut ${i}: the board runs ${String(running)}`);
      seen[running]++;
      assert.equal((await rig.put(next())).slots.board, "RAK5010");
      assert.equal(rig.board.evaluate("running"), "new", `cut ${i}`);
      const { slots, running: slot } = await rig.with(readSlots);
      assert.equal(slots[slot ?? 2]?.state, "proved");
      rig.stop();
    }
    assert.ok(seen.old > 0, "no cut came before the header");
  });
});
