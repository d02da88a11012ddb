/**
 * The desk's verdict on a broker's certificates, held against the virtual modem's: what has no error is taken, what has one is
 * refused. The modem's side was held against OpenSSL, GnuTLS, mbed TLS and wolfSSL as clients.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, test } from "node:test";
import { inspect, prepare } from "../../tools/provision/inspect.ts";
import { rules } from "../../tools/provision/rules/quectel-bg9x.ts";
import { readCertificates, verifyServer } from "../../tools/virtual-modem/quectel-bg9x/tls-verify.ts";
import { days, type Forged, forge, keyPem, keysOf, NOW, type Recipe, root } from "./forge.ts";
import { broker, ca, intermediate } from "./inspect-cases.ts";

const HOST = "broker.test";
const key = (nth: number) => ({ keys: keysOf("prime256v1", nth) });
const under = (recipe: Recipe): Forged => forge({ name: "Under", issuer: ca, ...key(5), ...recipe });
const via = (one: Forged): Forged[] => [broker(one), one];
const alone = (recipe: Recipe): Forged => forge({ name: HOST, names: [HOST], ...key(2), ...recipe });
const rsaCa = root({ keys: keysOf("rsa2048", 1) });
const old = root({ notBefore: days(-800), notAfter: days(-5), serial: [9] });

/** What the broker shows, and what stands in the CA file. `taken`: by the modem; a text: refused on the desk all the same. */
type Case = readonly [
  name: string,
  shown: readonly Forged[],
  file: string | Uint8Array,
  taken: boolean,
  stricter?: string,
];

const utc = (text: string): readonly [number, string] => [0x17, text];
const long = (text: string): readonly [number, string] => [0x18, text];
const selfNoCa = alone({ ca: false, usage: 0x80 });
const selfBare = alone({});
const selfCa = alone({ ca: true });
const selfNoSign = alone({ ca: true, usage: 0x80 });

const CASES: readonly Case[] = [
  ["a good broker", [broker(ca)], ca.pem, true],
  ["with its intermediate", via(intermediate), ca.pem, true],
  ["without its intermediate", [broker(intermediate)], ca.pem, false],
  ["the intermediate in the CA file beside the root", [broker(intermediate)], ca.pem + intermediate.pem, true],
  ["the intermediate alone in the CA file", via(intermediate), intermediate.pem, true],
  ["the chain in the wrong order", [broker(intermediate), ca, intermediate], ca.pem, true],
  ["a bundle, the right one first", [broker(ca)], ca.pem + rsaCa.pem, true],
  ["a bundle, the right one last", [broker(ca)], rsaCa.pem + ca.pem, true],
  ["another root", [broker(ca)], rsaCa.pem, false],
  ["a root of the same name", [broker(ca)], root(key(8)).pem, false],
  ["a root that ended and its successor", [broker(ca)], old.pem + ca.pem, true],
  ["the successor and the root that ended", [broker(ca)], ca.pem + old.pem, true],
  ["a broker that ended", [broker(ca, { notAfter: days(-1) })], ca.pem, false],
  ["a broker not yet begun", [broker(ca, { notBefore: days(5) })], ca.pem, false],
  ["an intermediate that ended", via(under({ ca: true, usage: 6, notAfter: days(-1) })), ca.pem, false],
  ["a root that ended", [broker(ca)], old.pem, false],
  ["a root not yet begun", [broker(ca)], root({ notBefore: days(5) }).pem, false],
  ["another host", [broker(ca, { names: ["other.test"] })], ca.pem, false],
  ["the common name alone", [broker(ca, { name: HOST, names: [] })], ca.pem, true],
  ["the broker's own, issued, as CA", [broker(ca)], broker(ca).pem, false],
  ["signed by itself, no CA", [selfNoCa], selfNoCa.pem, true],
  ["signed by itself, says nothing", [selfBare], selfBare.pem, true],
  ["signed by itself, a CA", [selfCa], selfCa.pem, true],
  ["signed by itself, a CA that may not sign", [selfNoSign], selfNoSign.pem, true],
  ["signed by one that is no CA", [broker(root({ ca: false }))], root({ ca: false }).pem, false],
  ["signed by a CA that may not sign", [broker(ca)], root({ usage: 0x80 }).pem, false],
  ["an intermediate that is no CA", via(under({ ca: false })), ca.pem, false],
  ["an intermediate that says nothing", via(under({})), ca.pem, false],
  ["an intermediate that may not sign", via(under({ ca: true, usage: 0x80 })), ca.pem, false],
  ["an intermediate where none may be", via(intermediate), root({ pathLength: 0 }).pem, false],
  ["an unknown critical extension", [broker(ca, { critical: "1.2.3.4" })], ca.pem, false],
  ["a root with an unknown critical extension", [broker(ca)], root({ critical: "1.2.3.4" }).pem, false],
  ["a forged broker", [broker(ca, { forgedBy: keysOf("prime256v1", 9) })], ca.pem, false],
  ["SHA-512", [broker(ca, { hash: "sha512" })], ca.pem, true],
  ["RSA 4096", [broker(ca, { keys: keysOf("rsa4096", 1) })], ca.pem, true],
  ["dates without seconds", [broker(ca, { times: [utc("2601010000Z"), utc("3001010000Z")] })], ca.pem, false],
  [
    "dates in the other form",
    [broker(ca, { times: [long("20260101000000Z"), long("20300101000000Z")] })],
    ca.pem,
    true,
  ],
  ["ends in 2060", [broker(ca, { notAfter: new Date("2060-01-01T00:00:00Z") })], ca.pem, true],
  ["a negative serial number", [broker(ca, { serial: [0xff, 1] })], ca.pem, true],
  ["SHA-1", [broker(ca, { hash: "sha1" })], ca.pem, true, "can be forged"],
  ["MD5", [broker(rsaCa, { hash: "md5" })], rsaCa.pem, true, "can be forged"],
  ["RSA 1024", [broker(rsaCa, { keys: keysOf("rsa1024") })], rsaCa.pem, true, "can be broken"],
  ["for clients only", [broker(ca, { extended: [2] })], ca.pem, true, "stacks look, of the modem nothing is known"],
];

