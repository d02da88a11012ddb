/** The least of a page that has a serial port, to test the emulation itself. */
interface SerialUart {
  port: SerialPort | undefined;
  heard: string;
  /** Why the port could not be opened, or reading from it ended. */
  ended: string;
  open(): Promise<string>;
  write(bytes: string): Promise<string>;
  close(): Promise<string>;
}

declare global {
  var serialUart: SerialUart;
}

let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : String(error));

async function read(): Promise<void> {
  const { port } = serialUart;
  reader = port?.readable?.getReader();
  try {
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) break;
      for (const byte of value) serialUart.heard += String.fromCharCode(byte);
    }
    serialUart.ended = "done";
  } catch (error) {
    serialUart.ended = nameOf(error);
  } finally {
    reader?.releaseLock();
  }
}

globalThis.serialUart = {
  port: undefined,
  heard: "",
  ended: "",
  async open() {
    try {
      this.port ??= await navigator.serial.requestPort();
      await this.port.open({ baudRate: 115_200 });
      void read();
      return "open";
    } catch (error) {
      return nameOf(error);
    }
  },
  async write(bytes) {
    const writer = this.port?.writable?.getWriter();
    try {
      await writer?.write(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
      return writer === undefined ? "not open" : "written";
    } catch (error) {
      return nameOf(error);
    } finally {
      writer?.releaseLock();
    }
  },
  async close() {
    try {
      await this.port?.close();
      return "closed";
    } catch (error) {
      if (!(error instanceof TypeError)) return nameOf(error);
      await reader?.cancel();
      await this.port?.close();
      return "closed once the lock was gone";
    }
  },
};

async function show(): Promise<void> {
  const text = await serialUart.open();
  const output = document.querySelector("output");
  if (output) output.textContent = text;
}

document.querySelector("button")?.addEventListener("click", () => void show());
// No user has done anything yet.
if (location.hash === "#at-once") void show();

export {};
