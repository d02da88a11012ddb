import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { createPki } from "../../tools/pki/set.ts";
import { findRules, inspect } from "../../tools/provision/inspect.ts";
import {
  chainOf,
  type DroppedFile,
  firstGuess,
  type Role,
  roleOfCertificates,
  toInspect,
  wipe,
  withFile,
  withRole,
} from "../../web/src/state/provision-state.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (id: number, role: Role, text = "x"): DroppedFile => ({
  id,
  name: `${role}.pem`,
  role,
  bytes: bytes(text),
});
const roles = (files: readonly DroppedFile[]): [number, Role][] => files.map(({ id, role }) => [id, role]);

function rules() {
  const found = findRules("quectel-bg9x");
  if (found === undefined) throw new Error("no rules of quectel-bg9x");
  return found;
}

describe("dropped files", () => {
  let pki = { ca: "", cert: "", key: "" };
  before(async () => {
    const { ca, client } = await createPki({ hosts: ["broker.test"], client: "d1" });
    if (client === undefined) throw new Error("no client certificate was made");
    pki = { ca, cert: client.certificate, key: client.key };
  });

  const look = (files: Parameters<typeof inspect>[0]) => inspect(files, rules(), { now: new Date() });

  it("are told apart by what is in them, whatever they are called", async () => {
    assert.equal(firstGuess(bytes(pki.key), "a.pem"), "key");
    assert.equal(firstGuess(bytes(pki.cert), "key.pem"), "certificate");
    assert.equal(roleOfCertificates((await look({ cert: pki.ca })).facts.cert, "client.pem"), "ca");
    assert.equal(roleOfCertificates((await look({ cert: pki.cert })).facts.cert, "ca.pem"), "cert");
  });

  it("that cannot be read are told apart by their names", () => {
    assert.equal(firstGuess(bytes("garbage"), "client.key"), "key");
    assert.equal(roleOfCertificates([], "my-ca.pem"), "ca");
    assert.equal(roleOfCertificates([], "cable.pem"), "cert");
  });

  it("have one role each: the newest takes it", () => {
    const files = withFile(withFile([], file(1, "ca")), file(2, "ca"));
    assert.deepEqual(roles(files), [
      [1, "unused"],
      [2, "ca"],
    ]);
    assert.deepEqual(roles(withRole(files, 1, "ca")), [
      [1, "ca"],
      [2, "unused"],
    ]);
    assert.deepEqual(roles(withRole(files, 2, "unused")), [
      [1, "unused"],
      [2, "unused"],
    ]);
  });

  it("that are left out are not looked at", () => {
    assert.deepEqual(toInspect([file(1, "unused")]), {
      ca: undefined,
      cert: undefined,
      key: undefined,
      server: undefined,
    });
  });

  it("are overwritten when they are forgotten", () => {
    const key = file(1, "key", pki.key);
    wipe(key);
    assert.ok(key.bytes.every((byte) => byte === 0));
  });

  it("make a chain from the root down to the key", async () => {
    const report = await look({ ca: pki.ca, cert: pki.cert, key: pki.key });
    assert.deepEqual(
      chainOf(report).map(({ kind }) => kind),
      ["root", "leaf", "key"],
    );
  });

  it("have the key in the chain when it was written and is forgotten", async () => {
    const report = await look({ ca: pki.ca, cert: pki.cert, key: pki.key });
    const node = chainOf(report, true).at(-1);
    assert.deepEqual(
      [node?.kind, node?.details, node?.severity],
      ["key", ["in the modem", "forgotten here"], chainOf(report).at(-1)?.severity],
    );
  });

  it("show what is missing in the chain", async () => {
    assert.deepEqual(
      chainOf(await look({ key: pki.key })).map(({ kind, title }) => [kind, title]),
      [
        ["gap", "Root"],
        ["gap", "Client certificate"],
        ["key", "Private key"],
      ],
    );
    assert.deepEqual(
      chainOf(await look({ ca: pki.ca })).map(({ kind }) => kind),
      ["root"],
    );
  });

  it("that cannot be read are no files that are missing", async () => {
    const damaged = pki.cert.slice(0, pki.cert.length / 2);
    const [root, leaf, key] = chainOf(await look({ ca: pki.ca, cert: damaged, key: pki.key }));
    assert.deepEqual([root?.severity, key?.kind], ["ok", "key"]);
    assert.deepEqual([leaf?.kind, leaf?.name, leaf?.severity], ["gap", "cannot be read", "error"]);
  });

  it("never show anything of the key in the picture", async () => {
    const report = await look({ ca: pki.ca, cert: pki.cert, key: pki.key });
    const secret = pki.key.split("\n").filter((line) => line.length > 20 && !line.startsWith("-"));
    for (const line of secret) assert.ok(!JSON.stringify(chainOf(report)).includes(line));
  });
});
