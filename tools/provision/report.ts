/** What an inspection says: findings to act upon, and facts to show. All of it may be shown, logged and sent as JSON. */

/** `error`: it would fail in the field. `warning`: it may, or will one day. `ok`: it was checked, and is well. */
export type Severity = "error" | "warning" | "ok";

/** What a finding is about; `pair`: certificate and key, `chain`: certificates among each other, `host`: the server's name. */
export type Subject = FileRole | "pair" | "chain" | "host";

export interface Position {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Finding {
  /** Stable, e.g. `PEM_BASE64`; those of errors and warnings are explained in docs/errors.md. */
  readonly code: string;
  readonly severity: Severity;
  readonly subject: Subject;
  /** One sentence: what is so. */
  readonly text: string;
  /** What would happen in the field, or why it matters. Empty where there is nothing to say. */
  readonly why: string;
  /** What to do, without commands. Empty where nothing is to be done. */
  readonly remedy: string;
  /** To be run on a computer, one each; `ca.pem`, `client.pem` and `client.key` stand for the user's files. */
  readonly commands: readonly string[];
  /** Where in the file. */
  readonly at?: Position;
}

/** A certificate as it is shown. */
export interface CertificateFacts {
  /** From 0, as it stands in the file. */
  readonly index: number;
  /** `CN=broker, O=...`; bytes that would move a cursor are shown by their numbers. */
  readonly subject: string;
  readonly issuer: string;
  /** Hex. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** e.g. `EC P-256`, `RSA 2048`. */
  readonly key: string;
  /** e.g. `ECDSA SHA-256`. */
  readonly signature: string;
  readonly isCa: boolean;
  readonly isSelfSigned: boolean;
  /** e.g. `digitalSignature`, `keyCertSign`. */
  readonly keyUsage: readonly string[];
  /** e.g. `clientAuth`, else the number. */
  readonly extendedKeyUsage: readonly string[];
  /** e.g. `DNS:broker.example.com`, `IP:192.0.2.7`. */
  readonly names: readonly string[];
  /** SHA-256 of the certificate, hex pairs with colons, as openssl shows it. */
  readonly fingerprint: string;
  /** `leaf`: belongs to the key, or is no CA. `root`: signed by itself. `intermediate`: a CA in between. */
  readonly role: "leaf" | "intermediate" | "root";
}

/** A private key as it is shown: nothing of it that is secret. */
export interface KeyFacts {
  /** e.g. `EC P-256`, `RSA 2048`. */
  readonly key: string;
  readonly form: KeyForm;
  /** The form that the modem is given. */
  readonly writtenAs: KeyForm;
  /** SHA-256 of the public key (SubjectPublicKeyInfo), to compare with that of a certificate. */
  readonly publicFingerprint: string;
}

/** `pkcs8`: `BEGIN PRIVATE KEY`; `sec1`: `BEGIN EC PRIVATE KEY`; `pkcs1`: `BEGIN RSA PRIVATE KEY`. */
export type KeyForm = "pkcs8" | "sec1" | "pkcs1";

export interface Facts {
  readonly ca: readonly CertificateFacts[];
  /** In the order of the file. */
  readonly cert: readonly CertificateFacts[];
  readonly key: KeyFacts | undefined;
  /** What the broker showed, where it was given. */
  readonly server: readonly CertificateFacts[];
  /** Bytes that would be written, by file. */
  readonly bytes: Readonly<Partial<Record<FileRole, number>>>;
}

/** `server`: what the broker shows, only to be compared; never written. */
export type FileRole = "ca" | "cert" | "key" | "server";

export interface Report {
  /** Errors first, then warnings, then what is well. */
  readonly findings: readonly Finding[];
  readonly facts: Facts;
  /** The worst of the findings. */
  readonly verdict: Severity;
}

const ORDER: readonly Severity[] = ["error", "warning", "ok"];

/** Errors first; among equals the order stays. */
export function bySeverity(findings: readonly Finding[]): Finding[] {
  return ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}

/** A report of nothing is no praise: it is an error of whoever asked for it. */
export function verdictOf(findings: readonly Finding[]): Severity {
  return ORDER.find((severity) => findings.some((finding) => finding.severity === severity)) ?? "error";
}

type Details = Partial<Pick<Finding, "why" | "remedy" | "commands" | "at">>;

/** A finding with what was left out filled in. */
export function finding(
  code: string,
  severity: Severity,
  subject: Subject,
  text: string,
  details: Details = {},
): Finding {
  const { why = "", remedy = "", commands = [], at } = details;
  return { code, severity, subject, text, why, remedy, commands, ...(at === undefined ? {} : { at }) };
}
