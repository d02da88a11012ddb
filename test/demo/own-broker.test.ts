import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CliError } from "../../tools/cli/errors.ts";
import { brokerAddress, ownBroker } from "../../tools/demo/own-broker.ts";
import { tlsWords } from "../../tools/demo/peer.ts";

const directory = mkdtempSync(join(tmpdir(), "godwit-broker-"));
after(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const CA = file("ca.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
const KEY = file("client.key", "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n");

test("an address is a host, a port and perhaps a login", () => {
  assert.deepEqual(brokerAddress("mqtts://broker.example.com"), { host: "broker.example.com", port: 8883 });
  assert.deepEqual(brokerAddress("mqtts://192.0.2.7:443/"), { host: "192.0.2.7", port: 443 });
  assert.deepEqual(brokerAddress("mqtts://dev:p%40ss%3A1@b.test:8883"), {
    host: "b.test",
    port: 8883,
    login: { username: "dev", password: "p@ss:1" },
  });
});

const WRONG: [text: string, message: RegExp][] = [
  ["broker.test", /wants mqtts:\/\/host:port/],
  ["mqtts://", /wants mqtts:\/\/host:port/],
  ["mqtts://b.test:65536", /wants mqtts:\/\/host:port/],
  ["mqtts://b.test:abc", /wants mqtts:\/\/host:port/],
  ["mqtts://a b:8883", /wants mqtts:\/\/host:port/],
  ["mqtts://b.test:0", /no port 0/],
  ["mqtts://b.test/mqtt", /nothing behind it/],
  ["mqtts://b.test?x=1", /nothing behind it/],
  ["mqtts://[2001:db8::1]:8883", /contexts are IPv4/],
  ["mqtts://m%C3%BCnchen.test", /write xn--mnchen-3ya\.test/],
  ["mqtts://münchen.test", /write xn--mnchen-3ya\.test/],
  [`mqtts://${"a".repeat(300)}`, /at most 128/],
  ['mqtts://b"c.test', /letters, digits/],
  [`mqtts://u:${"p".repeat(129)}@b.test`, /at most 128 printable/],
  ["mqtts://u:p%0D@b.test", /printable ASCII/],
  ["mqtts://u:p%22@b.test", /printable ASCII/],
];

test("an address that cannot work is refused with the reason", () => {
  for (const [text, message] of WRONG) {
    assert.throws(() => brokerAddress(text), { code: "USAGE", exitCode: 2, message }, text);
  }
});

test("a password is in no refusal", () => {
  for (const text of ["mqtt://dev:geheim@b.test", "mqtts://dev:geheim@b.test:99999", "mqtts://dev:geheim%00@b.test"]) {
    assert.throws(
      () => brokerAddress(text),
      (error: unknown) => error instanceof CliError && !error.message.includes("geheim"),
    );
  }
});

test("files are what they are given for, or their option is named", () => {
  const broker = "mqtts://b.test";
  const found = ownBroker({ broker, ca: CA, cert: CA, key: KEY });
  assert.ok(found?.key?.includes("PRIVATE KEY") && found.cert === found.ca);
  const refused: [options: { ca: string; cert?: string; key?: string }, code: string, message: RegExp][] = [
    [{ ca: join(directory, "none") }, "NO_FILE", /^--ca: cannot read .*ENOENT/],
    [{ ca: directory }, "NO_FILE", /no file/],
    [{ ca: file("empty.pem", "") }, "NOT_PEM", /^--ca: .*provision --check --ca/],
    [{ ca: file("ca.der", Uint8Array.of(0x30, 0x82, 1, 0)) }, "NOT_PEM", /no PEM file with a CERTIFICATE/],
    [{ ca: file("huge.pem", "x".repeat(70_000)) }, "NO_FILE", /more than 65,536 bytes/],
    [{ ca: CA, cert: KEY, key: CA }, "NOT_PEM", /^--cert: /],
    [{ ca: CA, cert: CA, key: CA }, "NOT_PEM", /^--key: .*PRIVATE KEY/],
  ];
  for (const [options, code, message] of refused) {
    assert.throws(() => ownBroker({ broker, ...options }), { code, exitCode: 2, message });
  }
});

test("what OpenSSL says is told without its insides", () => {
  assert.equal(
    tlsWords(
      "80ACE2E3887F0000:error:0A00045C:SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:../deps/x.c:1601:SSL alert number 116\n",
    ),
    "tlsv13 alert certificate required (SSL routines)",
  );
  assert.equal(
    tlsWords("error:05800074:x509 certificate routines::key values mismatch"),
    "key values mismatch (x509 certificate routines)",
  );
  assert.equal(tlsWords("connect ECONNREFUSED 127.0.0.1:8883"), "connect ECONNREFUSED 127.0.0.1:8883");
});
