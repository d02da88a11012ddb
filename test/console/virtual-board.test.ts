/** The ends joined: a WebSocket and a TCP client at the console of a virtual board. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { WebSocketServer } from "ws";
import { joinBoard } from "../../tools/console/board-socket.ts";
import { type ConsolePort, startConsolePort } from "../../tools/console/console-port.ts";
import type { Desk } from "../../tools/console/desk.ts";
import { CLOSE } from "../../tools/console/messages.ts";
import { virtualDesk } from "../../tools/console/virtual-desk.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { Client, until } from "./rig.ts";

const PACE = { chunkBytes: 20, intervalMs: 2, chunksPerInterval: 6 };

let board: VirtualBoard;
let desk: Desk;
let sockets: WebSocketServer;
let wire: ConsolePort;
const notes: string[] = [];

before(async () => {
  board = new VirtualBoard({ board: "rak5010" });
  board.start();
  desk = virtualDesk(() => board, PACE);
  sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  sockets.on("connection", (socket) => void joinBoard(socket, desk, "virtual rak5010"));
  wire = await startConsolePort({ port: 0, desk, onNote: (text) => notes.push(text) });
});

beforeEach(() => {
  if (!board.running) board.start();
});

after(async () => {
  sockets.close();
  await wire.close();
  board.stop();
});

function central(): Promise<Client> {
  const address = sockets.address();
  assert.ok(typeof address === "object" && address !== null);
  return new Client(address.port, "/").open();
}

const heard = (client: Client): string => Buffer.concat(client.frames).toString("latin1");

async function end(client: Client): Promise<void> {
  client.socket.close();
  await client.closed();
}

function dial(): { socket: Socket; text: () => string; isClosed: () => boolean } {
  const socket = connect(wire.port, "127.0.0.1");
  let text = "";
  let isClosed = false;
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    isClosed = true;
  });
  return { socket, text: () => text, isClosed: () => isClosed };
}

test("a line typed in the browser is answered by the board's interpreter", async () => {
  const client = await central();
  await until("the first frame", () => client.texts.length > 0);
  client.socket.send(Buffer.from("\x10print(6*7,"));
  client.socket.send(Buffer.from("'é')\n", "latin1"));
  await until("the answer", () => heard(client).includes("42 \xe9\r\n"));
  assert.ok(client.frames.every(({ length }) => length <= 20));
  assert.deepEqual(client.messages().slice(1), [{ taken: 11 }, { taken: 5 }]);
  await end(client);
});

test("the same console on a TCP port, whatever the pieces in which it comes", async () => {
  const { socket, text, isClosed } = dial();
  const code = "print('0123456789'.repeat?1:2, 'a line that is longer than a chunk of the link')";
  for (const char of `\x10${code}\n`) socket.write(Buffer.from(char, "latin1"));
  await until("the answer", () => /[12] a line that is longer than a chunk of the link\r\n/.test(text()));
  const other = dial();
  await until("a second client is refused", other.isClosed);
  const client = await central();
  assert.equal(await client.closed(), CLOSE.inUse);
  socket.destroy();
  await until("it is gone", isClosed);
  await until("the board is free", () => !board.radio.isConnected);
  await end(await central());
  assert.ok(notes.includes("refused: the board is connected to somebody else"));
});

test("a web page that sends a request to the TCP port executes nothing", async () => {
  const requests = [
    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 30\r\n\r\n\nglobal.hacked=1\n",
    "\x16\x03\x01\nglobal.hacked=1\n",
  ];
  for (const request of requests) {
    const { socket, isClosed } = dial();
    // The first byte alone, as a slow network brings it.
    socket.write(Buffer.from(request.slice(0, 1), "latin1"));
    await until("it is heard", () => board.radio.isConnected);
    socket.write(Buffer.from(request.slice(1), "latin1"));
    await until("it is put out", isClosed);
    await until("the board is free", () => !board.radio.isConnected);
  }
  assert.equal(board.evaluate("global.hacked"), undefined);
});

test("a board that reboots ends the link, and can be had again", async () => {
  const client = await central();
  await until("the first frame", () => client.texts.length > 0);
  client.socket.send(Buffer.from("\x10E.reboot()\n"));
  assert.equal(await client.closed(), CLOSE.linkLost);
  await until("it is up again", () => board.running);
  await end(await central());
});

test("a board without power is not there", async () => {
  const client = await central();
  await until("the first frame", () => client.texts.length > 0);
  board.stop();
  assert.equal(await client.closed(), CLOSE.linkLost);
  assert.equal(await (await central()).closed(), CLOSE.boardOff);
  const { isClosed } = dial();
  await until("the TCP client is refused", isClosed);
});
