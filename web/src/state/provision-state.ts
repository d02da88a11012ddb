/** Files that were dropped: which is what, and the chain as a picture. */
import type { CertificateFacts, FileRole, Files, Finding, KeyFacts, Report } from "../../../tools/provision/inspect.ts";

/** `unused`: kept on the list and not looked at. */
export type Role = FileRole | "unused";

export interface DroppedFile {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  /** Wiped when it is forgotten; of a key, its only copy in this page. */
  readonly bytes: Uint8Array;
}

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  ca: "CA certificate",
  cert: "Client certificate",
  key: "Private key",
  server: "Broker’s chain, to compare",
  unused: "Leave out",
};

/** What a file holds, as far as that can be told without its certificates. */
export function firstGuess(bytes: Uint8Array, name: string): "key" | "certificate" {
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 65_536));
  if (/-----BEGIN [A-Z ]*CERTIFICATE/.test(text)) return "certificate";
  if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)) return "key";
  return /key/i.test(name) ? "key" : "certificate";
}

/** `facts`: of the certificates in the file, when it was read as one. A file of CAs alone is the CA file. */
export function roleOfCertificates(facts: readonly CertificateFacts[], name: string): FileRole {
  if (facts.length === 0) return /(^|[^a-z])(ca|root)([^a-z]|$)/i.test(name) ? "ca" : "cert";
  return facts.every(({ isCa }) => isCa) ? "ca" : "cert";
}

/** A role is had by one file: the newest one takes it. */
export function withFile(files: readonly DroppedFile[], file: DroppedFile): DroppedFile[] {
  return [...files.map((old) => (old.role === file.role ? { ...old, role: "unused" as const } : old)), file];
}

export function withRole(files: readonly DroppedFile[], id: number, role: Role): DroppedFile[] {
  return files.map((file) => {
    if (file.id === id) return { ...file, role };
    return role !== "unused" && file.role === role ? { ...file, role: "unused" } : file;
  });
}

export function toInspect(files: readonly DroppedFile[]): Files {
  const of = (role: FileRole) => files.find((file) => file.role === role)?.bytes;
  return { ca: of("ca"), cert: of("cert"), key: of("key"), server: of("server") };
}

/** Only the newest of each; the bytes of a key are overwritten before they are let go. */
export function wipe({ bytes }: DroppedFile): void {
  bytes.fill(0);
}

export interface ChainNode {
  readonly kind: "root" | "intermediate" | "leaf" | "key" | "gap";
  readonly title: string;
  readonly name: string;
  /** A line each. */
  readonly details: readonly string[];
  readonly severity: "ok" | "warning" | "error";
}

const common = (subject: string): string => /(?:^|, )CN=([^,]+)/.exec(subject)?.[1] ?? subject;
const day = (date: Date): string => (Number.isNaN(date.getTime()) ? "?" : date.toISOString().slice(0, 10));

function worst(findings: readonly Finding[], subjects: readonly string[]): ChainNode["severity"] {
  const found = findings.filter(({ subject }) => subjects.includes(subject)).map(({ severity }) => severity);
  return found.includes("error") ? "error" : found.includes("warning") ? "warning" : "ok";
}

function certificateNode(facts: CertificateFacts, severity: ChainNode["severity"]): ChainNode {
  const titles = { root: "Root", intermediate: "Intermediate", leaf: "Client certificate" } as const;
  return {
    kind: facts.role,
    title: titles[facts.role],
    name: common(facts.subject),
    details: [facts.key, `until ${day(facts.notAfter)}`],
    severity,
  };
}

const MISSING = {
  ca: { title: "Root", file: "ca.pem" },
  cert: { title: "Client certificate", file: "client.pem" },
  key: { title: "Private key", file: "client.key" },
} as const;

/** Nothing was given, or nothing that could be read. */
function gapNode(subject: keyof typeof MISSING, findings: readonly Finding[]): ChainNode {
  const { title, file } = MISSING[subject];
  if (worst(findings, [subject]) === "error") {
    return { kind: "gap", title, name: "cannot be read", details: ["see Findings"], severity: "error" };
  }
  return { kind: "gap", title, name: "missing", details: [`drop ${file}`], severity: "warning" };
}

function keyNode(key: KeyFacts, severity: ChainNode["severity"], isForgotten: boolean): ChainNode {
  const details = isForgotten ? ["in the modem", "forgotten here"] : [`written as ${key.writtenAs}`];
  return { kind: "key", title: "Private key", name: key.key, details, severity };
}

/** From the root down to the leaf, and the key that belongs to it, which the page has `isForgotten` once it was written. */
export function chainOf({ facts, findings }: Report, isForgotten = false): ChainNode[] {
  const { ca, cert, key } = facts;
  const isThere = ca.length > 0 || cert.length > 0 || key !== undefined;
  if (!isThere) return [];
  const rank = { root: 0, intermediate: 1, leaf: 2 } as const;
  const down = (all: readonly CertificateFacts[]) =>
    [...all].sort((a, b) => rank[a.role] - rank[b.role] || b.index - a.index);
  const nodes = [
    ...down(ca).map((one) => certificateNode(one, worst(findings, ["ca"]))),
    ...down(cert).map((one) => certificateNode(one, worst(findings, ["cert", "chain"]))),
  ];
  if (ca.length === 0) nodes.unshift(gapNode("ca", findings));
  if (cert.length === 0 && key === undefined) return nodes;
  if (cert.length === 0) nodes.push(gapNode("cert", findings));
  if (key === undefined) return [...nodes, gapNode("key", findings)];
  return [...nodes, keyNode(key, worst(findings, ["key", "pair"]), isForgotten)];
}
