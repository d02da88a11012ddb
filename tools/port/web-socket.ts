/**
 * A board's console by WebSocket, as `npm start` offers it for the virtual board: a text frame
 * `{"chunkBytes":20,"name":"..."}` first, then binary frames both ways; each of ours is answered by `{"taken":n}` once the
 * board's side has it. Close code 4409: somebody else is connected.
 */
import { makePort, type PortEnd, within } from "./make-port.ts";
import { type Port, PortError, type PortSource } from "./port.ts";

/** What is needed of a WebSocket; the browser's is one, and that of the package `ws`. */
export interface WebSocketLike {
  binaryType: string;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export type OpenWebSocket = (url: string) => WebSocketLike;

const HELLO_MS = 10_000;
const IN_USE = 4409;
const MAX_CHUNK = 4096;
const MAX_TEXT = 1024;

export function webSocketSource(url: string, openSocket: OpenWebSocket): PortSource {
  return { open: () => openWebSocket(url, openSocket) };
}

/** Resolves when the other side has said what it is. */
export function openWebSocket(url: string, openSocket: OpenWebSocket): Promise<Port> {
  const name = url;
  let socket: WebSocketLike;
  try {
    socket = openSocket(url);
  } catch {
    return Promise.reject(new PortError("PORT_UNSUPPORTED", `${url} is no address of a WebSocket`));
  }
  const opening = new Promise<Port>((resolve, reject) => {
    const joined = new SocketLink(socket, name);
    joined.onReady = resolve;
    joined.onRefused = reject;
  });
  return within(opening, HELLO_MS, () => new PortError("PORT_ABSENT", `${name} does not say what it is`)).catch(
    (error: unknown) => {
      socket.close();
      throw error;
    },
  );
}

class SocketLink {
  onReady: ((port: Port) => void) | undefined;
  onRefused: ((error: PortError) => void) | undefined;
  private readonly socket: WebSocketLike;
  private readonly name: string;
  private end: PortEnd | undefined;
  private taken: { resolve(): void; reject(error: PortError): void } | undefined;

  constructor(socket: WebSocketLike, name: string) {
    this.socket = socket;
    this.name = name;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => this.heard(data));
    socket.addEventListener("close", ({ code, reason }) => this.gone(code, reason));
    // A close follows, and says as much as is known.
    socket.addEventListener("error", () => undefined);
  }

  private heard(data: unknown): void {
    if (data instanceof ArrayBuffer) this.end?.receive(new Uint8Array(data));
    else if (typeof data === "string" && data.length <= MAX_TEXT) this.told(data);
  }

  private told(text: string): void {
    const message = objectOf(text);
    if (message === undefined) return;
    if (this.end === undefined) this.hello(message);
    else if ("taken" in message) {
      const { taken } = this;
      this.taken = undefined;
      taken?.resolve();
    }
  }

  private hello(message: Record<string, unknown>): void {
    const { chunkBytes, name } = message;
    if (typeof chunkBytes !== "number" || !Number.isInteger(chunkBytes) || chunkBytes < 1 || chunkBytes > MAX_CHUNK) {
      this.onRefused?.(new PortError("PORT_REFUSED", `${this.name} is not a board's console`));
      return;
    }
    this.end = makePort({
      name: typeof name === "string" && name !== "" ? name.slice(0, 64) : this.name,
      chunkBytes,
      send: (chunk) => this.send(chunk),
      close: async () => this.socket.close(),
    });
    this.onReady?.(this.end.port);
  }

  private send(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.taken = { resolve, reject };
      this.socket.send(chunk);
    });
  }

  private gone(code: number, reason: string): void {
    const error = this.closeError(code, reason);
    this.taken?.reject(error);
    this.taken = undefined;
    if (this.end === undefined) this.onRefused?.(error);
    else this.end.lost(error);
  }

  private closeError(code: number, reason: string): PortError {
    if (code === IN_USE) return new PortError("PORT_REFUSED", `${this.name} is in use by another page or program`);
    const why = `${reason === "" ? "" : `: ${reason.slice(0, 100)}`} (${code})`;
    if (this.end === undefined) return new PortError("PORT_ABSENT", `${this.name} cannot be reached${why}`);
    return new PortError("PORT_LOST", `the link to ${this.name} was lost${why}`);
  }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}
