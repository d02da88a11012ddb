/** One certificate: read by a kept library, with what it does not tell read beside it. */
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first.
import * as x509 from "@peculiar/x509";
import { type KeyKind, publicKeyOf, type SignatureAlgorithm, signatureOf } from "./algorithms.ts";
import { childrenOf, hexOf, isSame, type Node, numberOf, readDer, TAG } from "./der.ts";
import type { CertificateFacts } from "./report.ts";

export interface Certificate {
  /** From 0, in its file. */
  readonly index: number;
  readonly der: Uint8Array;
  readonly parsed: x509.X509Certificate;
  readonly facts: CertificateFacts;
  readonly key: KeyKind;
  readonly spki: Uint8Array;
  readonly signature: SignatureAlgorithm;
  readonly constraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  /** Undefined where the certificate does not restrict it. */
  readonly usages: number | undefined;
  readonly extendedUsages: readonly string[] | undefined;
  /** The dates as they are written. */
  readonly times: readonly Node[];
  readonly serial: Uint8Array;
  /** Object identifiers of critical extensions that no reader of certificates has to know. */
  readonly unknownCritical: readonly string[];
  /** Those that a reader has to know, and small ones do not: mbed TLS 2.28 refuses a CA that has one. */
  readonly rareCritical: readonly string[];
}

const KEY_USAGES: readonly (readonly [flag: number, name: string])[] = [
  [x509.KeyUsageFlags.digitalSignature, "digitalSignature"],
  [x509.KeyUsageFlags.nonRepudiation, "nonRepudiation"],
  [x509.KeyUsageFlags.keyEncipherment, "keyEncipherment"],
  [x509.KeyUsageFlags.dataEncipherment, "dataEncipherment"],
  [x509.KeyUsageFlags.keyAgreement, "keyAgreement"],
  [x509.KeyUsageFlags.keyCertSign, "keyCertSign"],
  [x509.KeyUsageFlags.cRLSign, "cRLSign"],
  [x509.KeyUsageFlags.encipherOnly, "encipherOnly"],
  [x509.KeyUsageFlags.decipherOnly, "decipherOnly"],
];

export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const ANY_USAGE = "2.5.29.37.0";
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  [SERVER_AUTH]: "serverAuth",
  [CLIENT_AUTH]: "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "OCSPSigning",
  [ANY_USAGE]: "anyExtendedKeyUsage",
};

/** RFC 5280, 4.2: those that a reader has to process, and a few that it may ignore only when they are not critical. */
const KNOWN_EXTENSIONS = new Set(
  ["14", "15", "17", "18", "19", "30", "31", "32", "33", "35", "36", "37", "54"].map((arc) => `2.5.29.${arc}`),
);

const RARE_EXTENSIONS: Readonly<Record<string, string>> = {
  "2.5.29.30": "nameConstraints",
  "2.5.29.36": "policyConstraints",
  "2.5.29.54": "inhibitAnyPolicy",
};

/** Names come from outside: what could move a cursor or turn the direction of writing is shown by its number. */
export function printable(text: string): string {
  const cut = text.length > 200 ? `${text.slice(0, 200)}...` : text;
  // Controls, marks of direction, lone surrogates, line separators.
  return cut.replace(
    /\p{C}|\p{Zl}|\p{Zp}/gu,
    (char) => `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`,
  );
}

/** SHA-256, as openssl shows it. */
export async function fingerprintOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", Uint8Array.from(bytes)));
  return (hexOf(digest).toUpperCase().match(/../g) ?? []).join(":");
}

/** The signature protects all but itself, and libraries are lenient where a modem may not be. */
function isSignatureValue(algorithm: Node, value: Node): boolean {
  if (value.content[0] !== 0) return false;
  if (!signatureOf(algorithm).name.startsWith("ECDSA")) return true;
  // RFC 3279, 2.2.3: two numbers.
  const numbers = (childrenOf(readDer(value.content.subarray(1))) ?? []).map(numberOf);
  return numbers.length === 2 && numbers.every((number) => number !== undefined);
}

/** The parts of TBSCertificate (RFC 5280, 4.1) that are looked at as they are written. */
function writtenParts(der: Uint8Array): { serial: Uint8Array; times: Node[]; signature: Node | undefined } | undefined {
  const [tbs, signature, value, ...rest] = childrenOf(readDer(der)) ?? [];
  const all = childrenOf(tbs);
  if (all === undefined) return undefined;
  const [serial, inner, , validity] = all[0]?.tag === 0xa0 ? all.slice(1) : all;
  const times = childrenOf(validity);
  // RFC 5280, 4.1.1.2: both have to be the same, and only the inner one is protected by the signature.
  if (!inner || !signature || !isSame(inner.whole, signature.whole)) return undefined;
  if (rest.length > 0 || value?.tag !== TAG.bitString || !isSignatureValue(signature, value)) return undefined;
  return serial?.tag === TAG.integer && times?.length === 2 ? { serial: serial.content, times, signature } : undefined;
}

