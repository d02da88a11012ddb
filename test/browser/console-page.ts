/** The page as a user handles it: by what buttons and fields are called. */
import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { type Peripheral, withPeripheral } from "./bluetooth.ts";
import type { TestPage } from "./chromium.ts";
import type { Reach } from "./far-end.ts";

export type TabName = "Board" | "Flash" | "Provision" | "REPL" | "Trace" | "Status";

export const PERIPHERAL_NAME = "Godwit 4711";

export class ConsolePage {
  readonly shown: TestPage;
  readonly page: Page;

  constructor(shown: TestPage) {
    this.shown = shown;
    this.page = shown.page;
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  panel(name: TabName): Locator {
    return this.page.getByRole("tabpanel", { name });
  }

  async show(name: TabName): Promise<Locator> {
    await this.page.getByRole("tab", { name }).click();
    const panel = this.panel(name);
    await panel.getByRole("heading", { level: 1 }).waitFor();
    return panel;
  }

  /** By the menu in the header. */
  async connect(way: "Bluetooth" | "USB or serial" | "Virtual board", name: string | RegExp): Promise<void> {
    await this.button("Connect").click();
    await this.button(new RegExp(`^${way}`)).click();
    await this.isConnected(name);
  }

  async isConnected(name: string | RegExp, timeout = 10_000): Promise<void> {
    const says = typeof name === "string" ? `Connected to ${name}` : name;
    await this.page.getByRole("status").filter({ hasText: says }).first().waitFor({ timeout });
  }

  /** The image file through the panel's own file input. */
  async pickImage(imageFile: string, name = "rak5010.image.json"): Promise<void> {
    const panel = await this.show("Flash");
    await panel
      .getByLabel(/an image/i)
      .setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(imageFile) });
  }

  // ---- REPL

  /** What the terminal shows now, as a screen reader has it. */
  async terminalText(): Promise<string> {
    const rows = await this.panel("REPL").locator(".xterm-accessibility-tree").getByRole("listitem").allInnerTexts();
    return rows
      .map((row) => row.replaceAll("\u00a0", " ").trimEnd())
      .join("\n")
      .trimEnd();
  }

  async terminalShows(pattern: RegExp, timeoutMs = 10_000): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const text = await this.terminalText();
      if (pattern.test(text)) return text;
      assert.ok(Date.now() < deadline, `waited ${timeoutMs} ms for ${pattern}; the terminal shows:\n${text}`);
      await this.page.waitForTimeout(20);
    }
  }

  /** Through the field below the terminal. */
  async send(lines: string): Promise<void> {
    const field = this.panel("REPL").getByLabel("Lines to send");
    await field.fill(lines);
    await field.press("Enter");
  }
}

export interface BluetoothRig {
  readonly console: ConsolePage;
  readonly peripheral: Peripheral;
}

/** The page at `url`, with a peripheral nearby; fails when the page has errors or the emulation has. */
export async function withBluetooth(
  browser: Browser,
  url: string,
  reach: Reach,
  run: (rig: BluetoothRig) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  await withPeripheral(browser, options, { name: PERIPHERAL_NAME, reach }, async (rig) => {
    await rig.shown.page.goto(url);
    await run({ console: new ConsolePage(rig.shown), peripheral: rig.peripheral });
  });
}
