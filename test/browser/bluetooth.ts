/**
 * A Bluetooth peripheral with the Nordic UART Service, for the page's real `navigator.bluetooth`, by Chromium's
 * BluetoothEmulation. What that can do, as seen with Chromium 156: the chooser, connection, discovery, subscription, writes
 * of both kinds with their data, refusals, and the loss of the connection. What it cannot: notifications, and to tell that the
 * page has disconnected; an in-page script (page/bluetooth.ts) does both.
 *
 * A write without response is taken at once, whatever the board does, as by an operating system that queues it: a page that
 * floods a board is not held back by the browser. One with response waits until the board has taken it.
 */
import type { Browser, BrowserContextOptions, CDPSession, Page } from "playwright-core";
import { NORDIC_UART } from "../../tools/port/port.ts";
import { type TestPage, withPage } from "./chromium.ts";
import type { FarEnd, Reach } from "./far-end.ts";
import { callInPage, inPageScript } from "./in-page.ts";

/** Client Characteristic Configuration: what a subscription is written to. */
const CLIENT_CONFIGURATION = "00002902-0000-1000-8000-00805f9b34fb";
const ADDRESS = "C0:FF:EE:00:50:10";
/** Bluetooth Core, list of error codes: "Connection Failed to be Established". */
const CONNECTION_FAILED = 0x3e;
/** Attribute protocol: "Invalid Attribute Value Length", "Unlikely Error". */
const INVALID_LENGTH = 0x0d;
const UNLIKELY = 0x0e;

export interface PeripheralOptions {
  readonly name: string;
  readonly reach: Reach;
}

/** One at a time in a browser. Make it before the page is loaded. */
export class Peripheral {
  /** What the user does in the browser's dialog. */
  choice: "choose" | "cancel" = "choose";
  /** Connections to come that do not succeed. */
  refusals = 0;
  /** Over all connections. */
  bytesWritten = 0;
  connections = 0;
  readonly prompts: string[] = [];

  private readonly central: CDPSession;
  private readonly chooser: CDPSession;
  private readonly page: Page;
  private readonly options: PeripheralOptions;
  private link: FarEnd | undefined;
  private receiveId = "";
  private toPage: string[] = [];
  private listens = false;
  private delivering = false;
  private writing: Promise<unknown> = Promise.resolve();
  private cutAt = Number.POSITIVE_INFINITY;
  /** Operations that the page waits for. */
  private readonly open = new Set<CharacteristicOperation>();
  private readonly defects: unknown[] = [];

  private constructor(central: CDPSession, chooser: CDPSession, page: Page, options: PeripheralOptions) {
    this.central = central;
    this.chooser = chooser;
    this.page = page;
    this.options = options;
  }

  static async create(browser: Browser, page: Page, options: PeripheralOptions): Promise<Peripheral> {
    const central = await browser.newBrowserCDPSession();
    const chooser = await page.context().newCDPSession(page);
    const peripheral = new Peripheral(central, chooser, page, options);
    await peripheral.prepare();
    return peripheral;
  }

  private async prepare(): Promise<void> {
    const { central, chooser, page } = this;
    central.on("BluetoothEmulation.gattOperationReceived", ({ type }) => this.run(() => this.onGatt(type)));
    central.on("BluetoothEmulation.characteristicOperationReceived", (operation) =>
      this.run(() => this.onCharacteristic(operation)),
    );
    chooser.on("DeviceAccess.deviceRequestPrompted", ({ id, devices }) => this.run(() => this.onPrompt(id, devices)));
    page.on("close", () => this.run(() => this.leave()));
    await central.send("BluetoothEmulation.enable", { state: "powered-on", leSupported: true });
    await central.send("BluetoothEmulation.simulatePreconnectedPeripheral", {
      address: ADDRESS,
      name: this.options.name,
      manufacturerData: [],
      knownServiceUuids: [NORDIC_UART.service],
    });
    await chooser.send("DeviceAccess.enable");
    await page.exposeFunction("emulatedBluetoothHeard", (kind: string, uuid: string) =>
      this.run(() => this.onHeard(kind, uuid)),
    );
    await page.addInitScript(inPageScript("bluetooth"));
  }

