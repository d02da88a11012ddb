import { INPUT_QUEUE_BYTES } from "./profile.ts";

/** One entry of the queue between interrupts and the idle loop. */
export type InputEvent =
  | { readonly kind: "bytes"; readonly device: string; bytes: number[] }
  | { readonly kind: "watch"; readonly pin: number; readonly state: boolean; readonly timeMs: number };

/** Length and flags in front of each event (jsdevices.c, ioBuffer). */
const HEADER_BYTES = 2;
/** A watch event carries 32 bits of time. */
const WATCH_BYTES = 4;
/** jshGetIOCharEventsFree: "be sensible - leave a little spare". */
const SPARE_BYTES = 4;

const sizeOf = (event: InputEvent): number =>
  HEADER_BYTES + (event.kind === "bytes" ? event.bytes.length : WATCH_BYTES);

/** The 1,024-byte queue that ALL input of an nRF52 shares: serial ports, BLE, pin watches. Full means lost. */
export class InputQueue {
  private events: InputEvent[] = [];
  private used = 0;
  /** Highest fill so far, for tests and gauges. */
  peak = 0;

  private readonly maxEventBytes: number;
  private readonly onOverflow: () => void;

  constructor(maxEventBytes: number, onOverflow: () => void) {
    this.maxEventBytes = maxEventBytes;
    this.onOverflow = onOverflow;
  }

  get bytesUsed(): number {
    return this.used;
  }

  get isEmpty(): boolean {
    return this.events.length === 0;
  }

  private get free(): number {
    return INPUT_QUEUE_BYTES - this.used - SPARE_BYTES;
  }

  /** jshPushIOCharEvents with one byte, as the UART interrupt does. False when the byte was dropped. */
  pushByte(device: string, byte: number): boolean {
    const last = this.events[this.events.length - 1];
    // The oldest event may be in the idle loop's hands already, so nothing is added to it.
    const appendable = last !== undefined && this.events.length > 1 && last.kind === "bytes" && last.device === device;
    if (appendable && last.bytes.length + 1 < this.maxEventBytes && this.free > 0) {
      last.bytes.push(byte);
      this.grow(1);
      return true;
    }
    return this.push({ kind: "bytes", device, bytes: [byte] });
  }

  /** Many bytes at once, as `inject` and Bluetooth bring them: cut only where an event is full. */
  pushBytes(device: string, bytes: readonly number[]): void {
    for (let at = 0; at < bytes.length; at += this.maxEventBytes) {
      this.push({ kind: "bytes", device, bytes: bytes.slice(at, at + this.maxEventBytes) });
    }
  }

  push(event: InputEvent): boolean {
    if (this.free < sizeOf(event)) {
      this.onOverflow();
      return false;
    }
    this.events.push(event);
    this.grow(sizeOf(event));
    return true;
  }

  private grow(bytes: number): void {
    this.used += bytes;
    this.peak = Math.max(this.peak, this.used);
  }

  shift(): InputEvent | undefined {
    const event = this.events.shift();
    if (event !== undefined) this.used -= sizeOf(event);
    return event;
  }

  clear(): void {
    this.events = [];
    this.used = 0;
  }
}
