/** Files that OpenSSL, GnuTLS, mbed TLS and wolfSSL were asked about, as client of a TLS 1.2 server: what all of them take has no error. */
import { days, forge, keyPem, keysOf, root } from "./forge.ts";
import { anchor, broker, type Case, ca, device, pair, rsa } from "./inspect-cases.ts";

/** Names as those of `ca`, the same key, and its time is over. */
const oldRoot = root({ notBefore: days(-800), notAfter: days(-5), serial: [9] });
const self = { name: "broker", keys: keysOf("prime256v1", 2), names: ["broker.test"] };
const selfSigned = forge({ ...self, ca: false });
const selfSignedCa = forge({ ...self, ca: true, usage: 0x80 });

export const STACK_CASES: readonly Case[] = [
  [
    "a server that signed itself, shown by the broker",
    { ca: selfSigned.pem, server: selfSigned.pem },
    "warning",
    "CERT_NOT_CA",
    "ca",
    /this very/,
  ],
  [
    "a server that signed itself, and the broker's certificate too",
    { ca: selfSigned.pem, server: broker(selfSigned, { keys: keysOf("prime256v1", 9) }).pem },
    "error",
    "CERT_NOT_CA",
    "ca",
    /says that it is no CA/,
  ],
  [
    "a server that signed itself and may not sign others",
    { ca: selfSignedCa.pem, server: selfSignedCa.pem },
    "warning",
    "CERT_NO_CERT_SIGN",
    "ca",
    /sign certificates/,
  ],
  [
    "a broker whose key may not sign the handshake",
    { ca: ca.pem, server: broker(ca, { usage: 0x08 }).pem },
    "error",
    "CERT_USAGE",
    "server",
    /digitalSignature/,
  ],
  [
    "a broker whose RSA key may do neither",
    { ca: ca.pem, server: broker(ca, { usage: 0x08, keys: rsa }).pem },
    "error",
    "CERT_USAGE",
    "server",
    /or keyEncipherment/,
  ],
  ["a root and the one after it", { ca: oldRoot.pem + ca.pem }, "warning", "CERT_EXPIRED", "ca", /successor/],
  [
    "two keys, the right one first",
    pair(keyPem(device.keys) + keyPem(keysOf("prime256v1", 9))),
    "warning",
    "KEY_MANY",
    "key",
    /2 private keys/,
  ],
  [
    "two keys, the right one second",
    pair(keyPem(keysOf("prime256v1", 9)) + keyPem(device.keys)),
    "warning",
    "KEY_MANY",
    "key",
    /2 private keys/,
  ],
  [
    "two keys, both wrong",
    pair(keyPem(keysOf("prime256v1", 9)) + keyPem(keysOf("prime256v1", 8))),
    "error",
    "KEY_MANY",
    "key",
    /2 private keys/,
  ],
  ["P-384 of a broker", anchor({ keys: keysOf("secp384r1", 1) }), "warning", "CERT_KEY_UNPROVED", "ca", /P-384/],
  [
    "a name longer than what is compared",
    { ca: ca.pem, server: broker(ca, { names: [`${"a".repeat(60)}.test`] }).pem },
    "warning",
    "HOST_UNPROVED",
    "host",
    /65 characters/,
    { host: `${"a".repeat(60)}.test` },
  ],
  [
    "another common name",
    { ca: ca.pem, server: broker(ca).pem },
    "ok",
    "HOST_NAMED",
    "host",
    /is for/,
    { host: "broker.test" },
  ],
  ["a byte order mark", { ca: `\xef\xbb\xbf${ca.pem}` }, "warning", "PEM_FORM", "ca", /byte order mark/],
  ["empty lines in a block", { ca: ca.pem.replaceAll("\n", "\n\n") }, "warning", "PEM_FORM", "ca", /empty lines/],
  ["blanks at the ends of lines", { ca: ca.pem.replaceAll("\n", " \n") }, "warning", "PEM_FORM", "ca", /blanks/],
  [
    "an old label",
    { ca: ca.pem.replaceAll("CERTIFICATE", "X509 CERTIFICATE") },
    "warning",
    "PEM_FORM",
    "ca",
    /label X509 CERTIFICATE/,
  ],
  [
    "a critical extension that large stacks know",
    anchor({ critical: "2.5.29.36" }),
    "warning",
    "CERT_CRITICAL",
    "ca",
    /policyConstraints/,
  ],
];