const pemOf = (shown: readonly Forged[]): string => shown.map(({ pem }) => pem).join("");

describe("desk and modem agree", () => {
  for (const [name, shown, file, taken, stricter] of CASES)
    test(`${name}: ${taken ? "taken" : "refused"}${stricter === undefined ? "" : `, on the desk not: ${stricter}`}`, async () => {
      const { findings } = await inspect({ ca: file, server: pemOf(shown) }, rules, { now: NOW, host: HOST });
      const errors = findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
      assert.equal(errors.length === 0, taken && stricter === undefined, errors.join());
      const { ca: written = "" } = await prepare({ ca: file }, rules, NOW);
      for (const text of [file, written]) {
        const anchors = readCertificates(Buffer.from(text)) ?? [];
        const chain = shown.map(({ der }) => new X509Certificate(der));
        const problem = verifyServer({ chain, anchors, now: NOW.getTime(), host: HOST, manner: "rfc" });
        assert.equal(problem === undefined, taken, JSON.stringify(problem));
      }
    });
});

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
/** CA files as people have them; whether the modem reads them as they are. */
const FORMS: readonly (readonly [name: string, file: Buffer, isRead: boolean])[] = [
  ["canonical", latin1(ca.pem), true],
  ["CR LF", latin1(ca.pem.replaceAll("\n", "\r\n")), true],
  ["text around", latin1(`subject=CN = x\n${ca.pem}\nend\n`), true],
  ["no line end at the end", latin1(ca.pem.trimEnd()), true],
  ["a key in front", latin1(keyPem(ca.keys) + ca.pem), true],
  ["CR", latin1(ca.pem.replaceAll("\n", "\r")), false],
  ["a byte order mark", latin1(`\xef\xbb\xbf${ca.pem}`), false],
  ["DER", Buffer.from(ca.der), false],
  ["UTF-16", Buffer.from(`\ufeff${ca.pem}`, "utf16le"), false],
  ["one line", latin1(ca.pem.replaceAll("\n", "")), false],
  ["empty lines", latin1(ca.pem.replaceAll("\n", "\n\n")), false],
  ["indented", latin1(ca.pem.replaceAll("\n", "\n  ")), false],
  ["blanks at the ends", latin1(ca.pem.replaceAll("\n", "  \n")), false],
  ["an old label", latin1(ca.pem.replaceAll("CERTIFICATE", "X509 CERTIFICATE")), false],
];

describe("a form that the modem does not read is told, and put right", () => {
  for (const [name, file, isRead] of FORMS)
    test(`${name}: ${isRead ? "read" : "told"}`, async () => {
      assert.equal(readCertificates(file) !== undefined, isRead);
      const { findings } = await inspect({ ca: file, server: broker(ca).pem }, rules, { now: NOW, host: HOST });
      const form = findings.find(({ code }) => code === "PEM_FORM");
      if (!isRead) assert.equal(form?.severity, "warning");
      else if (form !== undefined) assert.equal(form.severity, "ok");
      assert.deepEqual(
        findings.filter(({ severity }) => severity === "error"),
        [],
      );
      assert.equal((await prepare({ ca: file }, rules, NOW)).ca, ca.pem);
    });
});

for (const oid of ["14", "15", "17", "19", "30", "35", "37"].map((arc) => `2.5.29.${arc}`))
  test(`a critical extension ${oid} with nonsense in it is refused by both, and throws nowhere`, async () => {
    const shown = broker(ca, { critical: oid, extended: [] });
    const { verdict } = await inspect({ ca: ca.pem, server: shown.pem }, rules, { now: NOW, host: HOST });
    const request = {
      chain: [new X509Certificate(shown.der)],
      anchors: [new X509Certificate(ca.der)],
      now: NOW.getTime(),
    };
    const problem = verifyServer({ ...request, host: HOST, manner: "rfc" });
    assert.deepEqual([oid, verdict === "error", problem !== undefined], [oid, true, true]);
  });

test("what holds no certificate is read by neither", async () => {
  for (const file of ["", ca.pem.slice(0, 300), keyPem(ca.keys)]) {
    assert.equal(readCertificates(latin1(file)), undefined);
    assert.equal((await inspect({ ca: file }, rules, { now: NOW })).verdict, "error");
  }
});
