/** A virtual modem and the few things that a TLS test says to it. */
import assert from "node:assert/strict";
import { createPki, type Pki, type PkiOptions } from "../../tools/pki/set.ts";
import type { FailureCause } from "../../tools/virtual-modem/index.ts";
import { createConnectedHost, type Host } from "../virtual-modem/host.ts";

export const HOST = "broker.test";
/** Both checks on that the family has; SNI, dates. */
export const STRICT = {
  sslversion: 3,
  seclevel: 1,
  cacert: "ca.pem",
  ignorelocaltime: 0,
  sni: 1,
  checkhost: 1,
} as const;
export const MUTUAL = { ...STRICT, seclevel: 2, clientcert: "client.pem", clientkey: "client.key" } as const;
export type Settings = Readonly<Record<string, string | number>>;

const known = new Map<string, Promise<Pki>>();
/** Certificates for `broker.test`; each kind is made once. */
export function pkiOf(options: Partial<PkiOptions> = {}): Promise<Pki> {
  const id = JSON.stringify(options);
  const made = known.get(id) ?? createPki({ hosts: [HOST], client: "device", ...options });
  known.set(id, made);
  return made;
}

export interface TlsModem {
  readonly host: Host;
  /** Opens client 0 with these settings, which must all be taken: the number of the answer and, of a failure, its cause. */
  open(port: number, settings: Settings, name?: string): Promise<{ code: number; cause: FailureCause | undefined }>;
  /** Sends a text, which must be acknowledged, and reads as much as is wanted. */
  exchange(text: string, length?: number): Promise<string>;
  read(length: number): Promise<string>;
}

export async function createTlsModem(pki: Pki, model = "BG96"): Promise<TlsModem> {
  const files = new Map([["ca.pem", Buffer.from(pki.ca)]]);
  if (pki.client !== undefined) {
    files.set("client.pem", Buffer.from(pki.client.chain));
    files.set("client.key", Buffer.from(pki.client.traditionalKey));
  }
  const host = await createConnectedHost({
    model,
    files,
    resolve: (name) => (name.endsWith(".test") ? "127.0.0.1" : undefined),
  });
  const read = async (length: number): Promise<string> => {
    let got = "";
    while (got.length < length) {
      host.write("AT+QSSLRECV=0,1500\r");
      const header = await host.expect(/\+QSSLRECV: (\d+)\r\n/);
      const count = Number(/(\d+)\r\n$/.exec(header)?.[1]);
      assert.ok(count <= 1500);
      if (count > 0) {
        const data = await host.expect(new RegExp(`^[^]{${count}}\r\n\r\nOK\r\n`));
        got += data.slice(0, count);
      } else await host.silence(10);
    }
    return got;
  };
  return {
    host,
    async open(port, settings, name = HOST) {
      for (const [key, value] of Object.entries(settings)) {
        const shown = typeof value === "number" || /^0x/i.test(value) ? value : `"${value}"`;
        assert.equal(await host.at(`AT+QSSLCFG="${key}",1,${shown}`), "\r\nOK\r\n", key);
      }
      host.events.length = 0;
      host.write(`AT+QSSLOPEN=1,1,0,"${name}",${port},0\r`);
      const answer = await host.expect(/\+QSSLOPEN: 0,\d+\r\n|ERROR\r\n/);
      const failed = host.event("socket", (event) => event.action === "failed");
      return {
        code: Number(/0,(\d+)\r\n$/.exec(answer)?.[1] ?? Number.NaN),
        cause: failed?.action === "failed" ? failed.cause : undefined,
      };
    },
    async exchange(text, length = text.length) {
      host.write(`AT+QSSLSEND=0,${text.length}\r`);
      await host.expect(/> $/);
      host.write(text);
      await host.expect(/SEND OK\r\n/);
      return read(length);
    },
    read,
  };
}
