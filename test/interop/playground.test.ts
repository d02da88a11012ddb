/** Every fault of the page's panel, one after the other on one board: the expected code, then recovery. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { BROWSER_PACE } from "../../tools/console/virtual-desk.ts";
import { startPage } from "../../tools/demo/page.ts";
import { flash } from "../../tools/flash/flasher.ts";
import { parseImage, serialiseImage } from "../../tools/flash/image-file.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { openPort } from "../../tools/port/open.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import { type PlaygroundRig, SEEN, startPlayground } from "../support/playground-rig.ts";

/** Longest until the device is back, on its own clock: the ladder's waits and one start of everything. */
const PATIENCE_S = 240;

let rig: PlaygroundRig;

before(async () => {
  rig = await startPlayground();
});

after(() => rig.stop());

test("the image that the server offers is flashed through its WebSocket, runs, and connects", async () => {
  const web = mkdtempSync(join(tmpdir(), "godwit-page-"));
  writeFileSync(join(web, "index.html"), "<!doctype html>");
  const image = await imageOf(await bundleFirmware({ board: "rak5010" }));
  let url = "";
  const page = await startPage(rig.demo, rig.feed, {
    board: "rak5010",
    web,
    port: 0,
    consolePort: undefined,
    opens: false,
    pace: BROWSER_PACE,
    imageFile: serialiseImage(image),
    note: (text) => {
      url = /http:\S+/.exec(text)?.[0] ?? url;
    },
  });
  try {
    const offered = parseImage(await (await fetch(`${url}image.json`)).text());
    assert.deepEqual(offered, image);
    const source = openPort(`${url.replace("http", "ws")}board`);
    const open = async () => openSession((await source.open()) ?? assert.fail("no port"));
    const { outcome, slot, resumed } = await flash(open, offered, { again: true, pauseMs: 100, waitS: 60 });
    assert.deepEqual([outcome, slot, resumed], ["proved", 1, 0]);
  } finally {
    await page.close();
    rmSync(web, { recursive: true });
  }
});

for (const name of Object.keys(SEEN) as (keyof typeof SEEN)[]) {
  test(`${name}: the device says what it is, and is back when it is healed`, async (context) => {
    const { seenS, recoveredS } = await rig.play(name);
    context.diagnostic(`${name}: said after ${seenS.toFixed(0)} s, back ${recoveredS.toFixed(0)} s later`);
    assert.ok(recoveredS < PATIENCE_S);
  });
}
