import { Duplex } from "node:stream";
import type { Clock, Timer } from "../clock.ts";
import type { InputQueue } from "./input-queue.ts";
import type { Loop } from "./loop.ts";
import { TRANSMIT_BUFFER_BYTES, XOFF_BYTES, XON_BYTES } from "./profile.ts";

/** Start bit, eight data bits, one stop bit: the nRF52 has no other frame in Espruino. */
const BITS_PER_BYTE = 10;
const XON = 17;
const XOFF = 19;
/** Bytes of a line that is not paced arrive in pieces of at most this, so that no queue overflows for no reason. */
const UNPACED_PIECE = 64;

/** What the UART needs of the board that is running now; another one after each reboot. */
export interface UartHost {
  readonly loop: Loop;
  readonly queue: InputQueue;
}

interface Incoming {
  readonly bytes: Buffer;
  at: number;
  readonly done: () => void;
}

/**
 * One serial port, both directions. It lives as long as the board object, through reboots: what is soldered to it
 * stays soldered to it. `line` is the far end, for whoever is joined to the port.
 */
export class Uart {
  readonly line: Duplex;
  baud = 9600;
  /** Set up by the device code; a port that is not loses what arrives. */
  enabled = false;
  xonXoff: boolean;
  /** Takes what leaves the board in place of `line`, an XOFF or XON with `isUrgent`; gives ms for which the writer waits. */
  tap: ((bytes: Buffer, isUrgent: boolean) => number) | undefined;
  /** Called with 1 when the device code's `cts` pin asks the far end to wait, with 0 when it may go on. */
  onFlow: ((level: 0 | 1) => void) | undefined;
  /** Bytes through the port since the board was made. */
  received = 0;
  sent = 0;
  dropped = 0;

  private host: UartHost | undefined;
  private readonly incoming: Incoming[] = [];
  private rxTimer: Timer | undefined;
  private rxTime = 0;
  private readonly outgoing: Buffer[] = [];
  private txTimer: Timer | undefined;
  /** When the last byte given to `write` will have left the pin. */
  private txEnd = 0;
  private waiting = false;

  readonly name: string;
  /** A line of copper; Bluetooth and USB are there only while something is connected. */
  readonly wired: boolean;
  private readonly clock: Clock;
  private readonly paced: boolean;
  private readonly random: () => number;

