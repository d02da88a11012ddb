/** TCP servers: AT+QIOPEN with "TCP LISTENER". Source: BG96 TCP/IP manual V1.1, 2.1.4, 2.2.3, 2.2.4 and 3.5 [D]. */
import { createServer } from "node:net";
import type { Boot } from "./context.ts";
import { createInbox, MAX_ID } from "./ports.ts";
import { type Entry, newStream, type Streams } from "./streams.ts";

/** What AT+QIOPEN asks for. */
export interface OpenRequest {
  readonly cid: number;
  readonly id: number;
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly localPort: number;
  readonly access: number;
}

/** Connections are told to be of this server. */
export type ServerIds = Map<Entry, number>;

/** `opened` gets false when the local port is taken. The port is open on this computer only. */
export function listen(
  boot: Boot,
  table: Streams<Entry>,
  servers: ServerIds,
  request: OpenRequest,
  opened: (ready: boolean) => void,
): void {
  const { machine } = boot;
  const server = createServer((socket) => {
    const id = freeId(table);
    if (id === undefined) {
      socket.destroy();
      table.urc('"incoming full"');
      return;
    }
    const address = socket.remoteAddress ?? "";
    const port = socket.remotePort ?? 0;
    const entry = newStream(
      { streams: table },
      // [D] 2.1.4: the mode of a connection is that of its server.
      { id, kind: "tcp", service: "TCP INCOMING", host: address, port, cid: request.cid, access: request.access },
    );
    entry.address = address;
    entry.localPort = request.localPort;
    table.entries.set(id, entry);
    servers.set(entry, request.id);
    table.connected(entry);
    machine.urc(`+QIURC: "incoming",${id},${request.id},"${address}",${port}`);
    table.attach(entry, socket);
  });
  // [R] A connection that is not accepted in time is refused by the network's stack.
  server.maxConnections = MAX_ID + 1;
  const entry: Entry = {
    ...{ id: request.id, kind: "tcp", service: request.service, host: request.host, port: 0, cid: request.cid },
    access: request.access,
    state: 1,
    // [D] 3.5.1: the address of the context.
    address: boot.bearer.address(request.cid) ?? "",
    localPort: request.localPort,
    sent: 0,
    inbox: createInbox({ announce: () => undefined, pause: () => undefined, resume: () => undefined }),
    release: () => void server.close(),
  };
  table.entries.set(entry.id, entry);
  servers.set(entry, entry.id);
  server.on("error", () => {
    if (entry.state !== 1) return;
    table.entries.delete(entry.id);
    opened(false);
  });
  server.listen(request.localPort, "127.0.0.1", () => {
    if (entry.state !== 1) return void server.close();
    entry.state = 3;
    opened(true);
  });
}

/** [D] 3.5.2: the first incoming connection gets 11; [R] downwards from there. */
function freeId(table: Streams<Entry>): number | undefined {
  for (let id = MAX_ID; id >= 0; id--) if (!table.entries.has(id)) return id;
  return undefined;
}
