/** The modem's end of the wire: a Duplex whose bytes take as long as they do at the set speed. */
import { Duplex } from "node:stream";
import type { Clock, Timer } from "../clock.ts";

/** 8N1: start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

/** What the modem may have waiting for the wire before it stops taking data from the network. */
export const TX_HIGH_WATER = 64 * 1024;

/** What may be on its way from the host before a writer is told to wait. */
const RX_HIGH_WATER = 64 * 1024;

/** Bytes in one direction, let out no faster than the wire carries them. */
class Lane {
  private readonly clock: Clock;
  private readonly deliver: (bytes: Buffer) => void;
  private chunks: Buffer[] = [];
  private timer: Timer | undefined;
  /** When the wire is free again. */
  private freeAt = 0;
  private bytesPerMs = 0;
  waiting = 0;

  constructor(clock: Clock, deliver: (bytes: Buffer) => void) {
    this.clock = clock;
    this.deliver = deliver;
  }

  setBaud(baud: number): void {
    this.bytesPerMs = baud / BITS_PER_BYTE / 1000;
  }

  send(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.bytesPerMs === 0 && this.chunks.length === 0) {
      this.deliver(bytes);
      return;
    }
    if (this.chunks.length === 0) this.freeAt = Math.max(this.freeAt, this.clock.now());
    this.chunks.push(bytes);
    this.waiting += bytes.length;
    this.arm();
  }

  clear(): void {
    this.chunks = [];
    this.waiting = 0;
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    if (this.timer !== undefined) return;
    const due = this.bytesPerMs === 0 ? this.freeAt : this.freeAt + 1 / this.bytesPerMs;
    this.timer = this.clock.setTimeout(() => this.pump(), Math.max(0, due - this.clock.now()));
  }

  private pump(): void {
    this.timer = undefined;
    const rate = this.bytesPerMs;
    // The small surplus: a clock that says 0.99999 byte times means one.
    let room = rate === 0 ? Number.POSITIVE_INFINITY : Math.floor((this.clock.now() - this.freeAt) * rate + 1e-6);
    const out: Buffer[] = [];
    while (room > 0) {
      const first = this.chunks.shift();
      if (first === undefined) break;
      const part = first.subarray(0, room);
      if (part.length < first.length) this.chunks.unshift(first.subarray(part.length));
      out.push(part);
      room -= part.length;
      if (rate > 0) this.freeAt += part.length / rate;
      this.waiting -= part.length;
    }
    if (this.chunks.length > 0) this.arm();
    if (out.length > 0) this.deliver(Buffer.concat(out));
  }
}

export class Uart extends Duplex {
  private readonly rx: Lane;
  private readonly tx: Lane;
  /** The host's last write is taken when there is room again. */
  private blocked: (() => void) | undefined;
  /** Set by the modem: bytes from the host, as they come off the wire. */
  onBytes: (bytes: Buffer) => void = () => undefined;

  constructor(clock: Clock, baud: number) {
    super({ decodeStrings: true });
    this.rx = new Lane(clock, (bytes) => {
      this.onBytes(bytes);
      if (this.rx.waiting < RX_HIGH_WATER / 2) this.unblock();
    });
    this.tx = new Lane(clock, (bytes) => this.push(bytes));
    this.setBaud(baud);
  }

  setBaud(baud: number): void {
    this.rx.setBaud(baud);
    this.tx.setBaud(baud);
  }

  transmit(bytes: Buffer): void {
    this.tx.send(bytes);
  }

  /** Bytes of URCs that wait for the end of data mode: counted, so that who pushes data stops for them, too. */
  held = 0;

  /** Bytes that have not reached the reader yet. */
  get backlog(): number {
    return this.tx.waiting + this.readableLength + this.held;
  }

  /** Power is gone: what stood in the transmitter never leaves it. */
  silence(): void {
    this.tx.clear();
    this.rx.clear();
    this.unblock();
  }

  private unblock(): void {
    const { blocked } = this;
    this.blocked = undefined;
    blocked?.();
  }

  override _read(): void {
    // Bytes are pushed when they are due; there is nothing to ask for.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.rx.send(Buffer.from(chunk));
    if (this.rx.waiting < RX_HIGH_WATER) done();
    else this.blocked = done;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.silence();
    done(error);
  }
}
