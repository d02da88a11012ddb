/** `/board`: a browser as the central of the board's Bluetooth connection, one binary frame for one write or notification. */
import type { RawData, WebSocket } from "ws";
import type { BoardLink, Desk, Refusal } from "./desk.ts";
import { type BoardHello, CLOSE } from "./messages.ts";

/** Frames that wait for the board before the socket is no longer read: then TCP holds back whoever floods. */
const MOST_WAITING = 32;
/** Bytes that wait for the browser before it is given up: the board's output cannot be held back for ever. */
const MOST_UNSENT = 1024 * 1024;

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

/** A page that is loaded anew connects before its former self has said goodbye: so long, and so often, it is asked again. */
const GOODBYE_MS = 500;
const ASK_MS = 25;

async function takeSoon(desk: Desk): Promise<BoardLink | Refusal> {
  const deadline = performance.now() + GOODBYE_MS;
  for (;;) {
    const link = desk.take();
    if (link !== "in-use" || performance.now() > deadline) return link;
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}

/** Never rejects: whatever goes wrong closes the socket with a code of messages.ts. */
export async function joinBoard(socket: WebSocket, desk: Desk, name: string): Promise<void> {
  const link = await takeSoon(desk);
  if (typeof link !== "string" && socket.readyState !== socket.OPEN) {
    link.close();
    return;
  }
  if (link === "in-use") {
    socket.close(CLOSE.inUse, "the board is connected to somebody else");
    return;
  }
  if (link === "off") {
    socket.close(CLOSE.boardOff, "the board does not advertise");
    return;
  }
  let waiting = 0;

  const hello: BoardHello = { chunkBytes: link.chunkBytes, name };
  socket.send(JSON.stringify(hello));

  async function write(to: BoardLink, bytes: Uint8Array): Promise<void> {
    if (++waiting >= MOST_WAITING) socket.pause();
    try {
      await to.write(bytes);
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ taken: bytes.length }));
    } catch (error) {
      // A link that is gone tells so itself.
      if (!to.closed) socket.close(CLOSE.locked, error instanceof Error ? error.message.slice(0, 60) : "refused");
    }
    if (--waiting < MOST_WAITING && socket.isPaused) socket.resume();
  }

  link.onClose(() => socket.close(CLOSE.linkLost, "the link to the board is gone"));
  link.onData((bytes) => {
    if (socket.readyState !== socket.OPEN) return;
    for (let at = 0; at < bytes.length; at += link.chunkBytes) socket.send(bytes.subarray(at, at + link.chunkBytes));
    if (socket.bufferedAmount > MOST_UNSENT) socket.close(CLOSE.tooSlow, "the board says more than is taken");
  });
  socket.on("message", (data, isBinary) => {
    if (socket.readyState !== socket.OPEN) return;
    const bytes = bytesOf(data);
    if (!isBinary || bytes.length === 0) socket.close(CLOSE.misunderstood, "bytes for the board, in binary frames");
    else if (bytes.length > link.chunkBytes) socket.close(CLOSE.tooLong, `at most ${link.chunkBytes} bytes a frame`);
    else void write(link, bytes);
  });
  socket.on("close", () => link.close());
}
