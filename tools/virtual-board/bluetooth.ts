import type { Clock, Timer } from "../clock.ts";
import type { UartService } from "./radio.ts";
import type { Uart } from "./uart.ts";

export interface BluetoothOptions {
  /** Bytes of a write and of a notification: the MTU less 3. At most what the board can take. Default 20. */
  readonly chunkBytes?: number;
  /** Connection interval on the board's clock. Default 0: no pace at all. */
  readonly intervalMs?: number;
  /** Chunks that pass each way in one interval. Default 6, the most of an nRF52 (bluetooth.c, nus_transmit_string). */
  readonly chunksPerInterval?: number;
  /** What the peer enters when the board asks for a passkey; left out, it has none. */
  readonly passkey?: string;
}

/** A central's connection with the Nordic UART Service of the board. */
export interface BluetoothLink {
  readonly chunkBytes: number;
  /** Whether the service is there for this peer. The link itself stands either way. */
  readonly service: UartService;
  readonly closed: boolean;
  /**
   * Resolves when the link has taken the bytes. The board may lose them nevertheless, as the chip does, when its input
   * queue is full: it asks for a pause by XOFF (19), and goes on by XON (17), both in what it sends. Rejects with a
   * `BluetoothError`.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** What comes before there is a listener waits for the first one. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Once, whoever ends it. Called at once when it has ended already. */
  onClose(listener: () => void): void;
  close(): void;
}

export type BluetoothErrorCode = "closed" | "locked" | "absent" | "length" | "in-use" | "unreachable";

export class BluetoothError extends Error {
  readonly code: BluetoothErrorCode;

  constructor(code: BluetoothErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface LinkHost {
  readonly clock: Clock;
  readonly uart: Uart;
  /** Longest chunk that the board can take. */
  readonly mostBytes: number;
  service(): UartService;
  /** The link has ended; `byBoard` when the board is gone, too. */
  ended(): void;
}

const DEFAULT_CHUNK_BYTES = 20;
const DEFAULT_CHUNKS = 6;
/** TXBUFFERMASK: what the board's transmit buffer holds before its interpreter has to wait. */
const TRANSMIT_BYTES = 255;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly taken: () => void;
  readonly failed: (error: BluetoothError) => void;
}

/** The air between the central and the board: chunks in both directions, at each connection event. */
export class Link implements BluetoothLink {
  readonly chunkBytes: number;
  private readonly intervalMs: number;
  private readonly chunksPerInterval: number;
  private readonly host: LinkHost;
  private readonly startedAt: number;
  private timer: Timer | undefined;
  private eventAt = Number.NEGATIVE_INFINITY;
  /** By how much the host was late for the last connection event. */
  private lateMs = 0;
  /** What the central's own buffer has taken. */
  private readonly inbound: Uint8Array[] = [];
  private readonly waiting: Waiting[] = [];
  private outbound: Buffer = Buffer.alloc(0);
  private isSubscribed = false;
  private isClosed = false;
  private early: Uint8Array[] = [];
  private readonly dataListeners: ((bytes: Uint8Array) => void)[] = [];
  private readonly closeListeners: (() => void)[] = [];

  constructor(options: BluetoothOptions, host: LinkHost) {
    const { chunkBytes = DEFAULT_CHUNK_BYTES, intervalMs = 0, chunksPerInterval = DEFAULT_CHUNKS } = options;
    if (!Number.isInteger(chunkBytes) || chunkBytes < 1)
      throw new Error(`chunkBytes must be 1 or more, not ${chunkBytes}`);
    if (!(intervalMs >= 0)) throw new Error(`intervalMs must be 0 or more, not ${intervalMs}`);
    if (!(chunksPerInterval >= 1)) throw new Error(`chunksPerInterval must be 1 or more, not ${chunksPerInterval}`);
    this.chunkBytes = Math.min(chunkBytes, host.mostBytes);
    this.intervalMs = intervalMs;
    this.chunksPerInterval = chunksPerInterval;
    this.host = host;
    this.startedAt = host.clock.now();
    host.uart.tap = (bytes, isUrgent) => this.transmit(bytes, isUrgent);
  }

  /** The board knows of the connection. A central first finds the service and subscribes: what is sent before is lost. */
  connected(): void {
    this.host.clock.setTimeout(() => {
      this.isSubscribed = true;
    }, this.intervalMs);
  }

  get service(): UartService {
    return this.host.service();
  }

  get closed(): boolean {
    return this.isClosed;
  }

  // ---- the central's side

