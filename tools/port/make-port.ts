/** What all ports do alike: chunks in order, nothing lost before somebody listens, one `onClose`. */
import { type Port, PortError } from "./port.ts";

/** How one kind of link moves bytes. */
export interface Link {
  readonly name: string;
  readonly chunkBytes: number;
  /** Sends one chunk; resolves when the link can take the next. Never called while another is under way. */
  send(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Ends the link from here. */
  close(): Promise<void>;
}

export interface PortEnd {
  readonly port: Port;
  /** Bytes from the board. */
  receive(bytes: Uint8Array): void;
  /** The link is gone; `undefined` when this side closed it. */
  lost(cause: PortError | undefined): void;
}

/** Most bytes that are kept until somebody listens; older ones go first. */
const MAX_EARLY = 65_536;

export function makePort(link: Link): PortEnd {
  return new LinkPort(link);
}

class LinkPort implements PortEnd, Port {
  readonly port: Port = this;
  readonly name: string;
  readonly chunkBytes: number;
  private readonly link: Link;
  private listener: ((bytes: string) => void) | undefined;
  private closeListener: ((cause: PortError | undefined) => void) | undefined;
  private early = "";
  private tail: Promise<void> = Promise.resolve();
  /** Set once it is closed. */
  private end: { readonly cause: PortError | undefined } | undefined;

  constructor(link: Link) {
    this.link = link;
    this.name = link.name;
    this.chunkBytes = link.chunkBytes;
  }

  get onData(): ((bytes: string) => void) | undefined {
    return this.listener;
  }

  set onData(listener: ((bytes: string) => void) | undefined) {
    this.listener = listener;
    const { early } = this;
    if (listener === undefined || early === "") return;
    this.early = "";
    listener(early);
  }

  get onClose(): ((cause: PortError | undefined) => void) | undefined {
    return this.closeListener;
  }

  set onClose(listener: ((cause: PortError | undefined) => void) | undefined) {
    this.closeListener = listener;
    if (this.end !== undefined) listener?.(this.end.cause);
  }

  async write(bytes: string): Promise<void> {
    const data = bytesOf(bytes);
    const sent = this.tail.then(() => this.sendAll(data));
    // A failure is for who wrote; what is behind it fails for its own reason.
    this.tail = sent.catch(() => undefined);
    return sent;
  }

  async close(): Promise<void> {
    if (this.end !== undefined) return;
    this.lost(undefined);
    await this.link.close();
  }

  receive(bytes: Uint8Array): void {
    const text = textOf(bytes);
    if (this.end !== undefined || text === "") return;
    if (this.listener !== undefined) this.listener(text);
    else this.early = (this.early + text).slice(-MAX_EARLY);
  }

  lost(cause: PortError | undefined): void {
    if (this.end !== undefined) return;
    this.end = { cause };
    this.closeListener?.(cause);
  }

  private async sendAll(data: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < data.length; at += this.chunkBytes) {
      if (this.end !== undefined) throw this.end.cause ?? new PortError("PORT_CLOSED", `${this.name} is closed`);
      await this.link.send(data.subarray(at, at + this.chunkBytes)).catch((error: unknown) => {
        // The end of the link is often first seen by a write that fails.
        if (this.end === undefined) this.lost(portLost(this.name, error));
        throw this.end?.cause ?? new PortError("PORT_CLOSED", `${this.name} is closed`);
      });
    }
  }
}

export function portLost(name: string, error: unknown): PortError {
  if (error instanceof PortError) return error;
  const why = error instanceof Error && error.message !== "" ? `: ${error.message}` : "";
  return new PortError("PORT_LOST", `the link to ${name} was lost${why}`);
}

/**
 * Bytes of a string of chars 0 to 255.
 * @throws {RangeError} for any other.
 */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError(`no byte: character ${code} at ${i}`);
    bytes[i] = code;
  }
  return bytes;
}

/** One char a byte. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  // So many arguments are safe on every engine's stack.
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

/** `work`, or a PortError when it takes longer. */
export function within<T>(work: Promise<T>, ms: number, error: () => PortError): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(error()), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
