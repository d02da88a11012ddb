/** The page itself, on a host of static files: by cable, by keyboard alone, offline, and in the theme that the user likes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { type BluetoothRig, ConsolePage, PERIPHERAL_NAME, type TabName, withBluetooth } from "./console-page.ts";
import { type Desk, openDesk, type Parts, prepareParts, servePage } from "./desk.ts";
import type { Reach } from "./far-end.ts";
import { SerialCable } from "./serial.ts";
import type { Served } from "./serve.ts";
import { reachBoard } from "./virtual-end.ts";

const TABS: readonly TabName[] = ["Flash", "Provision", "REPL", "Trace", "Status"];

const SERIAL = "USB 1366:1015";

describe("the page on a host of static files", () => {
  let browser: Browser;
  let parts: Parts;
  let served: Served;
  let desk: Desk;
  before(async () => {
    [browser, parts] = await Promise.all([launchChromium(), prepareParts()]);
    [served, desk] = await Promise.all([servePage(parts), openDesk(parts)]);
  });
  after(async () => {
    await browser?.close();
    await desk?.close();
    await served?.close();
  });

  const reach = reachBoard(() => desk.demo.board);

  it("Web Serial: connects, asks and answers, and comes back after the plug was pulled", () =>
    withPage(browser, {}, async (shown) => {
      const console = new ConsolePage(shown);
      const cable = await SerialCable.create(shown.page, reach);
      await shown.page.goto(served.url);
      await cable.setChoice("cancel");
      await console.button("Connect").click();
      await console.button(/^USB or serial/).click();
      await cable.hadDialogs(1);
      await console.page.getByText("Not connected", { exact: true }).waitFor();
      await cable.setChoice("choose");
      await console.connect("USB or serial", SERIAL);
      assert.equal(cable.baudRate, 115_200);
      await console.show("REPL");
      await console.send("process.env.BOARD+1");
      await console.terminalShows(/="RAK50101"/);
      await cable.pullOut();
      await console.page.getByText(`Link to ${SERIAL} lost`).waitFor();
      await console.isConnected(SERIAL);
      await console.send("'back'");
      await console.terminalShows(/="back"/);
      const status = await console.show("Status");
      await status.getByText(/ of 12,500/).waitFor();
      await cable.stop();
    }));

  it("Bluetooth: packets of 20 bytes, and of 128 where the user has chosen them, now and at the next visit", async () => {
    // A board that takes so many; without firmware, so that nothing else is written.
    const board = new VirtualBoard({ board: "nrf52840dk" });
    board.start();
    let longest = 0;
    const reachLarge: Reach = async () => {
      const link = await reachBoard(() => board, { chunkBytes: 128 })();
      const { write } = link;
      link.write = (bytes) => {
        longest = Math.max(longest, bytes.length);
        return write(bytes);
      };
      return link;
    };
    async function longestOf({ console }: BluetoothRig): Promise<number> {
      await console.connect("Bluetooth", PERIPHERAL_NAME);
      await console.show("REPL");
      longest = 0;
      await console.send(`'${"x".repeat(301)}'.length`);
      await console.terminalShows(/=301\b/);
      return longest;
    }
    try {
      await withBluetooth(browser, served.url, reachLarge, async (rig) => assert.equal(await longestOf(rig), 20));
      await withBluetooth(browser, served.url, reachLarge, async (rig) => {
        const { console } = rig;
        const choice = console.page.getByRole("checkbox", { name: /^Large packets/ });
        await console.button("Connect").click();
        await choice.check();
        await console.page.keyboard.press("Escape");
        assert.equal(await longestOf(rig), 128);
        await console.page.reload();
        await console.button("Connect").click();
        assert.equal(await choice.isChecked(), true);
      });
    } finally {
      board.stop();
    }
  });

  it("shows its first panel at once", () =>
    withPage(browser, {}, async ({ page }) => {
      await page.goto(served.url);
      await page.getByRole("tabpanel", { name: "Flash" }).getByText("Choose or drop an image").waitFor();
    }));

  it("can be used with the keyboard alone", () =>
    withBluetooth(browser, served.url, reach, async ({ console }) => {
      const { page } = console;
      const { keyboard } = page;
      const hasFocus = (what: Locator): Promise<boolean> =>
        what.evaluate((one) => one === one.ownerDocument.activeElement);
      /** As often as Tab has to be pressed at most, from one end of the page to the other. */
      async function tabTo(what: Locator, key = "Tab"): Promise<void> {
        for (let presses = 0; presses < 40; presses++) {
          if (await hasFocus(what)) return;
          await keyboard.press(key);
        }
        assert.fail(`40 times ${key} did not lead to ${String(what)}`);
      }
      await page.getByRole("tab", { name: "Flash" }).waitFor();
      await tabTo(console.button("Connect"));
      await keyboard.press("Enter");
      await tabTo(console.button(/^Bluetooth/));
      await keyboard.press("Enter");
      await console.isConnected(PERIPHERAL_NAME);
      // One stop for all tabs; arrow keys choose.
      await tabTo(page.getByRole("tab", { name: "Flash" }));
      for (const name of TABS.slice(1, 3)) {
        await keyboard.press("ArrowDown");
        assert.equal(await hasFocus(page.getByRole("tab", { name })), true, name);
        await console.panel(name).waitFor();
      }
      await tabTo(console.panel("REPL").getByRole("textbox", { name: "Terminal input" }));
      await keyboard.type("7*7");
      await keyboard.press("Enter");
      await console.terminalShows(/=49/);
      // The terminal takes Tab for itself, and lets go after Escape.
      await keyboard.press("Escape");
      await tabTo(console.panel("REPL").getByLabel("Lines to send"));
      await keyboard.type("6*7");
      await keyboard.press("Enter");
      await console.terminalShows(/=42/);
      await keyboard.press("Shift+Tab");
      await keyboard.press("Escape");
      await tabTo(page.getByRole("tab", { name: "REPL" }), "Shift+Tab");
      await keyboard.press("End");
      await console
        .panel("Status")
        .getByText(/ of 12,500/)
        .waitFor();
      await tabTo(console.button("Connection"), "Shift+Tab");
      await keyboard.press("Enter");
      await tabTo(console.button(/^Disconnect/));
      await keyboard.press("Enter");
      await page.getByText("Not connected", { exact: true }).waitFor();
    }));

  it("follows the system's theme, until the user chooses another, which is kept", () =>
    withPage(browser, { colorScheme: "dark" }, async (shown) => {
      const { page } = shown;
      await page.goto(served.url);
      const console = new ConsolePage(shown);
      const toggle = console.button("Dark theme");
      const background = (): Promise<unknown> => page.evaluate("getComputedStyle(document.body).backgroundColor");
      const dark = await background();
      assert.equal(await toggle.getAttribute("aria-pressed"), "true");
      await toggle.click();
      assert.equal(await toggle.getAttribute("aria-pressed"), "false");
      const light = await background();
      assert.notEqual(light, dark);
      await page.reload();
      await toggle.waitFor();
      assert.equal(await background(), light);
    }));

  it("works offline once it was loaded", () =>
    withPage(browser, {}, async ({ page }) => {
      const away = await servePage(parts);
      await page.goto(away.url);
      await page.evaluate(`new Promise((resolve) => {
        const { serviceWorker } = navigator;
        if (serviceWorker.controller) resolve();
        else serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
      })`);
      await away.close();
      await page.reload();
      await page.getByRole("tab", { name: "REPL" }).click();
      await page.getByRole("heading", { name: "REPL", level: 1 }).waitFor();
      await page.getByRole("tab", { name: "Provision" }).click();
      await page.getByText("Nothing to look at yet").waitFor();
    }));

  it("asks nothing of any other host, and nothing that its own has not", () =>
    withPage(browser, {}, async (shown) => {
      const asked: string[] = [];
      const failed: string[] = [];
      shown.page.on("request", (request) => asked.push(request.url()));
      shown.page.on("response", (response) => {
        if (!response.ok()) failed.push(`${response.status()} ${response.url()}`);
      });
      await shown.page.goto(served.url);
      const console = new ConsolePage(shown);
      for (const tab of TABS) await console.show(tab);
      assert.ok(asked.length > 5);
      assert.deepEqual(
        asked.filter((url) => !url.startsWith(served.url)),
        [],
      );
      assert.deepEqual(failed, []);
    }));
});
