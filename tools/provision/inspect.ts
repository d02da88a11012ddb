/**
 * Certificates and keys, checked on the desk against what the modem takes: everything that would fail in the field with one
 * number is told here with its reason. Runs in a browser and in Node; nothing leaves the computer.
 */
import { type Certificate, fingerprintOf, readCertificate } from "./certificate.ts";
import { type CertificateRole, type Context, checkCertificate } from "./check-certificate.ts";
import { type Chain, checkAnchors, checkEnd, orderChain } from "./check-chain.ts";
import { checkHost } from "./check-host.ts";
import { belongs, checkKeyForm, checkPair, checkPartner } from "./check-pair.ts";
import { isSame } from "./der.ts";
import { chooseForm, convertKey, type PrivateKey, readKey } from "./key.ts";
import { readPem, type Source, writePem } from "./pem.ts";
import { bySeverity, type FileRole, type Finding, finding, type KeyFacts, type Report, verdictOf } from "./report.ts";
import type { ModemRules } from "./rules/rules.ts";
import { selectBlocks } from "./select.ts";

export type { Context } from "./check-certificate.ts";
export type { Source } from "./pem.ts";
export type {
  CertificateFacts,
  Facts,
  FileRole,
  Finding,
  KeyFacts,
  KeyForm,
  Position,
  Report,
  Severity,
  Subject,
} from "./report.ts";
export { families, findRules } from "./rules/index.ts";
export type { ModemRules } from "./rules/rules.ts";

/** Each as bytes of a file, or as pasted text. */
export interface Files {
  readonly ca?: Source | undefined;
  readonly cert?: Source | undefined;
  readonly key?: Source | undefined;
  /** The broker's chain, as `openssl s_client -showcerts` prints it: compared with the CA and the host, never written. */
  readonly server?: Source | undefined;
}

