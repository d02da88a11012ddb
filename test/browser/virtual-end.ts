/** The virtual board's Bluetooth as a far end. */
import { BluetoothError, type BluetoothLink, type BluetoothOptions } from "../../tools/virtual-board/bluetooth.ts";
import type { VirtualBoard } from "../../tools/virtual-board/board.ts";
import type { FarEnd, Reach } from "./far-end.ts";

/** Tries to reach a board that reboots, as a central does as long as it scans. */
const SCAN_MS = 5000;
const AGAIN_MS = 20;

export function reachBoard(board: () => VirtualBoard, options: BluetoothOptions = {}): Reach {
  return async () => {
    const until = Date.now() + SCAN_MS;
    for (;;) {
      try {
        return joined(board().bluetooth(options));
      } catch (error) {
        if (!(error instanceof BluetoothError) || Date.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  };
}

function joined(link: BluetoothLink): FarEnd {
  let onData: FarEnd["onData"];
  let onClose: FarEnd["onClose"];
  link.onClose(() => onClose?.(undefined));
  return {
    chunkBytes: link.chunkBytes,
    async write(bytes) {
      // A serial port's writes have no length of their own.
      for (let at = 0; at < bytes.length; at += link.chunkBytes) {
        await link.write(Buffer.from(bytes.slice(at, at + link.chunkBytes), "latin1"));
      }
    },
    get onData() {
      return onData;
    },
    set onData(listener) {
      const isFirst = onData === undefined;
      onData = listener;
      // It keeps what came before it had a listener.
      if (isFirst) link.onData((bytes) => onData?.(Buffer.from(bytes).toString("latin1")));
    },
    get onClose() {
      return onClose;
    },
    set onClose(listener) {
      onClose = listener;
      if (link.closed) listener?.(undefined);
    },
    async close() {
      link.close();
    },
  };
}
