/** A TCP (or TLS) socket of Node as a transport for the device's MQTT client. */
import type { Socket } from "node:net";
import type { Failure } from "../../modules/failure.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";

export interface SocketTransport extends Transport {
  /** The cable is pulled: the peer learns nothing. */
  drop(): void;
}

/** The socket is connected already. `pieces`: the size of what is given to `onData`, as a modem reads it. */
export function socketTransport(socket: Socket, pieces = 1500): SocketTransport {
  let isOpen = true;
  const transport: SocketTransport = {
    write(bytes, done) {
      socket.write(Buffer.from(bytes, "latin1"), (error) => done(error ? { code: "SOCKET_CLOSED" } : undefined));
    },
    close() {
      isOpen = false;
      socket.end();
    },
    drop() {
      socket.resetAndDestroy();
    },
    poll() {},
  };
  socket.on("data", (data) => {
    for (let at = 0; at < data.length && isOpen; at += pieces) {
      transport.onData?.(data.subarray(at, at + pieces).toString("latin1"));
    }
  });
  const closed = (cause: Failure) => {
    if (!isOpen) return;
    isOpen = false;
    transport.onClose?.(cause);
  };
  socket.on("error", (error) => closed({ code: "SOCKET_CLOSED", cause: error.message }));
  socket.on("close", () => closed({ code: "SOCKET_CLOSED" }));
  return transport;
}
