/** The virtual modem against `openssl s_server`: what only a real stack does to a connection that stands. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { PkiOptions } from "../../tools/pki/set.ts";
import { createTlsModem, MUTUAL, pkiOf, STRICT, type TlsModem } from "./tls-modem.ts";
import { missing, startTlsServer, type TlsServer } from "./tls-server.ts";

const options = { skip: missing("openssl", "openssl"), timeout: 20_000 };

async function withServer(
  t: TestContext,
  args: readonly string[],
  { kind, mutual = false }: { kind?: Partial<PkiOptions>; mutual?: boolean } = {},
): Promise<{ server: TlsServer; modem: TlsModem }> {
  const pki = await pkiOf(kind);
  const server = await startTlsServer((port, file) => {
    const chain = file("server.pem", pki.server.chain);
    return [
      "openssl",
      ...["s_server", "-accept", `127.0.0.1:${port}`, "-cert", chain, "-cert_chain", chain],
      ...["-key", file("server.key", pki.server.key), ...args],
      ...(mutual ? ["-CAfile", file("ca.pem", pki.clientCa), "-Verify", "3", "-verify_return_error"] : []),
    ];
  });
  const modem = await createTlsModem(pki);
  t.after(async () => {
    modem.host.end();
    await server.stop();
  });
  return { server, modem };
}

/** Until the server has written this. */
async function logged(modem: TlsModem, server: TlsServer, text: string): Promise<void> {
  for (let tries = 0; !server.log().includes(text); tries++) {
    assert.ok(tries < 500, server.log());
    await modem.host.silence(10);
  }
}

test("OpenSSL: mutual TLS, with an intermediate on both sides", options, async (t) => {
  const { server, modem } = await withServer(t, ["-tls1_2", "-rev"], { kind: { intermediate: true }, mutual: true });
  assert.deepEqual(await modem.open(server.port, MUTUAL), { code: 0, cause: undefined });
  assert.equal(await modem.exchange("hello\n"), "olleh\n");
});

for (const [what, args, settings, cause] of [
  ["TLS 1.3 only", ["-tls1_3"], STRICT, "tls-version"],
  ["TLS 1.1 only", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], STRICT, "tls-version"],
  ["no suite in common", ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], STRICT, "cipher"],
] as const)
  test(`OpenSSL: ${what}: 566, ${cause}`, options, async (t) => {
    const { server, modem } = await withServer(t, args);
    assert.deepEqual(await modem.open(server.port, settings), { code: 566, cause });
  });

test("OpenSSL: no client certificate: 566, client-cert-required", options, async (t) => {
  const { server, modem } = await withServer(t, ["-tls1_2"], { mutual: true });
  assert.deepEqual(await modem.open(server.port, STRICT), { code: 566, cause: "client-cert-required" });
});

test("OpenSSL: a server that wants the name: with SNI it connects, without it not", options, async (t) => {
  const pki = await pkiOf();
  const server = await startTlsServer((port, file) => {
    const [cert, key] = [file("server.pem", pki.server.chain), file("server.key", pki.server.key)];
    return [
      ...["openssl", "s_server", "-accept", `127.0.0.1:${port}`, "-tls1_2", "-rev", "-servername_fatal"],
      ...["-servername", "broker.test", "-cert", cert, "-key", key, "-cert2", cert, "-key2", key],
    ] as [string, ...string[]];
  });
  const modem = await createTlsModem(pki);
  t.after(async () => {
    modem.host.end();
    await server.stop();
  });
  assert.deepEqual(await modem.open(server.port, STRICT), { code: 0, cause: undefined });
  await modem.host.at("AT+QSSLCLOSE=0,1");
  assert.deepEqual(await modem.open(server.port, { ...STRICT, checkhost: 0 }, "other.test"), {
    code: 566,
    cause: "handshake",
  });
});

test("OpenSSL: a renegotiation in the middle goes unseen", options, async (t) => {
  const { server, modem } = await withServer(t, ["-tls1_2"]);
  assert.equal((await modem.open(server.port, STRICT)).code, 0);
  server.say("r");
  // It takes what it reads in one go for one command.
  await logged(modem, server, "SSL_do_handshake");
  server.say("behind it");
  assert.equal(await modem.read(10), "behind it\n");
  assert.equal(await modem.exchange("and back\n", 0), "");
  await logged(modem, server, "and back");
});

test("OpenSSL: the server is killed: the modem says closed, what came before stays readable", options, async (t) => {
  const { server, modem } = await withServer(t, ["-tls1_2"]);
  assert.equal((await modem.open(server.port, STRICT)).code, 0);
  server.say("last words");
  await modem.host.expect(/recv",0\r\n/);
  await server.stop();
  await modem.host.expect(/\+QSSLURC: "closed",0\r\n/);
  assert.equal(await modem.read(11), "last words\n");
});
