/** From the computer to a running image, over the Bluetooth of a virtual board. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { FlashError } from "../../tools/flash/errors.ts";
import { type FlashProgress, revoke } from "../../tools/flash/flasher.ts";
import { readSlots } from "../../tools/flash/slots.ts";
import { FlashRig, imageOfCode, longCode, prepareImages } from "../support/flash-rig.ts";

const code = (error: unknown): string => (error instanceof FlashError ? error.code : String(error));

describe("flash", { timeout: 60_000 }, () => {
  before(prepareImages);

  it("brings the first image onto a bare board, starts it and sees it prove itself", async () => {
    const rig = new FlashRig();
    const seen: FlashProgress[] = [];
    const image = imageOfCode(longCode("one", 80));
    const result = await rig.put(image, { onProgress: (progress) => seen.push(progress) });
    assert.equal(result.outcome, "proved");
    assert.equal(result.slots.slots[result.slot]?.crc32, image.crc32);
    assert.equal(rig.board.evaluate("running"), "one");
    assert.deepEqual(
      [...new Set(seen.map(({ stage }) => stage))].filter((stage) => stage !== "prove"),
      ["look", "upload", "verify", "activate", "boot"],
    );
    assert.ok(seen.some(({ bytesPerS, leftS }) => bytesPerS > 0 && leftS !== undefined));
    assert.equal(seen.at(-1)?.doneBytes, image.code.length);
    rig.stop();
  });

  it("keeps the image before, writes the other slot, and never the one that is proved", async () => {
    const rig = new FlashRig();
    const slots: number[] = [];
    for (const name of ["one", "two", "three"]) slots.push((await rig.put(imageOfCode(longCode(name)))).slot);
    assert.deepEqual(slots, [0, 1, 0]);
    assert.equal(rig.board.evaluate("running"), "three");
    const { slots: views } = await rig.with(readSlots);
    assert.deepEqual(
      views.map(({ state }) => state),
      ["proved", "proved"],
    );
    rig.stop();
  });

  it("does nothing where the image runs already, unless it is asked to", async () => {
    const rig = new FlashRig();
    const image = imageOfCode(longCode("one"));
    await rig.put(image);
    assert.equal((await rig.put(image)).outcome, "same");
    assert.deepEqual((await rig.put(image, { again: true })).slot, 1);
    rig.stop();
  });

  it("says that an image has not connected yet, and takes it for proved on request", async () => {
    const rig = new FlashRig();
    const image = imageOfCode("running='quiet'");
    assert.equal((await rig.put(image, { waitS: 0 })).outcome, "trying");
    const other = imageOfCode("running='trusted'");
    assert.equal((await rig.put(other, { trust: true })).outcome, "proved");
    rig.stop();
  });

  it("replaces one that never proved itself, which runs, and keeps the one that did", async () => {
    const rig = new FlashRig();
    await rig.put(imageOfCode(longCode("good")));
    assert.equal((await rig.put(imageOfCode("running='unproved'"), { waitS: 0 })).slot, 1);
    assert.equal((await rig.put(imageOfCode(longCode("better")))).slot, 1);
    assert.equal(rig.board.evaluate("running"), "better");
    assert.equal((await rig.with(readSlots)).slots[0]?.state, "proved");
    rig.stop();
  });

  it("tells what an image threw while it booted, and the one before runs again", async () => {
    const rig = new FlashRig();
    await rig.put(imageOfCode(longCode("good")));
    await assert.rejects(rig.put(imageOfCode('throw new Error("no such pin")')), (error: unknown) => {
      assert.equal(code(error), "FLASH_BOOT");
      assert.match(String(error), /no such pin/);
      return true;
    });
    const until = Date.now() + 10_000;
    // Off for a moment, too, while it restarts.
    const running = (): unknown => rig.board.running && rig.board.evaluate("global.running");
    while (running() !== "good" && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(rig.board.evaluate("running"), "good");
    rig.stop();
  });

  it("goes back by hand, and says so when there is nothing to go back to", async () => {
    const rig = new FlashRig();
    await rig.put(imageOfCode(longCode("one")));
    await assert.rejects(rig.with(revoke), (error: unknown) => code(error) === "FLASH_NOTHING");
    await rig.put(imageOfCode(longCode("two")));
    await rig.with(revoke);
    rig.board.reboot();
    assert.equal(rig.board.evaluate("running"), "one");
    rig.stop();
  });

  it("refuses an image for another board, and one that is too long, before anything is written", async () => {
    const rig = new FlashRig();
    const other = imageOfCode("1", { board: "nrf52840dk", espruinoBoard: "NRF52840DK" });
    await assert.rejects(rig.put(other), (error: unknown) => code(error) === "FLASH_BOARD");
    await assert.rejects(rig.put(imageOfCode("x".repeat(33_000))), (error: unknown) => code(error) === "FLASH_SIZE");
    assert.ok(rig.flash.wear().every(({ wordWrites }) => wordWrites === 0));
    rig.stop();
  });

  it("goes on where it was after a lost link, and writes no page twice", async () => {
    const rig = new FlashRig();
    const image = imageOfCode(longCode("one", 60));
    rig.cutAfter(11_000);
    const result = await rig.put(image);
    assert.equal(result.outcome, "proved");
    assert.equal(result.resumed, 1);
    assert.equal(rig.board.evaluate("running"), "one");
    const words = rig.flash.wear().reduce((sum, { wordWrites }) => sum + wordWrites, 0);
    // Header, marks of the loader, and at most one page a second time.
    assert.ok(words <= (image.code.length + 4096 + 300) / 4, `${words} words for ${image.code.length} bytes`);
    rig.stop();
  });

  it("can be cancelled, and the board has what it had", async () => {
    const rig = new FlashRig();
    await rig.put(imageOfCode(longCode("one")));
    const cancel = new AbortController();
    const onProgress = ({ doneBytes }: FlashProgress): void => {
      if (doneBytes > 2000) cancel.abort();
    };
    const cancelled = rig.put(imageOfCode(longCode("two")), { signal: cancel.signal, onProgress });
    await assert.rejects(cancelled, (error: unknown) => code(error) === "FLASH_CANCELLED");
    rig.board.reboot();
    assert.equal(rig.board.evaluate("running"), "one");
    rig.stop();
  });
});
