/** A virtual modem's UART on a TCP port: one client at a time, as one cable has one end. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { CliError } from "../cli/errors.ts";
import type { ModemEvent, VirtualModem } from "./types.ts";

/** Whoever has just unplugged may be back sooner than the system tells that he was gone. */
const UNPLUG_MS = 250;
/** Bytes that may wait in either direction: more than any file of the modem's that is sent in one go. */
const MAX_WAITING = 16 * 1024 * 1024;

export interface ServeOptions {
  readonly port: number;
  readonly address: string;
  /** Clients coming and going. */
  readonly onNote?: ((text: string) => void) | undefined;
}

export interface Served {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export function serveModem(modem: VirtualModem, options: ServeOptions): Promise<Served> {
  const note = options.onNote ?? (() => undefined);
  let client: Socket | undefined;
  let deaf = false;
  /** What the client sent faster than the wire carries it. */
  let queue: Buffer[] = [];
  let queued = 0;
  let isFull = false;
  const feed = (): void => {
    while (!isFull) {
      const next = queue.shift();
      if (next === undefined) return;
      queued -= next.length;
      isFull = !modem.uart.write(next);
    }
  };
  modem.uart.on("drain", () => {
    isFull = false;
    feed();
  });
  modem.on("event", (event) => {
    if (event.type === "fault" && event.name === "deaf") deaf = true;
    if (event.type === "power" && event.state === "booting") deaf = false;
  });
  const server = createServer((socket) => {
    if (client === undefined) {
      plugIn(socket);
      return;
    }
    const refuse = (): void => {
      if (socket.destroyed) return;
      note(`refused ${socket.remoteAddress ?? "?"}: the cable has one end`);
      socket.destroy();
    };
    const timer = setTimeout(refuse, UNPLUG_MS);
    socket.on("error", () => socket.destroy());
    client.once("close", () => {
      clearTimeout(timer);
      if (client === undefined && !socket.destroyed) plugIn(socket);
      else refuse();
    });
  });
  const plugIn = (socket: Socket): void => {
    client = socket;
    note(`connected ${socket.remoteAddress ?? "?"}`);
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      queue.push(bytes);
      queued += bytes.length;
      feed();
      // Not made to wait: of a socket that is not read nobody learns that it was closed.
      if (queued <= MAX_WAITING && modem.uart.readableLength <= MAX_WAITING) return;
      note("unplugged: it sends more than the wire carries, or reads nothing");
      socket.destroy();
    });
    socket.on("drain", () => modem.uart.resume());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      client = undefined;
      queue = [];
      queued = 0;
      modem.uart.resume();
      note("disconnected");
    });
    // There is no PWRKEY on a TCP port: whoever plugs in finds the modem on, or switches it on; plugging in again is
    // the power cycle that a deaf one needs.
    if (deaf) modem.powerCut();
    if (!modem.powered) modem.powerOn();
  };
  // Without a client the modem talks into the air, as a wire without a listener does.
  modem.uart.on("data", (bytes: Buffer) => {
    if (client !== undefined && !client.write(bytes)) modem.uart.pause();
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new CliError("PORT", `cannot listen on ${options.address}:${options.port}: ${error.code ?? error.message}`),
      ),
    );
    server.listen(options.port, options.address, () => {
      const { address, port } = server.address() as AddressInfo;
      resolve({
        address,
        port,
        close: () =>
          new Promise((done) => {
            modem.powerCut();
            client?.destroy();
            server.close(() => done());
          }),
      });
    });
  });
}

/** The files of a folder as the modem's store. */
export function loadFiles(folder: string): Map<string, Buffer> {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder).filter((name) => !name.startsWith(".") && statSync(join(folder, name)).isFile());
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

/** Keeps the folder as the store is. The modem lets no name through that leaves the folder. */
export function saveFiles(folder: string, modem: VirtualModem): void {
  modem.on("event", (event: ModemEvent) => {
    if (event.type !== "file" || event.action === "read") return;
    const path = join(folder, event.name);
    const bytes = modem.files.get(event.name);
    if (bytes === undefined) rmSync(path, { force: true });
    // A store may hold private keys.
    else writeFileSync(path, bytes, { mode: 0o600 });
  });
}
