/**
 * What leaves for the board, in order: cut into the link's chunks, held back by XOFF and by what the board can keep while it
 * is busy. Chunks are filled across packets, so the link carries no half empty ones while there is more to say.
 */
import type { Port } from "../port/port.ts";
import type { Timer, Timers } from "./timers.ts";

/** The interpreter resumes within milliseconds; a lost XON shall not stop everything. */
const XOFF_LIMIT_MS = 5000;
/**
 * Bytes that may be handed to the link and not yet taken by it: enough that a chunk always waits while another is on the
 * air, and less than what the board's queue has left when it sends XOFF (256 of 1,024, with 2 for each chunk).
 */
const WINDOW_BYTES = 128;

export interface WriterOptions {
  readonly port: Port;
  readonly timers: Timers;
  /** The port refused: everything is over. */
  readonly onFailure: (error: unknown) => void;
}

/** Bytes that stay together. */
export interface Item {
  readonly bytes: string;
  /** The last byte was given to the link; `end` counts all bytes since the writer was made. */
  readonly onHanded?: (end: number) => void;
  /** The link has taken the last byte. */
  readonly onSent?: () => void;
  /** The writer was closed before. */
  readonly onLost?: (error: Error) => void;
}

interface Queued {
  readonly item: Item;
  sent: number;
}

export class Writer {
  private readonly options: WriterOptions;
  private queue: Queued[] = [];
  private position = 0;
  private limit = Number.POSITIVE_INFINITY;
  private underWay = 0;
  /** Items of which the link has yet to take the last bytes. */
  private readonly handed = new Set<Item>();
  private pause: Timer | undefined;
  private isClosed = false;

  constructor(options: WriterOptions) {
    this.options = options;
  }

  /** `isNext`: ahead of all of which nothing has left. */
  send(item: Item, isNext = false): void {
    if (isNext) this.queue.splice(this.partial() === undefined ? 0 : 1, 0, { item, sent: 0 });
    else this.queue.push({ item, sent: 0 });
    this.schedule();
  }

  /** Past everything that waits, XOFF included. In a packet of which a part has left it becomes one of its bytes. */
  sendNow(bytes: string): Promise<void> {
    return new Promise((resolve, reject) => this.hand(bytes, [{ bytes, onSent: resolve, onLost: reject }]));
  }

  /** Resolves when the link has it. */
  type(bytes: string, isNext = false): Promise<void> {
    if (bytes === "") return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.send({ bytes, onSent: resolve, onLost: reject }, isNext);
    });
  }

  /** How far the count of bytes may go: what the board can keep. */
  setLimit(position: number): void {
    this.limit = position;
    this.schedule();
  }

  /** An item of which the link has the beginning and not the end. */
  partial(): Item | undefined {
    const first = this.queue[0];
    return first !== undefined && first.sent > 0 ? first.item : undefined;
  }

  /** Nothing goes out although there is something. */
  isHeld(): boolean {
    return this.queue.length > 0 && (this.pause !== undefined || this.position >= this.limit);
  }

  /** Forgets what has not left of an item; a part of it may have. */
  drop(item: Item): void {
    this.queue = this.queue.filter((queued) => queued.item !== item);
  }

  setPaused(isPaused: boolean): void {
    const { timers } = this.options;
    if (this.pause !== undefined) timers.clearTimeout(this.pause);
    this.pause = isPaused && !this.isClosed ? timers.setTimeout(() => this.setPaused(false), XOFF_LIMIT_MS) : undefined;
    if (!isPaused) this.pump();
  }

  close(error: Error): void {
    this.isClosed = true;
    const lost = [...this.handed, ...this.queue.map(({ item }) => item)];
    this.queue = [];
    this.handed.clear();
    for (const item of lost) item.onLost?.(error);
    this.setPaused(false);
  }

  /** What is sent in the same moment shares chunks. */
  private schedule(): void {
    queueMicrotask(() => this.pump());
  }

  private pump(): void {
    while (this.queue.length > 0 && this.pause === undefined && !this.isClosed) {
      const { chunkBytes } = this.options.port;
      if (this.underWay > 0 && this.underWay + chunkBytes > WINDOW_BYTES) return;
      const room = Math.min(chunkBytes, this.limit - this.position);
      if (room <= 0) return;
      this.hand(...this.takeChunk(room));
    }
  }

  private takeChunk(room: number): [string, Item[]] {
    let chunk = "";
    const ended: Item[] = [];
    for (let first = this.queue[0]; first !== undefined && chunk.length < room; first = this.queue[0]) {
      const piece = first.item.bytes.slice(first.sent, first.sent + room - chunk.length);
      chunk += piece;
      first.sent += piece.length;
      if (first.sent < first.item.bytes.length) break;
      ended.push(first.item);
      this.queue.shift();
    }
    return [chunk, ended];
  }

  private hand(chunk: string, ended: readonly Item[]): void {
    this.position += chunk.length;
    this.underWay += chunk.length;
    const end = this.position;
    for (const item of ended) this.handed.add(item);
    const taken = (): void => {
      this.underWay -= chunk.length;
      for (const item of ended) if (this.handed.delete(item)) item.onSent?.();
      this.pump();
    };
    this.options.port.write(chunk).then(taken, (error: unknown) => {
      if (!this.isClosed) this.options.onFailure(error);
    });
    for (const item of ended) item.onHanded?.(end);
  }
}
