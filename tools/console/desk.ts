/** The board's one Bluetooth connection, and whose it is: a page's, or that of a client on the TCP port. */

/** A connection to the Nordic UART Service of a board; `VirtualBoard.bluetooth()` gives one. */
export interface BoardLink {
  /** Bytes that one write and one notification carry. */
  readonly chunkBytes: number;
  readonly closed: boolean;
  /** At most `chunkBytes`. Resolves when the link has taken them. Rejects when it is gone or the service is locked. */
  write(bytes: Uint8Array): Promise<void>;
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Once, when the link is gone for whatever reason, `close()` included. */
  onClose(listener: () => void): void;
  close(): void;
}

/** `in-use`: somebody else has it. `off`: the board cannot be found, because it has no supply or its radio is off. */
export type Refusal = "in-use" | "off";

export interface Desk {
  /** Whoever takes the link has it until it closes. */
  take(): BoardLink | Refusal;
  /** Ends the connection there is. */
  cut(): void;
}

/** `connect` makes a connection, or says why not. */
export function createDesk(connect: () => BoardLink | Refusal): Desk {
  let current: BoardLink | undefined;
  return {
    take() {
      const link = connect();
      if (typeof link === "string") return link;
      current = link;
      link.onClose(() => {
        if (current === link) current = undefined;
      });
      return link;
    },
    cut: () => current?.close(),
  };
}
