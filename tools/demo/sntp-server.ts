/** An SNTP server on real UDP (RFC 4330), for the demo and for tests: honest, or wrong in one chosen way. */
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";

/** What the server does with a request; everything but `good` is something a client must survive. */
export type SntpBehaviour = "good" | "kiss" | "wrong-origin" | "unsynchronised" | "silent";

export interface SntpRequest {
  readonly from: string;
  readonly version: number;
  /** What was answered, Unix milliseconds. */
  readonly answeredMs: number;
  readonly behaviour: SntpBehaviour;
}

export interface SntpServerOptions {
  /** Unix milliseconds; default the host's clock. */
  readonly now?: () => number;
  readonly host?: string;
  /** 0 (default) takes a free port. */
  readonly port?: number;
  readonly behaviour?: SntpBehaviour;
  readonly onRequest?: (request: SntpRequest) => void;
}

export interface SntpServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

const PACKET_BYTES = 48;
/** Seconds from 1900 to 1970 (RFC 4330, section 3). */
const UNIX_EPOCH_S = 2_208_988_800;
const TWO_32 = 2 ** 32;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
const LEAP_UNSYNCHRONISED = 3;
/** 2^-10 s: the host's clock is read in milliseconds. */
const PRECISION = -10;
/** 1/64 s in 16.16 fixed point: what a server on a local network would say. */
const ROOT_DELAY = 0x0400;

function writeTimestamp(packet: Buffer, offset: number, unixMs: number): void {
  const seconds = Math.floor(unixMs / 1000);
  // In 2036 the seconds overflow into era 1, as RFC 4330 means them to.
  packet.writeUInt32BE((seconds + UNIX_EPOCH_S) % TWO_32, offset);
  packet.writeUInt32BE(Math.floor(((unixMs - seconds * 1000) / 1000) * TWO_32), offset + 4);
}

/** The reply to a client's request, or undefined when it is none. Pure. */
export function replyTo(
  request: Buffer,
  receivedMs: number,
  transmitMs: number,
  behaviour: SntpBehaviour,
): Buffer | undefined {
  const head = request[0] ?? 0;
  const version = (head >> 3) & 7;
  if (request.length < PACKET_BYTES || (head & 7) !== MODE_CLIENT || version < 1 || version > 4) return undefined;
  const reply = Buffer.alloc(PACKET_BYTES);
  const isKiss = behaviour === "kiss";
  const leap = isKiss || behaviour === "unsynchronised" ? LEAP_UNSYNCHRONISED : 0;
  reply[0] = (leap << 6) | (version << 3) | MODE_SERVER;
  reply[1] = isKiss ? 0 : 2; // stratum; 0 is the kiss-o'-death
  reply[2] = request[2] ?? 0;
  reply.writeInt8(PRECISION, 3);
  reply.writeUInt32BE(ROOT_DELAY, 4);
  reply.writeUInt32BE(ROOT_DELAY, 8);
  // Reference identifier: the kiss code, or the address of the server above this one.
  if (isKiss) reply.write("RATE", 12, "latin1");
  else reply.set([127, 0, 0, 1], 12);
  writeTimestamp(reply, 16, receivedMs - 4000);
  request.copy(reply, 24, 40, 48); // originate = what the client sent as transmit
  if (behaviour === "wrong-origin") reply.writeUInt8(reply.readUInt8(31) ^ 0xff, 31);
  writeTimestamp(reply, 32, receivedMs);
  writeTimestamp(reply, 40, transmitMs);
  return reply;
}

export async function startSntpServer(options: SntpServerOptions = {}): Promise<SntpServer> {
  const now = options.now ?? Date.now;
  const behaviour = options.behaviour ?? "good";
  const host = options.host ?? "127.0.0.1";
  const socket = createSocket("udp4");
  let isClosed = false;

  socket.on("message", (request: Buffer, peer: RemoteInfo) => {
    const receivedMs = now();
    const reply = replyTo(request, receivedMs, now(), behaviour);
    if (reply === undefined) return;
    options.onRequest?.({
      from: `${peer.address}:${peer.port}`,
      version: ((request[0] ?? 0) >> 3) & 7,
      answeredMs: receivedMs,
      behaviour,
    });
    // A client that is gone makes the kernel say so on the next call; the server goes on.
    if (behaviour !== "silent" && !isClosed) socket.send(reply, peer.port, peer.address, () => undefined);
  });
  socket.bind(options.port ?? 0, host);
  await once(socket, "listening");
  return {
    host,
    port: socket.address().port,
    close: () =>
      new Promise((resolve) => {
        if (isClosed) resolve();
        else socket.close(() => resolve());
        isClosed = true;
      }),
  };
}
