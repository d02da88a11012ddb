/** How the page looks: every panel in light, dark and on a phone, judged by axe, with a picture each. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { violations } from "./axe.ts";
import { launchChromium, withPage } from "./chromium.ts";
import { ConsolePage, type TabName } from "./console-page.ts";
import { npmStart, type Started } from "./npm-start.ts";

const TABS: readonly TabName[] = ["Board", "Flash", "Provision", "REPL", "Trace", "Status"];
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const;
const BOARD_NAME = /Connected to virtual rak5010/;

describe("the look of the page", () => {
  let browser: Browser;
  let started: Started;
  before(async () => {
    [browser, started] = await Promise.all([launchChromium(), npmStart()]);
  });
  after(async () => {
    await browser?.close();
    await started?.stop();
  });

  function withConsole(options: BrowserContextOptions, run: (console: ConsolePage) => Promise<void>): Promise<void> {
    return withPage(browser, options, async (shown) => {
      await shown.page.goto(started.url);
      await run(new ConsolePage(shown));
    });
  }

  /** Something to see in each of the panels. */
  async function fill(console: ConsolePage): Promise<void> {
    await console.connect("Virtual board", BOARD_NAME);
    const flash = await console.show("Flash");
    await flash.getByRole("button", { name: "Take the image of the virtual board" }).click();
    await flash.getByText("Checksum", { exact: true }).waitFor();
    const provision = await console.show("Provision");
    await provision.getByRole("button", { name: "Take the certificates of the demo" }).click();
    await provision.getByRole("region", { name: "Findings" }).waitFor();
    const trace = await console.show("Trace");
    await trace.getByRole("button", { name: "Start" }).click();
    await trace.getByRole("region", { name: "Trace" }).getByRole("row").nth(4).waitFor({ timeout: 20_000 });
    await console.show("REPL");
    await console.send("print('link secured ! TLS_REFUSED x')\ngodwit.client.publish(1)");
    await console.terminalShows(/Uncaught/);
    const status = await console.show("Status");
    await status.getByRole("heading", { name: /Connected: TLS and MQTT are up/ }).waitFor({ timeout: 30_000 });
  }

  async function judge(console: ConsolePage, look: string, name: string): Promise<string[]> {
    await console.shown.screenshot(`${look}-${name.toLowerCase()}`);
    const found = await violations(console.page);
    // A page that scrolls sideways hides what stands at its right.
    const overflow = await console.page.evaluate("document.documentElement.scrollWidth - innerWidth");
    if (typeof overflow !== "number" || overflow > 0) found.push(`${String(overflow)} pixels wider than the window`);
    return found.map((text) => `${look} ${name}: ${text}`);
  }

  const looks: Readonly<Record<string, BrowserContextOptions>> = {
    "light": { colorScheme: "light" },
    "dark": { colorScheme: "dark" },
    "phone": { colorScheme: "light", ...PHONE },
  };
  for (const [look, options] of Object.entries(looks)) {
    it(`${look}: no violation in any panel, empty or filled`, () =>
      withConsole(options, async (console) => {
        const found: string[] = [];
        for (const tab of TABS) {
          await console.show(tab);
          found.push(...(await judge(console, `${look}-empty`, tab)));
        }
        await console.button("Connect").click();
        await console.button(/^Bluetooth/).waitFor();
        found.push(...(await judge(console, `${look}-empty`, "Menu")));
        await console.page.keyboard.press("Escape");
        await fill(console);
        for (const tab of TABS) {
          await console.show(tab);
          found.push(...(await judge(console, look, tab)));
        }
        assert.doesNotMatch(await console.terminalText(), /:0,v:/, "the page's own questions are no console text");
        await console.show("Trace");
        await console.panel("Trace").getByRole("button", { name: "Stop" }).click();
        await console.panel("Trace").getByRole("button", { name: "Start" }).waitFor();
        assert.deepEqual(found, []);
      }));
  }

  it("a button without a name would be found", () =>
    withPage(browser, {}, async ({ page }) => {
      await page.setContent('<html lang="en"><title>x</title><main><h1>x</h1><button></button></main></html>');
      assert.match((await violations(page)).join("\n"), /^button-name: /);
    }));
});
