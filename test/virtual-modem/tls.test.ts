import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { createClock } from "../../tools/clock.ts";
import { createPki } from "../../tools/pki/set.ts";
import type { FailureCause } from "../../tools/virtual-modem/index.ts";
import { createReadyHost } from "./host.ts";
import { createRig, FILES, MUTUAL, type Rig, type RigOptions, STRICT } from "./tls-rig.ts";

function cause(rig: Rig): FailureCause | undefined {
  const event = rig.host.event("socket", (entry) => entry.action === "failed");
  return event?.action === "failed" ? event.cause : undefined;
}

test("settings: factory values, set, read back, refused", async () => {
  const host = await createReadyHost();
  const factory: [string, string][] = [
    ["sslversion", "4"],
    ["ciphersuite", "0XFFFF"],
    ["seclevel", "0"],
    ["cacert", '""'],
    ["ignorelocaltime", "1"],
    ["sni", "0"],
    ["negotiatetime", "300"],
  ];
  for (const [key, value] of factory) {
    assert.equal(await host.at(`AT+QSSLCFG="${key}",5`), `\r\n+QSSLCFG: "${key}",5,${value}\r\n\r\nOK\r\n`);
  }
  const pairs: [string, string, string][] = [
    ["sslversion", "3", "3"],
    ["ciphersuite", "0xc02f", "0XC02F"],
    ["seclevel", "2", "2"],
    ["clientkey", '"UFS:k.pem"', '"UFS:k.pem"'],
    ["negotiatetime", "10", "10"],
  ];
  for (const [key, set, read] of pairs) {
    assert.equal(await host.at(`AT+QSSLCFG="${key}",1,${set}`), "\r\nOK\r\n", key);
    assert.equal(await host.at(`AT+QSSLCFG="${key}",1`), `\r\n+QSSLCFG: "${key}",1,${read}\r\n\r\nOK\r\n`);
  }
  assert.equal(
    await host.at('AT+QSSLCFG="seclevel",0'),
    '\r\n+QSSLCFG: "seclevel",0,0\r\n\r\nOK\r\n',
    "each context its own",
  );
  const wrong = [
    '"seclevel",1,3',
    '"seclevel",6,1',
    '"seclevel",1,"1"',
    '"sslversion",1,5',
    '"ciphersuite",1,0X1234',
  ].concat([
    '"negotiatetime",1,9',
    '"cacert",1,ca.pem',
    '"nonsense",1,1',
    '"constructor",1',
    "seclevel,1,1",
    '"sni",1,2',
    '"sni",1,1,1',
  ]);
  for (const args of wrong) assert.equal(await host.at(`AT+QSSLCFG=${args}`), "\r\nERROR\r\n", args);
  host.end();
});

