/**
 * Private keys: the three forms in which they come, whether they are whole, and from one form to another. All of it is done
 * where it runs; nothing of a key is in a finding.
 */
import { type Curve, curveOf, ecKind, type KeyKind, OID, otherKeyName, rsaKind } from "./algorithms.ts";
import { childrenOf, concat, der, derOid, isSame, type Node, numberOf, oidOf, readDer, TAG } from "./der.ts";
import type { PemBlock } from "./pem.ts";
import { writePem } from "./pem.ts";
import { type Finding, finding, type KeyForm } from "./report.ts";

export interface PrivateKey {
  readonly form: KeyForm;
  readonly kind: KeyKind;
  /** By the form; only those that the key can have. */
  readonly forms: Readonly<Partial<Record<KeyForm, Uint8Array>>>;
  /** SubjectPublicKeyInfo; undefined where it could not be computed. */
  readonly spki: Uint8Array | undefined;
}

export const KEY_LABELS: Readonly<Record<KeyForm, string>> = {
  pkcs8: "PRIVATE KEY",
  sec1: "EC PRIVATE KEY",
  pkcs1: "RSA PRIVATE KEY",
};

/** Larger ones are no keys of a device, and checking them would take seconds. */
const MAX_RSA_BITS = 16_384;
const NONE = der(TAG.nothing);
const ZERO = der(TAG.integer, Uint8Array.of(0));
const ONE = der(TAG.integer, Uint8Array.of(1));

function damaged(why: string): Finding {
  return finding("KEY_DAMAGED", "error", "key", "The private key is damaged.", {
    why: `${why} The modem would refuse every connection.`,
    remedy: "Copy or export the key again, and compare it with the original.",
    commands: ["openssl pkey -in client.key -check -noout"],
  });
}

function unknown(name: string): Finding {
  return finding("KEY_ALGORITHM", "error", "key", `The private key is of a kind that modems do not take: ${name}.`, {
    why: "TLS 1.2 in modems knows RSA and the curves of NIST.",
    remedy: "Make a new key on P-256 or with RSA 2048, and have it certified.",
    commands: ["openssl ecparam -name prime256v1 -genkey -noout -out client.key"],
  });
}

/** The key of a block whose label is one of `KEY_LABELS`. */
export async function readKey(block: PemBlock, parameters?: Uint8Array): Promise<PrivateKey | Finding> {
  if (block.label === KEY_LABELS.pkcs1) return readRsa(block.der, "pkcs1");
  if (block.label === KEY_LABELS.sec1) return readEc(block.der, "sec1", parameters);
  const [version, algorithm, content] = childrenOf(readDer(block.der)) ?? [];
  const [oid, named] = childrenOf(algorithm) ?? [];
  const name = oidOf(oid);
  // Version 1 has the public key behind it (RFC 5958).
  const isVersion = numberOf(version) === 0n || numberOf(version) === 1n;
  if (!isVersion || name === undefined || content?.tag !== TAG.octetString)
    return damaged("It is not the structure of PKCS #8.");
  if (name === OID.rsa) return readRsa(content.content, "pkcs8");
  if (name === OID.ec) return readEc(content.content, "pkcs8", named?.whole);
  return unknown(otherKeyName(name));
}

function readRsa(pkcs1: Uint8Array, form: KeyForm): PrivateKey | Finding {
  const nodes = childrenOf(readDer(pkcs1));
  const [version, n, e, d, p, q, dp, dq, qi] = (nodes ?? []).map(numberOf);
  if (nodes?.length !== 9 || version !== 0n || n === undefined || e === undefined)
    return damaged("It is not the structure of PKCS #1.");
  const kind = rsaKind(n, e);
  if (kind.type === "rsa" && kind.bits > MAX_RSA_BITS) return unknown(kind.name);
  if (!isWholeRsa({ n, e, d, p, q, dp, dq, qi })) return damaged("Its numbers do not belong together.");
  const algorithm = der(TAG.sequence, derOid(OID.rsa), NONE);
  const [, modulus, exponent] = nodes;
  return {
    form,
    kind,
    forms: { pkcs1, pkcs8: der(TAG.sequence, ZERO, algorithm, der(TAG.octetString, pkcs1)) },
    spki: spkiOf(algorithm, der(TAG.sequence, modulus?.whole ?? NONE, exponent?.whole ?? NONE)),
  };
}

type RsaNumbers = Readonly<Record<"n" | "e" | "d" | "p" | "q" | "dp" | "dq" | "qi", bigint | undefined>>;

/** RFC 8017, 3.2. A modem that computes by the Chinese remainder would sign wrong with a damaged dp, and openssl would not. */
function isWholeRsa({ n, e, d, p, q, dp, dq, qi }: RsaNumbers): boolean {
  if (!n || !e || !d || !p || !q || !dp || !dq || !qi || p < 3n || q < 3n) return false;
  return (
    p * q === n &&
    d < n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    (qi * q) % p === 1n
  );
}

interface EcParts {
  readonly secret: Uint8Array;
  readonly curve: Node | undefined;
  readonly point: Uint8Array | undefined;
}

