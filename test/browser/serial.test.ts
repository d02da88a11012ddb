import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchChromium, withPage } from "./chromium.ts";
import { Recorder } from "./far-end.ts";
import { callInPage, inPageScript } from "./in-page.ts";
import { SerialCable } from "./serial.ts";
import { type Served, serveHtml } from "./serve.ts";

const html = `<!doctype html><html lang="en"><title>Serial</title><button>Connect</button><output></output>
<script type="module">${inPageScript("serial-uart")}</script>`;
const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");

describe("a serial port in Chromium", () => {
  let browser: Browser;
  let served: Served;
  before(async () => {
    [browser, served] = await Promise.all([launchChromium(), serveHtml(html)]);
  });
  after(async () => {
    await browser?.close();
    await served?.close();
  });

  async function withSerial(run: (page: Page, cable: SerialCable, links: Recorder[]) => Promise<void>): Promise<void> {
    const links: Recorder[] = [];
    await withPage(browser, {}, async ({ page }) => {
      const cable = await SerialCable.create(page, () => {
        const link = new Recorder();
        links.push(link);
        return link;
      });
      try {
        await page.goto(served.url);
        await run(page, cable, links);
      } finally {
        await cable.stop();
      }
    });
  }

  async function click(page: Page, result: string): Promise<void> {
    await page.evaluate("document.querySelector('output').textContent = ''");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText(result, { exact: true }).waitFor();
  }

  it("is chosen, opened, and carries all byte values both ways", () =>
    withSerial(async (page, cable, links) => {
      await cable.setChoice("cancel");
      await click(page, "NotFoundError");
      await cable.setChoice("choose");
      await click(page, "open");
      assert.equal(cable.baudRate, 115_200);
      assert.equal(await page.evaluate(callInPage("serialUart.write", allBytes)), "written");
      assert.deepEqual(links[0]?.writes, [allBytes]);
      links[0]?.say(allBytes);
      await page.waitForFunction("serialUart.heard.length === 256");
      assert.equal(await page.evaluate("serialUart.heard"), allBytes);
    }));

  it("wants a gesture of the user, and no lock at the end", () =>
    withSerial(async (page, _cable, links) => {
      await page.goto("about:blank");
      await page.goto(`${served.url}#at-once`);
      await page.getByText("SecurityError", { exact: true }).waitFor();
      await click(page, "open");
      assert.equal(await page.evaluate("serialUart.close()"), "closed once the lock was gone");
      assert.equal(links[0]?.isClosed, true);
      await click(page, "open");
      assert.equal(links.length, 2);
    }));

  it("is pulled out, and can be opened again", () =>
    withSerial(async (page, cable, links) => {
      await click(page, "open");
      await cable.pullOut();
      await page.waitForFunction("serialUart.ended !== ''");
      assert.equal(await page.evaluate("serialUart.ended"), "NetworkError");
      assert.equal(await page.evaluate(callInPage("serialUart.write", "x")), "not open");
      await page.waitForFunction("serialUart.port.connected");
      await click(page, "open");
      assert.equal(await page.evaluate(callInPage("serialUart.write", "again")), "written");
      assert.deepEqual(links[1]?.writes, ["again"]);
    }));
});
