/** An image onto the board, through Web Bluetooth. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { crc32 } from "../../tools/flash/crc32.ts";
import { serialiseImage } from "../../tools/flash/image-file.ts";
import { CODE_OFFSET, SLOT_BYTES } from "../../tools/flash/layout.ts";
import { launchChromium } from "./chromium.ts";
import { type BluetoothRig, PERIPHERAL_NAME, withBluetooth } from "./console-page.ts";
import { BOARD, type Desk, openDesk, type Parts, prepareParts, servePage } from "./desk.ts";
import type { Served } from "./serve.ts";
import { reachBoard } from "./virtual-end.ts";

/** Sending, a boot, and the whole way to the broker. */
const FLASH_MS = 60_000;

describe("flashing in the page", () => {
  let browser: Browser;
  let parts: Parts;
  let served: Served;
  before(async () => {
    [browser, parts] = await Promise.all([launchChromium(), prepareParts()]);
    served = await servePage(parts);
  });
  after(async () => {
    await browser?.close();
    await served?.close();
  });

  async function withDesk(run: (rig: BluetoothRig, desk: Desk) => Promise<void>): Promise<void> {
    const desk = await openDesk(parts);
    try {
      await withBluetooth(
        browser,
        served.url,
        reachBoard(() => desk.demo.board),
        (rig) => run(rig, desk),
      );
    } finally {
      await desk.close();
    }
  }

  /** What the second slot holds, byte by byte, as the board itself sees it; the first one has what the desk began with. */
  function assertFlashed({ demo }: Desk): void {
    const { code } = parts.image;
    const second = `require("Flash").getFree().map(area=>area.addr+area.length-${SLOT_BYTES - CODE_OFFSET})[0]`;
    assert.equal(demo.board.evaluate(`E.CRC32(E.memoryArea(${second},${code.length}))`), crc32(code));
  }

  async function startFlash(panel: Locator): Promise<void> {
    // The desk's board runs this image, from its first slot.
    await panel.getByLabel("Write it even where it runs already").check();
    await panel.getByRole("button", { name: "Flash", exact: true }).click();
  }

  it("sends the image, reads it back, reboots, and waits until it has proved itself", () =>
    withDesk(async ({ console }, desk) => {
      await console.connect("Bluetooth", PERIPHERAL_NAME);
      const panel = await console.show("Flash");
      await panel.getByText("Slot A").waitFor();
      await console.pickImage(parts.imageFile);
      await panel.getByRole("button", { name: "Flash", exact: true }).click();
      await panel.getByText("It was there already").waitFor();
      await panel.getByText(parts.image.crc32.toString(16).padStart(8, "0")).first().waitFor();
      await startFlash(panel);
      await panel.getByRole("progressbar", { name: "Upload" }).waitFor();
      await console.shown.screenshot("flash-running");
      await panel.getByText("Flashed and proved").waitFor({ timeout: FLASH_MS });
      await panel.getByText("read back from the board").waitFor();
      await console.isConnected(PERIPHERAL_NAME);
      await console.shown.screenshot("flash-done");
      assertFlashed(desk);
      const slots = panel.getByRole("region", { name: "Flash slots of the board" }).getByRole("listitem");
      await slots.filter({ hasText: "Slot B" }).getByText("runs", { exact: true }).waitFor();
    }));

  it("goes on where it was after the link was lost in the middle", () =>
    withDesk(async ({ console, peripheral }, desk) => {
      await console.connect("Bluetooth", PERIPHERAL_NAME);
      await console.pickImage(parts.imageFile);
      const panel = console.panel("Flash");
      await panel.getByText("Slot A").waitFor();
      peripheral.cutAfter(9001);
      await startFlash(panel);
      await console.page.getByText(/Link to Godwit 4711 lost/).waitFor();
      await console.shown.screenshot("flash-lost");
      await panel.getByText("Flashed and proved").waitFor({ timeout: FLASH_MS });
      await panel.getByText(/resumed \d×/).waitFor();
      assertFlashed(desk);
      // What was there before the cut was not sent again: of the image, and two questions for its state.
      assert.ok(peripheral.bytesWritten < 1.5 * parts.imageFile.length, `${peripheral.bytesWritten} bytes`);
      assert.equal(peripheral.prompts.length, 1, "the user was asked for the board once");
    }));

  it("refuses an image of another board, and what is no image, and says why", () =>
    withDesk(async ({ console }) => {
      await console.connect("Bluetooth", PERIPHERAL_NAME);
      await console.pickImage(JSON.stringify({ godwit: 1, board: BOARD }));
      const panel = console.panel("Flash");
      await panel.getByText("FLASH_IMAGE", { exact: true }).waitFor();
      await panel.getByText("What it means and what to do").click();
      await panel.getByText("Likely causes, most likely first").waitFor();
      await console.pickImage("x", "rak5010.js");
      await panel.getByText(/Flash the \.image\.json beside it/).waitFor();
      await console.pickImage(serialiseImage({ ...parts.image, espruinoBoard: "NRF52840DK" }));
      await panel.getByText(/the board that is connected says it is RAK5010/).waitFor();
      assert.equal(await panel.getByRole("button", { name: "Flash", exact: true }).isDisabled(), true);
    }));
});
