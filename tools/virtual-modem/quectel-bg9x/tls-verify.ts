/**
 * What the modem's TLS stack does with the server's certificates, and when: its own clock judges their dates, so
 * the host's verification cannot be used. Chain by signature up to the CA file, basicConstraints, dates, host name.
 */
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first.
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import type { FailureCause } from "../types.ts";

/** [R] Longest path; mbed TLS, which such stacks are built on, takes 8 intermediates. */
const MAX_PATH = 10;

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
}

/** Certificates of a PEM or DER file; undefined when there is none in it that can be read. */
export function readCertificates(file: Buffer): X509Certificate[] | undefined {
  const blocks = file.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return blocks === null ? [new X509Certificate(file)] : blocks.map((block) => new X509Certificate(block));
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

/** undefined when the certificate may sign others with `below` CA certificates under it. */
function caProblem(certificate: X509Certificate, below: number): string | undefined {
  const extension = new x509.X509Certificate(certificate.raw).getExtension(x509.BasicConstraintsExtension);
  // A root of version 1 has no extensions: [R] taken, as a trust anchor is.
  if (extension === null)
    return certificate.checkIssued(certificate) ? undefined : `${name(certificate)} has no basicConstraints`;
  if (!extension.ca) return `${name(certificate)} is no CA`;
  if (extension.pathLength !== undefined && below > extension.pathLength)
    return `${name(certificate)} allows no CA below`;
  return undefined;
}

/** From the server's certificate to one of the CA file. */
function buildPath({ chain, anchors }: VerifyRequest): X509Certificate[] | Problem {
  const [leaf] = chain;
  if (leaf === undefined) return { cause: "handshake", detail: "the server showed no certificate" };
  const path = [leaf];
  for (let current = leaf; path.length <= MAX_PATH; ) {
    if (anchors.some((anchor) => same(anchor, current))) return path;
    const anchor = anchors.find((candidate) => signedBy(current, candidate));
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

function dateProblem(certificate: X509Certificate, now: number): Problem | undefined {
  const shown = new Date(now).toISOString().slice(0, 19).replace("T", " ");
  if (now < Date.parse(certificate.validFrom)) {
    return {
      cause: "not-yet-valid",
      detail: `${name(certificate)} from ${certificate.validFrom}, modem clock ${shown}`,
    };
  }
  if (now > Date.parse(certificate.validTo)) {
    return { cause: "expired", detail: `${name(certificate)} until ${certificate.validTo}, modem clock ${shown}` };
  }
  return undefined;
}

/** undefined when the modem takes the server. */
export function verifyServer(request: VerifyRequest): Problem | undefined {
  const path = buildPath(request);
  if (!Array.isArray(path)) return path;
  const { now, host } = request;
  if (now !== undefined) {
    for (const certificate of path) {
      const problem = dateProblem(certificate, now);
      if (problem !== undefined) return problem;
    }
  }
  if (host === undefined) return undefined;
  const leaf = path[0] as X509Certificate;
  const matched = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  if (matched !== undefined) return undefined;
  return { cause: "wrong-host", detail: `${host} is not among ${leaf.subjectAltName ?? name(leaf)}` };
}
