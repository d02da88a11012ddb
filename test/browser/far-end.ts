/** What a test joins to the page: a virtual board, a real interpreter, or a recorder of bytes. */
import type { Port } from "../../tools/port/port.ts";

/** The board's end of one connection. Strings are bytes. */
export type FarEnd = Pick<Port, "chunkBytes" | "write" | "onData" | "onClose" | "close">;

/** A connection begins. */
export type Reach = () => FarEnd | Promise<FarEnd>;

/** Keeps what the page wrote, and says what a test wants it to. */
export class Recorder implements FarEnd {
  readonly chunkBytes: number;
  onData: ((bytes: string) => void) | undefined;
  onClose: FarEnd["onClose"];
  readonly writes: string[] = [];
  isClosed = false;
  /** Hears each write. */
  onWrite: (bytes: string) => void = () => {};

  constructor(chunkBytes = 20) {
    this.chunkBytes = chunkBytes;
  }

  async write(bytes: string): Promise<void> {
    this.writes.push(bytes);
    this.onWrite(bytes);
  }

  say(bytes: string): void {
    for (let at = 0; at < bytes.length; at += this.chunkBytes) this.onData?.(bytes.slice(at, at + this.chunkBytes));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.onClose?.(undefined);
  }
}
