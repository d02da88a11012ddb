/** Servers on this computer for sockets that run in a virtual modem. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createPki, type Pki, type PkiOptions } from "../../tools/pki/set.ts";

export interface TestServer {
  readonly port: number;
  readonly clients: Set<Socket>;
  close(): void;
}

export interface TestTlsServer extends TestServer {
  readonly pki: Pki;
  /** As a modem's store holds them. */
  readonly files: Map<string, Buffer>;
}

const echo = (socket: Socket): void => void socket.on("data", (bytes) => socket.write(bytes));

function keep(clients: Set<Socket>, socket: Socket, serve: (socket: Socket) => void): void {
  clients.add(socket);
  socket.on("error", () => undefined);
  socket.on("close", () => clients.delete(socket));
  serve(socket);
}

export async function startTcp(serve: (socket: Socket) => void = echo): Promise<TestServer> {
  const clients = new Set<Socket>();
  const server = createServer((socket) => keep(clients, socket, serve));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    clients,
    close() {
      for (const client of clients) client.destroy();
      server.close();
    },
  };
}

export async function startTls(
  serve: (socket: Socket) => void = echo,
  options: Partial<PkiOptions> & { mutual?: boolean } = {},
): Promise<TestTlsServer> {
  const pki = await createPki({ hosts: ["broker.test"], client: "device", ...options });
  const clients = new Set<Socket>();
  const isMutual = options.mutual !== false;
  const server = createTlsServer(
    {
      cert: pki.server.chain,
      key: pki.server.key,
      ca: pki.clientCa,
      requestCert: isMutual,
      rejectUnauthorized: isMutual,
    },
    (socket) => keep(clients, socket, serve),
  );
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const files = new Map([["ca.pem", Buffer.from(pki.ca)]]);
  if (pki.client !== undefined) {
    files.set("client.pem", Buffer.from(pki.client.chain));
    files.set("client.key", Buffer.from(pki.client.traditionalKey));
  }
  return {
    port: (server.address() as AddressInfo).port,
    clients,
    pki,
    files,
    close() {
      for (const client of clients) client.destroy();
      server.close();
    },
  };
}

export async function startUdp(): Promise<{ readonly port: number; close(): void }> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, peer) => socket.send(bytes, peer.port, peer.address, () => undefined));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { port: socket.address().port, close: () => void socket.close() };
}

/** Names under `.test` (RFC 6761) are this computer. */
export const resolveTest = (host: string): string | undefined => (host.endsWith(".test") ? "127.0.0.1" : undefined);
