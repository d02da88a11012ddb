/** Damaged files: whatever was flipped, cut or doubled, nothing throws, and nothing damaged is called well. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Files, inspect, prepare } from "../../tools/provision/inspect.ts";
import { readPem } from "../../tools/provision/pem.ts";
import { rules as quectel } from "../../tools/provision/rules/quectel-bg9x.ts";
import type { ModemRules } from "../../tools/provision/rules/rules.ts";
import { client, keyPem, keysOf, NOW, root } from "../provision/forge.ts";

/** GODWIT_RUNS for more, GODWIT_SEED to have one again. */
// Each run parses and checks a whole set: more than these take too long for any night.
const RUNS = Math.min(4000, Number(process.env["GODWIT_RUNS"] ?? 40));
const seed = Number(process.env["GODWIT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** With no doubt left about curves, so that an undamaged set is well. */
const rules: ModemRules = { ...quectel, keyCurves: { value: ["P-256"], grade: "R", source: "this test" } };

const ca = root();
const device = client(ca);
const rsaCa = root({ keys: keysOf("rsa2048", 1) });
const rsaDevice = client(rsaCa, { keys: keysOf("rsa2048") });
type Texts = Readonly<Record<"ca" | "cert" | "key", string>>;
const SETS: Readonly<Record<string, Texts>> = {
  ec: { ca: ca.pem, cert: device.pem, key: keyPem(device.keys) },
  rsa: { ca: rsaCa.pem, cert: rsaDevice.pem, key: keyPem(rsaDevice.keys, "pkcs1") },
};

/** One change of a text of bytes. */
type Change = (text: string) => string;
const place = fc.double({ min: 0, max: 0.999, noNaN: true });
const at = (text: string, part: number): number => Math.floor(text.length * part);
const replaced = (text: string, index: number, char: string): string =>
  text.slice(0, index) + char + text.slice(index + 1);
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n";

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(
    ([part, bit]): Change =>
      (text) => {
        const index = at(text, part);
        return replaced(text, index, String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)));
      },
  ),
  // What is still Base64 does more harm than what is not.
  fc.tuple(place, fc.nat(BASE64.length - 1)).map(
    ([part, char]): Change =>
      (text) =>
        replaced(text, at(text, part), BASE64.charAt(char)),
  ),
  place.map(
    (part): Change =>
      (text) =>
        text.slice(0, at(text, part)),
  ),
  place.map(
    (part): Change =>
      (text) =>
        text.slice(at(text, part)),
  ),
  fc.tuple(place, place).map(
    ([a, b]): Change =>
      (text) =>
        text.slice(0, at(text, Math.min(a, b))) + text.slice(at(text, Math.max(a, b))),
  ),
  fc.tuple(place, place).map(
    ([a, b]): Change =>
      (text) =>
        text.slice(0, at(text, Math.max(a, b))) + text.slice(at(text, Math.min(a, b))),
  ),
  fc.tuple(place, place).map(
    ([a, b]): Change =>
      (text) => {
        const [one, two] = [at(text, a), at(text, b)];
        return replaced(replaced(text, one, text.charAt(two)), two, text.charAt(one));
      },
  ),
);

const asBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

for (const [kind, texts] of Object.entries(SETS)) {
  test(`undamaged it is well: ${kind}`, async () => {
    assert.equal((await inspect(texts, rules, { now: NOW })).verdict, "ok");
  });

  test(`a damaged ${kind} file is never called well (seed ${seed})`, async () => {
    const whole = await prepare(texts, rules);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("ca", "cert", "key"),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (role, changes, isBinary) => {
          const damaged = changes.reduce((text, one) => one(text), texts[role as keyof Texts]);
          const files: Files = { ...texts, [role]: isBinary ? asBytes(damaged) : damaged };
          const report = await inspect(files, rules, { now: NOW });
          // Blanks and line ends may change without harm; then what is written is what it was.
          if (report.verdict === "ok") assert.deepEqual(await prepare(files, rules), whole);
        },
      ),
      { seed, numRuns: kind === "rsa" ? RUNS / 2 : RUNS },
    );
  });

  test(`damaged DER of ${kind} is never called well (seed ${seed})`, async () => {
    const whole = await prepare(texts, rules);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("ca", "cert", "key"),
        place,
        fc.integer({ min: 1, max: 255 }),
        async (role, part, mask) => {
          const { blocks } = readPem(texts[role as keyof Texts], role as keyof Texts);
          const der = Uint8Array.from(blocks[0]?.der ?? []);
          const index = Math.floor(der.length * part);
          der[index] = (der[index] ?? 0) ^ mask;
          const files: Files = { ...texts, [role]: der };
          const report = await inspect(files, rules, { now: NOW });
          // Not even as a warning alone: DER itself is one, so that what remains has to be more.
          const others = report.findings.filter(({ code, severity }) => code !== "PEM_FORM" && severity !== "ok");
          if (others.length === 0) assert.deepEqual(await prepare(files, rules), whole);
        },
      ),
      { seed, numRuns: kind === "rsa" ? RUNS / 2 : RUNS },
    );
  });
}

test(`any bytes at all, in any place (seed ${seed})`, async () => {
  const some = fc.oneof(fc.uint8Array({ maxLength: 600 }), fc.string({ unit: "binary", maxLength: 600 }));
  await fc.assert(
    fc.asyncProperty(fc.record({ ca: some, cert: some, key: some, server: some }), async (files) => {
      assert.equal((await inspect(files, rules, { now: NOW, host: "a.test" })).verdict, "error");
    }),
    { seed, numRuns: RUNS },
  );
});
