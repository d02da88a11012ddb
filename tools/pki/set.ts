/**
 * The set of files that one mutual TLS connection needs, right or wrong in one chosen way.
 */
import { type Authority, createAuthority, expiredSince, type Identity, type KeyKind, type Validity } from "./pki.ts";

/** What is wrong with the set. Everything else in it stays right, so that a test sees one cause. */
export type PkiFault = "expired" | "wrong-host" | "unknown-ca" | "no-client-cert";

export interface PkiOptions {
  /** DNS names and addresses that the server answers to. */
  readonly hosts: readonly string[];
  /** Common name of the client certificate. */
  readonly client: string;
  readonly keyKind?: KeyKind;
  readonly intermediate?: boolean;
  readonly serverValidity?: Validity;
  readonly fault?: PkiFault;
  /** Host in the certificate when the fault is `wrong-host`. */
  readonly wrongHost?: string;
}

export interface Pki {
  /** What the device trusts. */
  readonly ca: string;
  /** What the broker trusts for client certificates. */
  readonly clientCa: string;
  readonly server: Identity;
  /** Missing when the fault is `no-client-cert`. */
  readonly client?: Identity;
  /** The root that signed server and client. */
  readonly authority: Authority;
}

export const DEFAULT_WRONG_HOST = "some-other-host.test";

/** Makes a CA, a server and a client certificate, with at most one fault. */
export async function createPki(options: PkiOptions): Promise<Pki> {
  const keyKind = options.keyKind ?? "ec-p256";
  const root = await createAuthority({ name: "Godwit Desk Root", keyKind });
  const signer =
    options.intermediate === true ? await root.intermediate({ name: "Godwit Desk Intermediate", keyKind }) : root;
  const hosts = options.fault === "wrong-host" ? [options.wrongHost ?? DEFAULT_WRONG_HOST] : options.hosts;
  const validity = options.fault === "expired" ? expiredSince(1) : options.serverValidity;
  const server = await signer.issue({
    // A common name has room for 64 characters; who compares names looks at the others.
    name: (hosts[0] ?? "").slice(0, 64),
    usage: "server",
    hosts,
    keyKind,
    ...(validity === undefined ? {} : { validity }),
  });
  // The same name with another key: the mistake that happens (a stale copy of "the" CA), and the hardest to see.
  const trusted = options.fault === "unknown-ca" ? await createAuthority({ name: "Godwit Desk Root", keyKind }) : root;
  const pki = { ca: trusted.certificate, clientCa: root.certificate, server, authority: root };
  if (options.fault === "no-client-cert") return pki;
  return { ...pki, client: await signer.issue({ name: options.client, usage: "client", keyKind }) };
}
