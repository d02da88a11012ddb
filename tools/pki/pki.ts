/**
 * A certificate authority for the desk: CA, optional intermediate, server and client certificates with their keys.
 * For demos, tests and first bring-up. It keeps no revocation list and no index: a fleet needs a real authority.
 */
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first.
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

export type KeyKind = "ec-p256" | "rsa-2048";
export type Usage = "server" | "client";

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Identity {
  /** The certificate alone. */
  readonly certificate: string;
  /** The certificate followed by its intermediates, without the root: what a TLS peer sends. */
  readonly chain: string;
  /** PKCS#8: `BEGIN PRIVATE KEY`. */
  readonly key: string;
  /** SEC1 or PKCS#1: `BEGIN EC PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`, which older modem firmware expects. */
  readonly traditionalKey: string;
  readonly validity: Validity;
}

export interface AuthorityOptions {
  readonly name: string;
  readonly keyKind?: KeyKind;
  readonly validity?: Validity;
}

export interface IssueOptions {
  readonly name: string;
  readonly usage: Usage;
  /** DNS names and IP addresses of a server; told apart by their form. */
  readonly hosts?: readonly string[];
  readonly keyKind?: KeyKind;
  readonly validity?: Validity;
}

export interface Authority extends Identity {
  issue(options: IssueOptions): Promise<Identity>;
  intermediate(options: AuthorityOptions): Promise<Authority>;
}

interface Signer {
  readonly subject: x509.Name;
  readonly keys: CryptoKeyPair;
  /** PEMs from this signer up to, but without, the root. */
  readonly chain: string;
}

const DAY_MS = 86_400_000;
// A day back: a device whose network time runs a little late must not find its own broker "not yet valid".
const BACKDATE_MS = DAY_MS;
// 397 days is the longest a public CA/Browser Forum server certificate may live (Baseline Requirements 6.3.2).
const LEAF_DAYS = 397;
const CA_DAYS = 3650;

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** Validity of `days` days around `now`, started a day early. */
export function validFor(days: number, now: Date = new Date()): Validity {
  return { notBefore: new Date(now.getTime() - BACKDATE_MS), notAfter: new Date(now.getTime() + days * DAY_MS) };
}

/** Ended `days` days before `now`, after a year of life. */
export function expiredSince(days: number, now: Date = new Date()): Validity {
  const end = now.getTime() - days * DAY_MS;
  return { notBefore: new Date(end - 365 * DAY_MS), notAfter: new Date(end) };
}

async function generateKeys(kind: KeyKind): Promise<CryptoKeyPair> {
  const keys =
    kind === "ec-p256"
      ? await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"])
      : await webcrypto.subtle.generateKey(RSA, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error("the platform returned no key pair");
  return keys;
}

async function exportKey(key: CryptoKey, kind: KeyKind): Promise<{ key: string; traditionalKey: string }> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  const object = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return {
    key: object.export({ type: "pkcs8", format: "pem" }).toString(),
    traditionalKey: object.export({ type: kind === "ec-p256" ? "sec1" : "pkcs1", format: "pem" }).toString(),
  };
}

/** 16 random bytes with the top bit clear: RFC 5280 4.1.2.2 wants a positive number of at most 20 octets. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString("hex");
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

function commonName(name: string): x509.Name {
  if (name.length === 0 || name.length > 64) throw new Error(`a common name has 1 to 64 characters: "${name}"`);
  return new x509.Name([{ CN: [name] }]);
}

/** Makes and signs one certificate; a self-signed one when there is no signer. */
async function certify(
  subject: x509.Name,
  keys: CryptoKeyPair,
  signer: Signer | undefined,
  validity: Validity,
  extensions: x509.Extension[],
): Promise<x509.X509Certificate> {
  const signing = signer === undefined ? keys : signer.keys;
  return x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject,
      issuer: signer === undefined ? subject : signer.subject,
      notBefore: validity.notBefore,
      notAfter: validity.notAfter,
      publicKey: keys.publicKey,
      signingKey: signing.privateKey,
      signingAlgorithm: signing.privateKey.algorithm.name === "ECDSA" ? EC : RSA,
      extensions: [
        ...extensions,
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(signing.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
}

async function issue(signer: Signer, options: IssueOptions): Promise<Identity> {
  const kind = options.keyKind ?? "ec-p256";
  const validity = options.validity ?? validFor(LEAF_DAYS);
  const hosts = options.hosts ?? [];
  if (options.usage === "server" && hosts.length === 0) throw new Error("a server certificate needs at least one host");
  const keys = await generateKeys(kind);
  const usage = options.usage === "server" ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(
      // The RSA key exchange of TLS 1.2 suites without ECDHE encrypts to the server's key.
      kind === "rsa-2048"
        ? x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment
        : x509.KeyUsageFlags.digitalSignature,
      true,
    ),
    new x509.ExtendedKeyUsageExtension([usage], false),
  ];
  if (hosts.length > 0) {
    extensions.push(
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? ("dns" as const) : ("ip" as const), value: host })),
      ),
    );
  }
  const certificate = pem(await certify(commonName(options.name), keys, signer, validity, extensions));
  return { certificate, chain: certificate + signer.chain, ...(await exportKey(keys.privateKey, kind)), validity };
}

async function authority(options: AuthorityOptions, parent: Signer | undefined): Promise<Authority> {
  const kind = options.keyKind ?? "ec-p256";
  const validity = options.validity ?? validFor(CA_DAYS);
  const keys = await generateKeys(kind);
  const subject = commonName(options.name);
  const certificate = pem(
    await certify(subject, keys, parent, validity, [
      // An intermediate may sign leaves only; the root one level of intermediates.
      new x509.BasicConstraintsExtension(true, parent === undefined ? 1 : 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ]),
  );
  const chain = parent === undefined ? "" : certificate + parent.chain;
  const self: Signer = { subject, keys, chain };
  return {
    certificate,
    chain,
    ...(await exportKey(keys.privateKey, kind)),
    validity,
    issue: (request) => issue(self, request),
    intermediate: (request) => authority(request, self),
  };
}

/** A root of its own. */
export function createAuthority(options: AuthorityOptions): Promise<Authority> {
  return authority(options, undefined);
}
