/**
 * The board's console on a TCP port, for the command line: `npx godwit repl --port tcp:127.0.0.1:4401`. One client at a
 * time, as with Bluetooth. It has no headers by which a browser could be told apart, and a page of any site may send a
 * request to it; so what begins as a browser begins is put out before a byte of it reaches the board.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { BoardLink, Desk } from "./desk.ts";

export interface ConsolePort {
  readonly port: number;
  close(): Promise<void>;
}

export interface ConsolePortOptions {
  /** 0: any that is free. */
  readonly port: number;
  readonly desk: Desk;
  /** Clients that come, go, or are refused. */
  readonly onNote: (text: string) => void;
}

const ADDRESS = "127.0.0.1";
const MOST_UNSENT = 1024 * 1024;
/** Begin of a request line of HTTP, and of a TLS handshake record (RFC 8446, 5.1). */
const BROWSER = [
  ..."GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT TRACE".split(" ").map((verb) => `${verb} `),
  "\x16\x03",
];

/** Whether the first bytes of a connection are a browser's; undefined while the next ones may make them so. Pure. */
export function isBrowser(first: Uint8Array): boolean | undefined {
  const text = String.fromCharCode(...first.subarray(0, 16));
  if (BROWSER.some((start) => text.startsWith(start))) return true;
  return BROWSER.some((start) => start.startsWith(text)) ? undefined : false;
}

function serve(socket: Socket, link: BoardLink): void {
  let early: Buffer = Buffer.alloc(0);
  let isProved = false;

  async function write(bytes: Buffer): Promise<void> {
    socket.pause();
    try {
      for (let at = 0; at < bytes.length; at += link.chunkBytes) {
        await link.write(bytes.subarray(at, at + link.chunkBytes));
      }
      socket.resume();
    } catch {
      // The link is gone or locked.
      socket.destroy();
    }
  }

  link.onClose(() => socket.destroy());
  link.onData((bytes) => {
    socket.write(bytes);
    if (socket.writableLength > MOST_UNSENT) socket.destroy();
  });
  socket.on("data", (bytes: Buffer) => {
    early = isProved ? bytes : Buffer.concat([early, bytes]);
    const verdict = isProved ? false : isBrowser(early);
    if (verdict === true) socket.destroy();
    else if (verdict === false) {
      isProved = true;
      void write(early);
    }
  });
}

export async function startConsolePort({ port, desk, onNote }: ConsolePortOptions): Promise<ConsolePort> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    const link = desk.take();
    if (typeof link === "string") {
      onNote(link === "off" ? "refused: the board is off" : "refused: the board is connected to somebody else");
      socket.destroy();
      return;
    }
    sockets.add(socket);
    onNote("connected");
    socket.setNoDelay(true);
    socket.on("close", () => {
      sockets.delete(socket);
      link.close();
      onNote("disconnected");
    });
    serve(socket, link);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, ADDRESS, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
