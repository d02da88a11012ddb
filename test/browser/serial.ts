/**
 * A serial port for the page's `navigator.serial`, joined to a far end. Chromium's DevTools protocol has no emulation of
 * Web Serial, and its dialog lists only devices of udev, among which no pseudo terminal is: the port object is therefore an
 * in-page script's (page/serial.ts), with streams, locks and errors as the standard has them. What this cannot test is the
 * browser's own dialog and driver.
 */
import type { Page } from "playwright-core";
import type { FarEnd, Reach } from "./far-end.ts";
import { callInPage, inPageScript } from "./in-page.ts";

/** Make it before the page is loaded. */
export class SerialCable {
  baudRate: number | undefined;
  bytesWritten = 0;
  private readonly page: Page;
  private readonly reach: Reach;
  private link: FarEnd | undefined;
  private toPage = "";
  private delivering = false;
  private readonly defects: unknown[] = [];

  private constructor(page: Page, reach: Reach) {
    this.page = page;
    this.reach = reach;
  }

  static async create(page: Page, reach: Reach): Promise<SerialCable> {
    const cable = new SerialCable(page, reach);
    await page.exposeFunction("emulatedSerialOpened", (baudRate: number) => cable.open(baudRate));
    await page.exposeFunction("emulatedSerialWrite", (bytes: string) => cable.write(bytes));
    await page.exposeFunction("emulatedSerialClosed", () => cable.close());
    page.on("close", () => void cable.close());
    await page.addInitScript(inPageScript("serial"));
    return cable;
  }

  /** What the user does in the next dialog of the page that is loaded now. */
  async setChoice(choice: "choose" | "cancel"): Promise<void> {
    await this.page.evaluate(`emulatedSerialChoice = ${JSON.stringify(choice)}`);
  }

  /** The user has had so many dialogs in this document. */
  async hadDialogs(count: number): Promise<void> {
    // The page's Content Security Policy does not let it wait for an expression by itself.
    while ((await this.page.evaluate("emulatedSerialDialogs")) !== count) await this.page.waitForTimeout(5);
  }

  /** The plug out, and in again at once. */
  async pullOut(): Promise<void> {
    await this.page.evaluate("emulatedSerialLose()");
    await this.close();
  }

  /** Throws what went wrong in the emulation itself. */
  async stop(): Promise<void> {
    await this.close();
    if (this.defects.length > 0) throw new AggregateError(this.defects, "the emulation failed");
  }

  private async open(baudRate: number): Promise<void> {
    this.baudRate = baudRate;
    const link = await this.reach();
    this.link = link;
    link.onData = (bytes) => {
      if (this.link !== link) return;
      this.toPage += bytes;
      this.deliver().catch((error: unknown) => this.defects.push(error));
    };
    link.onClose = () => {
      if (this.link === link) this.pullOut().catch((error: unknown) => this.defects.push(error));
    };
  }

  private async write(bytes: string): Promise<void> {
    const { link } = this;
    if (link === undefined) return;
    this.bytesWritten += bytes.length;
    await link.write(bytes).catch(() => {}); // its onClose tells
  }

  private async close(): Promise<void> {
    const { link } = this;
    this.link = undefined;
    this.toPage = "";
    await link?.close();
  }

  private async deliver(): Promise<void> {
    if (this.delivering) return;
    this.delivering = true;
    try {
      while (this.toPage !== "") {
        const bytes = this.toPage;
        this.toPage = "";
        await this.page.evaluate(callInPage("emulatedSerialData", bytes));
      }
    } catch (error) {
      // The page is on its way to another document, or closed.
      if (this.link !== undefined && !this.page.isClosed()) throw error;
    } finally {
      this.delivering = false;
    }
  }
}
