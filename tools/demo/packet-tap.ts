/** A socket that shows the Control Packets that pass through it, and where in the byte stream each one ends. */
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type Packet, parser } from "mqtt-packet";

export interface TappedPacket {
  /** `in`: from the device. */
  readonly direction: "in" | "out";
  readonly packet: Packet;
  /** Bytes of this direction up to and including this packet, so that it can be found again at the modem. */
  readonly end: number;
}

/** Bytes of a packet whose Remaining Length is `length` (MQTT 3.1.1, 2.2.3). */
function wholeLength(length: number): number {
  return 1 + (length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4) + length;
}

function createDecoder(direction: "in" | "out", onPacket: (packet: TappedPacket) => void): (chunk: Buffer) => void {
  const decoder = parser({ protocolVersion: 4 });
  let end = 0;
  let isLost = false;
  decoder.on("packet", (packet) => {
    end += wholeLength(packet.length ?? 0);
    onPacket({ direction, packet, end });
  });
  // The broker's own decoder answers bad bytes; this one only stops to look.
  decoder.on("error", () => {
    isLost = true;
  });
  return (chunk) => {
    if (!isLost) decoder.parse(chunk);
  };
}

/** Passes everything on unchanged, both ways, with back-pressure. */
export class PacketTap extends Duplex {
  private readonly decodeOut: (chunk: Buffer) => void;
  readonly socket: TLSSocket;

  constructor(socket: TLSSocket, onPacket: (packet: TappedPacket) => void) {
    super();
    this.socket = socket;
    this.decodeOut = createDecoder("out", onPacket);
    const decodeIn = createDecoder("in", onPacket);
    socket.on("data", (chunk: Buffer) => {
      decodeIn(chunk);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.decodeOut(chunk);
    this.socket.write(chunk, done);
  }

  /** mqtt-packet writes a packet in single bytes and corks them: together they are one TLS record, as from any broker. */
  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "binary", done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }
}
