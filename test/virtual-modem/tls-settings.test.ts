/** AT+QSSLCFG by model: what each lists, takes and refuses, and what "checkhost" does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tlsSettings } from "../../tools/virtual-modem/quectel-bg9x/tls-settings.ts";
import { createReadyHost } from "./host.ts";
import { createRig, type RigOptions, STRICT } from "./tls-rig.ts";

const KEYS: Readonly<Record<string, string>> = {
  BG96: "sslversion ciphersuite cacert clientcert clientkey seclevel sni checkhost ignorecertchain ignorelocaltime negotiatetime",
  BG95:
    "sslversion ciphersuite cacert clientcert clientkey seclevel session sni checkhost ignorelocaltime negotiatetime " +
    "renegotiation dtls dtlsversion",
  BG77:
    "sslversion ciphersuite cacert clientcert clientkey seclevel session sni checkhost ignorelocaltime negotiatetime " +
    "renegotiation dtls dtlsversion",
  EC25:
    "sslversion dtls dtlsversion ciphersuite cacert clientcert clientkey seclevel ignorelocaltime negotiatetime sni " +
    "closetimemode session_cache renegotiation ignoremulticertchainverify ignoreinvalidcertsign",
};

for (const [model, keys] of Object.entries(KEYS)) {
  test(`${model}: the list names every setting once, and each of them can be asked for`, async () => {
    const host = await createReadyHost({ model });
    const answer = await host.at("AT+QSSLCFG=?");
    assert.equal(Array.from(answer.matchAll(/\+QSSLCFG: "(\w+)",\(0-5\),./g), ([, key]) => key).join(" "), keys);
    for (const key of keys.split(" "))
      assert.match(
        await host.at(`AT+QSSLCFG="${key}",5`),
        new RegExp(`^\r\n\\+QSSLCFG: "${key}",5,\\S+\r\n\r\nOK\r\n$`),
      );
    host.end();
  });
}

test("the list of a BG96, word for word as it was recorded", async () => {
  const host = await createReadyHost();
  assert.equal(
    await host.at("AT+QSSLCFG=?"),
    [
      "",
      '+QSSLCFG: "sslversion",(0-5),(0-4)',
      '+QSSLCFG: "ciphersuite",(0-5),(0X0035,0X002F,0X0005,0X0004,0X000A,0X003D,0XC011,0XC012,0XC013,0XC014,0XC027,0XC028,0XC02F,0XFFFF)',
      '+QSSLCFG: "cacert",(0-5),<cacertpath>',
      '+QSSLCFG: "clientcert",(0-5),<client_cert_path>',
      '+QSSLCFG: "clientkey",(0-5),<client_key_path>',
      '+QSSLCFG: "seclevel",(0-5),(0-2)',
      '+QSSLCFG: "sni",(0-5),(0,1)',
      '+QSSLCFG: "checkhost",(0-5),(0,1)',
      '+QSSLCFG: "ignorecertchain",(0-5),(0,1)',
      '+QSSLCFG: "ignorelocaltime",(0-5),(0,1)',
      '+QSSLCFG: "negotiatetime",(0-5),(10-300)',
      "",
      "OK",
      "",
    ].join("\r\n"),
  );
  host.end();
});

test("suites: those of the model, not in quotes", async () => {
  const host = await createReadyHost();
  const set = (value: string): Promise<string> => host.at(`AT+QSSLCFG="ciphersuite",1,${value}`);
  assert.equal(await set("0xc02f"), "\r\nOK\r\n");
  assert.equal(await set('"0XFFFF"'), "\r\nERROR\r\n", "seen on a BG96");
  assert.equal(await set("0XC02B"), "\r\nERROR\r\n", "BG96 names RSA alone");
  assert.match(await host.at('AT+QSSLCFG="ciphersuite",1'), /1,0XC02F\r\n/, "the last good one is kept");
  host.end();
  const bg95 = await createReadyHost({ model: "BG95" });
  assert.equal(await bg95.at('AT+QSSLCFG="ciphersuite",1,0XC02B'), "\r\nOK\r\n");
  bg95.end();
});

test("what is not played is refused: DTLS, the third level of a BG95", async () => {
  const host = await createReadyHost({ model: "BG95" });
  assert.equal(await host.at('AT+QSSLCFG="dtls",1,0'), "\r\nOK\r\n");
  assert.equal(await host.at('AT+QSSLCFG="dtls",1,1'), "\r\nERROR\r\n");
  assert.equal(await host.at('AT+QSSLCFG="seclevel",1,3'), "\r\nERROR\r\n");
  host.end();
});

test("a model without a record is no modem", () => {
  assert.throws(() => tlsSettings("BG00"), /no TLS settings for BG00/);
});

for (const model of ["BG96", "BG95", "BG77"]) {
  test(`checkhost on ${model}: off as shipped; on, a wrong name ends the handshake with 566`, async () => {
    const rig = await createRig({ modem: { model }, pki: { fault: "wrong-host" } });
    await rig.configure(STRICT);
    assert.equal(await rig.host.at('AT+QSSLCFG="checkhost",1'), '\r\n+QSSLCFG: "checkhost",1,0\r\n\r\nOK\r\n');
    assert.equal(await rig.open(), 0);
    await rig.host.at("AT+QSSLCLOSE=0");
    await rig.configure({ checkhost: 1 });
    assert.equal(await rig.open(), 566);
    const event = rig.host.event("socket", (entry) => entry.action === "failed");
    assert.ok(event?.action === "failed");
    assert.equal(event.cause, "wrong-host");
    assert.equal(event.tls?.hostChecked, true);
    assert.equal(await rig.host.at('AT+QSSLCFG="checkhost",1,2'), "\r\nERROR\r\n");
    rig.close();
  });
}

for (const model of ["EC25", "EC21", "EG91", "EG800K"]) {
  test(`${model} lists no checkhost, and answers ERROR`, async () => {
    const host = await createReadyHost({ model });
    assert.equal(await host.at('AT+QSSLCFG="checkhost",1,1'), "\r\nERROR\r\n");
    assert.equal(await host.at('AT+QSSLCFG="checkhost",1'), "\r\nERROR\r\n");
    host.end();
  });
}

const LONG = `${"a".repeat(29)}.${"b".repeat(29)}.test`;
const NAMES: readonly (readonly [what: string, options: RigOptions, name: string, code: number])[] = [
  ["the right name", {}, "broker.test", 0],
  ["another name", {}, "other.test", 566],
  ["a star", { pki: { hosts: ["*.iot.test"] } }, "a.iot.test", 0],
  ["a star and two labels", { pki: { hosts: ["*.iot.test"] } }, "a.b.iot.test", 566],
  [
    "an address of the certificate: DNS names alone count",
    { pki: { hosts: ["broker.test", "127.0.0.1"] } },
    "127.0.0.1",
    566,
  ],
  ["the longest name that is compared", { pki: { hosts: ["short.test", LONG] } }, LONG, 0],
  ["one character more", { pki: { hosts: ["short.test", `x${LONG}`] } }, `x${LONG}`, 566],
];
for (const [what, options, name, code] of NAMES) {
  test(`checkhost 1, ${what}: ${code}`, async () => {
    const rig = await createRig(options);
    await rig.configure({ ...STRICT, checkhost: 1 });
    assert.equal(await rig.open(name), code);
    rig.close();
  });
}

test("checkhost counts only where the server is verified at all", async () => {
  const rig = await createRig({ pki: { fault: "wrong-host" } });
  await rig.configure({ seclevel: 0, checkhost: 1 });
  assert.equal(await rig.open(), 0);
  rig.close();
});
