/** Every code that a user can meet is met in a test, and every finding that is not well says what to do. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root as project } from "../../tools/build/paths.ts";
import { inspect } from "../../tools/provision/inspect.ts";
import { rules } from "../../tools/provision/rules/quectel-bg9x.ts";
import { client, keyPem, keysOf, NOW, root } from "./forge.ts";

const CODE = /"((?:PEM|CERT|KEY|PAIR|CHAIN|HOST|STORE|PROVISION)_[A-Z0-9_]+)"/g;

function codesIn(folder: string, accept: RegExp): Set<string> {
  const files = readdirSync(join(project, folder), { recursive: true, encoding: "utf8" }).filter((file) =>
    accept.test(file),
  );
  const texts = files.map((file) => readFileSync(join(project, folder, file), "utf8"));
  return new Set(texts.flatMap((text) => Array.from(text.matchAll(CODE), ([, code = ""]) => code)));
}

test("every code is met in a test", () => {
  const tested = codesIn("test", /^(provision|long)\/(?:.*\.test|.*-cases)\.ts$/);
  const missing = [...codesIn("tools/provision", /\.ts$/)].filter((code) => !tested.has(code));
  assert.deepEqual(missing, []);
});

describe("damaged keys", () => {
  const ca = root();
  const device = client(ca);
  const rsa = keysOf("rsa2048");
  /** The content of a PEM with some bytes changed. */
  const changed = (pem: string, ...changes: readonly (readonly [at: number, value: number])[]): Uint8Array => {
    const bytes = Uint8Array.from(Buffer.from(pem.split("\n").slice(1, -2).join(""), "base64"));
    for (const [at, value] of changes) bytes[at < 0 ? bytes.length + at : at] = value;
    return bytes;
  };
  const ec = keyPem(device.keys);
  const CASES: readonly (readonly [name: string, key: Uint8Array])[] = [
    ["the secret of an EC key", changed(ec, [10, 1], [11, 2], [12, 3])],
    ["the public part of an EC key", changed(ec, [-1, 1], [-2, 2], [-3, 3])],
    ["the secret is zero", changed(ec, ...Array.from({ length: 32 }, (_, index) => [7 + index, 0] as const))],
    ["the version of an EC key", changed(ec, [4, 2])],
    ["the last number of an RSA key", changed(keyPem(rsa, "pkcs1"), [-1, 1], [-2, 2], [-3, 3])],
    ["a number in the middle of an RSA key", changed(keyPem(rsa, "pkcs1"), [700, 1], [701, 2], [702, 3])],
    ["the version of an RSA key", changed(keyPem(rsa, "pkcs1"), [6, 1])],
  ];
  for (const [name, key] of CASES)
    test(name, async () => {
      const { findings } = await inspect({ key }, rules, { now: NOW });
      assert.ok(
        findings.some(({ code, severity }) => code === "KEY_DAMAGED" && severity === "error"),
        findings.map(({ code }) => code).join(),
      );
    });
});

test("a form that the modem does not read, and no other is there", async () => {
  const only = { ...rules, keyForms: { value: ["pkcs1"], grade: "D", source: "this test" } } as const;
  const { findings } = await inspect({ key: keyPem(keysOf("prime256v1")) }, only, { now: NOW });
  assert.ok(findings.some(({ code, severity }) => code === "KEY_FORM_UNPROVED" && severity === "warning"));
});
