/**
 * The server behind `npm start`: the page's files, three documents, and two WebSockets: `/board`, the virtual board's
 * Bluetooth, and `/panel`, the timeline and the faults. On 127.0.0.1 only; guard.ts says why that is not enough.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { joinBoard } from "./board-socket.ts";
import type { Desk } from "./desk.ts";
import { isOwnHost, isOwnOrigin } from "./guard.ts";
import { createListener } from "./http.ts";
import { CLOSE, MAX_REQUEST } from "./messages.ts";
import { joinPanel, type Panel } from "./panel-socket.ts";

export interface ConsoleOptions {
  /** The first to try; when it is taken, the next ones. 0: any that is free. */
  readonly port: number;
  /** Folder of the built page. */
  readonly web: string;
  /** By path, e.g. `/image.json`; undefined answers 404. */
  readonly documents: Readonly<Record<string, () => string | undefined>>;
  readonly desk: Desk;
  readonly panel: Panel;
  /** What the board is called at `/board`. */
  readonly boardName: string;
}

export interface ConsoleServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

const ADDRESS = "127.0.0.1";
/** Ports tried after the first. */
const MORE_PORTS = 20;
/** A page has two; a few windows are enough for one desk. */
const MOST_SOCKETS = 16;
const MOST_CONNECTIONS = 128;
/** Longest frame of a central that knows its MTU: 512 is the longest value of an attribute (Bluetooth Core 5.3, 3.F.3.2.9). */
const MAX_BOARD_FRAME = 512;

async function listen(server: Server, first: number): Promise<void> {
  const last = first === 0 ? 0 : Math.min(first + MORE_PORTS, 65_535);
  for (let port = first; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, ADDRESS, () => {
          server.off("error", reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EADDRINUSE" || port >= last) throw error;
    }
  }
}

export async function startConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const { web, documents, desk, panel } = options;
  let port = 0;
  const sockets = new Set<WebSocket>();
  const server = createServer(
    // A request of the page is short; whoever sends it byte by byte holds a connection for nothing.
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 5000 },
    createListener({ web, documents, port: () => port, hasBoard: true }),
  );
  server.maxConnections = MOST_CONNECTIONS;

  const shared = { noServer: true, perMessageDeflate: false, clientTracking: false };
  const board = new WebSocketServer({ ...shared, maxPayload: MAX_BOARD_FRAME });
  const pages = new WebSocketServer({ ...shared, maxPayload: MAX_REQUEST });
  const endpoints: Readonly<Record<string, [WebSocketServer, (socket: WebSocket) => void]>> = {
    "/board": [board, (socket) => void joinBoard(socket, desk, options.boardName)],
    "/panel": [pages, (socket) => joinPanel(socket, panel, () => desk.cut())],
  };

  function accept(socket: WebSocket, join: (socket: WebSocket) => void): void {
    // A frame that breaks the protocol or is too long closes the socket with 1002, 1007 or 1009, and is reported here.
    socket.on("error", () => undefined);
    if (sockets.size >= MOST_SOCKETS) {
      socket.close(CLOSE.tooMany, "too many connections");
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    join(socket);
  }

  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on("error", () => stream.destroy());
    const [path = ""] = (request.url ?? "").split("?");
    const endpoint = Object.hasOwn(endpoints, path) ? endpoints[path] : undefined;
    const refuse = (status: string): void => {
      stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    if (!isOwnHost(request.headers, port)) refuse("421 Misdirected Request");
    else if (!isOwnOrigin(request.headers)) refuse("403 Forbidden");
    else if (endpoint === undefined) refuse("404 Not Found");
    else {
      const [endpointServer, join] = endpoint;
      endpointServer.handleUpgrade(request, stream, head, (socket) => accept(socket, join));
    }
  });
  server.on("clientError", (_error, stream) => {
    if (stream.writable) stream.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });

  await listen(server, options.port);
  port = (server.address() as AddressInfo).port;
  return {
    port,
    url: `http://${ADDRESS}:${port}/`,
    async close() {
      for (const socket of sockets) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
