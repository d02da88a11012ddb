/** Files as people have them: what is read, what is put right, and what is told, with its place. */
import assert from "node:assert/strict";
import { createCipheriv, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import { isSame } from "../../tools/provision/der.ts";
import { inspect } from "../../tools/provision/inspect.ts";
import { type PemFile, readPem, writePem } from "../../tools/provision/pem.ts";
import type { FileRole } from "../../tools/provision/report.ts";
import { rules } from "../../tools/provision/rules/quectel-bg9x.ts";
import { selectBlocks } from "../../tools/provision/select.ts";
import { MAX_SOURCE } from "../../tools/provision/source.ts";
import { client, keyPem, keysOf, NOW, root } from "./forge.ts";

const ca = root();
const device = client(ca);
const lines = device.pem.trimEnd().split("\n");
const body = lines.slice(1, -1).join("");
const rows = (width: number): string => (body.match(new RegExp(`.{1,${width}}`, "g")) ?? []).join("\n");
const framed = (content: string): string => `-----BEGIN CERTIFICATE-----\n${content}\n-----END CERTIFICATE-----\n`;

describe("is read as it was meant", () => {
  const FORMS: readonly (readonly [name: string, source: string | Uint8Array, repairs: readonly string[]])[] = [
    ["canonical", device.pem, []],
    ["CR LF", device.pem.replaceAll("\n", "\r\n"), ["CR LF line ends"]],
    [
      "CR",
      device.pem.replaceAll("\n", "\r"),
      ["CR line ends", "no line end at the end", "no line ends inside a block"],
    ],
    ["a byte order mark", `\xef\xbb\xbf${device.pem}`, ["byte order mark"]],
    ["a byte order mark in pasted text", `\ufeff${device.pem}`, ["byte order mark"]],
    ["UTF-16, little end first", Buffer.from(`\ufeff${device.pem}`, "utf16le"), ["UTF-16"]],
    ["UTF-16, big end first", Buffer.from(`\ufeff${device.pem}`, "utf16le").swap16(), ["UTF-16"]],
    ["UTF-16 without its mark", Buffer.from(device.pem, "utf16le"), ["UTF-16"]],
    [
      "the output of openssl x509 -text",
      `Certificate:\n    Data:\n        Version: 3\n${device.pem}`,
      ["text outside the blocks"],
    ],
    [
      "bag attributes",
      `Bag Attributes\n    friendlyName: x\nsubject=CN = d\n${device.pem}`,
      ["text outside the blocks"],
    ],
    ["lines of 76", framed(rows(76)), ["lines of other lengths than 64"]],
    ["lines of 40", framed(rows(40)), ["lines of other lengths than 64"]],
    ["one line of Base64", framed(body), ["lines of other lengths than 64"]],
    ["line ends lost", device.pem.replaceAll("\n", ""), ["no line end at the end", "no line ends inside a block"]],
    ["trailing blanks", device.pem.replaceAll("\n", "  \n"), ["blanks in lines"]],
    ["indented", device.pem.replaceAll("\n", "\n\t"), ["no line end at the end", "blanks in lines"]],
    ["empty lines", device.pem.replaceAll("\n", "\n\n"), ["empty lines", "empty lines inside a block"]],
    ["no line end at the end", device.pem.trimEnd(), ["no line end at the end"]],
    ["DER", device.der, ["binary (DER) instead of PEM"]],
    ["X509 CERTIFICATE", device.pem.replaceAll("CERTIFICATE", "X509 CERTIFICATE"), ["the label X509 CERTIFICATE"]],
  ];
  for (const [name, source, repairs] of FORMS) {
    test(name, () => {
      const file = readPem(source, "cert");
      const { blocks, findings } = selectBlocks(file, "cert");
      assert.deepEqual(findings, []);
      assert.equal(blocks.length, 1);
      assert.ok(isSame(blocks[0]?.der ?? new Uint8Array(), device.der));
      assert.deepEqual([...file.repairs].sort(), [...repairs].sort());
      assert.equal(writePem("CERTIFICATE", blocks[0]?.der ?? new Uint8Array()), device.pem);
    });
  }

  test("several blocks keep their order and have their lines", () => {
    const file = readPem(`${device.pem}\n# the CA\n${ca.pem}`, "cert");
    assert.deepEqual(
      file.blocks.map(({ at }) => at.line),
      [1, lines.length + 3],
    );
    assert.ok(isSame(file.blocks[1]?.der ?? new Uint8Array(), ca.der));
  });

  test("EC PARAMETERS in front of the key are passed over", async () => {
    const pem = `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${keyPem(device.keys)}`;
    const report = await inspect({ cert: device.pem, key: pem }, rules, { now: NOW });
    assert.equal(report.facts.key?.key, "EC P-256");
    assert.ok(report.findings.some(({ code }) => code === "PAIR_MATCHES"));
  });
});

/** The traditional encrypted form, which Node does not write for every key. */
function encryptedTraditional(): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-cbc", randomBytes(16), iv);
  const secret = Buffer.concat([cipher.update(randomBytes(100)), cipher.final()]).toString("base64");
  return `-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${iv.toString("hex").toUpperCase()}\n\n${secret}\n-----END EC PRIVATE KEY-----\n`;
}
const encrypted = device.keys.privateKey
  .export({ type: "pkcs8", format: "pem", cipher: "aes-128-cbc", passphrase: "x" })
  .toString();
