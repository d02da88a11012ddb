/** A board's console by Web Serial. */
import { makePort, type PortEnd, portLost } from "./make-port.ts";
import { type Port, PortError, type PortSource } from "./port.ts";

/** What is needed of Web Serial; `navigator.serial` is one. */
export interface SerialLike {
  requestPort(): Promise<SerialPortLike>;
}

export interface SerialPortLike {
  readonly readable: ReadableStreamLike | null;
  readonly writable: WritableStreamLike | null;
  getInfo?(): { readonly usbVendorId?: number | undefined; readonly usbProductId?: number | undefined };
  open(options: { baudRate: number; bufferSize?: number }): Promise<void>;
  close(): Promise<void>;
}

export interface ReadableStreamLike {
  getReader(): ReaderLike;
}

export interface ReaderLike {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
  releaseLock(): void;
}

export interface WritableStreamLike {
  getWriter(): WriterLike;
}

export interface WriterLike {
  readonly ready: Promise<unknown>;
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  releaseLock(): void;
}

export interface SerialOptions {
  /** Default 115,200, which USB ignores. */
  readonly baudRate?: number;
  readonly name?: string;
}

export const DEFAULT_BAUD_RATE = 115_200;
/** What the interpreter keeps as one event (IOEVENT_MAX_LEN), so that its queue is filled best. */
export const SERIAL_CHUNK = 64;

/** Asks for a port at the first `open()`, and uses the same one for the next. */
export function webSerialSource(serial: SerialLike, options: SerialOptions = {}): PortSource {
  let chosen: SerialPortLike | undefined;
  return {
    async open() {
      chosen ??= await choose(serial);
      return chosen === undefined ? undefined : openWebSerial(chosen, options);
    },
  };
}

async function choose(serial: SerialLike): Promise<SerialPortLike | undefined> {
  try {
    return await serial.requestPort();
  } catch (error) {
    const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
    if (kind === "NotFoundError") return undefined; // the dialog was closed
    throw new PortError("PORT_REFUSED", `the browser gives no serial port: ${message || kind}`);
  }
}

/** `USB 1366:1015`, all that a browser tells of a port; of one that is no USB device it tells nothing. */
function nameOf(serial: SerialPortLike): string {
  const { usbVendorId, usbProductId = 0 } = serial.getInfo?.() ?? {};
  if (usbVendorId === undefined) return "serial";
  return `USB ${[usbVendorId, usbProductId].map((id) => id.toString(16).padStart(4, "0")).join(":")}`;
}

/** Opens a port that was chosen. */
export async function openWebSerial(serial: SerialPortLike, options: SerialOptions = {}): Promise<Port> {
  const name = options.name ?? nameOf(serial);
  const { baudRate = DEFAULT_BAUD_RATE } = options;
  try {
    await serial.open({ baudRate, bufferSize: 4096 });
  } catch (error) {
    const { name: kind, message } = error instanceof Error ? error : new Error(String(error));
    // InvalidStateError: it is open already; NetworkError: another program has it.
    throw new PortError(kind === "NotFoundError" ? "PORT_ABSENT" : "PORT_REFUSED", `${name}: ${message || kind}`);
  }
  const { readable, writable } = serial;
  if (readable === null || writable === null) throw new PortError("PORT_REFUSED", `${name} cannot be read and written`);
  return start(serial, readable.getReader(), writable.getWriter(), name);
}

function start(serial: SerialPortLike, reader: ReaderLike, writer: WriterLike, name: string): Port {
  const end: PortEnd = makePort({
    name,
    chunkBytes: SERIAL_CHUNK,
    send: async (chunk) => {
      await writer.ready;
      await writer.write(chunk);
    },
    close: async () => {
      await reader.cancel().catch(() => undefined);
      await reading;
    },
  });
  const reading = readAll(reader, end)
    .catch((error: unknown) => portLost(name, error))
    .then(async (cause) => {
      reader.releaseLock();
      writer.releaseLock();
      // A device that was pulled out cannot be closed, and need not.
      await serial.close().catch(() => undefined);
      end.lost(cause);
    });
  return end.port;
}

async function readAll(reader: ReaderLike, end: PortEnd): Promise<PortError> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return portLost(end.port.name, undefined);
    if (value !== undefined) end.receive(value);
  }
}
