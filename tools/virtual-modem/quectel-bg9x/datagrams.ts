/** UDP sockets: `UDP` talks with one peer, `UDP SERVICE` with any. Source: BG96 TCP/IP manual [D]. */
import { createSocket, type Socket } from "node:dgram";
import type { Boot } from "./context.ts";
import { type Inbox, MAX_SEND } from "./ports.ts";
import type { Entry, Streams } from "./streams.ts";

/** [R] Datagrams that wait for the host; more are lost, as UDP may. */
const MAX_WAITING = 16;

export interface Datagram {
  readonly bytes: Buffer;
  readonly address: string;
  readonly port: number;
}

export interface DatagramEntry extends Entry {
  readonly waiting: Datagram[];
  next(): Datagram | undefined;
  sendTo(bytes: Buffer, address: string, port: number): void;
}

export function isDatagram(entry: Entry): entry is DatagramEntry {
  return "sendTo" in entry;
}

/** `opened` gets undefined when the local port is taken. */
export function openDatagram(
  boot: Boot,
  table: Streams<Entry>,
  fields: Pick<Entry, "id" | "service" | "host" | "port" | "cid" | "access"> & { peer: string; localPort: number },
  opened: (entry: DatagramEntry | undefined) => void,
): DatagramEntry {
  const { machine } = boot;
  const socket: Socket = createSocket(fields.peer.includes(":") ? "udp6" : "udp4");
  const waiting: Datagram[] = [];
  let total = 0;
  let taken = 0;
  let announced = false;
  const inbox: Inbox = {
    push: () => undefined,
    read: () => Buffer.alloc(0),
    get length() {
      return total - taken;
    },
    get total() {
      return total;
    },
    get taken() {
      return taken;
    },
  };
  const entry: DatagramEntry = {
    id: fields.id,
    kind: "udp",
    service: fields.service,
    host: fields.host,
    port: fields.port,
    cid: fields.cid,
    access: fields.access,
    state: 1,
    address: fields.peer,
    localPort: 0,
    sent: 0,
    inbox,
    waiting,
    next() {
      const datagram = waiting.shift();
      taken += datagram?.bytes.length ?? 0;
      if (waiting.length === 0) announced = false;
      return datagram;
    },
    sendTo: (bytes, address, port) => socket.send(bytes, port, address, () => undefined),
    release: () => {
      try {
        socket.close();
      } catch {
        // Closed already by an error of its own.
      }
    },
  };
  const service = fields.service === "UDP SERVICE";
  socket.on("message", (bytes, from) => {
    // A datagram longer than the modem's unit is cut, as [D] 1460 is the most it moves.
    const part = bytes.subarray(0, MAX_SEND);
    table.tell(entry, "received", part.length);
    if (entry.access === 1) {
      const origin = service ? `,"${from.address}",${from.port}` : "";
      machine.urcWithData(`+QIURC: "recv",${entry.id},${part.length}${origin}`, part);
      return;
    }
    if (waiting.length >= MAX_WAITING) return;
    waiting.push({ bytes: part, address: from.address, port: from.port });
    total += part.length;
    if (announced) return;
    announced = true;
    const length = boot.quirks.recvUrcLength ? `,${part.length}` : "";
    machine.after(0, () => table.urc(`"recv",${entry.id}${length}`));
  });
  socket.once("error", () => {
    if (entry.state === 1) opened(undefined);
    else table.kill(entry);
  });
  const ready = (): void => {
    if (entry.state !== 1) return;
    entry.localPort = socket.address().port;
    entry.state = 2;
    opened(entry);
  };
  socket.bind(fields.localPort, ready);
  return entry;
}
