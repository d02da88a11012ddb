/**
 * The little of DER (X.690) that keys and dates need: strict, bounded, no exceptions. Certificates are read by a library;
 * it knows neither the traditional forms of keys, nor does it say in which of the two ways a date was written.
 */

/** One value of a DER text. */
export interface Node {
  /** The identifier octet. */
  readonly tag: number;
  /** With its identifier and length. */
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nothing: 0x05,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

interface Header {
  readonly tag: number;
  /** Of identifier and length. */
  readonly bytes: number;
  readonly length: number;
}

function readHeader(bytes: Uint8Array): Header | undefined {
  const [tag, first] = bytes;
  // Tag numbers above 30 are in no certificate and no key.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  if (first < 0x80) return { tag, bytes: 2, length: first };
  const count = first & 0x7f;
  // 0x80 is the indefinite length of BER; three octets are 16 MB, more than is ever read here.
  if (count === 0 || count > 3 || bytes.length < 2 + count) return undefined;
  let length = 0;
  for (const octet of bytes.subarray(2, 2 + count)) length = length * 256 + octet;
  const isShortest = length >= 0x80 && length >= 2 ** (8 * (count - 1));
  return isShortest ? { tag, bytes: 2 + count, length } : undefined;
}

/** Bytes that the value at the beginning claims to have, header included; undefined when there is none. */
export function claimedLength(bytes: Uint8Array): number | undefined {
  const header = readHeader(bytes);
  return header && header.bytes + header.length;
}

/** The value at the beginning; undefined when it is damaged or cut. */
function readFirst(bytes: Uint8Array): Node | undefined {
  const header = readHeader(bytes);
  if (header === undefined || bytes.length < header.bytes + header.length) return undefined;
  const whole = bytes.subarray(0, header.bytes + header.length);
  return { tag: header.tag, whole, content: whole.subarray(header.bytes) };
}

/** The one value that `bytes` is; undefined when it is damaged, cut or followed by anything. */
export function readDer(bytes: Uint8Array, tag: number = TAG.sequence): Node | undefined {
  const node = readFirst(bytes);
  return node?.tag === tag && node.whole.length === bytes.length ? node : undefined;
}

/** The values that a SEQUENCE or SET is made of. */
export function childrenOf(node: Node | undefined): Node[] | undefined {
  if (node === undefined) return undefined;
  const children: Node[] = [];
  for (let rest = node.content; rest.length > 0; ) {
    const child = readFirst(rest);
    if (child === undefined) return undefined;
    children.push(child);
    rest = rest.subarray(child.whole.length);
  }
  return children;
}

/** `1.2.840.10045.2.1` */
export function oidOf(node: Node | undefined): string | undefined {
  if (node?.tag !== TAG.oid || node.content.length === 0 || node.content.length > 32) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of node.content) {
    arc = arc * 128 + (octet & 0x7f);
    if (arc > 2 ** 32) return undefined;
    if (octet >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return arc === 0 ? [root, first - root * 40, ...rest].join(".") : undefined;
}

/** A number that is not negative and is written in the shortest way. */
export function numberOf(node: Node | undefined): bigint | undefined {
  if (node?.tag !== TAG.integer) return undefined;
  const [first, second] = node.content;
  if (first === undefined || first >= 0x80) return undefined;
  if (first === 0 && second !== undefined && second < 0x80) return undefined;
  return BigInt(`0x${hexOf(node.content)}`);
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Writes a value. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  const { length } = content;
  if (length < 0x80) return concat(Uint8Array.of(tag, length), content);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return concat(Uint8Array.of(tag, 0x80 | octets.length, ...octets), content);
}

/** Writes an OBJECT IDENTIFIER. */
export function derOid(text: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = text.split(".").map(Number);
  const octets = [root * 40 + second, ...rest].flatMap((arc) => {
    const bytes = [arc % 128];
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128)) bytes.unshift(0x80 | (more % 128));
    return bytes;
  });
  return der(TAG.oid, Uint8Array.from(octets));
}
