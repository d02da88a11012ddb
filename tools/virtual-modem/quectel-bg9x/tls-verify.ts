/**
 * What the modem's TLS stack does with the server's certificates, and when: its own clock judges their dates, so
 * the host's verification cannot be used. Chain by signature up to the CA file, basicConstraints, dates, host name.
 */
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first.
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { childrenOf, readDer, TAG } from "../../provision/der.ts";
import type { FailureCause } from "../types.ts";

/** [R] Longest path; mbed TLS, which such stacks are built on, takes 8 intermediates. */
const MAX_PATH = 10;

/** [D] Longest name that is compared. */
const MAX_COMPARED = 64;

export interface Problem {
  readonly cause: FailureCause;
  readonly detail: string;
}

export interface VerifyRequest {
  /** As the server sent them, its own first. */
  readonly chain: readonly X509Certificate[];
  readonly anchors: readonly X509Certificate[];
  /** The modem's clock; undefined = dates do not matter. */
  readonly now: number | undefined;
  /** Compared with the server's certificate when given. */
  readonly host: string | undefined;
  /**
   * How: `rfc`, as EG800K is taken to do unasked [R]: subjectAltName, with its addresses, and the common name only without one.
   * `qualcomm`, as "checkhost" is taken to do: 64 characters at most, the common name or a DNS name, no addresses [D, from the
   * chip maker's public interface].
   */
  readonly manner: "rfc" | "qualcomm";
}

/**
 * Certificates of a PEM file; undefined when there is none in it, or one that cannot be read. [R] As OpenSSL reads: a mark
 * stands at the beginning of its line, so not behind a byte order mark; DER is not read, the manual [D] speaks of PEM.
 */
export function readCertificates(file: Buffer): X509Certificate[] | undefined {
  const text = file.toString("latin1");
  const blocks = text.match(/^-----BEGIN CERTIFICATE-----\r?\n[^-]+^-----END CERTIFICATE-----/gm);
  try {
    return blocks?.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

const same = (a: X509Certificate, b: X509Certificate): boolean => a.raw.equals(b.raw);
const name = (certificate: X509Certificate): string => certificate.subject?.replaceAll("\n", ", ") ?? "(no name)";

function signedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** By its names and its signature, whatever it says of its uses. */
function selfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
  } catch {
    return false;
  }
}

/** Of RFC 5280, those that decide nothing here beyond what is looked at; another critical one is a reason to refuse. */
const KNOWN_EXTENSIONS = new Set(
  ["14", "15", "17", "18", "19", "30", "31", "32", "33", "35", "36", "37", "54"].map((arc) => `2.5.29.${arc}`),
);

/** What every stack refuses without knowing more (RFC 5280, 4.2). */
function unknownCritical(certificate: X509Certificate): string | undefined {
  const { extensions } = new x509.X509Certificate(certificate.raw);
  return extensions.find(({ critical, type }) => critical && !KNOWN_EXTENSIONS.has(type))?.type;
}

/** RFC 5280, 4.1: the version is [0] in front of what is signed, and left out when it is 1. */
function isVersion1(certificate: X509Certificate): boolean {
  const [signed] = childrenOf(readDer(certificate.raw)) ?? [];
  return childrenOf(signed)?.[0]?.tag === TAG.integer;
}

/** undefined when the certificate may sign others with `below` CA certificates under it. */
function caProblem(certificate: X509Certificate, below: number): string | undefined {
  const { extensions } = new x509.X509Certificate(certificate.raw);
  const extension = extensions.find((one) => one instanceof x509.BasicConstraintsExtension);
  // [R] A root of version 1 cannot have any, and is taken as a trust anchor; of version 3 OpenSSL and mbed TLS refuse it.
  if (extension === undefined)
    return isVersion1(certificate) && selfSigned(certificate)
      ? undefined
      : `${name(certificate)} has no basicConstraints`;
  if (!extension.ca) return `${name(certificate)} is no CA`;
  if (extension.pathLength !== undefined && below > extension.pathLength)
    return `${name(certificate)} allows no CA below`;
  return undefined;
}

