import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import tls from "node:tls";
import { createAuthority, expiredSince, type KeyKind, validFor } from "../../tools/pki/pki.ts";
import { createPki, type Pki, type PkiOptions } from "../../tools/pki/set.ts";

const BASE: PkiOptions = { hosts: ["broker.test", "127.0.0.1"], client: "device-1" };

interface Outcome {
  server: string;
  client: string;
  peer?: string;
}

/** One mutual TLS handshake; what each side says about it. */
async function handshake(pki: Pki, servername: string): Promise<Outcome> {
  const server = tls.createServer({
    cert: pki.server.chain,
    key: pki.server.key,
    ca: pki.clientCa,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.2",
  });
  const outcome: Outcome = { server: "ok", client: "ok" };
  server.on("tlsClientError", (error: NodeJS.ErrnoException) => {
    outcome.server = error.code ?? error.message;
  });
  server.on("secureConnection", (socket) => {
    outcome.peer = String(socket.getPeerCertificate().subject.CN);
    socket.on("error", () => undefined);
    socket.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = tls.connect({
    port: (server.address() as AddressInfo).port,
    servername,
    ca: pki.ca,
    ...(pki.client === undefined ? {} : { cert: pki.client.chain, key: pki.client.traditionalKey }),
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    outcome.client = error.code ?? error.message;
  });
  socket.resume();
  // Not events.once: it rejects on the "error" that half of these handshakes are meant to end with.
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return outcome;
}

for (const keyKind of ["ec-p256", "rsa-2048"] as KeyKind[]) {
  for (const intermediate of [false, true]) {
    test(`mutual TLS works: ${keyKind}, ${intermediate ? "with" : "without"} intermediate`, async () => {
      const pki = await createPki({ ...BASE, keyKind, intermediate });
      assert.deepEqual(await handshake(pki, "broker.test"), { server: "ok", client: "ok", peer: "device-1" });
    });
  }
}

test("each fault has its own cause and no other", async () => {
  const expected: [PkiOptions["fault"], Partial<Outcome>][] = [
    ["expired", { client: "CERT_HAS_EXPIRED" }],
    ["wrong-host", { client: "ERR_TLS_CERT_ALTNAME_INVALID" }],
    ["no-client-cert", { server: "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE" }],
  ];
  for (const [fault, wanted] of expected) {
    const outcome = await handshake(
      await createPki({ ...BASE, ...(fault === undefined ? {} : { fault }) }),
      "broker.test",
    );
    for (const [side, code] of Object.entries(wanted)) assert.equal(outcome[side as keyof Outcome], code, fault);
  }
});

test("an unknown CA has the same name as the right one and still fails", async () => {
  const pki = await createPki({ ...BASE, fault: "unknown-ca" });
  assert.equal(new X509Certificate(pki.ca).subject, new X509Certificate(pki.clientCa).subject);
  const outcome = await handshake(pki, "broker.test");
  assert.notEqual(outcome.client, "ok");
});

test("names, addresses, usage and dates stand in the certificate", async () => {
  const ca = await createAuthority({ name: "Root" });
  const validity = expiredSince(3);
  const server = await ca.issue({ name: "b.test", usage: "server", hosts: ["b.test", "::1", "10.0.0.1"], validity });
  const read = new X509Certificate(server.certificate);
  assert.equal(read.subjectAltName, "DNS:b.test, IP Address:0:0:0:0:0:0:0:1, IP Address:10.0.0.1");
  assert.deepEqual(read.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  assert.equal(Date.parse(read.validTo), Math.floor(validity.notAfter.getTime() / 1000) * 1000);
  assert.ok(read.verify(new X509Certificate(ca.certificate).publicKey));
  assert.ok(!read.ca);
  assert.ok(new X509Certificate(ca.certificate).ca);
});

test("keys are given as PKCS#8 and in the traditional form, and are the same key", async () => {
  const ca = await createAuthority({ name: "Root" });
  const forms: [KeyKind, string][] = [
    ["ec-p256", "-----BEGIN EC PRIVATE KEY-----"],
    ["rsa-2048", "-----BEGIN RSA PRIVATE KEY-----"],
  ];
  for (const [keyKind, header] of forms) {
    const identity = await ca.issue({ name: "d", usage: "client", keyKind });
    assert.ok(identity.key.startsWith("-----BEGIN PRIVATE KEY-----"));
    assert.ok(identity.traditionalKey.startsWith(header));
    const key = createPrivateKey(identity.traditionalKey);
    assert.ok(key.equals(createPrivateKey(identity.key)));
    assert.ok(new X509Certificate(identity.certificate).checkPrivateKey(key));
  }
});

test("what cannot be right is refused before anything is made", async () => {
  const ca = await createAuthority({ name: "Root" });
  await assert.rejects(ca.issue({ name: "x", usage: "server" }), /at least one host/);
  await assert.rejects(createAuthority({ name: "" }), /1 to 64/);
});

test("validity starts a day early and lasts as long as asked", () => {
  const now = new Date("2026-01-10T00:00:00Z");
  assert.deepEqual(validFor(2, now), {
    notBefore: new Date("2026-01-09T00:00:00Z"),
    notAfter: new Date("2026-01-12T00:00:00Z"),
  });
});