  constructor(name: string, clock: Clock, paced: boolean, random: () => number, wired = true) {
    this.wired = wired;
    this.xonXoff = name === "Bluetooth";
    this.name = name;
    this.clock = clock;
    this.paced = paced;
    this.random = random;
    this.line = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        this.incoming.push({ bytes: chunk, at: 0, done });
        this.receive();
      },
      final: (done) => done(),
    });
  }

  attach(host: UartHost | undefined): void {
    this.host = host;
    this.onFlow = undefined;
    if (this.wired) {
      this.enabled = false;
      this.xonXoff = false;
      this.waiting = false;
    }
    if (host === undefined) {
      if (this.txTimer !== undefined) this.clock.clearTimeout(this.txTimer);
      this.txTimer = undefined;
      this.outgoing.length = 0;
      this.txEnd = 0;
    }
  }

  private get msPerByte(): number {
    return this.paced ? (BITS_PER_BYTE * 1000) / this.baud : 0;
  }

  // ---- towards the device

  private receive(): void {
    if (this.discardUnheard()) return;
    if (this.rxTimer !== undefined || this.incoming.length === 0) return;
    this.rxTime = Math.max(this.rxTime, this.clock.now());
    this.armReceive();
  }

  private armReceive(): void {
    const head = this.incoming[0];
    // A turn of the loop may make the other end answer at once, and so have armed this already.
    if (head === undefined || this.rxTimer !== undefined) return;
    const piece = this.nextPiece(head);
    const due = this.rxTime + piece * this.msPerByte;
    this.rxTimer = this.clock.setTimeout(() => {
      this.rxTimer = undefined;
      this.deliver(piece);
      // The host may be late by many bytes' time: what should have arrived meanwhile arrives now, in pieces, with
      // a turn of the device's loop after each, so that lateness of the host is no overflow of the device.
      this.armReceive();
    }, due - this.clock.now());
  }

  /** How many bytes come before the loop gets its next turn: chance decides, as the device's load does. */
  private nextPiece(head: Incoming): number {
    const left = head.bytes.length - head.at;
    const most = this.paced ? Math.max(1, Math.ceil(2 / this.msPerByte)) : UNPACED_PIECE;
    return Math.min(left, 1 + Math.floor(this.random() * most));
  }

  /** Nobody listens at the pin: what comes is gone at once, and does not turn up late when somebody does. */
  private discardUnheard(): boolean {
    if (this.host !== undefined && this.enabled) return false;
    for (let head = this.incoming.shift(); head !== undefined; head = this.incoming.shift()) {
      this.received += head.bytes.length - head.at;
      this.dropped += head.bytes.length - head.at;
      head.done();
    }
    return true;
  }

  private deliver(piece: number): void {
    if (this.discardUnheard()) return;
    const head = this.incoming[0];
    if (head === undefined) return;
    const host = this.host;
    if (!this.paced && host?.loop.busy) {
      this.rxTimer = this.clock.setTimeout(() => {
        this.rxTimer = undefined;
        this.armReceive();
      }, 1);
      return;
    }
    this.rxTime += piece * this.msPerByte;
    for (let i = 0; i < piece; i++) this.arrive(head.bytes[head.at + i] as number);
    head.at += piece;
    if (head.at >= head.bytes.length) {
      this.incoming.shift();
      head.done();
    }
    this.checkFlow();
    host?.loop.turnAt(this.rxTime);
  }

  private arrive(byte: number): void {
    this.received++;
    if (this.host?.queue.pushBytes(this.name, [byte]) !== true) this.dropped++;
  }

  /** A packet of Bluetooth: in the queue as one, or lost as one when there is no room, busy or not. */
  receiveNow(bytes: Uint8Array): void {
    this.received += bytes.length;
    const { host } = this;
    if (host === undefined || !this.enabled || !host.queue.pushBytes(this.name, [...bytes]))
      this.dropped += bytes.length;
    this.checkFlow();
    host?.loop.turnAt(this.clock.now());
  }

  /** The connection is gone, and with it the pause that the far end was asked for. */
  forgetFlow(): void {
    this.waiting = false;
  }

  private checkFlow(): void {
    if (this.waiting || this.host === undefined || this.host.queue.bytesUsed <= XOFF_BYTES) return;
    this.waiting = true;
    if (this.xonXoff) this.transmit(Buffer.from([XOFF]), true);
    this.onFlow?.(1);
  }

  /** The idle loop calls this when it has emptied the queue (jsinteractive.c, "Reset Flow control"). */
  drained(): void {
    if (!this.waiting || this.host === undefined || this.host.queue.bytesUsed >= XON_BYTES) return;
    this.waiting = false;
    if (this.xonXoff) this.transmit(Buffer.from([XON]), true);
    this.onFlow?.(0);
  }

  // ---- from the device

  /** Milliseconds for which the caller is blocked because the transmit buffer is full. */
  write(bytes: Buffer): number {
    if (bytes.length === 0 || (!this.wired && !this.enabled)) return 0;
    if (this.tap !== undefined) return this.transmit(bytes);
    this.transmit(bytes);
    const room = (TRANSMIT_BUFFER_BYTES - 1) * this.msPerByte;
    return Math.max(0, this.txEnd - this.clock.now() - room);
  }

  /** Milliseconds until everything written has left the pin. */
  flushMs(): number {
    return Math.max(0, this.txEnd - this.clock.now());
  }

  /** Bytes that wait in the transmit buffer. */
  get unsent(): number {
    return this.msPerByte === 0 ? 0 : Math.min(TRANSMIT_BUFFER_BYTES, Math.ceil(this.flushMs() / this.msPerByte));
  }

  private transmit(bytes: Buffer, isUrgent = false): number {
    this.sent += bytes.length;
    if (this.tap !== undefined) return this.tap(bytes, isUrgent);
    this.txEnd = Math.max(this.txEnd, this.clock.now()) + bytes.length * this.msPerByte;
    if (!this.paced) {
      this.emit(bytes);
      return 0;
    }
    this.outgoing.push(bytes);
    if (this.txTimer === undefined) this.armTransmit(this.clock.now());
    return 0;
  }

  /** Bytes on a wire that leads nowhere are gone, not kept. */
  private emit(bytes: Buffer): void {
    const isRead = this.line.readableFlowing !== null || this.line.listenerCount("readable") > 0;
    if (isRead) this.line.push(bytes);
  }

  private armTransmit(from: number): void {
    const head = this.outgoing[0];
    if (head === undefined || this.txTimer !== undefined) return;
    // About a millisecond of bytes at a time: finer is of no use to the far end and costs the host a timer each.
    const piece = Math.min(head.length, Math.max(1, Math.ceil(1 / this.msPerByte)));
    const due = from + piece * this.msPerByte;
    this.txTimer = this.clock.setTimeout(() => {
      this.txTimer = undefined;
      this.emit(head.subarray(0, piece));
      if (piece === head.length) this.outgoing.shift();
      else this.outgoing[0] = head.subarray(piece);
      this.armTransmit(due);
    }, due - this.clock.now());
  }
}
