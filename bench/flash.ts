/**
 * How fast an image gets onto a board by Bluetooth: Godwit's uploader and that of EspruinoTools, one after the other over the
 * same emulated link to a virtual board, as shares of what the link's chunks and interval allow.
 *
 *     npx tsx bench/flash.ts
 *
 * The link carries so many chunks of so many bytes at every connection event, both ways, as the Nordic UART Service of
 * Espruino does; flash takes its time (85 ms a page, 41 us a word). In real time, so a busy computer shows.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openBoardPort } from "../test/support/board-port.ts";
import { bundleFirmware } from "../tools/build/firmware.ts";
import { createClock } from "../tools/clock.ts";
import type { Image } from "../tools/flash/image.ts";
import { imageOf } from "../tools/flash/make-image.ts";
import { readSlots } from "../tools/flash/slots.ts";
import { MOST_CHUNK, upload } from "../tools/flash/upload.ts";
import { openSession } from "../tools/repl/open-session.ts";
import type { BluetoothOptions } from "../tools/virtual-board/bluetooth.ts";
import { VirtualBoard } from "../tools/virtual-board/board.ts";

const LINKS: readonly (Required<Omit<BluetoothOptions, "passkey">> & { board: string })[] = [
  // The smallest MTU, at the pace of a phone, of a computer, and of a central that gives one write an interval.
  { board: "rak5010", chunkBytes: 20, intervalMs: 30, chunksPerInterval: 4 },
  { board: "rak5010", chunkBytes: 20, intervalMs: 15, chunksPerInterval: 4 },
  { board: "rak5010", chunkBytes: 20, intervalMs: 7.5, chunksPerInterval: 1 },
  // MTU 131.
  { board: "nrf52840dk", chunkBytes: 128, intervalMs: 30, chunksPerInterval: 2 },
];

const startBoard = (board: string): VirtualBoard => {
  const started = new VirtualBoard({ board, clock: createClock(1) });
  started.start();
  return started;
};

async function ours(board: string, image: Image, link: BluetoothOptions): Promise<number> {
  const virtual = startBoard(board);
  const session = openSession(openBoardPort(virtual, link));
  const { base } = await readSlots(session);
  const started = performance.now();
  await upload(session, image.code, base, MOST_CHUNK, { onPlan() {}, onWritten() {}, check() {} });
  const ms = performance.now() - started;
  const sum = await session.evaluate(`E.CRC32(E.memoryArea(${base + 256},${image.code.length}))`);
  if (sum !== image.crc32) throw new Error("our upload did not arrive as it was sent");
  await session.close();
  virtual.stop();
  return ms;
}

/** Bytes of a socket to the board and back, at the link's pace. */
function bridge(socket: Socket, virtual: VirtualBoard, options: BluetoothOptions): void {
  const link = virtual.bluetooth(options);
  socket.setNoDelay(true);
  const pass = async (bytes: Buffer): Promise<void> => {
    socket.pause();
    for (let at = 0; at < bytes.length; at += link.chunkBytes)
      await link.write(bytes.subarray(at, at + link.chunkBytes));
    socket.resume();
  };
  socket.on("data", (bytes: Buffer) => void pass(bytes).catch(() => socket.destroy()));
  link.onData((bytes) => socket.write(bytes));
  socket.on("close", () => link.close());
  socket.on("error", () => link.close());
}

async function theirs(board: string, image: Image, link: BluetoothOptions, path: string): Promise<number> {
  const virtual = startBoard(board);
  const server = createServer((socket) => bridge(socket, virtual, link));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const script = join(dirname(fileURLToPath(import.meta.url)), "espruino-tools.cjs");
  const { stdout } = await promisify(execFile)(process.execPath, [script, String(port), path], { timeout: 120_000 });
  const { ms, sum } = JSON.parse(stdout) as { ms: number; sum: number };
  if (sum >>> 0 !== image.crc32) throw new Error("the upload of EspruinoTools did not arrive as it was sent");
  server.close();
  virtual.stop();
  return ms;
}

async function main(): Promise<void> {
  // The same image on every board, so that the rates compare: nothing of it is run.
  const image = await imageOf(await bundleFirmware({ board: "rak5010" }));
  const directory = mkdtempSync(join(tmpdir(), "godwit-bench-"));
  const path = join(directory, "image.bin");
  writeFileSync(path, image.code, "latin1");
  console.log(`${image.code.length} bytes\n`);
  console.log("link                                    allows    godwit           EspruinoTools    ratio");
  for (const link of LINKS) {
    const allowed = (link.chunkBytes * link.chunksPerInterval * 1000) / link.intervalMs;
    const share = (ms: number): string => {
      const rate = (image.code.length / ms) * 1000;
      return `${Math.round(rate).toString().padStart(6)} B/s ${((100 * rate) / allowed).toFixed(0).padStart(3)} %`;
    };
    const mine = await ours(link.board, image, link);
    const other = await theirs(link.board, image, link, path);
    const what = `${link.chunksPerInterval} x ${link.chunkBytes} bytes in ${link.intervalMs} ms, ${link.board}`.padEnd(
      39,
    );
    console.log(`${what} ${Math.round(allowed)} B/s  ${share(mine)}  ${share(other)}  ${(other / mine).toFixed(2)}`);
  }
  rmSync(directory, { recursive: true });
}

await main();
process.exit(0);
