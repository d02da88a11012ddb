/** What an engineer is told about his certificates: every finding, and none where all is well. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createPki } from "../../tools/pki/set.ts";
import { type Context, type Files, inspect, prepare } from "../../tools/provision/inspect.ts";
import { rules } from "../../tools/provision/rules/quectel-bg9x.ts";
import { client, days, keyPem, keysOf, NOW, root } from "./forge.ts";
import { broker, CASES, ca, device, good, intermediate, rsa, rsaRoot } from "./inspect-cases.ts";
import { STACK_CASES } from "./stack-cases.ts";

const asked = async (files: Files, context: Partial<Context> = {}) => inspect(files, rules, { now: NOW, ...context });

describe("all is well", () => {
  test("RSA 2048, traditional key: nothing but praise", async () => {
    const report = await asked(
      { ca: rsaRoot.pem, cert: good.pem, key: keyPem(rsa, "pkcs1"), server: broker(rsaRoot).pem },
      { host: "broker.test", buildTime: days(-1) },
    );
    assert.equal(report.verdict, "ok");
    assert.deepEqual(
      report.findings.map(({ code }) => code),
      ["CHAIN_COMPLETE", "CHAIN_COMPLETE", "PAIR_MATCHES", "KEY_FORM_FITS", "HOST_NAMED", "CERT_GOOD"],
    );
    assert.deepEqual(report.facts.key?.writtenAs, "pkcs1");
    assert.deepEqual(report.facts.bytes, {
      ca: rsaRoot.pem.length,
      cert: good.pem.length,
      key: keyPem(rsa, "pkcs1").length,
    });
  });

  for (const keyKind of ["ec-p256", "rsa-2048"] as const)
    for (const intermediate of [false, true])
      test(`what godwit pki makes has no errors: ${keyKind}, ${intermediate ? "with" : "without"} intermediate`, async () => {
        const pki = await createPki({ hosts: ["broker.test", "127.0.0.1"], client: "device-1", keyKind, intermediate });
        const files = {
          ca: pki.ca,
          cert: pki.client?.chain,
          key: pki.client?.traditionalKey,
          server: pki.server.chain,
        };
        for (const host of ["broker.test", "127.0.0.1"]) {
          const { findings } = await inspect(files, rules, { now: new Date(), host });
          assert.deepEqual(
            findings.filter(({ severity }) => severity === "error"),
            [],
          );
          assert.equal(findings.filter(({ code }) => code === "CHAIN_COMPLETE").length, 2);
        }
      });

  test("one CA alone is enough to look at", async () => {
    const report = await asked({ ca: ca.pem });
    assert.equal(report.verdict, "ok");
    const [shown] = report.facts.ca;
    assert.deepEqual(
      [shown?.subject, shown?.key, shown?.signature, shown?.role, shown?.serial, shown?.keyUsage],
      ["CN=Root", "EC P-256", "ECDSA SHA-256", "root", "1122", ["keyCertSign", "cRLSign"]],
    );
  });

  test("the fingerprint is that of openssl", async () => {
    const directory = mkdtempSync(join(tmpdir(), "provision-"));
    try {
      writeFileSync(join(directory, "c.pem"), good.pem);
      const text = execFileSync("openssl", [
        "x509",
        "-in",
        join(directory, "c.pem"),
        "-noout",
        "-fingerprint",
        "-sha256",
      ]).toString();
      assert.equal((await asked({ cert: good.pem })).facts.cert[0]?.fingerprint, text.trim().split("=")[1]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("is told", () => {
  for (const [name, files, severity, code, subject, says, context] of [...CASES, ...STACK_CASES]) {
    test(`${code}: ${name}`, async () => {
      const report = await asked(files, context);
      const found = report.findings.find((one) => one.code === code && one.subject === subject && says.test(one.text));
      assert.ok(found, JSON.stringify(report.findings, null, 1));
      assert.equal(found.severity, severity);
      if (severity !== "ok") assert.ok(found.remedy !== "" || found.commands.length > 0, "what to do");
      const order = report.findings.map((one) => ["error", "warning", "ok"].indexOf(one.severity));
      assert.deepEqual(order, [...order].sort(), "errors first");
    });
  }
});

describe("what is written", () => {
  test("the leaf first, its intermediates behind it, the root left out", async () => {
    const leaf = client(intermediate);
    const files = { ca: ca.pem, cert: ca.pem + intermediate.pem + leaf.pem, key: keyPem(leaf.keys) };
    assert.deepEqual(await prepare(files, rules), {
      ca: ca.pem,
      cert: leaf.pem + intermediate.pem,
      key: keyPem(leaf.keys),
    });
  });

  test("of several keys the one of the certificate, of two roots with one key the one in force", async () => {
    const other = keyPem(keysOf("prime256v1", 9));
    const old = root({ notBefore: days(-800), notAfter: days(-5), serial: [9] });
    const files = { ca: old.pem + ca.pem, cert: device.pem, key: other + keyPem(device.keys) };
    assert.deepEqual(await prepare(files, rules, NOW), { ca: ca.pem, cert: device.pem, key: keyPem(device.keys) });
  });

  test("a date that nobody reads alike is not called expired", async () => {
    const times = [
      [0x17, "2601010000Z"],
      [0x17, "3001010000Z"],
    ] as const;
    const { findings } = await asked({ ca: root({ times }).pem });
    const codes = findings.map(({ code }) => code);
    assert.ok(codes.includes("CERT_TIME_FORM"));
    assert.ok(!codes.includes("CERT_EXPIRED"), codes.join());
  });

  test("roots in front of intermediates", async () => {
    assert.equal((await prepare({ ca: intermediate.pem + ca.pem }, rules)).ca, ca.pem + intermediate.pem);
  });

  for (const [kind, form] of [
    ["prime256v1", "sec1"],
    ["secp384r1", "sec1"],
    ["secp521r1", "sec1"],
    ["rsa2048", "pkcs1"],
  ] as const)
    test(`a key in PKCS#8 is written in the traditional form: ${kind}`, async () => {
      const keys = keysOf(kind);
      assert.equal((await prepare({ key: keyPem(keys, "pkcs8") }, rules)).key, keyPem(keys, form));
      assert.equal((await prepare({ key: keyPem(keys, form) }, rules)).key, keyPem(keys, form));
    });

  test("what openssl writes without the public part is completed", async () => {
    const directory = mkdtempSync(join(tmpdir(), "provision-"));
    try {
      const path = join(directory, "k.pem");
      writeFileSync(path, keyPem(device.keys));
      const bare = execFileSync("openssl", ["ec", "-in", path, "-no_public"], { stdio: "pipe" }).toString();
      assert.notEqual(bare, keyPem(device.keys));
      assert.equal((await prepare({ key: bare }, rules)).key, keyPem(device.keys));
      for (const args of [
        ["-conv_form", "compressed"],
        ["-param_enc", "explicit"],
      ]) {
        const pem = execFileSync("openssl", ["ec", "-in", path, ...args], { stdio: "pipe" }).toString();
        const { findings } = await asked({ cert: device.pem, key: pem });
        const codes = findings.map(({ code }) => code);
        assert.ok(codes.includes(args[1] === "explicit" ? "KEY_ALGORITHM" : "PAIR_MATCHES"), codes.join());
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test("names from outside cannot move the cursor of who reads them", async () => {
  const evil = root({ name: "a\x1b[2J\u202eb" });
  const { facts, findings } = await asked({ ca: evil.pem, cert: device.pem });
  assert.equal(facts.ca[0]?.subject, "CN=a\\x1b[2J\\x202eb");
  assert.doesNotMatch(JSON.stringify(findings), /\\u001b|\u202e/);
});
