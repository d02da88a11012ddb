/** The virtual modem against servers of GnuTLS. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Pki, PkiOptions } from "../../tools/pki/set.ts";
import { createTlsModem, MUTUAL, pkiOf, type Settings, STRICT, type TlsModem } from "./tls-modem.ts";
import { missing, startTlsServer, type TlsServer } from "./tls-server.ts";

const options = { skip: missing("gnutls-serv", "gnutls-bin"), timeout: 20_000 };
const TLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2";

interface Wishes {
  readonly pki?: Partial<PkiOptions>;
  /** The CA for clients, when they have to show a certificate. */
  readonly clientCa?: (pki: Pki) => string;
  readonly priority?: string;
}

async function withServer(
  t: TestContext,
  { pki: kind, clientCa, priority = TLS12 }: Wishes,
): Promise<{ server: TlsServer; modem: TlsModem }> {
  const pki = await pkiOf(kind);
  const server = await startTlsServer((port, file) => [
    "gnutls-serv",
    ...["--echo", "--port", String(port), "--priority", priority],
    ...["--x509certfile", file("server.pem", pki.server.chain), "--x509keyfile", file("server.key", pki.server.key)],
    ...(clientCa === undefined
      ? ["--disable-client-cert"]
      : ["--x509cafile", file("ca.pem", clientCa(pki)), "--require-client-cert", "--verify-client-cert"]),
  ]);
  const modem = await createTlsModem(pki);
  t.after(async () => {
    modem.host.end();
    await server.stop();
  });
  return { server, modem };
}

const GOOD: readonly (readonly [what: string, wishes: Wishes, settings: Settings])[] = [
  ["EC, TLS 1.2 and 1.3 offered", { priority: "NORMAL" }, STRICT],
  ["RSA", { pki: { keyKind: "rsa-2048" } }, STRICT],
  ["an intermediate", { pki: { intermediate: true } }, STRICT],
  ["a client certificate, EC", { clientCa: ({ clientCa }) => clientCa }, MUTUAL],
  ["a client certificate, RSA", { pki: { keyKind: "rsa-2048" }, clientCa: ({ clientCa }) => clientCa }, MUTUAL],
  ["one suite of the modem's", { pki: { keyKind: "rsa-2048" } }, { ...STRICT, ciphersuite: "0XC02F" }],
  [
    "one suite of the server's",
    { pki: { keyKind: "rsa-2048" }, priority: `${TLS12}:-KX-ALL:+RSA:-CIPHER-ALL:+AES-128-CBC:-MAC-ALL:+SHA1` },
    STRICT,
  ],
];
for (const [what, wishes, settings] of GOOD)
  test(`GnuTLS: ${what}: connects, and all bytes come back`, options, async (t) => {
    const { server, modem } = await withServer(t, wishes);
    assert.deepEqual(await modem.open(server.port, settings), { code: 0, cause: undefined });
    // One send each, which comes back in one record or in pieces.
    for (const size of [1, 700, 1460]) {
      const text = `${"0123456789".repeat(146).slice(1, size)}\n`;
      assert.equal(await modem.exchange(text), text);
    }
  });

const BAD: readonly (readonly [what: string, wishes: Wishes, settings: Settings, cause: string | RegExp])[] = [
  ["TLS 1.3 only", { priority: "NORMAL:-VERS-ALL:+VERS-TLS1.3" }, STRICT, /^(?:cipher|tls-version)$/],
  ["no suite in common", {}, { ...STRICT, ciphersuite: "0XC02F" }, "cipher"],
  ["a client certificate is wanted", { clientCa: ({ clientCa }) => clientCa }, STRICT, "client-cert-required"],
  [
    "a client certificate of another CA",
    { pki: { fault: "unknown-ca" }, clientCa: ({ ca }) => ca },
    { ...MUTUAL, seclevel: 2, cacert: "root.pem" },
    "client-cert-refused",
  ],
  ["another CA", { pki: { fault: "unknown-ca" } }, STRICT, "unknown-ca"],
  ["expired", { pki: { fault: "expired" } }, STRICT, "expired"],
  ["another host", { pki: { fault: "wrong-host" } }, STRICT, "wrong-host"],
];
for (const [what, wishes, settings, cause] of BAD)
  test(`GnuTLS: ${what}: 566, ${String(cause)}`, options, async (t) => {
    const { server, modem } = await withServer(t, wishes);
    modem.host.modem.files.set("root.pem", Buffer.from((await pkiOf(wishes.pki)).authority.certificate));
    const answer = await modem.open(server.port, settings);
    assert.equal(answer.code, 566);
    // Which alert stands for a version that is not there differs between versions of GnuTLS.
    if (typeof cause === "string") assert.equal(answer.cause, cause);
    else assert.match(answer.cause ?? "", cause);
    assert.equal(await modem.host.at("AT+QSSLSTATE"), "\r\nOK\r\n");
  });
