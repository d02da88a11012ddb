/**
 * Quectel BG96, BG95, BG77. The manuals at hand (SSL V1.0 of BG96, SSL application note V1.0 of BG95 and BG77, FILE V1.0)
 * say nothing of the sizes and forms of certificates: what is R here is what is known to work elsewhere, kept narrow.
 */
import type { ModemRules, StoredFile } from "./rules.ts";

/** `+QFLST: "UFS:ca.pem",1939`; a log of a BG96 has the name without its drive (H). */
function readListed(line: string): StoredFile | undefined {
  const [, name, bytes] = /^\+QFLST: "(?:UFS:)?([^":]{1,80})",(\d{1,9})$/.exec(line.trim()) ?? [];
  return name === undefined ? undefined : { name, bytes: Number(bytes) };
}

export const rules: ModemRules = {
  family: "quectel-bg9x",
  models: "BG96, BG95, BG77",
  refusal: "566",
  // 10,240 is what QFUPL takes when no size is given; a certificate file near it has been seen by nobody.
  maxFileBytes: { value: 10_240, grade: "D", source: "BG96 FILE manual, default size of AT+QFUPL" },
  maxNameLength: { value: 80, grade: "D", source: "BG96 FILE manual" },
  caCertificates: { value: 1, grade: "R", source: "no source shows that a second certificate of the file is used" },
  certCertificates: { value: 1, grade: "R", source: "no source shows that more than the first certificate is sent" },
  // RSA 2048 with AWS IoT, on a BG95-M5 and on BG96 samples of WIZnet; 4096 in no log.
  rsaBits: { value: { min: 2048, max: 2048 }, grade: "D", source: "samples for AWS IoT with BG96 and BG95" },
  // BG96 lists thirteen suites, all with RSA (H); "all" had it answer ECDHE-ECDSA over DTLS (californium 2103, H).
  curves: { value: ["P-256"], grade: "D", source: "BG95 lists ECDHE-ECDSA suites, BG96 lists RSA alone" },
  // Whatever is listed here would be a guess: logs and samples with a client certificate all have RSA.
  keyCurves: { value: [], grade: "R", source: "no log and no sample has an elliptic curve client key" },
  // What AWS IoT hands out, and what samples for BG96 and BG95 upload, is BEGIN RSA PRIVATE KEY.
  keyForms: { value: ["sec1", "pkcs1"], grade: "D", source: "samples for AWS IoT, all with RSA" },
  hashes: { value: ["SHA-256", "SHA-384"], grade: "R", source: "the cipher suites of the SSL manual" },
  // A user of a BG95-M5 tried LF, CR and CR LF in vain, for another reason; LF is what the samples have.
  lineEnd: { value: "\n", grade: "D", source: "samples for AWS IoT with BG96 and BG95" },
  readListed,
  // BG96 and BG95 list it (H), drivers in use switch it on (D), the firmware does; nobody has shown a refusal.
  checksHost: { value: "yes", grade: "D", source: 'the setting "checkhost"' },
  // The public interface of the chip's maker takes 64 characters, and names common name and DNS names, no addresses.
  comparedHost: { value: { maxLength: 64, addresses: false }, grade: "D", source: "the chip maker's public interface" },
};
