/** A virtual board's Bluetooth as the port of the command line and the page. */
import { type Port, PortError } from "../../tools/port/port.ts";
import type { BluetoothLink, BluetoothOptions } from "../../tools/virtual-board/bluetooth.ts";
import type { VirtualBoard } from "../../tools/virtual-board/board.ts";

export interface BoardPort extends Port {
  readonly link: BluetoothLink;
  /** The link is lost, without a word to anybody. */
  cut(): void;
}

function connect(board: VirtualBoard, options: BluetoothOptions): BluetoothLink {
  try {
    return board.bluetooth(options);
  } catch (error) {
    throw new PortError("PORT_ABSENT", (error as Error).message);
  }
}

/** Throws `PORT_ABSENT` where the board is off or its one connection is taken. */
export function openBoardPort(board: VirtualBoard, options: BluetoothOptions = {}): BoardPort {
  const link = connect(board, options);
  let early = "";
  let onData: ((bytes: string) => void) | undefined;
  const port: BoardPort = {
    name: "ble:virtual",
    chunkBytes: link.chunkBytes,
    link,
    get onData() {
      return onData;
    },
    set onData(listener) {
      onData = listener;
      if (early !== "") listener?.(early);
      early = "";
    },
    onClose: undefined,
    async write(bytes) {
      const writes: Promise<void>[] = [];
      for (let at = 0; at < bytes.length; at += link.chunkBytes) {
        writes.push(link.write(Buffer.from(bytes.slice(at, at + link.chunkBytes), "latin1")));
      }
      try {
        await Promise.all(writes);
      } catch (error) {
        throw new PortError("PORT_LOST", (error as Error).message);
      }
    },
    cut: () => link.close(),
    async close() {
      link.close();
    },
  };
  link.onData((bytes) => {
    const text = Buffer.from(bytes).toString("latin1");
    if (onData === undefined) early += text;
    else onData(text);
  });
  link.onClose(() => port.onClose?.(new PortError("PORT_LOST", "the link was lost")));
  return port;
}
