/**
 * The way to a board's console, whatever it is made of. Nothing in this folder's shared parts needs Node or a browser: the
 * command line and the page have the same ports behind this one interface.
 */

/** An open connection. Strings are bytes: one char, one byte. */
export interface Port {
  /** As `--port` takes it: `ble:Godwit 42`, `serial:/dev/ttyACM0`, `tcp:127.0.0.1:4400`, `ws://127.0.0.1:4400/board`. */
  readonly name: string;
  /** Bytes that the link carries at once: 20 on a Nordic UART Service with the smallest MTU. */
  readonly chunkBytes: number;
  /**
   * Resolves when the link has taken all bytes, and so is the flow control: who waits for it never floods the link. Cuts
   * into chunks by itself. Calls may overlap; the order is that of the calls. Rejects with a `PortError`.
   */
  write(bytes: string): Promise<void>;
  /** Assigned by whoever uses the port. Nothing is lost before it is: what came early is handed over at once. */
  onData: ((bytes: string) => void) | undefined;
  /** Once, when the link is gone for whatever reason, `close()` included. */
  onClose: ((cause: PortError | undefined) => void) | undefined;
  close(): Promise<void>;
}

/** Opens a port, and opens it again after the link was lost: a Bluetooth device needs to be chosen only once. */
export interface PortSource {
  /** `undefined` where the user changes his mind in the browser's dialog. */
  open(): Promise<Port | undefined>;
}

/** Codes: docs/errors.md. */
export type PortErrorCode = "PORT_ABSENT" | "PORT_REFUSED" | "PORT_LOST" | "PORT_CLOSED" | "PORT_UNSUPPORTED";

export class PortError extends Error {
  readonly code: PortErrorCode;
  constructor(code: PortErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Nordic UART Service: the board hears on `receive` and speaks on `transmit`. */
export const NORDIC_UART = {
  service: "6e400001-b5a3-f393-e0a9-e50e24dcca9e",
  receive: "6e400002-b5a3-f393-e0a9-e50e24dcca9e",
  transmit: "6e400003-b5a3-f393-e0a9-e50e24dcca9e",
} as const;
