import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { type Peripheral, withPeripheral } from "./bluetooth.ts";
import { launchChromium } from "./chromium.ts";
import { type Reach, Recorder } from "./far-end.ts";
import { callInPage, inPageScript } from "./in-page.ts";
import { type Served, serveHtml } from "./serve.ts";
import { reachBoard } from "./virtual-end.ts";

/** The emulation itself, with a page of a few lines: what it can do, the tests of the real page may rest on. */
const html = `<!doctype html><html lang="en"><title>UART</title><button>Connect</button><output></output>
<script type="module">${inPageScript("uart")}</script>`;
const allBytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");

describe("a Bluetooth peripheral in Chromium", () => {
  let browser: Browser;
  let served: Served;
  before(async () => {
    [browser, served] = await Promise.all([launchChromium(), serveHtml(html)]);
  });
  after(async () => {
    await browser?.close();
    await served?.close();
  });

  async function withUart(run: (rig: Rig) => Promise<void>, other?: Reach): Promise<void> {
    const links: Recorder[] = [];
    const record = (): Recorder => {
      const link = new Recorder();
      links.push(link);
      return link;
    };
    const options = { name: "Godwit 4711", reach: other ?? record };
    await withPeripheral(browser, {}, options, async ({ shown, peripheral }) => {
      await shown.page.goto(served.url);
      await run(new Rig(shown.page, peripheral, links));
    });
  }

  it("is chosen, connected, and carries all byte values both ways", () =>
    withUart(async (rig) => {
      await rig.connect("connected to Godwit 4711");
      const values = [...slices(allBytes, 20)];
      assert.equal(await rig.write(values, "without"), `${values.length}`);
      assert.equal(await rig.write(values, "with"), `${values.length}`);
      assert.equal(rig.link.writes.join(""), allBytes + allBytes);
      rig.link.say(allBytes);
      await rig.hears(allBytes);
    }));

  it("carries thousands of writes and notifications, in order", () =>
    withUart(async (rig) => {
      await rig.connect("connected to Godwit 4711");
      const values = Array.from({ length: 2000 }, (_, n) => `${n} `.padStart(20, "."));
      rig.link.onWrite = (bytes) => rig.link.say(bytes);
      assert.equal(await rig.write(values, "without"), "2000");
      await rig.hears(values.join(""));
      assert.deepEqual(rig.link.writes, values);
    }));

  it("is lost in the middle of an upload, and found again without the dialog", () =>
    withUart(async (rig) => {
      await rig.connect("connected to Godwit 4711");
      rig.peripheral.cutAfter(1010);
      const values = Array.from({ length: 200 }, (_, n) => `${n}`.padStart(20, "."));
      assert.match(await rig.write(values, "with"), /^50, then NotSupportedError$/);
      assert.equal(rig.links[0]?.writes.join(""), values.join("").slice(0, 1010));
      await rig.until(() => rig.links[0]?.isClosed === true);
      await rig.page.waitForFunction("uart.losses === 1");
      await rig.connect("connected to Godwit 4711");
      assert.equal(await rig.write(["again"], "with"), "1");
      assert.deepEqual(rig.link.writes, ["again"]);
      rig.link.say("welcome back");
      await rig.hears("welcome back");
      assert.equal(rig.peripheral.prompts.length, 1);
    }));

  it("is left by the page, and its connection ends with the board's", () =>
    withUart(async (rig) => {
      await rig.connect("connected to Godwit 4711");
      await rig.page.evaluate("uart.device.gatt.disconnect()");
      await rig.until(() => rig.links[0]?.isClosed === true);
      await rig.connect("connected to Godwit 4711");
      await rig.link.close();
      await rig.page.waitForFunction("uart.losses === 2 && !uart.device.gatt.connected");
    }));

  it("leaves and comes back at once without losing the second connection", () =>
    withUart(async (rig) => {
      await rig.connect("connected to Godwit 4711");
      await rig.page.evaluate("uart.device.gatt.disconnect(), uart.connect()");
      assert.equal(await rig.write(["here"], "with"), "1");
      assert.deepEqual(rig.link.writes, ["here"]);
      assert.equal(rig.links[0]?.isClosed, true);
      assert.equal(rig.link.isClosed, false);
    }));

  it("is a virtual board: what is typed reaches its interpreter, what that prints reaches the page", async () => {
    const board = new VirtualBoard({ board: "rak5010" });
    board.start();
    try {
      await withUart(
        async (rig) => {
          await rig.connect("connected to Godwit 4711");
          await rig.write(["print('first')\n", "print(6*7,'\\xff')\n"], "without");
          await rig.page.waitForFunction("uart.heard.includes('42')");
          assert.match(String(await rig.page.evaluate("uart.heard")), /first\r\n[\s\S]*42 \xff\r\n/);
          await rig.write(["E.reboot()\n"], "without");
          await rig.page.waitForFunction("uart.losses === 1");
          await rig.connect("connected to Godwit 4711");
          await rig.write(["print('back')\n"], "without");
          await rig.page.waitForFunction("/back\\r/.test(uart.heard)");
        },
        reachBoard(() => board),
      );
    } finally {
      board.stop();
    }
  });

  it("may be declined in the dialog, refuse a connection, and refuse what no packet holds", () =>
    withUart(async (rig) => {
      rig.peripheral.choice = "cancel";
      await rig.connect("NotFoundError");
      rig.peripheral.choice = "choose";
      rig.peripheral.refusals = 1;
      await rig.connect("NetworkError");
      await rig.connect("connected to Godwit 4711");
      assert.match(await rig.write(["x".repeat(21)], "with"), /^0, then NotSupportedError$/);
      assert.deepEqual(rig.link.writes, []);
    }));
});

class Rig {
  readonly page: Page;
  readonly peripheral: Peripheral;
  readonly links: readonly Recorder[];

  constructor(page: Page, peripheral: Peripheral, links: readonly Recorder[]) {
    this.page = page;
    this.peripheral = peripheral;
    this.links = links;
  }

  get link(): Recorder {
    const link = this.links.at(-1);
    assert.ok(link, "there was a connection");
    return link;
  }

  /** As a user: a click, and what the page says then. */
  async connect(result: string): Promise<void> {
    const output = this.page.locator("output");
    await output.evaluate("document.querySelector('output').textContent = ''");
    await this.page.getByRole("button", { name: "Connect" }).click();
    await this.until(async () => (await output.textContent()) !== "");
    assert.equal(await output.textContent(), result);
  }

  async write(values: readonly string[], kind: "with" | "without"): Promise<string> {
    return this.page.evaluate(callInPage("uart.write", values, kind));
  }

  async hears(text: string): Promise<void> {
    await this.page.waitForFunction(`uart.heard.length >= ${text.length}`);
    assert.equal(await this.page.evaluate("uart.heard"), text);
  }

  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!(await condition())) {
      assert.ok(Date.now() < deadline, "waited 10 s");
      await this.page.waitForTimeout(5);
    }
  }
}

function* slices(text: string, length: number): Generator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}
