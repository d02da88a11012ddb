/** The console of the virtual board as a port, over its Bluetooth link. */
import { makePort } from "../../tools/port/make-port.ts";
import { type Port, PortError } from "../../tools/port/port.ts";
import type { BluetoothOptions } from "../../tools/virtual-board/bluetooth.ts";
import type { VirtualBoard } from "../../tools/virtual-board/board.ts";

export interface BoardPort {
  readonly port: Port;
  /** The link is lost, as by a board that goes out of reach. */
  cut(): void;
}

/** Resolves once the link is subscribed: what the board says before is lost, as on the air. */
export async function boardPort(board: VirtualBoard, options: BluetoothOptions = {}): Promise<BoardPort> {
  const link = board.bluetooth(options);
  await new Promise<void>((resolve) => board.clock.setTimeout(resolve, 2 * (options.intervalMs ?? 0)));
  const end = makePort({
    name: "ble:virtual",
    chunkBytes: link.chunkBytes,
    send: (chunk) => link.write(chunk),
    close: async () => link.close(),
  });
  link.onData((bytes) => end.receive(bytes));
  link.onClose(() => end.lost(new PortError("PORT_LOST", "the link to the virtual board was lost")));
  return { port: end.port, cut: () => link.close() };
}
