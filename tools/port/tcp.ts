/** A board's console as raw bytes on a TCP port: a serial-to-network bridge, or socat. */
import { connect, type Socket } from "node:net";
import { makePort, type PortEnd, portLost, within } from "./make-port.ts";
import { type Port, PortError, type PortSource } from "./port.ts";
import { SERIAL_CHUNK } from "./web-serial.ts";

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
}

const CONNECT_MS = 10_000;

export function tcpSource(options: TcpOptions): PortSource {
  return { open: () => openTcp(options) };
}

async function openTcp({ host, port }: TcpOptions): Promise<Port> {
  const name = `tcp:${host}:${port}`;
  // Chunks shall leave as they are written.
  const socket = connect({ host, port, noDelay: true });
  try {
    await within(connected(socket), CONNECT_MS, () => new PortError("PORT_ABSENT", `${name} does not answer`));
  } catch (error) {
    socket.destroy();
    if (error instanceof PortError) throw error;
    throw new PortError("PORT_ABSENT", `${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const end: PortEnd = makePort({
    name,
    chunkBytes: SERIAL_CHUNK,
    send: (chunk) =>
      new Promise((resolve, reject) => {
        socket.write(chunk, (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {
      socket.destroy();
    },
  });
  socket.on("data", (bytes) => end.receive(bytes));
  socket.on("error", (error) => end.lost(portLost(name, error)));
  socket.on("close", () => end.lost(portLost(name, undefined)));
  return end.port;
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve();
    });
    socket.once("error", reject);
  });
}