/** What is written into the modem's store: canonical PEM, in order, in the forms that the modem reads. Holds the key. */
export interface Prepared {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const ROLES: readonly FileRole[] = ["ca", "cert", "key", "server"];
/** Forms that one or more of OpenSSL, GnuTLS, mbed TLS and wolfSSL refuse; of modems nothing is known, so they are taken to. */
const UNREADABLE = [
  "binary (DER) instead of PEM",
  "UTF-16",
  "byte order mark",
  "CR line ends",
  "no line ends inside a block",
  "empty lines inside a block",
  "blanks in lines",
  "headers inside a block",
  "the label X509 CERTIFICATE",
];

interface Read {
  readonly given: ReadonlySet<FileRole>;
  readonly certificates: Readonly<Record<CertificateRole, readonly Certificate[]>>;
  readonly key: PrivateKey | undefined;
  readonly findings: readonly Finding[];
}

interface Analysis {
  readonly report: Report;
  readonly prepared: Prepared;
}

/** Never throws because of what is in the files. Nothing in the report is secret. */
export async function inspect(files: Files, against: ModemRules, context: Context): Promise<Report> {
  return (await analyse(files, against, context)).report;
}

/** The texts to write, for `provision`. A file that has errors may be missing, or wrong: ask `inspect` first. */
export async function prepare(files: Files, against: ModemRules, now = new Date()): Promise<Prepared> {
  return (await analyse(files, against, { now })).prepared;
}

async function analyse(files: Files, rules: ModemRules, context: Context): Promise<Analysis> {
  const read = await readFiles(files);
  const { cert, server } = read.certificates;
  const findings: Finding[] = [...read.findings, ...checkPartner(read.given)];
  const { ca, superseded } = withoutSuperseded(read.certificates.ca, context.now);
  findings.push(...superseded);
  const anchors = await checkAnchors(ca, rules);
  const shown = (one: Certificate): boolean => isShown(one, server);
  findings.push(...anchors.findings, ...ca.flatMap((one) => checkCertificate(one, "ca", shown(one), rules, context)));
  const own = await checkPeer(cert, "cert", anchors, rules, context, read.key);
  const peer = await checkPeer(server, "server", anchors, rules, context);
  findings.push(...own.findings, ...peer.findings);
  const leaf = own.ordered[0];
  if (read.key && leaf) findings.push(checkPair(read.key, leaf, ca));
  if (read.key) findings.push(checkKeyForm(read.key, rules));
  if (context.host !== undefined && peer.ordered[0]) findings.push(checkHost(peer.ordered[0], context.host, rules));
  const prepared = write(anchors, own, read.key, rules);
  findings.push(...checkSizes(prepared, rules));
  return { report: await reportOf(read, findings, prepared, rules), prepared };
}

/** Whether a certificate of the CA file is the broker's own, signed by itself; without the broker's chain, whether it may be. */
function isShown(one: Certificate, server: readonly Certificate[]): boolean {
  if (!one.facts.isSelfSigned) return false;
  return server.length === 0 ? one.constraints?.ca === false : server.some(({ der }) => isSame(der, one.der));
}

/** A root that ended, beside the one with the same name and key that came after it, is in nobody's way: it is left out. */
function withoutSuperseded(
  all: readonly Certificate[],
  now: Date,
): { ca: readonly Certificate[]; superseded: Finding[] } {
  const hasEnded = ({ facts }: Certificate): boolean => facts.notAfter < now;
  const old = all.filter(
    (one) =>
      hasEnded(one) &&
      all.some(
        (other) => !hasEnded(other) && isSame(other.spki, one.spki) && other.facts.subject === one.facts.subject,
      ),
  );
  return {
    ca: all.filter((one) => !old.includes(one)),
    superseded: old.map(({ facts }) =>
      finding(
        "CERT_EXPIRED",
        "warning",
        "ca",
        `${facts.subject}: it ended, and its successor with the same key is there.`,
        {
          why: "A modem that uses the first certificate of the file alone would refuse the broker.",
          remedy: "It is left out of what is written.",
        },
      ),
    ),
  };
}

/** Of several keys, the one that belongs to the certificate. */
function chooseKey(
  keys: readonly PrivateKey[],
  certificates: readonly Certificate[],
): { key: PrivateKey | undefined; findings: Finding[] } {
  const fitting = keys.find((key) => certificates.some((one) => belongs(key, one)));
  if (keys.length < 2) return { key: keys[0], findings: [] };
  const [severity, remedy] =
    fitting === undefined
      ? (["error", "Leave only the key that belongs to the certificate."] as const)
      : (["warning", "The one that belongs to the certificate is written, and no other."] as const);
  return {
    key: fitting ?? keys[0],
    findings: [
      finding("KEY_MANY", severity, "key", `The file has ${keys.length} private keys.`, {
        why: "A modem takes the first one, which need not be the one of the certificate.",
        remedy,
      }),
    ],
  };
}

async function readFiles(files: Files): Promise<Read> {
  const findings: Finding[] = [];
  const given = new Set(ROLES.filter((role) => files[role] !== undefined));
  const certificates: Record<CertificateRole, Certificate[]> = { ca: [], cert: [], server: [] };
  const keys: PrivateKey[] = [];
  for (const role of given) {
    const file = readPem(files[role] ?? "", role);
    const selected = selectBlocks(file, role);
    findings.push(...selected.findings);
    for (const [index, block] of selected.blocks.entries()) {
      if (role === "key") {
        const found = await readKey(block, selected.parameters);
        if ("severity" in found) findings.push(found);
        else keys.push(found);
        continue;
      }
      const certificate = await readCertificate(block.der, index);
      if (certificate) certificates[role].push(certificate);
      else
        findings.push(
          finding("CERT_UNREADABLE", "error", role, "The content is no certificate, or a damaged one.", {
            why: "The modem would store it and refuse every connection.",
            remedy: "Copy or export it again.",
            commands: ["openssl x509 -in file.pem -noout -text"],
            at: block.at,
          }),
        );
    }
    if (file.repairs.length > 0 && selected.blocks.length > 0) findings.push(repaired(role, file.repairs));
  }
  const { key, findings: many } = chooseKey(keys, certificates.cert);
  findings.push(...many);
  if (given.size === 0)
    findings.push(finding("PEM_NOTHING", "error", "ca", "No file was given.", { remedy: "Give at least the CA." }));
  return { given, certificates, key, findings };
}

function repaired(role: FileRole, repairs: readonly string[]): Finding {
  const isHarmful = repairs.some((repair) => UNREADABLE.includes(repair));
  return finding("PEM_FORM", isHarmful ? "warning" : "ok", role, `The file has ${repairs.join(", ")}.`, {
    why: isHarmful ? "Not every reader takes it as it is, and of this modem nothing is known." : "",
    remedy: role === "server" ? "" : "What is written is in canonical form: PEM blocks alone, lines of 64 characters.",
  });
}

/** Certificates that one side shows, in order, and all that can be said of them. */
async function checkPeer(
  all: readonly Certificate[],
  role: "cert" | "server",
  anchors: Chain,
  rules: ModemRules,
  context: Context,
  key?: PrivateKey,
): Promise<Chain> {
  const leaf = all.find((one) => key && belongs(key, one)) ?? all.find(({ facts }) => !facts.isCa) ?? all[0];
  if (leaf === undefined) return { ordered: [], findings: [] };
  const { ordered, findings } = await orderChain(all, leaf, role, rules);
  const single = ordered.flatMap((one) => checkCertificate(one, role, one === leaf, rules, context));
  return { ordered, findings: [...single, ...findings, ...(await checkEnd(ordered, anchors.ordered, role, rules))] };
}

function write(anchors: Chain, own: Chain, key: PrivateKey | undefined, rules: ModemRules): Prepared {
  const lineEnd = rules.lineEnd.value;
  const join = (chain: Chain): string => chain.ordered.map(({ der }) => writePem("CERTIFICATE", der, lineEnd)).join("");
  const form = key && (chooseForm(key, rules.keyForms.value) ?? key.form);
  const text = key && form && convertKey(key, form, lineEnd);
  return {
    ...(anchors.ordered.length > 0 ? { ca: join(anchors) } : {}),
    ...(own.ordered.length > 0 ? { cert: join(own) } : {}),
    ...(text === undefined ? {} : { key: text }),
  };
}

function checkSizes(prepared: Prepared, rules: ModemRules): Finding[] {
  const { value, grade, source } = rules.maxFileBytes;
  return (["ca", "cert", "key"] as const).flatMap((role) => {
    const bytes = prepared[role]?.length ?? 0;
    if (bytes <= value) return [];
    return [
      finding(
        "STORE_SIZE",
        "error",
        role,
        `The file would have ${bytes} bytes; more than ${value} are not known to be taken (${grade}: ${source}).`,
        {
          why: `${rules.models} would refuse to store it, or fail to read it.`,
          remedy:
            "Leave only the certificate that is needed: the root of the broker in ca.pem, the device's own in client.pem.",
        },
      ),
    ];
  });
}

async function reportOf(
  read: Read,
  findings: readonly Finding[],
  prepared: Prepared,
  rules: ModemRules,
): Promise<Report> {
  const { ca, cert, server } = read.certificates;
  const bytes: Partial<Record<FileRole, number>> = {};
  for (const role of ["ca", "cert", "key"] as const) {
    const text = prepared[role];
    if (text !== undefined) bytes[role] = text.length;
  }
  const valid =
    [...ca, ...cert, ...server].length > 0 &&
    !findings.some(({ severity, code }) => severity !== "ok" && /^CERT_/.test(code));
  const all = valid
    ? [
        ...findings,
        finding(
          "CERT_GOOD",
          "ok",
          cert.length > 0 ? "cert" : "ca",
          "Dates, algorithms and usages of every certificate are as they should be.",
        ),
      ]
    : findings;
  return {
    findings: bySeverity(all),
    facts: {
      ca: ca.map(({ facts }) => facts),
      cert: cert.map(({ facts }) => facts),
      server: server.map(({ facts }) => facts),
      key: read.key && (await keyFacts(read.key, rules)),
      bytes,
    },
    verdict: verdictOf(all),
  };
}

async function keyFacts(key: PrivateKey, rules: ModemRules): Promise<KeyFacts> {
  return {
    key: key.kind.name,
    form: key.form,
    writtenAs: chooseForm(key, rules.keyForms.value) ?? key.form,
    publicFingerprint: key.spki === undefined ? "" : await fingerprintOf(key.spki),
  };
}