  get isConnected(): boolean {
    return this.link !== undefined;
  }

  /** The connection is lost, as when the board is carried away. */
  async cut(): Promise<void> {
    this.cutAt = Number.POSITIVE_INFINITY;
    // The emulation would never answer what is under way, as an operating system does when the connection is lost.
    const { link } = this;
    this.link = undefined;
    const open = [...this.open];
    this.open.clear();
    await Promise.all(open.map((operation) => this.answer(operation, UNLIKELY)));
    await this.central.send("BluetoothEmulation.simulateGATTDisconnection", { address: ADDRESS });
    await this.leave(link);
  }

  /** The connection is lost when the page has written this many more bytes; those behind them do not arrive. */
  cutAfter(bytes: number): void {
    this.cutAt = this.bytesWritten + bytes;
  }

  /** The adapter is switched off, or on again. */
  async setRadio(state: "powered-on" | "powered-off"): Promise<void> {
    await this.central.send("BluetoothEmulation.setSimulatedCentralState", { state });
  }

  /** Once the page is closed. Throws what went wrong in the emulation itself. */
  async stop(): Promise<void> {
    await this.leave();
    await this.central.send("BluetoothEmulation.disable");
    await this.central.detach();
    if (this.defects.length > 0) throw new AggregateError(this.defects, "the emulation failed");
  }

