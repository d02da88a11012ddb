/** A console server with a page of a few files, a board that is a pair of arrays, and a panel that notes what it is asked. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { WebSocket } from "ws";
import { type BoardLink, createDesk, type Refusal } from "../../tools/console/desk.ts";
import type { PanelMessage, PanelRequest } from "../../tools/console/messages.ts";
import type { Panel } from "../../tools/console/panel-socket.ts";
import { type ConsoleServer, startConsole } from "../../tools/console/server.ts";
import type { Entry } from "../../tools/demo/entry.ts";

export const entry = (text: string): Entry => ({ atMs: 1, topic: "demo", mark: "info", text });

/** A link whose writes stay open until `take()`. */
export class FakeLink implements BoardLink {
  readonly chunkBytes = 20;
  closed = false;
  readonly written: string[] = [];
  /** `false`: a write is taken at once. */
  holds = false;
  fails: Error | undefined;
  private readonly held: (() => void)[] = [];
  private data: (bytes: Uint8Array) => void = () => undefined;
  private readonly closeListeners: (() => void)[] = [];

  write(bytes: Uint8Array): Promise<void> {
    if (this.fails !== undefined) return Promise.reject(this.fails);
    this.written.push(Buffer.from(bytes).toString("latin1"));
    return this.holds ? new Promise((resolve) => this.held.push(resolve)) : Promise.resolve();
  }

  take(): void {
    for (const resolve of this.held.splice(0)) resolve();
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.data = listener;
  }

  say(text: string): void {
    this.data(Buffer.from(text, "latin1"));
  }

  onClose(listener: () => void): void {
    this.closeListeners.push(listener);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.closeListeners) listener();
  }
}

export interface Rig {
  readonly server: ConsoleServer;
  /** Name of a file beside the page's folder. */
  readonly secret: string;
  /** Of every connection, newest last. */
  readonly links: FakeLink[];
  readonly asked: PanelRequest[];
  readonly story: Entry[];
  /** What the board answers to whoever wants to connect; undefined: a link. */
  refusal: Refusal | undefined;
  tell(message: PanelMessage): void;
  followers(): number;
  close(): Promise<void>;
}

function page(): string {
  const web = mkdtempSync(join(tmpdir(), "godwit-page-"));
  mkdirSync(join(web, "assets"));
  writeFileSync(join(web, "index.html"), "<!doctype html><title>page</title>");
  writeFileSync(join(web, "assets", "main-AbCd1234.js"), "1;");
  writeFileSync(join(web, "manifest.webmanifest"), "{}");
  writeFileSync(join(web, ".hidden"), "hidden");
  writeFileSync(`${web}-secret.txt`, "secret");
  symlinkSync(`${web}-secret.txt`, join(web, "link.txt"));
  return web;
}

export async function startRig(port = 0): Promise<Rig> {
  const web = page();
  const links: FakeLink[] = [];
  const asked: PanelRequest[] = [];
  const story: Entry[] = [];
  const listeners = new Set<(message: PanelMessage) => void>();
  const panel: Panel = {
    hello: () => ({ type: "hello", board: "rak5010", model: "BG96", faults: [] }),
    boardState: () => "on",
    story,
    follow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ask(request) {
      if (request.type === "fault" && request.name === "defect") throw new Error("the flash has no power");
      asked.push(request);
    },
  };
  const desk = createDesk(() => {
    if (rig.refusal !== undefined) return rig.refusal;
    if (links.some(({ closed }) => !closed)) return "in-use";
    const link = new FakeLink();
    links.push(link);
    return link;
  });
  function clear(): void {
    rmSync(web, { recursive: true });
    rmSync(`${web}-secret.txt`);
  }
  const server = await startConsole({
    port,
    web,
    documents: { "/image.json": () => "[]", "/pki.json": () => undefined },
    desk,
    panel,
    boardName: "virtual rak5010",
  }).catch((error: unknown) => {
    clear();
    throw error;
  });
  const rig: Rig = {
    server,
    secret: basename(`${web}-secret.txt`),
    links,
    asked,
    story,
    refusal: undefined,
    tell: (message) => {
      for (const listener of listeners) listener(message);
    },
    followers: () => listeners.size,
    async close() {
      await server.close();
      clear();
    },
  };
  return rig;
}

const PATIENCE_MS = 5000;

export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A client that keeps what it hears. */
export class Client {
  readonly texts: string[] = [];
  readonly frames: Buffer[] = [];
  code: number | undefined;
  readonly socket: WebSocket;

  constructor(port: number, path: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, perMessageDeflate: false });
    this.socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.frames.push(data);
      else this.texts.push(data.toString());
    });
    this.socket.on("close", (code) => {
      this.code = code;
    });
    // Refused before it was open; `code` is then 1006.
    this.socket.on("error", () => undefined);
  }

  messages(): unknown[] {
    return this.texts.map((text) => JSON.parse(text) as unknown);
  }

  async open(): Promise<this> {
    await until("the WebSocket opens", () => this.socket.readyState === WebSocket.OPEN || this.code !== undefined);
    return this;
  }

  /** The code with which the server closes it. */
  closed(): Promise<number> {
    return until("the WebSocket closes", () => this.code);
  }
}
