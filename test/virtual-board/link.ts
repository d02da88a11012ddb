import type { ManualClock } from "../../tools/clock.ts";
import type { BluetoothLink, BluetoothOptions } from "../../tools/virtual-board/bluetooth.ts";
import type { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { settle } from "./rig.ts";

export interface Central {
  readonly link: BluetoothLink;
  /** What the board has sent, one char a byte. */
  heard(): string;
  /** Sizes of the notifications. */
  sizes(): readonly number[];
  /** Sends bytes cut to the link's chunks, waits for each to be taken, and gives what has come back since. */
  send(bytes: string): Promise<string>;
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Connects to the board, whose clock the test moves. */
export function connectCentral(board: VirtualBoard, clock: ManualClock, options?: BluetoothOptions): Central {
  const link = board.bluetooth(options);
  let text = "";
  const sizes: number[] = [];
  link.onData((bytes) => {
    sizes.push(bytes.length);
    text += String.fromCharCode(...bytes);
  });
  // The central has subscribed to what the board sends.
  clock.advance(options?.intervalMs ?? 0);

  async function write(chunk: Uint8Array): Promise<void> {
    let taken = false;
    const written = link.write(chunk).then(() => {
      taken = true;
    });
    written.catch(() => {
      taken = true;
    });
    for (await settle(); !taken; await settle()) clock.advance(1);
    await written;
  }

  return {
    link,
    heard: () => text,
    sizes: () => sizes,
    async send(bytes) {
      const from = text.length;
      for (let at = 0; at < bytes.length; at += link.chunkBytes) {
        await write(bytesOf(bytes.slice(at, at + link.chunkBytes)));
      }
      clock.advance(1);
      return text.slice(from);
    },
  };
}

/** `10 01 20 length code`. */
export const evaluation = (code: string): string =>
  `\x10\x01${String.fromCharCode(0x20 | (code.length >> 8), code.length & 255)}${code}`;