  private async run(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.defects.push(error);
    }
  }

  /** The dialog tells each change of its list; a second answer to it ends the browser. */
  private async onPrompt(id: string, devices: readonly { id: string }[]): Promise<void> {
    const device = devices.find((one) => one.id === ADDRESS);
    if (this.prompts.includes(id) || (this.choice === "choose" && device === undefined)) return;
    this.prompts.push(id);
    if (this.choice === "cancel" || device === undefined) await this.chooser.send("DeviceAccess.cancelPrompt", { id });
    else await this.chooser.send("DeviceAccess.selectPrompt", { id, deviceId: device.id });
  }

  private async onGatt(type: "connection" | "discovery"): Promise<void> {
    let code = 0;
    if (type === "discovery") await this.addService();
    else if (this.refusals > 0) {
      this.refusals--;
      code = CONNECTION_FAILED;
    } else await this.connect();
    await this.central.send("BluetoothEmulation.simulateGATTOperationResponse", { address: ADDRESS, type, code });
  }

  private async connect(): Promise<void> {
    const link = await this.options.reach();
    this.connections++;
    this.link = link;
    this.writing = Promise.resolve();
    // The board ends it, e.g. by a reboot.
    link.onClose = () => {
      if (this.link === link) void this.run(() => this.cut());
    };
  }

  /** Anew for each connection: the emulation forgets the services when one ends. */
  private async addService(): Promise<void> {
    const { central } = this;
    const { serviceId } = await central.send("BluetoothEmulation.addService", {
      address: ADDRESS,
      serviceUuid: NORDIC_UART.service,
    });
    const receive = await central.send("BluetoothEmulation.addCharacteristic", {
      serviceId,
      characteristicUuid: NORDIC_UART.receive,
      properties: { write: true, writeWithoutResponse: true },
    });
    const transmit = await central.send("BluetoothEmulation.addCharacteristic", {
      serviceId,
      characteristicUuid: NORDIC_UART.transmit,
      properties: { notify: true },
    });
    await central.send("BluetoothEmulation.addDescriptor", {
      characteristicId: transmit.characteristicId,
      descriptorUuid: CLIENT_CONFIGURATION,
    });
    this.receiveId = receive.characteristicId;
  }

  private async onCharacteristic(operation: CharacteristicOperation): Promise<void> {
    let code = 0;
    this.open.add(operation);
    if (operation.type === "write" && operation.characteristicId === this.receiveId) {
      const bytes = Buffer.from(operation.data ?? "", "base64").toString("latin1");
      const taken = this.take(bytes);
      if (taken === undefined) code = INVALID_LENGTH;
      else if (operation.writeType !== "write-without-response") await taken;
    }
    // Not there any more: the connection was lost, which has answered it.
    if (this.open.delete(operation)) await this.answer(operation, code);
  }

  private async answer({ characteristicId, type }: CharacteristicOperation, code: number): Promise<void> {
    const { link } = this;
    try {
      await this.central.send("BluetoothEmulation.simulateCharacteristicOperationResponse", {
        characteristicId,
        type,
        code,
      });
    } catch (error) {
      // The connection is gone meanwhile, and so is who asked.
      if (link !== undefined && this.link === link) throw error;
    }
  }

  /** Undefined for more than a packet holds. One write is taken behind the other. */
  private take(bytes: string): Promise<unknown> | undefined {
    const { link } = this;
    if (link === undefined) return Promise.resolve();
    if (bytes.length > link.chunkBytes) return undefined;
    const room = this.cutAt - this.bytesWritten;
    const arrives = bytes.slice(0, Math.max(0, room));
    this.bytesWritten += arrives.length;
    if (arrives !== "") this.writing = this.writing.then(() => link.write(arrives)).catch(() => {}); // its onClose tells
    if (arrives.length === bytes.length) return this.writing;
    return this.cut();
  }

  private async onHeard(kind: string, uuid: string): Promise<void> {
    // For the emulation the connection would last, and the next one would be none.
    if (kind === "leaves") await this.cut();
    if (kind === "begins") await this.leave();
    if (uuid !== NORDIC_UART.transmit) return;
    this.listens = kind === "listens";
    const { link } = this;
    if (!this.listens || link === undefined) return;
    link.onData = (bytes) => {
      if (this.link !== link) return;
      this.toPage.push(bytes);
      void this.run(() => this.deliver());
    };
    await this.deliver();
  }

  private async deliver(): Promise<void> {
    if (this.delivering) return;
    this.delivering = true;
    try {
      while (this.listens && this.toPage.length > 0) {
        const values = this.toPage.splice(0, 100);
        await this.page.evaluate(callInPage("emulatedBluetoothNotify", NORDIC_UART.transmit, values));
      }
    } catch (error) {
      // The page is on its way to another document, or closed.
      if (this.link !== undefined && !this.page.isClosed()) throw error;
    } finally {
      this.delivering = false;
    }
  }

  private async leave(link = this.link): Promise<void> {
    if (this.link === link) this.link = undefined;
    this.open.clear();
    this.listens = false;
    this.toPage = [];
    await link?.close();
  }
}

/** Runs a test with a page that has a peripheral nearby. */
export async function withPeripheral(
  browser: Browser,
  pageOptions: BrowserContextOptions,
  options: PeripheralOptions,
  run: (rig: { shown: TestPage; peripheral: Peripheral }) => Promise<void>,
): Promise<void> {
  let peripheral: Peripheral | undefined;
  try {
    await withPage(browser, pageOptions, async (shown) => {
      peripheral = await Peripheral.create(browser, shown.page, options);
      await run({ shown, peripheral });
    });
  } catch (error) {
    // The test's own failure is the one to tell.
    await peripheral?.stop().catch(() => undefined);
    throw error;
  }
  // Not before: now and then Chromium ends when the emulation does while a page is connected.
  await peripheral?.stop();
}

interface CharacteristicOperation {
  readonly characteristicId: string;
  readonly type: "read" | "write" | "subscribe-to-notifications" | "unsubscribe-from-notifications";
  readonly data?: string;
  readonly writeType?: string;
}
