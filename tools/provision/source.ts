/** From a file as people have it to text: encodings, and what is no PEM at all. */
import { childrenOf, claimedLength, numberOf, oidOf, readDer, TAG } from "./der.ts";
import { type FileRole, type Finding, finding } from "./report.ts";

/** The bytes of a file, or text as somebody has pasted it. */
export type Source = string | Uint8Array;

/** A chain with its text beside it has some 30 KB; a bundle of all public roots 200 KB, which no modem takes. */
export const MAX_SOURCE = 65_536;

export type SourceContent =
  | { readonly kind: "text"; readonly text: string; readonly repairs: readonly string[] }
  | { readonly kind: "der"; readonly label: string; readonly der: Uint8Array }
  | { readonly kind: "refused"; readonly finding: Finding };

const OID_PKCS7 = "1.2.840.113549.1.7";

/** What a DER file holds, by the label that it would have as PEM; undefined when it is nothing that is known. */
export function labelOf(der: Uint8Array): string | undefined {
  const [first, second, third] = childrenOf(readDer(der)) ?? [];
  if (first === undefined) return undefined;
  if (oidOf(first)?.startsWith(OID_PKCS7)) return "PKCS7";
  if (first.tag === TAG.integer) {
    if (second?.tag === TAG.octetString) return "EC PRIVATE KEY";
    if (second?.tag === TAG.integer) return third === undefined ? "RSA PUBLIC KEY" : "RSA PRIVATE KEY";
    const inner = childrenOf(second)?.[0];
    if (numberOf(first) === 3n && oidOf(inner)?.startsWith(OID_PKCS7)) return "PKCS12";
    return second?.tag === TAG.sequence && third?.tag === TAG.octetString ? "PRIVATE KEY" : undefined;
  }
  if (first.tag !== TAG.sequence || second === undefined) return undefined;
  if (second.tag === TAG.octetString) return "ENCRYPTED PRIVATE KEY";
  if (second.tag === TAG.bitString) return "PUBLIC KEY";
  if (third?.tag !== TAG.bitString) return undefined;
  // A request begins with its version; a certificate with the context tag of one, or its serial number and an algorithm.
  const [begin, next] = childrenOf(first) ?? [];
  const names = childrenOf(next) ?? [];
  const isRequest = begin?.tag === TAG.integer && numberOf(begin) === 0n && names.every(({ tag }) => tag === TAG.set);
  return isRequest ? "CERTIFICATE REQUEST" : "CERTIFICATE";
}

function refused(
  code: string,
  subject: FileRole,
  text: string,
  remedy: string,
  commands: string[] = [],
): SourceContent {
  return { kind: "refused", finding: finding(code, "error", subject, text, { remedy, commands }) };
}

const latin1 = (bytes: Uint8Array): string => {
  let text = "";
  // In pieces: an argument list has its limits.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
};

/** UTF-16 by its mark, or by every other byte being NUL, as an editor or a shell of Windows writes it. */
function utf16(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  const little = (a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && c !== 0 && d === 0);
  const big = (a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && c === 0 && d !== 0);
  if (!little && !big) return undefined;
  let text = "";
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const [low = 0, high = 0] = little ? bytes.subarray(at, at + 2) : [bytes[at + 1], bytes[at]];
    text += String.fromCharCode(high * 256 + low);
  }
  return text;
}

function textOf(source: Source): { text: string; repairs: string[] } {
  const wide = typeof source === "string" ? undefined : utf16(source);
  const text = typeof source === "string" ? source : (wide ?? latin1(source));
  const repairs = wide === undefined ? [] : ["UTF-16"];
  const mark = /^(?:\ufeff|\u00ef\u00bb\u00bf)/.exec(text)?.[0] ?? "";
  if (mark !== "" && wide === undefined) repairs.push("byte order mark");
  return { text: text.slice(mark.length), repairs };
}

/** What the file is; never throws. */
export function readSource(source: Source, subject: FileRole): SourceContent {
  if (source.length === 0)
    return refused("PEM_EMPTY", subject, "The file is empty.", "Take the file that was meant, or export it again.");
  if (source.length > MAX_SOURCE)
    return refused(
      "PEM_TOO_LARGE",
      subject,
      `The file has ${source.length} bytes; more than ${MAX_SOURCE} are not read.`,
      "Take the one certificate that is needed out of the bundle.",
    );
  const bytes = typeof source === "string" ? undefined : source;
  if (bytes?.[0] === TAG.sequence && claimedLength(bytes) !== undefined && !/-----BEGIN/.test(latin1(bytes)))
    return readBinary(bytes, subject);
  const { text, repairs } = textOf(source);
  const foreign = foreignText(text, subject);
  return foreign ?? { kind: "text", text, repairs };
}

function readBinary(bytes: Uint8Array, subject: FileRole): SourceContent {
  const claimed = claimedLength(bytes) ?? 0;
  const what = subject === "key" ? "pkey" : "x509";
  if (claimed > bytes.length)
    return refused(
      "PEM_CUT",
      subject,
      `The file is binary (DER) and cut: ${bytes.length} of ${claimed} bytes are there.`,
      "Export or copy the file again.",
    );
  const label = labelOf(bytes);
  if (label === "PKCS12")
    return refused(
      "PEM_PKCS12",
      subject,
      "The file is a PKCS#12 container (.p12, .pfx), not PEM: certificate and key are packed in it, encrypted.",
      "Unpack it; the modem reads PEM files, one for the certificate and one for the key.",
      [
        "openssl pkcs12 -in bundle.p12 -clcerts -nokeys -out client.pem",
        "openssl pkcs12 -in bundle.p12 -nocerts -nodes -out client.key",
      ],
    );
  if (label === undefined || claimed < bytes.length)
    return refused(
      "PEM_BINARY",
      subject,
      "The file is binary, and holds neither a certificate nor a key that is known.",
      "Export it as PEM (Base64).",
      [`openssl ${what} -inform DER -in file.der`],
    );
  return { kind: "der", label, der: bytes };
}

function foreignText(text: string, subject: FileRole): SourceContent | undefined {
  if (/^(?:ssh-|ecdsa-sha2-|PuTTY-User-Key-File|---- BEGIN SSH2)/.test(text.trimStart()))
    return refused(
      "PEM_SSH",
      subject,
      "The file is an SSH key, which TLS does not know.",
      "Take the key that belongs to the certificate. An SSH key in PEM form would need a certificate of its own.",
    );
  if (/-----BEGIN [^-]*-----(?:\\r)?\\n/.test(text))
    return refused(
      "PEM_ESCAPED",
      subject,
      "Line ends are written as \\n: the text comes from a JSON answer or from C source.",
      "Take the text out of its quotes, with real line ends.",
      [`printf '%b' "$(cat file)" > ${subject === "key" ? "client.key" : "client.pem"}`],
    );
  return undefined;
}
