import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlashProgress } from "../../tools/flash/flasher.ts";
import type { Image } from "../../tools/flash/image.ts";
import type { SlotView } from "../../tools/flash/layout.ts";
import {
  announcement,
  fileRefusal,
  hasOther,
  percent,
  refusal,
  slotWords,
  stagesFor,
  stepState,
  takesConsole,
} from "../../web/src/state/flash-state.ts";

const image: Image = {
  godwit: 1,
  board: "rak5010",
  espruinoBoard: "RAK5010",
  version: "0.1.0",
  buildTime: 1_764_000_000,
  features: [],
  code: "x",
  crc32: 1,
  loader: "",
  symbols: { script: "", map: "{}", names: {} },
};
const progress = (doneBytes: number): FlashProgress => ({
  stage: "upload",
  doneBytes,
  totalBytes: 1000,
  bytesPerS: 500,
  leftS: 1,
  resumed: 0,
});

describe("what may be flashed", () => {
  it("is an image for the board that is there, or that is chosen", () => {
    assert.equal(refusal(image, "auto", { version: "2v29", board: "RAK5010" }), undefined);
    assert.equal(refusal(image, "rak5010", undefined), undefined);
    assert.match(refusal(image, "nrf52840dk", undefined) ?? "", /is for rak5010, and nrf52840dk is chosen/);
    assert.match(refusal(image, "auto", { version: "2v29", board: "NRF52840DK" }) ?? "", /RAK5010.*NRF52840DK/);
  });

  it("is no script, firmware or certificate, and each is sent where it belongs", () => {
    assert.equal(fileRefusal("rak5010.image.json", 40_000), undefined);
    assert.match(fileRefusal("rak5010.js", 40_000) ?? "", /\.image\.json/);
    assert.match(fileRefusal("espruino.zip", 40_000) ?? "", /interpreter/);
    assert.match(fileRefusal("client.pem", 900) ?? "", /Provision/);
    assert.match(fileRefusal("a.image.json", 9_000_000) ?? "", /larger/);
  });
});

describe("going back", () => {
  const slot = (state: SlotView["state"]): SlotView => ({
    state,
    number: 1,
    bytes: 1,
    crc32: 1,
    board: "rak5010",
    version: "0.1.0",
    buildTime: 1,
    tries: 0,
    lives: false,
  });
  const has = (running: number | undefined, a: SlotView["state"], b: SlotView["state"]): boolean =>
    hasOther({
      board: "RAK5010",
      running,
      base: 0,
      below: 0,
      loaderCrc: 1,
      isLocked: false,
      slots: [slot(a), slot(b)],
    });

  it("is offered where the other slot has an image that would start", () => {
    assert.ok(has(0, "proved", "proved") && has(1, "new", "trying"));
    assert.ok(!has(0, "proved", "empty") && !has(0, "proved", "refused") && !has(0, "proved", "revoked"));
    assert.ok(!has(undefined, "proved", "proved"));
  });
});

describe("a slot in words", () => {
  it("is no failure where an image that was given up is the only one, and runs", () => {
    const alone = slotWords("refused", true);
    assert.equal(alone.tone, "warn");
    assert.match(alone.says ?? "", /other slot has nothing to start/);
    assert.deepEqual(slotWords("refused", false), { text: "given up", tone: "bad", says: "It never proved itself." });
    assert.equal(slotWords("proved", true).text, "proved");
  });
});

describe("how far a flash is", () => {
  it("is never more than there is", () => {
    assert.equal(percent({ doneBytes: 0, totalBytes: 0 }), 0);
    assert.equal(percent(progress(999)), 99);
    assert.equal(percent(progress(1000)), 100);
    assert.equal(percent(progress(1200)), 100);
  });

  it("is told step by step", () => {
    assert.deepEqual(
      stagesFor("verify").map(({ id }) => stepState(id, "verify")),
      ["done", "done", "current", "ahead", "ahead", "ahead"],
    );
    assert.ok(stagesFor("stop").some(({ id }) => id === "stop"));
  });

  it("keeps the console for the upload, and gives it back when the board starts", () => {
    const at = (stage: FlashProgress["stage"]) =>
      takesConsole({ kind: "running", progress: { ...progress(1), stage }, isCancelling: false });
    assert.deepEqual(
      [at("look"), at("upload"), at("activate"), at("boot"), at("prove")],
      [true, true, true, false, false],
    );
    assert.equal(takesConsole({ kind: "idle" }), false);
  });

  it("is read out at every quarter, not at every chunk", () => {
    const spoken = new Set(Array.from({ length: 1001 }, (_, n) => announcement(progress(n))));
    assert.deepEqual(
      [...spoken],
      [0, 25, 50, 75, 100].map((n) => `Upload ${n} percent`),
    );
  });
});
