/** Cipher suites of AT+QSSLCFG="ciphersuite": IANA numbers as the modems list them, OpenSSL's names. */
import { getCiphers } from "node:tls";

/** What OpenSSL has, or had once. Those that only stand in a list (static ECDH, PSK) have no name here. */
const NAMES: Readonly<Record<string, string>> = {
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

/** Numbers that a model takes, in its order, without the one for all. */
export type SuiteList = readonly string[];

const list = (text: string): SuiteList => text.split(" ").map((code) => `0X${code}`);

/** By the answers to AT+QSSLCFG=?; sources in tls-settings.ts. */
export const SUITES_OF = {
  /** [H] and [D], the manual: thirteen, all with RSA. None with ECDSA can be named; see `cipherList` for all. */
  bg96: list("0035 002F 0005 0004 000A 003D C011 C012 C013 C014 C027 C028 C02F"),
  bg95: list(
    "0035 002F 0004 0005 000A 003D C002 C003 C004 C005 C007 C008 C009 C00A C011 C012 C013 C014 C00C C00D C00E C00F " +
      "C023 C024 C025 C026 C027 C028 C029 C02A C02B C02F C0A8 00AE",
  ),
  ec2x: list(
    "0035 002F 0005 0004 000A 003D C002 C003 C004 C005 C007 C008 C009 C00A C011 C012 C013 C014 C00C C00D C00E C00F " +
      "C023 C024 C025 C026 C027 C028 C029 C02A C02F C030",
  ),
  /** [R] As EC2x; [D] a driver of an EC800, of the same chip, writes 009C. */
  eg800k: list(
    "0035 002F 0005 0004 000A 003D 009C C007 C008 C009 C00A C011 C012 C013 C014 C023 C024 C027 C028 C02B C02F C030",
  ),
} as const;

/** [D] SSL manual: all of them. */
export const ALL_SUITES = "0XFFFF";

/**
 * OpenSSL's cipher list, or undefined when the host's OpenSSL has none of them any more (RC4, 3DES). "All" is more than
 * the numbers of the list: a BG96 that lists RSA alone has gone through a handshake with ECDHE-ECDSA (californium 2103,
 * DTLS) [H].
 */
export function cipherList(code: string): string | undefined {
  const offered = new Set(getCiphers());
  const names = (code === ALL_SUITES ? Object.values(NAMES) : [NAMES[code] ?? ""])
    // Best first, as a client that offers everything does.
    .reverse()
    .filter((name) => offered.has(name.toLowerCase()));
  // Level 0: the modem knows nothing of OpenSSL's minimum key sizes and versions.
  return names.length === 0 ? undefined : `${names.join(":")}:@SECLEVEL=0`;
}
