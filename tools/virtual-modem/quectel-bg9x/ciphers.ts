/** Cipher suites of AT+QSSLCFG="ciphersuite": IANA numbers as the SSL manual lists them, OpenSSL's names. */
import { getCiphers } from "node:tls";

const SUITES: Readonly<Record<string, string>> = {
  "0X0004": "RC4-MD5",
  "0X0005": "RC4-SHA",
  "0X000A": "DES-CBC3-SHA",
  "0X002F": "AES128-SHA",
  "0X0035": "AES256-SHA",
  "0X003C": "AES128-SHA256",
  "0X003D": "AES256-SHA256",
  "0X009C": "AES128-GCM-SHA256",
  "0X009D": "AES256-GCM-SHA384",
  "0XC007": "ECDHE-ECDSA-RC4-SHA",
  "0XC008": "ECDHE-ECDSA-DES-CBC3-SHA",
  "0XC009": "ECDHE-ECDSA-AES128-SHA",
  "0XC00A": "ECDHE-ECDSA-AES256-SHA",
  "0XC011": "ECDHE-RSA-RC4-SHA",
  "0XC012": "ECDHE-RSA-DES-CBC3-SHA",
  "0XC013": "ECDHE-RSA-AES128-SHA",
  "0XC014": "ECDHE-RSA-AES256-SHA",
  "0XC023": "ECDHE-ECDSA-AES128-SHA256",
  "0XC024": "ECDHE-ECDSA-AES256-SHA384",
  "0XC027": "ECDHE-RSA-AES128-SHA256",
  "0XC028": "ECDHE-RSA-AES256-SHA384",
  "0XC02B": "ECDHE-ECDSA-AES128-GCM-SHA256",
  "0XC02C": "ECDHE-ECDSA-AES256-GCM-SHA384",
  "0XC02F": "ECDHE-RSA-AES128-GCM-SHA256",
  "0XC030": "ECDHE-RSA-AES256-GCM-SHA384",
};

/** [D] SSL manual: all of them. */
export const ALL_SUITES = "0XFFFF";

export function isSuite(code: string): boolean {
  return code === ALL_SUITES || Object.hasOwn(SUITES, code);
}

export const SUITE_CODES: readonly string[] = [...Object.keys(SUITES), ALL_SUITES];

/** OpenSSL's cipher list, or undefined when the host's OpenSSL has none of them any more (RC4, 3DES). */
export function cipherList(code: string): string | undefined {
  const offered = new Set(getCiphers());
  const names = (code === ALL_SUITES ? Object.values(SUITES) : [SUITES[code] ?? ""])
    // Best first, as a client that offers everything does.
    .reverse()
    .filter((name) => offered.has(name.toLowerCase()));
  // Level 0: the modem knows nothing of OpenSSL's minimum key sizes and versions.
  return names.length === 0 ? undefined : `${names.join(":")}:@SECLEVEL=0`;
}
