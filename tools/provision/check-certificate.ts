/** What can be wrong with one certificate by itself. */
import { ANY_USAGE, type Certificate, CLIENT_AUTH, SERVER_AUTH } from "./certificate.ts";
import { TAG } from "./der.ts";
import { type FileRole, type Finding, finding, type Severity } from "./report.ts";
import type { ModemRules } from "./rules/rules.ts";

export interface Context {
  /** Name or address of the broker; compared when the broker's certificate is given. */
  readonly host?: string | undefined;
  readonly now: Date;
  /** Of the firmware: the earliest time that the device believes. */
  readonly buildTime?: Date | undefined;
}

export type CertificateRole = Exclude<FileRole, "key">;

const DAY_MS = 86_400_000;
const SOON_DAYS = 90;
/** RFC 5280, 4.1.2.5: before it UTCTime, from it on GeneralizedTime. */
const YEAR_OF_CHANGE = 2050;
/** X.509 key usage bits, as the library has them. */
const DIGITAL_SIGNATURE = 1;
const KEY_ENCIPHERMENT = 4;
const KEY_CERT_SIGN = 32;
const FILES: Readonly<Record<CertificateRole, string>> = { ca: "ca.pem", cert: "client.pem", server: "server.pem" };

/** Puts findings about one certificate together. */
class Notes {
  readonly list: Finding[] = [];
  private readonly certificate: Certificate;
  private readonly role: CertificateRole;

  constructor(certificate: Certificate, role: CertificateRole) {
    this.certificate = certificate;
    this.role = role;
  }