const publicPem = device.keys.publicKey.export({ type: "spki", format: "pem" }).toString();
const publicRsa = keysOf("rsa1024").publicKey.export({ type: "pkcs1", format: "pem" }).toString();
const block = (label: string, der: Uint8Array = device.der): string => writePem(label, der);
const at = (line: number, change: (text: string) => string): string =>
  `${lines.map((text, index) => (index === line - 1 ? change(text) : text)).join("\n")}\n`;
/** A PKCS#12 file's beginning is enough: version 3 and a PKCS#7 content. */
const pkcs12 = Uint8Array.from(Buffer.from("3016020103301106092a864886f70d010701a00404020500", "hex"));
pkcs12[1] = pkcs12.length - 2;

describe("is refused, with its reason and its place", () => {
  type Case = readonly [
    name: string,
    role: FileRole,
    source: string | Uint8Array,
    code: string,
    says: RegExp,
    place?: readonly [number, number],
  ];
  const CASES: readonly Case[] = [
    ["an empty file", "ca", "", "PEM_EMPTY", /empty/],
    ["more than is read", "ca", "x".repeat(MAX_SOURCE + 1), "PEM_TOO_LARGE", /65537 bytes/],
    ["a bundle", "ca", ca.pem.repeat(17), "PEM_MANY", /more than 16/],
    ["plain text", "ca", "hello\n", "PEM_NO_BLOCK", /no PEM block/],
    ["a web page", "ca", "<!doctype html><p>404</p>", "PEM_NO_BLOCK", /no PEM block/],
    [
      "a wrong character",
      "cert",
      at(4, (line) => `${line.slice(0, 9)}!${line.slice(10)}`),
      "PEM_BASE64",
      /"!"/,
      [4, 10],
    ],
    ["a character beyond ASCII", "cert", at(3, (line) => `\xe9${line.slice(1)}`), "PEM_BASE64", /0xe9/, [3, 1]],
    [
      "a character too few",
      "cert",
      at(3, (line) => line.slice(1)),
      "PEM_BASE64",
      /multiple of four/,
      [lines.length, 1],
    ],
    [
      "a = in the middle",
      "cert",
      at(3, (line) => `${line.slice(0, 5)}=${line.slice(6)}`),
      "PEM_BASE64",
      /behind the =/,
      [3, 7],
    ],
    ["a line too few", "cert", at(3, () => ""), "PEM_CUT", /of \d+ bytes are there/, [1, 1]],
    ["a line twice", "cert", at(3, (line) => `${line}\n${line}`), "PEM_CONTENT", /48 bytes behind/, [1, 1]],
    ["no END line", "cert", `${lines.slice(0, -1).join("\n")}\n`, "PEM_NO_END", /no END/, [1, 1]],
    ["cut in the middle", "cert", device.pem.slice(0, 300), "PEM_NO_END", /no END/, [1, 1]],
    ["no BEGIN line", "cert", lines.slice(1).join("\n"), "PEM_NO_BEGIN", /without its BEGIN/],
    ["a hyphen too few", "cert", device.pem.replace("-----BEGIN", "----BEGIN"), "PEM_MARK", /damaged/, [1, 1]],
    ["long hyphens", "cert", device.pem.replace("-----BEGIN", "\u2014\u2014BEGIN"), "PEM_MARK", /damaged/],
    ["BEGIN and END of two files", "key", keyPem(device.keys).replace("END EC", "END RSA"), "PEM_MARK", /ended by/],
    ["no DER inside", "cert", framed(Buffer.from("x".repeat(60)).toString("base64")), "PEM_CONTENT", /no DER/],
    ["\\n out of JSON", "cert", device.pem.replaceAll("\n", "\\n"), "PEM_ESCAPED", /written as \\n/],
    ["an SSH key", "key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@host\n", "PEM_SSH", /SSH key/],
    ["a PuTTY key", "key", "PuTTY-User-Key-File-3: ssh-rsa\n", "PEM_SSH", /SSH key/],
    ["an OpenSSH key", "key", block("OPENSSH PRIVATE KEY"), "PEM_SSH", /SSH key/],
    ["PKCS#12", "cert", pkcs12, "PEM_PKCS12", /PKCS#12/],
    ["PKCS#7", "cert", block("PKCS7"), "PEM_PKCS7", /PKCS#7/],
    ["unknown binary", "cert", Uint8Array.of(0x30, 3, 4, 1, 0), "PEM_BINARY", /binary/],
    ["DER that is cut", "cert", device.der.subarray(0, 200), "PEM_CUT", /200 of \d+ bytes/],
    ["a request", "cert", block("CERTIFICATE REQUEST"), "PEM_REQUEST", /request/],
    ["a public key for the key", "key", publicPem, "PEM_PUBLIC_KEY", /public key/],
    ["a public RSA key", "key", publicRsa, "PEM_PUBLIC_KEY", /public key/],
    ["an encrypted key, PKCS#8", "key", encrypted, "KEY_ENCRYPTED", /passphrase/],
    ["an encrypted key, traditional", "key", encryptedTraditional(), "KEY_ENCRYPTED", /passphrase/],
    ["key and certificate exchanged: key", "key", device.pem, "PEM_SWAPPED", /certificate where/],
    ["key and certificate exchanged: certificate", "cert", keyPem(device.keys), "PEM_SWAPPED", /private key where/],
    ["parameters and no key", "key", block("EC PARAMETERS"), "PEM_NO_BLOCK", /no key/],
    ["something else", "ca", block("X509 CRL"), "PEM_KIND", /X509 CRL/],
  ];
  for (const [name, role, source, code, says, place] of CASES) {
    test(name, () => {
      const { findings, blocks } = selectBlocks(readPem(source, role), role);
      const found = findings.find((finding) => finding.code === code);
      assert.ok(found, JSON.stringify(findings));
      assert.equal(found.severity, "error");
      assert.equal(found.subject, role);
      assert.match(found.text, says);
      assert.equal(blocks.length, 0);
      assert.ok(found.remedy.length > 0);
      if (place) assert.deepEqual([found.at?.line, found.at?.column], place);
    });
  }

  test("what stands beside is left out, and said", () => {
    const both = keyPem(device.keys) + device.pem;
    for (const role of ["cert", "key"] as const) {
      const { findings, blocks } = selectBlocks(readPem(both, role), role);
      assert.deepEqual(
        findings.map(({ code, severity }) => [code, severity]),
        [["PEM_MIXED", "warning"]],
      );
      assert.equal(blocks.length, 1);
    }
  });
});

test("nothing of a key is ever in a finding", async () => {
  const pem = keyPem(device.keys);
  const secret = pem.split("\n")[1] ?? "";
  const broken = [
    pem.replace(secret, secret.slice(1)),
    pem.replace(/A/g, "!"),
    pem.slice(0, 120),
    pem.replaceAll("\n", "\\n"),
  ];
  for (const key of [pem, ...broken]) {
    const report = JSON.stringify(await inspect({ cert: device.pem, key }, rules, { now: NOW }));
    for (let start = 0; start + 12 <= secret.length; start++)
      assert.ok(!report.includes(secret.slice(start, start + 12)));
  }
});

test("long hostile lines are done with at once", () => {
  const hostile = [
    "-".repeat(MAX_SOURCE),
    "\n".repeat(MAX_SOURCE),
    " ".repeat(MAX_SOURCE),
    "-----BEGIN A-----\n".repeat(3600),
    "BEGIN ".repeat(10_000),
    "a:\n ".repeat(16_000),
    `-----BEGIN A-----\n${"a:\n ".repeat(16_000)}`,
  ];
  for (const text of hostile) {
    const start = performance.now();
    const file: PemFile = readPem(text, "cert");
    assert.ok(file.findings.length > 0);
    assert.ok(performance.now() - start < 1000, text.slice(0, 10));
  }
});