/** Those that are valid at the time first: a file can hold a root and the one that came after it, with the same key. */
function inForce(anchors: readonly X509Certificate[], now: number | undefined): readonly X509Certificate[] {
  if (now === undefined) return anchors;
  const [valid, others] = [true, false].map((wanted) =>
    anchors.filter((anchor) => (dateProblem(anchor, now) === undefined) === wanted),
  );
  return [...(valid ?? []), ...(others ?? [])];
}

/** From the server's certificate to one of the CA file. */
function buildPath({ chain, anchors, now }: VerifyRequest): X509Certificate[] | Problem {
  const [leaf] = chain;
  if (leaf === undefined) return { cause: "handshake", detail: "the server showed no certificate" };
  const path = [leaf];
  for (let current = leaf; path.length <= MAX_PATH; ) {
    // [R] As OpenSSL and mbed TLS do: a leaf in the CA file vouches for itself only when it is signed by itself.
    if (anchors.some((anchor) => same(anchor, current)) && (path.length > 1 || selfSigned(current))) return path;
    const anchor = inForce(anchors, now).find((candidate) => signedBy(current, candidate));
    const next = anchor ?? chain.find((candidate) => !path.includes(candidate) && signedBy(current, candidate));
    if (next === undefined) {
      return { cause: "unknown-ca", detail: `${name(current)} is not signed by a CA of the file` };
    }
    const problem = caProblem(next, path.length - 1);
    if (problem !== undefined) return { cause: "not-a-ca", detail: problem };
    path.push(next);
    if (anchor !== undefined) return path;
    current = next;
  }
  return { cause: "unknown-ca", detail: "the chain is too long" };
}

/** [R] Seconds and Z are there (RFC 5280, 4.1.2.5): OpenSSL, mbed TLS and wolfSSL refuse all else. */
function hasWholeDates(certificate: X509Certificate): boolean {
  const parts = childrenOf(childrenOf(readDer(certificate.raw))?.[0]) ?? [];
  // Version (left out when it is 1), serial number, algorithm, issuer, validity.
  const dates = childrenOf(parts[parts[0]?.tag === TAG.integer ? 3 : 4]) ?? [];
  return (
    dates.length === 2 &&
    dates.every(({ content }) => /^(?:\d{2})?\d{12}Z$/.test(Buffer.from(content).toString("latin1")))
  );
}

function dateProblem(certificate: X509Certificate, now: number): Problem | undefined {
  const shown = new Date(now).toISOString().slice(0, 19).replace("T", " ");
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (!hasWholeDates(certificate))
    return { cause: "expired", detail: `${name(certificate)} has dates that are not of the form of RFC 5280` };
  if (now < from) {
    return {
      cause: "not-yet-valid",
      detail: `${name(certificate)} from ${certificate.validFrom}, modem clock ${shown}`,
    };
  }
  if (now > to) {
    return { cause: "expired", detail: `${name(certificate)} until ${certificate.validTo}, modem clock ${shown}` };
  }
  return undefined;
}

function isNamed(leaf: X509Certificate, host: string, manner: VerifyRequest["manner"]): boolean {
  if (manner === "qualcomm")
    return host.length <= MAX_COMPARED && leaf.checkHost(host, { subject: "always" }) !== undefined;
  return (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined;
}

/** undefined when the modem takes the server. Never throws: what the server shows comes from outside. */
export function verifyServer(request: VerifyRequest): Problem | undefined {
  try {
    return findProblem(request);
  } catch (error) {
    // The reader of extensions throws whatever it meets.
    return {
      cause: "handshake",
      detail: `a certificate cannot be read: ${error instanceof Error ? error.message : ""}`,
    };
  }
}

function findProblem(request: VerifyRequest): Problem | undefined {
  const path = buildPath(request);
  if (!Array.isArray(path)) return path;
  const { now, host } = request;
  for (const certificate of path) {
    const type = unknownCritical(certificate);
    if (type === undefined) continue;
    return { cause: "handshake", detail: `${name(certificate)} has an unknown critical extension, ${type}` };
  }
  if (now !== undefined) {
    for (const certificate of path) {
      const problem = dateProblem(certificate, now);
      if (problem !== undefined) return problem;
    }
  }
  if (host === undefined) return undefined;
  const leaf = path[0] as X509Certificate;
  if (isNamed(leaf, host, request.manner)) return undefined;
  return { cause: "wrong-host", detail: `${host} is not among ${leaf.subjectAltName ?? name(leaf)}` };
}
