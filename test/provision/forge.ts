/**
 * Certificates of every kind, good and bad, with Node's own signatures: what no decent authority would issue has to be written
 * by hand. The DER writer is that of the tool; openssl and the X.509 library, which read what comes out, keep it honest.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { der, derOid, TAG } from "../../tools/provision/der.ts";
import { writePem } from "../../tools/provision/pem.ts";

export interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export type Hash = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

export interface Forged {
  readonly keys: Keys;
  readonly name: string;
  readonly der: Uint8Array;
  readonly pem: string;
}

export interface Recipe {
  readonly name?: string;
  readonly keys?: Keys;
  /** Absent: signs itself. */
  readonly issuer?: Forged;
  readonly hash?: Hash;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Written as they are: tag and text. */
  readonly times?: readonly (readonly [tag: number, text: string])[];
  readonly serial?: readonly number[];
  /** `false`: basicConstraints says no CA; absent: there is no such extension. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** The first octet of the bit string: 0x80 digitalSignature, 0x04 keyCertSign. */
  readonly usage?: number;
  /** Last arc below 1.3.6.1.5.5.7.3: 1 server, 2 client. */
  readonly extended?: readonly number[];
  readonly names?: readonly string[];
  /** A critical extension that nobody knows. */
  readonly critical?: string;
  /** Signs with another key than the issuer's. */
  readonly forgedBy?: Keys;
}

export const NOW = new Date("2026-11-25T12:00:00Z");
const DAY_MS = 86_400_000;
export const days = (count: number): Date => new Date(NOW.getTime() + count * DAY_MS);

/** RSA keys take time: one of each size for all tests of a file. */
const made = new Map<string, Keys>();
export function keysOf(kind: string, nth = 0): Keys {
  const id = `${kind}/${nth}`;
  const known = made.get(id);
  if (known) return known;
  const keys = kind.startsWith("rsa")
    ? generateKeyPairSync("rsa", { modulusLength: Number(kind.slice(3)) })
    : kind === "ed25519"
      ? generateKeyPairSync("ed25519")
      : generateKeyPairSync("ec", { namedCurve: kind });
  made.set(id, keys);
  return keys;
}

const HASH_OIDS: Readonly<Record<string, string>> = {
  "rsa/md5": "1.2.840.113549.1.1.4",
  "rsa/sha1": "1.2.840.113549.1.1.5",
  "rsa/sha256": "1.2.840.113549.1.1.11",
  "rsa/sha384": "1.2.840.113549.1.1.12",
  "rsa/sha512": "1.2.840.113549.1.1.13",
  "ec/sha1": "1.2.840.10045.4.1",
  "ec/sha256": "1.2.840.10045.4.3.2",
  "ec/sha384": "1.2.840.10045.4.3.3",
  "ec/sha512": "1.2.840.10045.4.3.4",
  "ed25519/sha256": "1.3.101.112",
};

const text = (tag: number, value: string): Uint8Array => der(tag, new TextEncoder().encode(value));

function nameOf(value: string): Uint8Array {
  return der(TAG.sequence, der(TAG.set, der(TAG.sequence, derOid("2.5.4.3"), text(0x0c, value))));
}

function timeOf(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050 ? text(TAG.utcTime, digits.slice(2)) : text(TAG.generalizedTime, digits);
}

function extension(oid: string, critical: boolean, ...content: Uint8Array[]): Uint8Array {
  const flag = critical ? [der(0x01, Uint8Array.of(0xff))] : [];
  return der(TAG.sequence, derOid(oid), ...flag, der(TAG.octetString, ...content));
}

function generalName(name: string): Uint8Array {
  const octets = name.split(".").map(Number);
  const isAddress = octets.length === 4 && octets.every((octet) => octet >= 0 && octet < 256);
  return isAddress ? der(0x87, Uint8Array.from(octets)) : text(0x82, name);
}

function extensions(recipe: Recipe): Uint8Array[] {
  const { ca, pathLength, usage, extended, names, critical } = recipe;
  const list: Uint8Array[] = [];
  if (ca !== undefined) {
    const flag = ca ? [der(0x01, Uint8Array.of(0xff))] : [];
    const length = pathLength === undefined ? [] : [der(TAG.integer, Uint8Array.of(pathLength))];
    list.push(extension("2.5.29.19", true, der(TAG.sequence, ...flag, ...length)));
  }
  if (usage !== undefined) list.push(extension("2.5.29.15", true, der(TAG.bitString, Uint8Array.of(0, usage))));
  if (extended) {
    const oids = extended.map((arc) => derOid(`1.3.6.1.5.5.7.3.${arc}`));
    list.push(extension("2.5.29.37", false, der(TAG.sequence, ...oids)));
  }
  if (names) list.push(extension("2.5.29.17", false, der(TAG.sequence, ...names.map(generalName))));
  if (critical) list.push(extension(critical, true, text(0x0c, "?")));
  return list.length > 0 ? [der(0xa3, der(TAG.sequence, ...list))] : [];
}

export function forge(recipe: Recipe = {}): Forged {
  const { name = "device-1", keys = keysOf("prime256v1"), issuer, hash = "sha256", serial = [0x11, 0x22] } = recipe;
  const signer = recipe.forgedBy ?? issuer?.keys ?? keys;
  const type = signer.privateKey.asymmetricKeyType ?? "";
  const oid = HASH_OIDS[`${type}/${hash}`] ?? "";
  const algorithm = der(TAG.sequence, derOid(oid), ...(type === "rsa" ? [der(TAG.nothing)] : []));
  const times = recipe.times?.map(([tag, value]) => text(tag, value)) ?? [
    timeOf(recipe.notBefore ?? days(-10)),
    timeOf(recipe.notAfter ?? days(700)),
  ];
  const tbs = der(
    TAG.sequence,
    der(0xa0, der(TAG.integer, Uint8Array.of(2))),
    der(TAG.integer, Uint8Array.from(serial)),
    algorithm,
    nameOf(issuer?.name ?? name),
    der(TAG.sequence, ...times),
    nameOf(name),
    Uint8Array.from(keys.publicKey.export({ type: "spki", format: "der" })),
    ...extensions(recipe),
  );
  const signature = sign(type === "ed25519" ? null : hash, tbs, signer.privateKey);
  const whole = der(TAG.sequence, tbs, algorithm, der(TAG.bitString, Uint8Array.of(0), Uint8Array.from(signature)));
  return { keys, name, der: whole, pem: writePem("CERTIFICATE", whole) };
}

/** A private key in one of its forms. */
export function keyPem(keys: Keys, type: "pkcs8" | "sec1" | "pkcs1" = "sec1"): string {
  return keys.privateKey.export({ type, format: "pem" }).toString();
}

export const root = (recipe: Recipe = {}): Forged =>
  forge({ name: "Root", keys: keysOf("prime256v1", 1), ca: true, usage: 0x06, ...recipe });

/** A client certificate of a CA. */
export const client = (issuer: Forged, recipe: Recipe = {}): Forged =>
  forge({ issuer, ca: false, usage: 0x80, extended: [2], ...recipe });

export { createPrivateKey, createPublicKey };
