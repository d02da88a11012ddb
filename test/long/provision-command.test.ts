/** `godwit provision` as somebody types it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { root as project } from "../../tools/build/paths.ts";
import { CliError } from "../../tools/cli/errors.ts";
import { type Options, run, type Surroundings } from "../../tools/provision/command.ts";
import { MAX_SOURCE } from "../../tools/provision/source.ts";
import type { Session } from "../../tools/repl/session.ts";
import { client, days, keyPem, keysOf, NOW, root } from "../provision/forge.ts";
import { unasked } from "../provision/stand-in.ts";

const directory = mkdtempSync(join(tmpdir(), "provision-"));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string): string => join(directory, name);
const ca = root({ keys: keysOf("rsa2048", 1) });
const device = client(ca, { keys: keysOf("rsa2048") });
const key = keyPem(device.keys, "pkcs1");
writeFileSync(at("ca.pem"), ca.pem);
writeFileSync(at("client.pem"), device.pem);
writeFileSync(at("client.key"), key);
writeFileSync(at("old.pem"), client(ca, { keys: device.keys, notBefore: days(-20), notAfter: days(-10) }).pem);
writeFileSync(at("large.pem"), "x".repeat(MAX_SOURCE + 10));
const good: Partial<Options> = { ca: at("ca.pem"), cert: at("client.pem"), key: at("client.key") };

/** A store that is a Map, behind the few expressions that are sent. */
function fakeSession(store: Map<string, number>): Session {
  return {
    ...unasked,
    evaluate: async (text) => (text.startsWith("typeof") ? true : text.includes("memory(false)") ? 9000 : "100"),
    async call(code) {
      const [, name = ""] = /(?:put|remove)\(["'`]([^"'`]+)/.exec(code) ?? [];
      if (code.includes(".remove(")) store.delete(name);
      else if (code.includes(".put("))
        store.set(name, { "ca.pem": ca.pem, "client.pem": device.pem }[name]?.length ?? key.length);
      else return [undefined, [...store].map(([file, bytes]) => `+QFLST: "${file}",${bytes}`)];
      return [];
    },
  };
}

interface Outcome {
  readonly lines: string[];
  readonly error: CliError | undefined;
  readonly failed: boolean;
}

async function godwit(
  options: Partial<Options>,
  store = new Map<string, number>(),
  answer?: boolean,
): Promise<Outcome> {
  const lines: string[] = [];
  let failed = false;
  const surroundings: Surroundings = {
    print: (line) => lines.push(line),
    withSession: (_, use) => use(fakeSession(store)),
    ask: answer === undefined ? undefined : () => Promise.resolve(answer),
    now: () => NOW,
    fail: () => {
      failed = true;
    },
  };
  try {
    await run({ modem: "quectel-bg9x", reboot: true, ...options }, surroundings);
    return { lines, error: undefined, failed };
  } catch (error) {
    assert.ok(error instanceof CliError, String(error));
    return { lines, error, failed };
  }
}

describe("--check", () => {
  test("a good set: exit code 0, and what is in it", async () => {
    const { lines, error } = await godwit({ ...good, check: true });
    const text = lines.join("\n");
    assert.equal(error, undefined);
    assert.match(text, /CN=device-1 {2}leaf, RSA 2048, RSA SHA-256, 2026-11-15 to 2028-10-25/);
    assert.match(text, /PAIR_MATCHES/);
    assert.match(text, /0 errors, 0 warnings/);
  });

  test("errors come first, with what to do and a command; exit code 1", async () => {
    const { lines, error } = await godwit({ ...good, cert: at("old.pem"), check: true });
    assert.deepEqual([error?.code, error?.exitCode], ["PROVISION_REFUSED", 1]);
    const marks = lines.filter((line) => /^\S* ?[x!+] [A-Z]+_/.test(stripVTControlCharacters(line)));
    assert.match(marks[0] ?? "", /CERT_EXPIRED/);
    assert.ok(lines.some((line) => line.includes("$ openssl x509 -in client.pem -noout -dates")));
    assert.ok(
      lines.every((line) => line.length <= 140),
      "lines are wrapped",
    );
  });

  test("--json: one object, and no key in it", async () => {
    const whole = await godwit({ ...good, check: true, json: true });
    assert.equal(whole.lines.length, 1);
    assert.equal((JSON.parse(whole.lines[0] ?? "") as { ok: boolean }).ok, true);
    assert.ok(!whole.lines[0]?.includes(key.slice(60, 90)));
    const broken = await godwit({ ...good, cert: at("old.pem"), check: true, json: true });
    const said = JSON.parse(broken.lines[0] ?? "") as { ok: boolean; code: string; report: { verdict: string } };
    assert.deepEqual(
      [said.ok, said.code, said.report.verdict, broken.failed, broken.lines.length],
      [false, "PROVISION_REFUSED", "error", true, 1],
    );
  });

  test("a file that is too long is not read to its end", async () => {
    const { lines, error } = await godwit({ ca: at("large.pem"), check: true });
    assert.equal(error?.code, "PROVISION_REFUSED");
    assert.match(lines.join("\n"), /PEM_TOO_LARGE/);
  });
});

describe("wrong usage is exit code 2", () => {
  const WRONG: readonly [Partial<Options>, RegExp][] = [
    [{}, /give --ca/],
    [good, /give --port/],
    [{ port: "x" }, /give --ca/],
    [{ port: "x", server: at("ca.pem") }, /nothing to write/],
    [{ ...good, port: "x", list: true }, /without files/],
    [{ port: "x", list: true, remove: "a" }, /either/],
    [{ list: true }, /give --port/],
    [{ ...good, check: true, modem: "sara" }, /there are rules for quectel-bg9x/],
    [{ ca: at("none.pem"), check: true }, /ENOENT/],
    [{ ca: directory, check: true }, /EISDIR/],
  ];
  for (const [options, says] of WRONG)
    test(says.source, async () => {
      const { error } = await godwit(options);
      assert.equal(error?.exitCode, 2);
      assert.match(error?.message ?? "", says);
    });
});

describe("with a board", () => {
  test("writes, says so, and lists", async () => {
    const store = new Map<string, number>();
    const { lines, error } = await godwit({ ...good, port: "x" }, store);
    assert.equal(error, undefined);
    assert.deepEqual([...store.keys()], ["ca.pem", "client.pem", "client.key"]);
    const text = lines.join("\n");
    assert.match(text, /writing client\.key, \d+ bytes \(3 of 3\)/);
    assert.match(text, /client\.key {2}\d+ bytes, new: checksum and size are right/);
    assert.match(text, /The board reboots now/);
    assert.ok(!text.includes(key.slice(60, 90)));
    assert.match((await godwit({ port: "x", list: true }, store)).lines.join("\n"), /client\.key {4,}\d+ bytes/);
    await godwit({ port: "x", remove: "ca.pem" }, store);
    assert.deepEqual([...store.keys()], ["client.pem", "client.key"]);
  });

  test("replaces only when told to", async () => {
    const full = (): Map<string, number> => new Map([["ca.pem", 5]]);
    for (const [options, answer, done] of [
      [{}, undefined, false],
      [{}, false, false],
      [{}, true, true],
      [{ yes: true }, undefined, true],
      [{ json: true }, true, false],
    ] as const) {
      const store = full();
      const { error } = await godwit({ ...good, ...options, port: "x" }, store, answer);
      assert.equal(error?.code, done ? undefined : "PROVISION_CONFIRM");
      assert.equal(store.get("ca.pem") === ca.pem.length, done);
    }
  });

  test("errors are refused, unless forced", async () => {
    const store = new Map<string, number>();
    const wrong = { ...good, cert: at("old.pem"), port: "x" };
    assert.equal((await godwit(wrong, store)).error?.code, "PROVISION_REFUSED");
    assert.equal(store.size, 0);
    // What is stored is longer than the stand-in says, so the comparison fails: it was written.
    await godwit({ ...wrong, force: true }, store);
    assert.equal(store.size, 3);
  });

  test("names that do not fit are told by their code", async () => {
    const { error } = await godwit({ ...good, port: "x", nameCa: "a b" });
    assert.equal(error?.code, "PROVISION_NAME");
    assert.match(error?.message ?? "", /docs\/errors\.md/);
  });
});

test("from a shell", () => {
  const shell = (...args: string[]) =>
    spawnSync(process.execPath, ["tools/cli/godwit.mjs", "provision", ...args], { cwd: project, encoding: "utf8" });
  const help = shell("--help");
  assert.equal(help.status, 0);
  assert.match(help.stdout, /Exit codes/);
  const checked = shell("--check", "--json", "--ca", at("ca.pem"));
  assert.equal((JSON.parse(checked.stdout) as { report: { facts: { ca: unknown[] } } }).report.facts.ca.length, 1);
  assert.equal(shell("--ca", at("ca.pem")).status, 2);
});