/** RFC 5915: version, secret, [0] curve, [1] public key, the last two optional. */
function ecParts(sec1: Uint8Array): EcParts | undefined {
  const [version, secret, ...optional] = childrenOf(readDer(sec1)) ?? [];
  if (numberOf(version) !== 1n || secret?.tag !== TAG.octetString) return undefined;
  const tags = optional.map(({ tag }) => tag).join();
  if (!["", "160", "161", "160,161"].includes(tags)) return undefined;
  const curve = childrenOf(optional.find(({ tag }) => tag === 0xa0));
  const bits = childrenOf(optional.find(({ tag }) => tag === 0xa1));
  const point = bits?.[0];
  if (tags.includes("160") && curve?.length !== 1) return undefined;
  if (tags.includes("161") && (bits?.length !== 1 || point?.tag !== TAG.bitString || point.content[0] !== 0))
    return undefined;
  return { secret: secret.content, curve: curve?.[0], point: point?.content.subarray(1) };
}

async function readEc(sec1: Uint8Array, form: KeyForm, parameters?: Uint8Array): Promise<PrivateKey | Finding> {
  const parts = ecParts(sec1);
  if (parts === undefined) return damaged("It is not the structure of SEC 1.");
  const outer = parameters && (readDer(parameters, TAG.oid) ?? readDer(parameters));
  const curve = curveOf(parts.curve ?? outer);
  if (typeof curve === "string") return unknown(curve);
  if (parts.curve && outer && !isSame(parts.curve.whole, outer.whole)) return damaged("It names two curves.");
  if (parts.secret.length !== curve.bytes) return damaged(`Its secret is not as long as ${curve.name} wants it.`);
  if (!curve.isCommon) return unknown(`EC ${curve.name}`);
  const point = await publicPoint(curve, parts.secret, parts.point);
  if (point === undefined) return damaged("Its secret and its public part do not belong together.");
  const algorithm = der(TAG.sequence, derOid(OID.ec), derOid(curve.oid));
  const secret = der(TAG.octetString, parts.secret);
  const publicPart = der(0xa1, der(TAG.bitString, Uint8Array.of(0), point));
  // In PKCS #8 the curve stands outside (RFC 5915, 3).
  const inner = der(TAG.sequence, ONE, secret, publicPart);
  return {
    form,
    kind: ecKind(curve, point),
    forms: {
      sec1: der(TAG.sequence, ONE, secret, der(0xa0, derOid(curve.oid)), publicPart),
      pkcs8: der(TAG.sequence, ZERO, algorithm, der(TAG.octetString, inner)),
    },
    spki: spkiOf(algorithm, point),
  };
}

function spkiOf(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return der(TAG.sequence, algorithm, der(TAG.bitString, Uint8Array.of(0), key));
}

/** What JSON Web Keys have for a coordinate (RFC 4648, 5). */
function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

/** A claimed point may be compressed (SEC 1, 2.3.3): one coordinate, and whether the other is odd. */
function isSamePoint(point: Uint8Array, claimed: Uint8Array): boolean {
  if (claimed[0] === 4) return isSame(point, claimed);
  const half = (point.length + 1) / 2;
  const isOdd = (point[point.length - 1] ?? 0) & 1;
  return isSame(concat(Uint8Array.of(2 + isOdd), point.subarray(1, half)), claimed);
}

/**
 * The public point that belongs to the secret; undefined when there is none, or when the key claims another. Computed
 * without the claimed one; an engine that cannot (it is allowed to want it) has to prove it by a signature.
 */
async function publicPoint(
  curve: Curve,
  secret: Uint8Array,
  claimed: Uint8Array | undefined,
): Promise<Uint8Array | undefined> {
  const { subtle } = globalThis.crypto;
  const algorithm = { name: "ECDSA", namedCurve: curve.name };
  const hash = { name: "ECDSA", hash: "SHA-256" };
  const wrap = (...more: Uint8Array[]): Uint8Array =>
    der(
      TAG.sequence,
      ZERO,
      der(TAG.sequence, derOid(OID.ec), derOid(curve.oid)),
      der(TAG.octetString, der(TAG.sequence, ONE, der(TAG.octetString, secret), ...more)),
    );
  try {
    const { x = "", y = "" } = await subtle.exportKey(
      "jwk",
      await subtle.importKey("pkcs8", wrap(), algorithm, true, ["sign"]),
    );
    const point = concat(Uint8Array.of(4), fromBase64Url(x), fromBase64Url(y));
    return claimed === undefined || isSamePoint(point, claimed) ? point : undefined;
  } catch {
    // Zero, beyond the order of the curve, or an engine that wants the public key.
  }
  if (claimed === undefined) return undefined;
  try {
    const withPoint = wrap(der(0xa1, der(TAG.bitString, Uint8Array.of(0), claimed)));
    const signer = await subtle.importKey("pkcs8", withPoint, algorithm, false, ["sign"]);
    const verifier = await subtle.importKey("raw", claimed, algorithm, false, ["verify"]);
    const text = Uint8Array.of(1, 2, 3);
    return (await subtle.verify(hash, verifier, await subtle.sign(hash, signer, text), text)) ? claimed : undefined;
  } catch {
    return undefined;
  }
}

/** The form in which the modem is given the key: its own when the modem reads it, else the first that fits. */
export function chooseForm(key: PrivateKey, accepted: readonly KeyForm[]): KeyForm | undefined {
  return [key.form, ...accepted].find((form) => accepted.includes(form) && key.forms[form] !== undefined);
}

/** PEM of the key in another form; undefined when the key has no such form. */
export function convertKey(key: PrivateKey, form: KeyForm, lineEnd: "\n" | "\r\n" = "\n"): string | undefined {
  const bytes = key.forms[form];
  return bytes && writePem(KEY_LABELS[form], bytes, lineEnd);
}
