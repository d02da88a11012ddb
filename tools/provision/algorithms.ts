/** What object identifiers of keys and signatures stand for (RFC 3279, 4055, 5480, 8410, 5639). */
import { childrenOf, type Node, numberOf, oidOf, readDer, TAG } from "./der.ts";

export const OID = {
  ec: "1.2.840.10045.2.1",
  rsa: "1.2.840.113549.1.1.1",
  rsaPss: "1.2.840.113549.1.1.10",
} as const;

export interface Curve {
  readonly name: string;
  readonly oid: string;
  /** Of a coordinate. */
  readonly bytes: number;
  /** NIST's three, which WebCrypto and TLS 1.2 know everywhere. */
  readonly isCommon: boolean;
}

const curve = (name: string, oid: string, bytes: number, isCommon = false): Curve => ({ name, oid, bytes, isCommon });

export const CURVES: readonly Curve[] = [
  curve("P-256", "1.2.840.10045.3.1.7", 32, true),
  curve("P-384", "1.3.132.0.34", 48, true),
  curve("P-521", "1.3.132.0.35", 66, true),
  curve("P-224", "1.3.132.0.33", 28),
  curve("P-192", "1.2.840.10045.3.1.1", 24),
  curve("secp256k1", "1.3.132.0.10", 32),
  curve("brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", 32),
  curve("brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11", 48),
  curve("brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13", 64),
];

const OTHER_KEYS: Readonly<Record<string, string>> = {
  [OID.rsaPss]: "RSA-PSS",
  "1.3.101.110": "X25519",
  "1.3.101.112": "Ed25519",
  "1.3.101.113": "Ed448",
  "1.2.840.10040.4.1": "DSA",
};

const SIGNATURES: Readonly<Record<string, readonly [key: string, hash: string]>> = {
  "1.2.840.113549.1.1.2": ["RSA", "MD2"],
  "1.2.840.113549.1.1.4": ["RSA", "MD5"],
  "1.2.840.113549.1.1.5": ["RSA", "SHA-1"],
  "1.2.840.113549.1.1.14": ["RSA", "SHA-224"],
  "1.2.840.113549.1.1.11": ["RSA", "SHA-256"],
  "1.2.840.113549.1.1.12": ["RSA", "SHA-384"],
  "1.2.840.113549.1.1.13": ["RSA", "SHA-512"],
  "1.2.840.10045.4.1": ["ECDSA", "SHA-1"],
  "1.2.840.10045.4.3.1": ["ECDSA", "SHA-224"],
  "1.2.840.10045.4.3.2": ["ECDSA", "SHA-256"],
  "1.2.840.10045.4.3.3": ["ECDSA", "SHA-384"],
  "1.2.840.10045.4.3.4": ["ECDSA", "SHA-512"],
  "1.3.101.112": ["Ed25519", ""],
  "1.3.101.113": ["Ed448", ""],
  [OID.rsaPss]: ["RSA-PSS", ""],
};

export interface SignatureAlgorithm {
  readonly name: string;
  /** "" where it is no choice, or is not read here. */
  readonly hash: string;
}

export function signatureOf(algorithm: Node | undefined): SignatureAlgorithm {
  const oid = oidOf(childrenOf(algorithm)?.[0]) ?? "unknown";
  const [key, hash] = SIGNATURES[oid] ?? [oid, ""];
  return { name: hash === "" ? key : `${key} ${hash}`, hash };
}

/** A public key, as far as rules speak of it. */
export type KeyKind =
  | {
      readonly type: "rsa";
      readonly name: string;
      readonly bits: number;
      readonly modulus: bigint;
      readonly exponent: bigint;
    }
  | { readonly type: "ec"; readonly name: string; readonly curve: Curve; readonly point: Uint8Array }
  | { readonly type: "other"; readonly name: string };

const other = (name: string): KeyKind => ({ type: "other", name });

/** The curve that parameters name; a text when they spell it out, or name one that is unknown. */
export function curveOf(parameters: Node | undefined): Curve | string {
  if (parameters?.tag === TAG.sequence) return "EC with explicit parameters";
  const oid = oidOf(parameters);
  return CURVES.find((known) => known.oid === oid) ?? `EC curve ${oid ?? "unknown"}`;
}

export function rsaKind(modulus: bigint, exponent: bigint): KeyKind {
  const bits = modulus.toString(2).length;
  return { type: "rsa", name: `RSA ${bits}`, bits, modulus, exponent };
}

export function ecKind(found: Curve, point: Uint8Array): KeyKind {
  return { type: "ec", name: `EC ${found.name}`, curve: found, point };
}

/** Reads a SubjectPublicKeyInfo; undefined when it is damaged. */
export function publicKeyOf(spki: Uint8Array): KeyKind | undefined {
  const [algorithm, bits] = childrenOf(readDer(spki)) ?? [];
  const [oid, parameters] = childrenOf(algorithm) ?? [];
  const name = oidOf(oid);
  if (name === undefined || bits?.tag !== TAG.bitString || bits.content[0] !== 0) return undefined;
  const key = bits.content.subarray(1);
  if (name === OID.rsa) {
    const [modulus, exponent] = (childrenOf(readDer(key)) ?? []).map(numberOf);
    return modulus === undefined || exponent === undefined ? undefined : rsaKind(modulus, exponent);
  }
  if (name !== OID.ec) return other(OTHER_KEYS[name] ?? `key ${name}`);
  const found = curveOf(parameters);
  return typeof found === "string" ? other(found) : ecKind(found, key);
}

/** For keys that are neither RSA nor EC. */
export function otherKeyName(oid: string): string {
  return OTHER_KEYS[oid] ?? `key ${oid}`;
}
