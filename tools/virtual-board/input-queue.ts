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

export interface QueueHooks {
  overflow(): void;
  /** Bytes of a device, before it is known whether there is room. */
  arrived(device: string, bytes: readonly number[]): void;
}

/** The 1,024-byte queue that ALL input of an nRF52 shares: serial ports, BLE, pin watches. Full means lost. */
export class InputQueue {
  private events: InputEvent[] = [];
  private used = 0;
  /** Highest fill so far, for tests and gauges. */
  peak = 0;

  private readonly maxEventBytes: number;
  private readonly hooks: QueueHooks;

  constructor(maxEventBytes: number, hooks: QueueHooks) {
    this.maxEventBytes = maxEventBytes;
    this.hooks = hooks;
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

  /**
   * jshPushIOCharEvents: what one interrupt brings, a byte of the UART or a packet of Bluetooth. False when something of it
   * was dropped.
   */
  pushBytes(device: string, bytes: readonly number[]): boolean {
    this.hooks.arrived(device, bytes);
    const last = this.events[this.events.length - 1];
    // The oldest event may be in the idle loop's hands already, so nothing is added to it.
    const isOpen = last !== undefined && this.events.length > 1 && last.kind === "bytes" && last.device === device;
    // The chip asks for room for one byte here and writes over its oldest event when there are more (jsdevices.c:510).
    if (isOpen && last.bytes.length + bytes.length < this.maxEventBytes && this.free >= bytes.length) {
      last.bytes.push(...bytes);
      this.grow(bytes.length);
      return true;
    }
    let isWhole = true;
    for (let at = 0; at < bytes.length; at += this.maxEventBytes) {
      if (!this.push({ kind: "bytes", device, bytes: bytes.slice(at, at + this.maxEventBytes) })) isWhole = false;
    }
    return isWhole;
  }

  push(event: InputEvent): boolean {
    if (this.free < sizeOf(event)) {
      this.hooks.overflow();
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

  /** `reset()` and `load()` leave the queue alone: the next run finds what has not had its turn. */
  adopt(other: InputQueue): void {
    for (let event = other.shift(); event !== undefined; event = other.shift()) this.push(event);
  }

  clear(): void {
    this.events = [];
    this.used = 0;
  }
}
