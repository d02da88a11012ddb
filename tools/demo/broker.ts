/** The embedded broker: aedes behind TLS that demands a client certificate, and tells what it sees. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { Aedes } from "aedes";
import { PacketTap, type TappedPacket } from "./packet-tap.ts";

export type BrokerEvent =
  | { readonly type: "accepted"; readonly link: number; readonly protocol: string; readonly client: string }
  /** The TLS handshake failed on the broker's side; `code` is OpenSSL's or Node's. */
  | { readonly type: "refused"; readonly code: string; readonly detail: string }
  | ({ readonly type: "packet"; readonly link: number } & TappedPacket)
  | { readonly type: "closed"; readonly link: number };

export interface BrokerOptions {
  /** Chain and key of the server. */
  readonly cert: string;
  readonly key: string;
  /** Clients must show a certificate that this CA signed. */
  readonly clientCa: string;
  readonly host?: string;
  readonly port?: number;
  readonly onEvent: (event: BrokerEvent) => void;
}

export interface Broker {
  readonly host: string;
  readonly port: number;
  publish(topic: string, payload: string, options?: { qos?: 0 | 1 | 2; retain?: boolean }): Promise<void>;
  /** Shows another certificate from the next connection on. */
  present(certificate: { readonly cert: string; readonly key: string }): void;
  /** Closes the port and every connection; sessions and retained messages stay, as those of a broker on a disk do. */
  pause(): Promise<void>;
  /** Opens the same port again. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

function commonName(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate();
  return subject?.CN === undefined ? "" : String(subject.CN);
}

export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { onEvent } = options;
  const host = options.host ?? "127.0.0.1";
  const aedes = await Aedes.createBroker();
  const sockets = new Set<TLSSocket>();
  let links = 0;

  const { cert, key, clientCa: ca } = options;
  const server = tls.createServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.2" },
    (socket) => {
      const link = ++links;
      sockets.add(socket);
      onEvent({ type: "accepted", link, protocol: socket.getProtocol() ?? "", client: commonName(socket) });
      socket.once("close", () => {
        sockets.delete(socket);
        onEvent({ type: "closed", link });
      });
      aedes.handle(new PacketTap(socket, (tapped) => onEvent({ type: "packet", link, ...tapped })));
    },
  );
  server.on("tlsClientError", (error: NodeJS.ErrnoException) =>
    onEvent({ type: "refused", code: error.code ?? "", detail: error.message }),
  );
  // A device that vanishes is daily business, not an error of the broker.
  aedes.on("clientError", () => undefined);
  aedes.on("connectionError", () => undefined);
  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  async function pause(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  return {
    host,
    port,
    publish: (topic, payload, { qos = 1, retain = false } = {}) =>
      new Promise((resolve, reject) => {
        aedes.publish({ cmd: "publish", topic, payload, qos, retain, dup: false }, (error) =>
          error === undefined || error === null ? resolve() : reject(error),
        );
      }),
    present: (shown) => server.setSecureContext({ ...shown, ca, minVersion: "TLSv1.2" }),
    pause,
    async resume() {
      if (server.listening) return;
      server.listen(port, host);
      await once(server, "listening");
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await pause();
    },
  };
}