  write(bytes: Uint8Array): Promise<void> {
    const error = this.refusal(bytes);
    if (error !== undefined) return Promise.reject(error);
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes: bytes.slice(), taken: resolve, failed: reject });
      this.take();
      this.arm();
    });
  }

  private refusal(bytes: Uint8Array): BluetoothError | undefined {
    if (this.isClosed) return new BluetoothError("closed", "the Bluetooth link is closed");
    const { service } = this;
    if (service === "absent") return new BluetoothError("absent", "the board has no Nordic UART Service");
    if (service === "locked") return new BluetoothError("locked", "the Nordic UART Service wants a bonded peer");
    if (bytes.length > this.chunkBytes) {
      return new BluetoothError("length", `${bytes.length} bytes in one write; the link carries ${this.chunkBytes}`);
    }
    return undefined;
  }

  /** A central buffers some writes, so that one that waits for each still fills the intervals. */
  private take(): void {
    const room = this.intervalMs === 0 ? 0 : 2 * this.chunksPerInterval;
    while (this.inbound.length < room) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.inbound.push(next.bytes);
      next.taken();
    }
  }

  onData(listener: (bytes: Uint8Array) => void): void {
    this.dataListeners.push(listener);
    const { early } = this;
    this.early = [];
    for (const bytes of early) listener(bytes);
  }

  onClose(listener: () => void): void {
    if (this.isClosed) listener();
    else this.closeListeners.push(listener);
  }

  close(): void {
    if (this.isClosed) return;
    this.drop();
    this.host.ended();
  }

  /** The board is gone: nobody is there to be told. */
  drop(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.timer !== undefined) this.host.clock.clearTimeout(this.timer);
    this.host.uart.tap = undefined;
    this.inbound.length = 0;
    for (const { failed } of this.waiting.splice(0))
      failed(new BluetoothError("closed", "the Bluetooth link is closed"));
    for (const listener of this.closeListeners.splice(0)) listener();
  }

  // ---- the board's side

  /** Milliseconds for which the interpreter waits for room in its transmit buffer. */
  private transmit(bytes: Buffer, isUrgent: boolean): number {
    if (!this.isSubscribed || this.service !== "open") return 0;
    this.outbound = Buffer.concat(isUrgent ? [bytes, this.outbound] : [this.outbound, bytes]);
    this.arm();
    const excess = this.outbound.length - TRANSMIT_BYTES;
    if (excess <= 0) return 0;
    return Math.ceil(excess / (this.chunkBytes * this.chunksPerInterval)) * this.intervalMs;
  }

  /** For the next connection event. */
  private arm(): void {
    if (this.timer !== undefined || this.isClosed) return;
    if (this.outbound.length === 0 && this.inbound.length === 0 && this.waiting.length === 0) return;
    const { clock } = this.host;
    const due = this.nextEvent();
    this.timer = clock.setTimeout(() => {
      this.timer = undefined;
      this.eventAt = clock.now();
      this.lateMs = this.eventAt - due;
      this.connectionEvent();
      this.arm();
    }, due - clock.now());
  }

  /** A host that was late for one event is late with what follows from it, too: its lateness is none of the link's. */
  private nextEvent(): number {
    const now = this.host.clock.now();
    const { intervalMs, startedAt } = this;
    if (intervalMs === 0) return now;
    const isFresh = now - this.eventAt <= intervalMs;
    const elapsed = now - (isFresh ? this.lateMs : 0) - startedAt;
    return startedAt + (Math.floor(elapsed / intervalMs) + 1) * intervalMs;
  }

  private connectionEvent(): void {
    for (let i = 0; i < this.chunksPerInterval && !this.isClosed; i++) {
      this.sendChunk();
      this.receiveChunk();
    }
  }

  private sendChunk(): void {
    if (this.outbound.length === 0) return;
    const chunk = Uint8Array.from(this.outbound.subarray(0, this.chunkBytes));
    this.outbound = this.outbound.subarray(this.chunkBytes);
    if (this.dataListeners.length === 0) this.early.push(chunk);
    for (const listener of [...this.dataListeners]) listener(chunk);
  }

  private receiveChunk(): void {
    const bytes = this.inbound.shift();
    if (bytes !== undefined) {
      this.deliver(bytes);
      this.take();
      return;
    }
    const next = this.waiting.shift();
    if (next === undefined) return;
    this.deliver(next.bytes);
    next.taken();
  }

  /** The service may have been locked since the bytes were taken. */
  private deliver(bytes: Uint8Array): void {
    if (this.service === "open") this.host.uart.receiveNow(bytes);
  }
}