/** Undefined when it is no certificate, or a damaged one. */
export async function readCertificate(der: Uint8Array, index: number): Promise<Certificate | undefined> {
  const written = writtenParts(der);
  if (written === undefined) return undefined;
  try {
    const parsed = new x509.X509Certificate(Uint8Array.from(der));
    const spki = new Uint8Array(parsed.publicKey.rawData);
    const key = publicKeyOf(spki);
    const isDated = !Number.isNaN(parsed.notBefore.getTime()) && !Number.isNaN(parsed.notAfter.getTime());
    if (key === undefined || !isDated) return undefined;
    const constraints = parsed.getExtension(x509.BasicConstraintsExtension) ?? undefined;
    const extended = parsed.getExtension(x509.ExtendedKeyUsageExtension);
    const certificate: Omit<Certificate, "facts"> = {
      index,
      der,
      parsed,
      key,
      spki,
      signature: signatureOf(written.signature),
      constraints: constraints && { ca: constraints.ca, pathLength: constraints.pathLength },
      usages: parsed.getExtension(x509.KeyUsagesExtension)?.usages,
      extendedUsages: extended ? Array.from(extended.usages, String) : undefined,
      times: written.times,
      serial: written.serial,
      unknownCritical: parsed.extensions
        .filter(({ critical, type }) => critical && !KNOWN_EXTENSIONS.has(type))
        .map(({ type }) => type),
      rareCritical: parsed.extensions.flatMap(({ critical, type }) => (critical && RARE_EXTENSIONS[type]) || []),
    };
    return { ...certificate, facts: await factsOf(certificate) };
  } catch {
    // The library throws whatever it meets: for a reader of files from outside all of that is one thing.
    return undefined;
  }
}

/** Some authorities write the same name in another kind of string. */
function isSameName(a: x509.Name, b: x509.Name): boolean {
  return isSame(new Uint8Array(a.toArrayBuffer()), new Uint8Array(b.toArrayBuffer())) || a.toString() === b.toString();
}

async function factsOf(certificate: Omit<Certificate, "facts">): Promise<CertificateFacts> {
  const { parsed, key, signature, constraints, usages = 0, extendedUsages = [] } = certificate;
  const isCa = constraints?.ca === true;
  const isSelfSigned = isSameName(parsed.subjectName, parsed.issuerName);
  const names = parsed.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    index: certificate.index,
    subject: printable(parsed.subject),
    issuer: printable(parsed.issuer),
    serial: hexOf(certificate.serial),
    notBefore: parsed.notBefore,
    notAfter: parsed.notAfter,
    key: key.name,
    signature: signature.name,
    isCa,
    isSelfSigned,
    keyUsage: KEY_USAGES.filter(([flag]) => (usages & flag) !== 0).map(([, name]) => name),
    extendedKeyUsage: extendedUsages.map((oid) => EXTENDED_USAGES[oid] ?? printable(oid)),
    names: names.slice(0, 100).map(({ type, value }) => printable(`${type.toUpperCase()}:${value}`)),
    fingerprint: await fingerprintOf(certificate.der),
    role: isSelfSigned ? "root" : isCa ? "intermediate" : "leaf",
  };
}

/** Whether `issuer` signed it. `name`: it says so, and the signature is not that of this key. `unknown`: cannot be computed here. */
export type Signed = "yes" | "no" | "name" | "unknown";

/** By name, then by signature. Dates and extensions are looked at elsewhere. */
export async function isSignedBy(certificate: Certificate, issuer: Certificate): Promise<Signed> {
  if (!isSameName(certificate.parsed.issuerName, issuer.parsed.subjectName)) return "no";
  if (issuer.key.type === "other" || certificate.signature.hash === "MD5" || certificate.signature.hash === "MD2")
    return "unknown";
  try {
    const isGood = await certificate.parsed.verify({ publicKey: issuer.parsed.publicKey, signatureOnly: true });
    return isGood ? "yes" : "name";
  } catch {
    // A signature of another algorithm than the key, or one that cannot be computed here.
    return isComputable(certificate, issuer) ? "name" : "unknown";
  }
}

function isComputable(certificate: Certificate, issuer: Certificate): boolean {
  const { name, hash } = certificate.signature;
  const isKnown = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"].includes(hash);
  const fits =
    issuer.key.type === "rsa"
      ? name.startsWith("RSA")
      : issuer.key.type === "ec" && issuer.key.curve.isCommon && name.startsWith("ECDSA");
  return isKnown && fits;
}
