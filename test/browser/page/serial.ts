/**
 * A serial port for `navigator.serial`. Chromium has no emulation of Web Serial in its DevTools protocol, and it shows the
 * devices of udev only, among which no pseudo terminal is: so here the port object is ours, and with it the dialog. The
 * streams, their locks and their errors are as https://wicg.github.io/serial/ has them.
 */
declare global {
  function emulatedSerialOpened(baudRate: number): Promise<void>;
  /** Resolves when the board has taken the bytes: until then the page's writer waits. */
  function emulatedSerialWrite(bytes: string): Promise<void>;
  function emulatedSerialClosed(): Promise<void>;
  var emulatedSerialData: (bytes: string) => void;
  /** The cable is pulled out. */
  var emulatedSerialLose: () => void;
  /** What the user does in the next dialog. */
  var emulatedSerialChoice: "choose" | "cancel";
  /** Dialogs so far. */
  var emulatedSerialDialogs: number;
}

globalThis.emulatedSerialChoice = "choose";
globalThis.emulatedSerialDialogs = 0;

const LOST = (): DOMException => new DOMException("The device has been lost.", "NetworkError");

class EmulatedSerialPort extends EventTarget {
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  connected = true;
  onconnect: null = null;
  ondisconnect: null = null;
  private reading: ReadableStreamDefaultController<Uint8Array> | undefined;
  private writing: WritableStreamDefaultController | undefined;
  private isOpen = false;

  async open(options: SerialOptions): Promise<void> {
    if (this.isOpen) throw new DOMException("The port is already open.", "InvalidStateError");
    if (!(options.baudRate > 0)) throw new TypeError("Requested baud rate must be greater than zero.");
    if (!this.connected) throw new DOMException("Failed to open serial port.", "NetworkError");
    this.isOpen = true;
    await emulatedSerialOpened(options.baudRate);
    this.readable = this.createReadable();
    this.writable = new WritableStream({
      start: (controller) => {
        this.writing = controller;
      },
      write: async (bytes) => {
        let text = "";
        for (const byte of bytes) text += String.fromCharCode(byte);
        await emulatedSerialWrite(text);
      },
    });
  }

  /** A page that cancels its reader gets a new stream, as the standard has it. */
  private createReadable(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        this.reading = controller;
      },
      cancel: () => {
        this.readable = this.isOpen ? this.createReadable() : null;
      },
    });
  }

  async close(): Promise<void> {
    if (!this.isOpen) throw new DOMException("The port is already closed.", "InvalidStateError");
    if (this.readable?.locked || this.writable?.locked) throw new TypeError("Cannot close a locked stream.");
    this.isOpen = false;
    await Promise.all([this.readable?.cancel(), this.writable?.abort()]);
    this.forgetStreams();
    await emulatedSerialClosed();
  }

  take(bytes: string): void {
    if (this.isOpen) this.reading?.enqueue(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  }

  lose(): void {
    if (!this.connected) return;
    this.connected = false;
    this.isOpen = false;
    this.reading?.error(LOST());
    this.writing?.error(LOST());
    this.forgetStreams();
    this.dispatchEvent(new Event("disconnect", { bubbles: true }));
    navigator.serial.dispatchEvent(new Event("disconnect"));
    // Plugged in again: the same port can be opened anew, as in the browser.
    setTimeout(() => {
      this.connected = true;
      this.dispatchEvent(new Event("connect", { bubbles: true }));
      navigator.serial.dispatchEvent(new Event("connect"));
    }, 50);
  }

  private forgetStreams(): void {
    this.readable = null;
    this.writable = null;
    this.reading = undefined;
    this.writing = undefined;
  }

  getInfo(): SerialPortInfo {
    return { usbVendorId: 0x1366, usbProductId: 0x1015 }; // the interface chip of Nordic's development kits
  }
  async setSignals(): Promise<void> {}
  async getSignals(): Promise<SerialInputSignals> {
    return { dataCarrierDetect: true, clearToSend: true, ringIndicator: false, dataSetReady: true };
  }
  async forget(): Promise<void> {
    if (this.isOpen) await this.close();
  }
}

const port = new EmulatedSerialPort();
let isGranted = false;

if ("serial" in navigator) {
  // The document before this one may have left it open.
  void emulatedSerialClosed();
  const serial = Object.getPrototypeOf(navigator.serial);
  Object.defineProperties(serial, {
    requestPort: {
      configurable: true,
      value: async () => {
        if (!navigator.userActivation.isActive)
          throw new DOMException("Must be handling a user gesture to show a permission request.", "SecurityError");
        globalThis.emulatedSerialDialogs++;
        if (globalThis.emulatedSerialChoice === "cancel")
          throw new DOMException("No port selected by the user.", "NotFoundError");
        isGranted = true;
        return port;
      },
    },
    getPorts: { configurable: true, value: async () => (isGranted ? [port] : []) },
  });
}

globalThis.emulatedSerialData = (bytes) => port.take(bytes);
globalThis.emulatedSerialLose = () => port.lose();

export {};