test("mutual TLS over the store's files, with dates by the modem's clock", async () => {
  const rig = await createRig({ mutual: true });
  await rig.configure(MUTUAL);
  assert.equal(await rig.open(), 0);
  assert.deepEqual(rig.names, ["broker.test"]);
  const [peer] = rig.clients;
  assert.equal(peer?.getPeerCertificate().subject.CN, "device");
  const event = rig.host.event("socket", (entry) => entry.action === "connected");
  assert.ok(event?.action === "connected");
  assert.equal(event.tls?.protocol, "TLSv1.2");
  assert.equal(event.tls?.datesChecked, true);
  assert.equal(event.tls?.hostChecked, false);
  assert.equal(
    await rig.host.at("AT+QSSLSTATE"),
    `\r\n+QSSLSTATE: 0,"SSLClient","127.0.0.1",${rig.port},0,2,1,0,0,"uart1",1\r\n\r\nOK\r\n`,
  );
  rig.host.write("AT+QSSLSEND=0,5\r");
  assert.equal(await rig.host.expect(/> $/), "\r\n> ");
  rig.host.write("hello");
  assert.match(await rig.host.expect(/recv",0\r\n/), /^\r\nSEND OK\r\n\r\n\+QSSLURC: "recv",0\r\n$/);
  assert.equal(await rig.host.at("AT+QSSLRECV=0,0"), "\r\nERROR\r\n", "BG96 has no query for waiting bytes");
  assert.equal(await rig.host.at("AT+QSSLRECV=0,1500"), "\r\n+QSSLRECV: 5\r\nhello\r\n\r\nOK\r\n");
  assert.equal(await rig.host.at("AT+QSSLRECV=0,1500"), "\r\n+QSSLRECV: 0\r\n\r\nOK\r\n");
  assert.equal(await rig.open(), 563, "the id is taken");
  assert.equal(await rig.host.at("AT+QSSLCLOSE=0,10"), "\r\nOK\r\n");
  assert.equal(await rig.host.at("AT+QSSLSTATE"), "\r\nOK\r\n");
  const said = JSON.stringify(rig.host.events);
  assert.ok(!said.includes("PRIVATE KEY"), "keys stay in the store");
  rig.close();
});

interface Case {
  readonly what: string;
  readonly options?: RigOptions;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly before?: (rig: Rig) => unknown;
  /** undefined: it connects. */
  readonly cause: FailureCause | undefined;
}

const DAY_MS = 86_400_000;
const CASES: readonly Case[] = [
  { what: "good server, strict", settings: STRICT, cause: undefined },
  { what: "intermediate CA", options: { pki: { intermediate: true } }, settings: STRICT, cause: undefined },
  { what: "RSA keys", options: { pki: { keyKind: "rsa-2048" } }, settings: STRICT, cause: undefined },
  { what: "clock in 1980", options: { modem: { network: { nitz: false } } }, settings: STRICT, cause: "not-yet-valid" },
  {
    what: "clock in 1980, dates ignored",
    options: { modem: { network: { nitz: false } } },
    settings: { ...STRICT, ignorelocaltime: 1 },
    cause: undefined,
  },
  { what: "expired server", options: { pki: { fault: "expired" } }, settings: STRICT, cause: "expired" },
  {
    what: "expired server, dates ignored",
    options: { pki: { fault: "expired" } },
    settings: { ...STRICT, ignorelocaltime: 1 },
    cause: undefined,
  },
  {
    what: "good server, modem's clock years ahead of the host's",
    settings: STRICT,
    before: (rig) => rig.host.modem.fault("rtc-wrong", { utcMs: Date.now() + 30 * 365 * DAY_MS }),
    cause: "expired",
  },
  {
    what: "server that is not valid yet by the host's clock, but by the modem's",
    options: {
      pki: {
        serverValidity: { notBefore: new Date(Date.now() + DAY_MS), notAfter: new Date(Date.now() + 9 * DAY_MS) },
      },
    },
    settings: STRICT,
    before: (rig) => rig.host.modem.fault("rtc-wrong", { utcMs: Date.now() + 2 * DAY_MS }),
    cause: undefined,
  },
  {
    what: "unknown CA with the same name",
    options: { pki: { fault: "unknown-ca" } },
    settings: STRICT,
    cause: "unknown-ca",
  },
  {
    what: "unknown CA, no verification",
    options: { pki: { fault: "unknown-ca" } },
    settings: { seclevel: 0 },
    cause: undefined,
  },
  {
    what: "wrong host on BG96: nobody looks",
    options: { pki: { fault: "wrong-host" } },
    settings: STRICT,
    cause: undefined,
  },
  {
    what: "wrong host on EG800K",
    options: { pki: { fault: "wrong-host" }, modem: { model: "EG800K" } },
    settings: STRICT,
    cause: "wrong-host",
  },
  { what: "right host on EG800K", options: { modem: { model: "EG800K" } }, settings: STRICT, cause: undefined },
  { what: "no CA set", settings: { seclevel: 1 }, cause: "ca-missing" },
  { what: "CA file missing", settings: { ...STRICT, cacert: "none.pem" }, cause: "ca-missing" },
  { what: "CA file with a drive", settings: { ...STRICT, cacert: "UFS:ca.pem" }, cause: undefined },
  { what: "CA file that is none", settings: { ...STRICT, cacert: FILES.key }, cause: "ca-unreadable" },
  {
    what: "server's own certificate as CA file",
    settings: STRICT,
    before: (rig) => rig.host.modem.files.set(FILES.ca, Buffer.from(rig.pki.server.certificate)),
    cause: "unknown-ca",
  },
  {
    what: "a server certificate that signs is no CA",
    options: { pki: { fault: "unknown-ca" } },
    settings: STRICT,
    cause: "unknown-ca",
  },
  {
    what: "client certificate wanted, none given",
    options: { mutual: true },
    settings: STRICT,
    cause: "client-cert-required",
  },
  {
    what: "client certificate file missing",
    settings: { ...MUTUAL, clientcert: "none" },
    cause: "client-cert-missing",
  },
  {
    what: "client key not set",
    settings: { ...STRICT, seclevel: 2, clientcert: FILES.cert },
    cause: "client-cert-missing",
  },
  {
    what: "client key of another certificate",
    settings: MUTUAL,
    before: (rig) => rig.host.modem.files.set(FILES.key, Buffer.from(rig.pki.server.traditionalKey)),
    cause: "client-key-mismatch",
  },
  {
    what: "client certificate that cannot be read",
    settings: MUTUAL,
    before: (rig) =>
      rig.host.modem.files.set(FILES.cert, Buffer.from("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")),
    cause: "client-cert-unreadable",
  },
  {
    what: "client key of another kind",
    settings: MUTUAL,
    before: async (rig) => {
      const { client } = await createPki({ hosts: [], client: "other", keyKind: "rsa-2048", fault: "wrong-host" });
      rig.host.modem.files.set(FILES.key, Buffer.from(client?.traditionalKey ?? ""));
    },
    cause: "client-key-mismatch",
  },
  {
    what: "client certificate behind a byte order mark",
    settings: MUTUAL,
    before: (rig) => rig.host.modem.files.set(FILES.cert, Buffer.from(`\ufeff${rig.pki.client?.certificate}`)),
    cause: "client-cert-unreadable",
  },
  {
    what: "CA file in DER",
    settings: STRICT,
    before: (rig) => rig.host.modem.files.set(FILES.ca, new X509Certificate(rig.pki.ca).raw),
    cause: "ca-unreadable",
  },
  {
    what: "server wants TLS 1.3",
    options: { server: { minVersion: "TLSv1.3" } },
    settings: STRICT,
    cause: "tls-version",
  },
  {
    what: "server speaks TLS 1.2, modem set to 1.0",
    options: { server: { minVersion: "TLSv1.2" } },
    settings: { ...STRICT, sslversion: 1 },
    cause: "tls-version",
  },
  { what: "SSL 3.0", settings: { ...STRICT, sslversion: 0 }, cause: "tls-version" },
  { what: "all versions", settings: { ...STRICT, sslversion: 4 }, cause: undefined },
  {
    what: "one cipher suite with ECDSA",
    options: { modem: { model: "BG95" } },
    settings: { ...STRICT, ciphersuite: "0XC02B" },
    cause: undefined,
  },
  {
    what: "one cipher suite that the server's key cannot",
    settings: { ...STRICT, ciphersuite: "0XC02F" },
    cause: "cipher",
  },
  {
    what: "one cipher suite that the server has, RSA",
    options: { pki: { keyKind: "rsa-2048" } },
    settings: { ...STRICT, ciphersuite: "0X003D" },
    cause: undefined,
  },
  { what: "RC4", settings: { ...STRICT, ciphersuite: "0X0005" }, cause: "cipher" },
];

for (const { what, options, settings, before, cause: expected } of CASES) {
  test(`TLS: ${what}: ${expected ?? "connects"}`, async () => {
    const rig = await createRig(options);
    await rig.configure(settings);
    await before?.(rig);
    const code = await rig.open();
    assert.equal(cause(rig), expected);
    assert.equal(code, expected === undefined ? 0 : 566, "one code for every TLS failure");
    if (expected !== undefined) {
      assert.equal(
        await rig.host.at("AT+QSSLSTATE;+QIGETERROR"),
        "\r\n+QIGETERROR: 0,operate successfully\r\n\r\nOK\r\n",
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(rig.clients.size, 0, "no half-open socket");
      assert.equal(await rig.open(), 566, "the id is free again");
    }
    rig.close();
  });
}

test("SNI off: no name is sent", async () => {
  const rig = await createRig();
  await rig.configure({ ...STRICT, sni: 0 });
  assert.equal(await rig.open(), 0);
  assert.deepEqual(rig.names, [undefined]);
  rig.close();
});

test("a server that never answers the handshake is given up after negotiatetime", async () => {
  const mute = createServer((socket) => socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const rig = await createRig({ modem: { clock: createClock(100) } });
  await rig.configure({ negotiatetime: 10 });
  rig.host.write(`AT+QSSLOPEN=1,1,4,"broker.test",${(mute.address() as AddressInfo).port}\r`);
  assert.match(await rig.host.expect(/QSSLOPEN: .*\r\n/), /\+QSSLOPEN: 4,566/);
  assert.equal(cause(rig), "timeout");
  rig.close();
  mute.close();
});

for (const [what, talk] of [
  ["greets", (socket) => socket.write("220 hello\r\n")],
  ["answers", (socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))],
] as const satisfies readonly (readonly [string, (socket: Socket) => unknown])[])
  test(`a server without TLS that ${what}: 566, and not taken for one of another version`, async () => {
    const plain = createServer((socket) => {
      socket.on("error", () => undefined);
      talk(socket);
    });
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const rig = await createRig();
    rig.host.write(`AT+QSSLOPEN=1,1,4,"broker.test",${(plain.address() as AddressInfo).port}\r`);
    assert.match(await rig.host.expect(/QSSLOPEN: .*\r\n/), /\+QSSLOPEN: 4,566/);
    assert.equal(cause(rig), "handshake");
    rig.close();
    plain.close();
  });

test("the host gives an open up: no URC comes, the id is free", async () => {
  const rig = await createRig({ modem: { latency: 0.05 } });
  rig.host.write(`AT+QSSLOPEN=1,1,0,"broker.test",${rig.port},0\r`);
  await rig.host.expect(/OK\r\n/);
  assert.equal(await rig.host.at("AT+QSSLCLOSE=0"), "\r\nOK\r\n");
  assert.equal(await rig.host.silence(200), "");
  assert.equal(await rig.open(), 0);
  rig.close();
});

test("the peer closes: data stay readable; settings are lost on reboot", async () => {
  const rig = await createRig({ onClient: (socket) => socket.end("bye") });
  await rig.configure(STRICT);
  await rig.open();
  assert.equal(await rig.host.expect(/closed",0\r\n/), '\r\n+QSSLURC: "recv",0\r\n\r\n+QSSLURC: "closed",0\r\n');
  assert.equal(await rig.host.at("AT+QSSLSEND=0,1"), "\r\nERROR\r\n");
  assert.equal(await rig.host.at("AT+QSSLRECV=0,1500"), "\r\n+QSSLRECV: 3\r\nbye\r\n\r\nOK\r\n");
  rig.host.write("AT+CFUN=1,1\r");
  await rig.host.expect(/SMS DONE/);
  await rig.host.at("ATE0");
  assert.match(await rig.host.at('AT+QSSLCFG="seclevel",1'), /"seclevel",1,0/);
  assert.match(await rig.host.at("AT+CCLK?"), /"2\d\//, "the clock runs on");
  rig.close();
});

test("quirks: URC with length, length query, push mode", async () => {
  const rig = await createRig({
    modem: { model: "BG95", quirks: { recvUrcLength: true } },
    onClient: (s) => s.write("hello"),
  });
  await rig.open();
  await rig.host.expect(/\+QSSLURC: "recv",0,5\r\n/);
  assert.equal(await rig.host.at("AT+QSSLRECV=0,0"), "\r\n+QSSLRECV: 5,0,5\r\n\r\nOK\r\n");
  rig.host.write(`AT+QSSLOPEN=1,1,7,"broker.test",${rig.port},1\r`);
  assert.match(await rig.host.expect(/hello\r\n/), /\+QSSLOPEN: 7,0\r\n\r\n\+QSSLURC: "recv",7,5\r\nhello\r\n$/);
  rig.close();
});

test("wear: the 21st session of an EG800K gives 552 until the power goes", async () => {
  const rig = await createRig({ modem: { model: "EG800K", quirks: { wearAfter: 2 } } });
  for (let round = 0; round < 2; round++) {
    assert.equal(await rig.open(), 0);
    await rig.host.at("AT+QSSLCLOSE=0");
  }
  assert.equal(await rig.open(), 552);
  assert.equal(
    await rig.host.at("AT+QIACT?;+QIGETERROR"),
    '\r\n+QIACT: 1,1,1,"10.187.7.8"\r\n\r\n+QIGETERROR: 0,operate successfully\r\n\r\nOK\r\n',
  );
  await rig.host.at("AT+QIDEACT=1");
  assert.equal(await rig.host.at("AT+QIACT=1"), "\r\nERROR\r\n");
  rig.host.modem.powerCut();
  rig.host.modem.powerOn();
  await rig.host.expect(/SMS DONE/);
  await rig.host.at("ATE0;+QIACT=1");
  assert.equal(await rig.open(), 0);
  rig.close();
});
