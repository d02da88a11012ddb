/** Which blocks of a file are what was asked for, and what is there in their place. */
import { KEY_LABELS } from "./key.ts";
import type { PemBlock, PemFile } from "./pem.ts";
import { type FileRole, type Finding, finding } from "./report.ts";

export interface Selected {
  readonly blocks: readonly PemBlock[];
  /** In front of an EC key. */
  readonly parameters: Uint8Array | undefined;
  readonly findings: readonly Finding[];
}

const CERTIFICATES = ["CERTIFICATE", "X509 CERTIFICATE"];
const KEYS: readonly string[] = Object.values(KEY_LABELS);
const PARAMETERS = "EC PARAMETERS";
const SECRETS = /PRIVATE KEY$/;

const isCertificate = ({ label }: PemBlock): boolean => CERTIFICATES.includes(label);
const isKey = ({ label, isEncrypted }: PemBlock): boolean => KEYS.includes(label) && !isEncrypted;

/** The certificates of a file of certificates, or the keys of a key file. */
export function selectBlocks(file: PemFile, role: FileRole): Selected {
  const isWanted = role === "key" ? isKey : isCertificate;
  const wanted = file.blocks.filter(isWanted);
  const others = file.blocks.filter((block) => !isWanted(block) && block.label !== PARAMETERS);
  const findings: Finding[] = [...file.findings];
  if (wanted.length === 0 && file.findings.length === 0)
    findings.push(others[0] ? inPlace(others[0], role) : nothing(role));
  else if (wanted.length > 0 && others.length > 0) findings.push(...beside(others, role));
  const parameters = file.blocks.find(({ label }) => label === PARAMETERS)?.der;
  return { blocks: wanted, parameters, findings };
}

function nothing(role: FileRole): Finding {
  return finding("PEM_NO_BLOCK", "error", role, "The file has parameters of a curve, and no key.", {
    remedy: "Take the file that has the key behind them.",
  });
}

/** What the file has, and not what was wanted. */
function inPlace(block: PemBlock, role: FileRole): Finding {
  const { label, at } = block;
  const error = (code: string, text: string, remedy: string, commands: string[] = [], why = ""): Finding =>
    finding(code, "error", role, text, { why, remedy, commands, at });
  if (block.isEncrypted || label === "ENCRYPTED PRIVATE KEY")
    return error(
      "KEY_ENCRYPTED",
      "The private key is encrypted with a passphrase.",
      "Decrypt it on this computer; keep the result as you keep a password.",
      ["openssl pkey -in encrypted.key -out client.key", "openssl pkey -in client.key -traditional -out client.key"],
      "The modem has nobody to ask for the passphrase.",
    );
  if (label.endsWith("CERTIFICATE REQUEST"))
    return error(
      "PEM_REQUEST",
      "The file is a certificate signing request (CSR), not a certificate.",
      "Send it to the CA, and take the certificate that comes back.",
      ["openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out client.pem"],
    );
  if (label.endsWith("PUBLIC KEY"))
    return error(
      "PEM_PUBLIC_KEY",
      "The file is a public key.",
      role === "key" ? "Take the private key: it was made together with this one." : "Take the certificate.",
    );
  if (label === "OPENSSH PRIVATE KEY" || label.startsWith("SSH2"))
    return error(
      "PEM_SSH",
      "The file is an SSH key, which TLS does not know.",
      "Take the key that belongs to the certificate.",
      ["ssh-keygen -p -m PEM -f copy-of-the-key"],
      "Its form is OpenSSH's own; only where the certificate was made for this very key can it be converted.",
    );
  if (label === "PKCS7" || label === "CMS" || label === "PKCS #7 SIGNED DATA")
    return error("PEM_PKCS7", "The file is a PKCS#7 container (.p7b).", "Unpack it.", [
      "openssl pkcs7 -in bundle.p7b -print_certs -out chain.pem",
    ]);
  if (SECRETS.test(label) || isCertificate(block))
    return error(
      "PEM_SWAPPED",
      role === "key"
        ? "The file holds a certificate where the private key is wanted."
        : "The file holds a private key where a certificate is wanted.",
      "Certificate and key were probably exchanged: give them the other way round.",
      [],
      role === "key"
        ? ""
        : "Nothing of it was kept. As a certificate it would be readable by anybody who asks for certificates.",
    );
  return error("PEM_KIND", `The file holds ${label}, which is not wanted here.`, "Take the file that was meant.");
}

/** What stands beside what was wanted: left out of what is written. */
function beside(others: readonly PemBlock[], role: FileRole): Finding[] {
  const labels = [...new Set(others.map(({ label }) => label))].join(", ");
  const isSecret = role !== "key" && others.some(({ label }) => SECRETS.test(label));
  return [
    finding("PEM_MIXED", "warning", role, `The file also holds ${labels}, which is left out.`, {
      why: isSecret
        ? "A private key in a file of certificates is passed on with it sooner or later."
        : "A modem that reads the first block of a file would read the wrong one.",
      remedy: "Keep one file for each.",
    }),
  ];
}