  add(code: string, severity: Severity, text: string, why: string, remedy: string, commands: string[] = []): void {
    const whose = `${this.certificate.facts.subject || "a certificate without a name"}: ${text}`;
    this.list.push(finding(code, severity, this.role, whose, { why, remedy, commands }));
  }
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

/** `isLeaf`: the client's or the server's own, not a CA on the way; in the CA file, what the server itself shows. */
export function checkCertificate(
  certificate: Certificate,
  role: CertificateRole,
  isLeaf: boolean,
  rules: ModemRules,
  context: Context,
): Finding[] {
  const notes = new Notes(certificate, role);
  checkDates(notes, certificate, role, rules, context);
  checkWriting(notes, certificate);
  checkSignature(notes, certificate, rules);
  checkKey(notes, certificate, role, isLeaf, rules);
  if (role === "ca") checkAnchor(notes, certificate, isLeaf, rules);
  else if (isLeaf) checkLeaf(notes, certificate, role);
  else checkIssuer(notes, certificate);
  return notes.list;
}

/** `broken`: not to be read by who is strict. `rare`: well formed, in the form of other years. */
function timeForm({ facts, times }: Certificate): "good" | "rare" | "broken" {
  const dates = [facts.notBefore, facts.notAfter];
  const isWhole = times.every(({ tag, content }) => {
    const text = String.fromCharCode(...content.subarray(0, 20));
    return tag === TAG.utcTime ? /^\d{12}Z$/.test(text) : tag === TAG.generalizedTime && /^\d{14}Z$/.test(text);
  });
  if (!isWhole) return "broken";
  const isUsual = times.every(({ tag }, index) => {
    const year = dates[index]?.getUTCFullYear() ?? 0;
    return tag === (year < YEAR_OF_CHANGE ? TAG.utcTime : TAG.generalizedTime);
  });
  return isUsual ? "good" : "rare";
}

function checkDates(
  notes: Notes,
  certificate: Certificate,
  role: CertificateRole,
  rules: ModemRules,
  context: Context,
): void {
  // What such a date means is not agreed upon.
  if (timeForm(certificate) === "broken") return;
  const { notBefore, notAfter } = certificate.facts;
  const now = context.now.getTime();
  const look = [`openssl x509 -in ${FILES[role]} -noout -dates`];
  const answer =
    role === "cert" ? "The broker refuses the device" : `The modem refuses the broker with ${rules.refusal}`;
  if (notBefore > notAfter)
    notes.add("CERT_DATES", "error", "it ends before it begins.", `${answer}.`, "Have it issued again.", look);
  else if (notAfter.getTime() < now)
    notes.add("CERT_EXPIRED", "error", `it ended on ${day(notAfter)}.`, `${answer}.`, "Have it issued again.", look);
  else if (notBefore.getTime() > now)
    notes.add(
      "CERT_NOT_YET",
      "error",
      `it begins only on ${day(notBefore)}.`,
      `${answer} until then.`,
      "Check this computer's clock, then have it issued with an earlier begin.",
      look,
    );
  else if (notAfter.getTime() - now < SOON_DAYS * DAY_MS)
    notes.add(
      "CERT_ENDS_SOON",
      "warning",
      `it ends on ${day(notAfter)}, in ${Math.ceil((notAfter.getTime() - now) / DAY_MS)} days.`,
      `${answer} from then on, and a device in the field has to be provisioned again before.`,
      "Have one issued that lasts longer than the device is away.",
      look,
    );
  // The broker judges the client's dates, by a clock that runs well.
  if (role !== "cert" && context.buildTime && notBefore > context.buildTime && notBefore.getTime() <= now)
    notes.add(
      "CERT_AFTER_BUILD",
      "warning",
      `it begins on ${day(notBefore)}, after the firmware was built.`,
      "The device believes any network time from its build on: told one before this day, it would be refused.",
      "Build the firmware again, so that its floor moves behind this day.",
    );
}

/** How it is written: what is legal and rare is where a small parser breaks. */
function checkWriting(notes: Notes, certificate: Certificate): void {
  const { facts, serial, unknownCritical, rareCritical, parsed } = certificate;
  const form = timeForm(certificate);
  const recheck = "Compare with openssl asn1parse, and have it issued again by an ordinary tool.";
  if (form !== "good")
    notes.add(
      "CERT_TIME_FORM",
      form === "broken" ? "error" : "warning",
      "a date is not written as RFC 5280 wants it (UTCTime up to 2049, GeneralizedTime from 2050, with seconds, in UTC).",
      "Strict parsers refuse the whole certificate.",
      recheck,
    );
  else if (facts.notAfter.getUTCFullYear() >= YEAR_OF_CHANGE)
    notes.add(
      "CERT_LATE_END",
      "warning",
      `it ends in ${facts.notAfter.getUTCFullYear()}: such dates are written in another form (GeneralizedTime).`,
      "No source shows that every modem reads that form, or counts beyond 2038.",
      "Try it on the desk; where it is yours, let it end before 2038.",
    );
  if (serial.length > 20 || (serial[0] ?? 0) >= 0x80 || serial.every((octet) => octet === 0))
    notes.add(
      "CERT_SERIAL",
      "warning",
      "its serial number is zero, negative or longer than 20 bytes.",
      "RFC 5280 forbids it, and strict parsers refuse it.",
      recheck,
    );
  if (parsed.extensions.length > 0 && unknownCritical.length > 0)
    notes.add(
      "CERT_CRITICAL",
      "error",
      `it has a critical extension that readers need not know: ${unknownCritical.join(", ")}.`,
      "Who does not know it has to refuse the certificate, and every stack does.",
      "Have it issued without it, or not critical.",
    );
  else if (rareCritical.length > 0)
    notes.add(
      "CERT_CRITICAL",
      "warning",
      `it has ${rareCritical.join(", ")}, marked as critical.`,
      "Large stacks know it; small ones, as mbed TLS 2.28, refuse the certificate.",
      "Try it on the desk, or have it issued without it.",
    );
}

function checkSignature(notes: Notes, { signature, facts }: Certificate, rules: ModemRules): void {
  const { hash, name } = signature;
  // Nobody verifies by what a root signed itself.
  const worst: Severity = facts.isSelfSigned ? "warning" : "error";
  if (["MD2", "MD5", "SHA-1"].includes(hash))
    notes.add(
      "CERT_HASH",
      worst,
      `it is signed with ${name}, which can be forged.`,
      facts.isSelfSigned
        ? "It is a root's own signature, which is not what is trusted; but some stacks refuse the file."
        : `Brokers and modems refuse it: ${rules.refusal}.`,
      "Have it issued again with SHA-256.",
    );
  else if (hash !== "" && !rules.hashes.value.includes(hash))
    notes.add(
      "CERT_HASH_UNPROVED",
      "warning",
      `it is signed with ${name}.`,
      `Not known to be verified by ${rules.models} (${rules.hashes.grade}: ${rules.hashes.source}).`,
      "Try it on the desk, or have it issued with SHA-256.",
    );
  else if (["Ed25519", "Ed448", "RSA-PSS"].includes(name))
    notes.add(
      "CERT_ALGORITHM",
      "error",
      `it is signed with ${name}.`,
      `TLS 1.2 in modems does not verify that: ${rules.refusal}.`,
      "Have it issued with ECDSA or RSA and SHA-256.",
    );
}

function checkKey(notes: Notes, { key }: Certificate, role: CertificateRole, isLeaf: boolean, rules: ModemRules): void {
  const { rsaBits } = rules;
  const isOwn = role === "cert" && isLeaf;
  const curves = isOwn ? rules.keyCurves : rules.curves;
  const again = "Have one issued for a key on P-256 or RSA 2048.";
  if (key.type === "other" || (key.type === "ec" && !key.curve.isCommon))
    notes.add(
      "CERT_ALGORITHM",
      "error",
      `its key is ${key.name}.`,
      `TLS 1.2 in modems does not take it: ${rules.refusal}.`,
      again,
    );
  else if (key.type === "rsa" && key.bits < 2048)
    notes.add(
      "CERT_KEY_WEAK",
      "error",
      `its key is ${key.name}; less than 2,048 bits can be broken.`,
      "Brokers refuse it, and so do modems of today.",
      again,
    );
  else if (key.type === "rsa" && (key.bits > rsaBits.value.max || key.bits < rsaBits.value.min))
    notes.add(
      "CERT_KEY_UNPROVED",
      "warning",
      `its key is ${key.name}.`,
      `Not known to be taken by ${rules.models} (${rsaBits.grade}: ${rsaBits.source}); a larger key also makes each handshake longer.`,
      "Try it on the desk, or take RSA 2048.",
    );
  else if (key.type === "ec" && !curves.value.includes(key.curve.name))
    notes.add(
      "CERT_KEY_UNPROVED",
      "warning",
      `its key is ${key.name}.`,
      `Not known to be taken by ${rules.models}${isOwn ? " for the client's own key" : ""} (${curves.grade}: ${curves.source}).`,
      "Try it on the desk, or take RSA 2048.",
      isOwn ? ["openssl req -new -newkey rsa:2048 -nodes -keyout client.key -out client.csr"] : [],
    );
}

/** In the CA file. */
function checkAnchor(
  notes: Notes,
  { facts, constraints, usages }: Certificate,
  isLeaf: boolean,
  rules: ModemRules,
): void {
  const show = ["openssl s_client -connect host:8883 -servername host -showcerts </dev/null"];
  if (!facts.isCa && !facts.isSelfSigned)
    notes.add(
      "CERT_LEAF_AS_CA",
      "error",
      "it is no CA: a server's or a client's own certificate in place of the CA.",
      `The modem finds no CA for the broker's chain: ${rules.refusal}.`,
      `Take the root that signed it: ${facts.issuer}.`,
      show,
    );
  else if (constraints === undefined)
    notes.add(
      "CERT_V1_ROOT",
      "warning",
      "it does not say that it is a CA (an old root, or a certificate of version 1).",
      "Some stacks take it as a root, some refuse it.",
      "Take a root with basicConstraints CA:TRUE.",
    );
  else if (!constraints.ca && isLeaf)
    notes.add(
      "CERT_NOT_CA",
      "warning",
      "it is signed by itself and says that it is no CA: good only for a broker that shows this very certificate.",
      `Signed by it, nothing else is taken: ${rules.refusal}; and when the broker gets a new one, every device needs it first.`,
      "Make a CA, and let it sign the broker's certificate.",
      ["npx godwit pki --out certs --host broker.example.com"],
    );
  else if (!constraints.ca)
    notes.add(
      "CERT_NOT_CA",
      "error",
      "it is signed by itself and says that it is no CA.",
      `Strict stacks refuse it: ${rules.refusal}.`,
      "Make a CA, and let it sign the broker's certificate.",
      ["npx godwit pki --out certs --host broker.example.com"],
    );
  else if (!facts.isSelfSigned)
    notes.add(
      "CERT_INTERMEDIATE_AS_CA",
      "warning",
      `it is an intermediate CA; its root is ${facts.issuer}.`,
      "Many stacks build the chain up to a root and refuse when there is none in the store (R).",
      "Put the root into the store, and let the broker send the intermediate.",
      show,
    );
  // One that is no CA was told already that it signs nothing.
  if (!isLeaf || facts.isCa) checkCertSign(notes, usages, isLeaf);
}

function checkCertSign(notes: Notes, usages: number | undefined, isLeaf = false): void {
  if (usages !== undefined && (usages & KEY_CERT_SIGN) === 0)
    notes.add(
      "CERT_NO_CERT_SIGN",
      isLeaf ? "warning" : "error",
      "its key usage does not allow it to sign certificates.",
      isLeaf
        ? "It is good for the broker that shows it itself, and for nothing that it signed."
        : "What it signed is refused.",
      "Take the CA that is meant, or have it issued with keyCertSign.",
    );
}

function checkLeaf(notes: Notes, { facts, key, usages, extendedUsages }: Certificate, role: CertificateRole): void {
  const isClient = role === "cert";
  const [wanted, word] = isClient ? [CLIENT_AUTH, "clientAuth"] : [SERVER_AUTH, "serverAuth"];
  if (facts.isCa && isClient)
    notes.add(
      "CERT_CA_AS_CLIENT",
      "error",
      "it is a CA certificate in place of the client's.",
      "Some brokers refuse a device that shows a CA; and who takes its key out of a device can certify all devices.",
      "Take the certificate that was issued for the device.",
    );
  else if (facts.isSelfSigned && isClient)
    notes.add(
      "CERT_SELF_SIGNED",
      "warning",
      "it is signed by itself.",
      "The broker takes it only when this very certificate was registered there.",
      "Register it, or have it signed by the CA that the broker knows.",
    );
  if (extendedUsages && !extendedUsages.includes(wanted) && !extendedUsages.includes(ANY_USAGE))
    notes.add(
      "CERT_USAGE",
      "error",
      `it is for ${facts.extendedKeyUsage.join(", ")}, not for ${word}.`,
      isClient
        ? "The broker refuses it: the connection dies right after the handshake."
        : "The modem may refuse the broker.",
      `Have it issued with extendedKeyUsage ${word}.`,
    );
  const server = key.type === "rsa" ? DIGITAL_SIGNATURE | KEY_ENCIPHERMENT : DIGITAL_SIGNATURE;
  if (!isClient && usages !== undefined && (usages & server) === 0)
    notes.add(
      "CERT_USAGE",
      "error",
      `its key usage does not allow ${key.type === "rsa" ? "digitalSignature or keyEncipherment" : "digitalSignature"}.`,
      "No cipher suite can use such a key: the handshake fails on either side.",
      "Have it issued with keyUsage digitalSignature.",
    );
  if (isClient && usages !== undefined && (usages & DIGITAL_SIGNATURE) === 0)
    notes.add(
      "CERT_USAGE",
      "error",
      "its key usage does not allow digitalSignature.",
      "A client proves its key by a signature, so the broker refuses it.",
      "Have it issued with keyUsage digitalSignature.",
    );
}

/** On the way from the leaf to the root. */
function checkIssuer(notes: Notes, { facts, usages }: Certificate): void {
  if (!facts.isCa)
    notes.add(
      "CERT_NOT_CA",
      "error",
      "it stands in the chain and is no CA.",
      "What it signed is refused.",
      "Leave it out, or take the intermediate that is meant.",
    );
  checkCertSign(notes, usages);
}
