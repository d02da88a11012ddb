/** The desk of a virtual board. */
import type { Clock } from "../clock.ts";
import { BluetoothError, type BluetoothLink } from "../virtual-board/bluetooth.ts";
import type { VirtualBoard } from "../virtual-board/board.ts";
import { type BoardLink, createDesk, type Desk } from "./desk.ts";

export interface Pace {
  readonly chunkBytes: number;
  /** Connection interval on the board's clock, ms. */
  readonly intervalMs: number;
  readonly chunksPerInterval: number;
}

/** What a browser on a desk gets of an nRF52 with the smallest MTU: 15 ms is what Android and macOS ask for. */
export const BROWSER_PACE: Pace = { chunkBytes: 20, intervalMs: 15, chunksPerInterval: 6 };

export function virtualDesk(board: () => VirtualBoard, pace: Pace = BROWSER_PACE): Desk {
  return createDesk(() => {
    try {
      return afterSubscription(board().bluetooth(pace), board().clock, pace.intervalMs);
    } catch (error) {
      // Whatever else it is, the board cannot be had; nothing that a client does may end the demo.
      return error instanceof BluetoothError && error.code === "in-use" ? "in-use" : "off";
    }
  });
}

/** A central writes when it has subscribed: the answer to what it wrote before would be lost. */
function afterSubscription(link: BluetoothLink, clock: Clock, intervalMs: number): BoardLink {
  const subscribed = new Promise<void>((resolve) => void clock.setTimeout(resolve, 2 * intervalMs));
  return {
    chunkBytes: link.chunkBytes,
    get closed() {
      return link.closed;
    },
    write: (bytes) => subscribed.then(() => link.write(bytes)),
    onData: (listener) => link.onData(listener),
    onClose: (listener) => link.onClose(listener),
    close: () => link.close(),
  };
}
