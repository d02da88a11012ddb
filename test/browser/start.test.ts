/** What a newcomer sees of `npm start`: the board breaks and recovers, and everything else works on it, by WebSocket. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { launchChromium, withPage } from "./chromium.ts";
import { ConsolePage } from "./console-page.ts";
import { npmStart, type Started } from "./npm-start.ts";

const BOARD_NAME = /Connected to virtual rak5010/;
const SLOW = { timeout: 40_000 };

describe("npm start", () => {
  let browser: Browser;
  let started: Started;
  before(async () => {
    [browser, started] = await Promise.all([launchChromium(), npmStart()]);
  });
  after(async () => {
    await browser?.close();
    await started?.stop();
  });

  function withConsole(run: (console: ConsolePage) => Promise<void>): Promise<void> {
    return withPage(browser, {}, async (shown) => {
      await shown.page.goto(started.url);
      await run(new ConsolePage(shown));
    });
  }

  const step = (panel: Locator, title: string): Locator => panel.getByRole("heading", { name: `${title} (done)` });

  it("shows the board connect, break by a fault, say why, and recover", () =>
    withConsole(async (console) => {
      const panel = console.panel("Board");
      await step(panel, "Watch it connect").waitFor(SLOW);
      const story = panel.getByRole("list", { name: "Story of the board" });
      await story
        .getByText(/connected as godwit-demo/)
        .first()
        .waitFor();
      const fault = panel.getByRole("switch", { name: "unknown-ca" });
      await fault.click();
      await panel.getByRole("switch", { name: "unknown-ca", checked: true }).waitFor();
      await panel.getByRole("button", { name: "drop" }).click();
      await step(panel, "Break it").waitFor(SLOW);
      await story
        .getByText(/TLS_REFUSED \(\d/)
        .first()
        .waitFor(SLOW);
      await console.shown.screenshot("board-broken");
      await fault.click();
      await step(panel, "Read why, and watch it recover").waitFor(SLOW);
      await console.shown.screenshot("board-recovered");
    }));

  it("joins the page to the board's console, and again after its power was cut", () =>
    withConsole(async (console) => {
      const panel = console.panel("Board");
      await panel.getByRole("button", { name: "Connect its console" }).click();
      await console.isConnected(BOARD_NAME);
      await console.show("REPL");
      await console.send("process.env.BOARD");
      await console.terminalShows(/="RAK5010"/);
      await console.send("function boo(){throw new Error('told once')};setTimeout(boo,1)");
      await console.show("Board");
      const story = panel.getByRole("list", { name: "Story of the board" });
      await story.getByText("uncaught: Error: told once").waitFor();
      const power = panel.getByRole("switch", { name: "Power" });
      await power.click();
      await console.page.getByText(/Link to virtual rak5010 lost/).waitFor();
      // By now the console has said all of it, too.
      assert.equal(await story.getByText("told once").count(), 1);
      await power.click();
      await console.isConnected(BOARD_NAME, 20_000);
      await panel.getByRole("button", { name: "Cut the Bluetooth link" }).click();
      await console.page.getByText(/Link to virtual rak5010 lost/).waitFor();
      await console.isConnected(BOARD_NAME, 20_000);
    }));

  it("flashes the image it is served, and provisions the certificates of the demo", () =>
    withConsole(async (console) => {
      await console.connect("Virtual board", BOARD_NAME);
      const flash = await console.show("Flash");
      await flash.getByRole("button", { name: "Take the image of the virtual board" }).click();
      await flash.getByLabel("Write it even where it runs already").check();
      await flash.getByRole("button", { name: "Flash", exact: true }).click();
      await flash.getByText("Flashed and proved").waitFor(SLOW);
      const provision = await console.show("Provision");
      await provision.getByRole("button", { name: "Take the certificates of the demo" }).click();
      await provision.getByRole("button", { name: "Write to the modem" }).click();
      await provision.getByText("Written and verified by the modem’s checksum").waitFor(SLOW);
      await provision.getByRole("rowheader", { name: "client.key" }).waitFor();
    }));

  it("gives the link to one page at a time, and tells the second one so", () =>
    withConsole(async (first) => {
      await first.connect("Virtual board", BOARD_NAME);
      await withConsole(async (second) => {
        await second.button("Connect").click();
        await second.button(/^Virtual board/).click();
        const alert = second.page.getByRole("alert").filter({ hasText: "PORT_REFUSED" });
        await alert.waitFor();
        assert.match((await alert.textContent()) ?? "", /in use by another page/);
      });
    }));
});
