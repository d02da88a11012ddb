/** A TLS server with certificates of its own, and a modem that knows it as `broker.test`. */
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { createPki, type Pki, type PkiOptions } from "../../tools/pki/set.ts";
import type { ModemOptions } from "../../tools/virtual-modem/index.ts";
import { createConnectedHost, type Host } from "./host.ts";

export interface Rig {
  readonly host: Host;
  readonly port: number;
  readonly pki: Pki;
  /** SNI of each handshake, undefined when none was sent. */
  readonly names: (string | undefined)[];
  readonly clients: Set<TLSSocket>;
  /** Opens client 0 on SSL context 1; returns the error number. */
  open(name?: string): Promise<number>;
  configure(settings: Readonly<Record<string, string | number>>): Promise<void>;
  close(): void;
}

export interface RigOptions {
  readonly pki?: Partial<PkiOptions>;
  readonly server?: TlsOptions;
  readonly modem?: Partial<ModemOptions>;
  readonly mutual?: boolean;
  readonly onClient?: (socket: TLSSocket) => void;
}

export const FILES = { ca: "ca.pem", cert: "client.pem", key: "client.key" } as const;

export async function createRig(options: RigOptions = {}): Promise<Rig> {
  const pki = await createPki({ hosts: ["broker.test"], client: "device", ...options.pki });
  const clients = new Set<TLSSocket>();
  const server = createServer(
    {
      cert: pki.server.chain,
      key: pki.server.key,
      ...(options.mutual === true ? { ca: pki.clientCa, requestCert: true, rejectUnauthorized: true } : {}),
      ...options.server,
    },
    (socket) => {
      clients.add(socket);
      names.push(typeof socket.servername === "string" ? socket.servername : undefined);
      socket.on("close", () => clients.delete(socket));
      socket.on("error", () => undefined);
      if (options.onClient !== undefined) options.onClient(socket);
      else socket.on("data", (bytes) => socket.write(bytes));
    },
  );
  const names: (string | undefined)[] = [];
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const files = new Map([[FILES.ca as string, Buffer.from(pki.ca)]]);
  if (pki.client !== undefined) {
    files.set(FILES.cert, Buffer.from(pki.client.chain));
    files.set(FILES.key, Buffer.from(pki.client.traditionalKey));
  }
  const host = await createConnectedHost({
    files,
    resolve: (name) => (name.endsWith(".test") ? "127.0.0.1" : undefined),
    ...options.modem,
  });
  const rig: Rig = {
    host,
    port,
    pki,
    names,
    clients,
    async open(name = "broker.test") {
      host.write(`AT+QSSLOPEN=1,1,0,"${name}",${port},0\r`);
      const answer = await host.expect(/\+QSSLOPEN: 0,\d+\r\n|ERROR\r\n/);
      return Number(/0,(\d+)\r\n$/.exec(answer)?.[1] ?? Number.NaN);
    },
    async configure(settings) {
      for (const [key, value] of Object.entries(settings)) {
        const text = typeof value === "number" || /^0x/i.test(value) ? value : `"${value}"`;
        const answer = await host.at(`AT+QSSLCFG="${key}",1,${text}`);
        if (answer !== "\r\nOK\r\n") throw new Error(`${key}: ${answer}`);
      }
    },
    close() {
      host.end();
      for (const socket of clients) socket.destroy();
      server.close();
    },
  };
  return rig;
}

/** Everything on, as it should be. */
export const STRICT = { seclevel: 1, cacert: FILES.ca, ignorelocaltime: 0, sni: 1, sslversion: 3 } as const;
export const MUTUAL = { ...STRICT, seclevel: 2, clientcert: FILES.cert, clientkey: FILES.key } as const;
