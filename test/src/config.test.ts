/** godwit.json: taken whole or not at all, and no value of it is ever repeated. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as ConfigModule from "../../src/config.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";

const { readConfig } = await loadModule<typeof ConfigModule>("src/config.ts");
type Config = ConfigModule.Config;

const read = (text: string | undefined): { config: Config; error: { code: string; cause?: unknown } | undefined } =>
  toHost(readConfig(text));
const DEFAULTS = read(undefined).config;

test("no file: the defaults, which are safe", () => {
  for (const none of [undefined, ""]) assert.deepEqual(read(none), { config: DEFAULTS, error: undefined });
  assert.equal(DEFAULTS.verify, true);
  assert.equal(DEFAULTS.sni, true);
  assert.equal(DEFAULTS.clockGate, true);
  assert.equal(DEFAULTS.port, 8883);
  assert.equal(DEFAULTS.pin + DEFAULTS.password + DEFAULTS.apnPassword, "", "no secret in the image");
  assert.ok(DEFAULTS.watchdogS > DEFAULTS.backoffMaxS * 1.5, "the watchdog outlasts the longest wait");
});

test("an empty object changes nothing", () => assert.deepEqual(read("{}"), { config: DEFAULTS, error: undefined }));

test("what is given overrides, the rest stays", () => {
  const given = {
    host: "b.example",
    port: 1,
    keepalive: 0,
    watchdogS: 0,
    verify: false,
    cert: "",
    key: "",
    clientId: "x",
  };
  assert.deepEqual(read(JSON.stringify(given)), { config: { ...DEFAULTS, ...given }, error: undefined });
});

test("two readings share nothing", () => {
  read('{"host":"first.example"}');
  assert.equal(read("{}").config.host, DEFAULTS.host);
});

const WRONG: readonly [string, string, string?][] = [
  ["{", "CONFIG_JSON"],
  ["garbage", "CONFIG_JSON"],
  ["\xff\xff\xff\xff", "CONFIG_JSON"],
  ['{"host":"a"', "CONFIG_JSON"],
  ["null", "CONFIG_JSON"],
  ["5", "CONFIG_JSON"],
  ["true", "CONFIG_JSON"],
  ["[]", "CONFIG_JSON"],
  ['{"hots":"a"}', "CONFIG_UNKNOWN", "hots"],
  ['{"Host":"a"}', "CONFIG_UNKNOWN", "Host"],
  ['{"":1}', "CONFIG_UNKNOWN", ""],
  ['{"constructor":1}', "CONFIG_UNKNOWN", "constructor"],
  ['{"toString":"x"}', "CONFIG_UNKNOWN", "toString"],
  ['{"hasOwnProperty":true}', "CONFIG_UNKNOWN", "hasOwnProperty"],
  ['{"on":"x"}', "CONFIG_UNKNOWN", "on"],
  ['{"emit":"x"}', "CONFIG_UNKNOWN", "emit"],
  ['{"will":"x"}', "CONFIG_UNKNOWN", "will"],
  [`{"${"x".repeat(400)}":1}`, "CONFIG_UNKNOWN", "x".repeat(32)],
  ['{"port":"8883"}', "CONFIG_TYPE", "port"],
  ['{"port":null}', "CONFIG_TYPE", "port"],
  ['{"port":[8883]}', "CONFIG_TYPE", "port"],
  ['{"host":{"a":1}}', "CONFIG_TYPE", "host"],
  ['{"verify":"false"}', "CONFIG_TYPE", "verify"],
  ['{"verify":0}', "CONFIG_TYPE", "verify"],
  ['{"verify":null}', "CONFIG_TYPE", "verify"],
  ['{"sni":1}', "CONFIG_TYPE", "sni"],
  ['{"port":0}', "CONFIG_RANGE", "port"],
  ['{"port":-1}', "CONFIG_RANGE", "port"],
  ['{"port":65536}', "CONFIG_RANGE", "port"],
  ['{"port":80.5}', "CONFIG_RANGE", "port"],
  ['{"port":1e400}', "CONFIG_RANGE", "port"],
  ['{"keepalive":65536}', "CONFIG_RANGE", "keepalive"],
  ['{"intervalS":0}', "CONFIG_RANGE", "intervalS"],
  ['{"resyncS":0}', "CONFIG_RANGE", "resyncS"],
  ['{"backoffMaxS":0}', "CONFIG_RANGE", "backoffMaxS"],
  ['{"watchdogS":131073}', "CONFIG_RANGE", "watchdogS"],
  ['{"host":""}', "CONFIG_TEXT", "host"],
  [`{"host":"${"a".repeat(129)}"}`, "CONFIG_TEXT", "host"],
  ['{"host":"a\\"b"}', "CONFIG_TEXT", "host"],
  ['{"host":"a\\\\b"}', "CONFIG_TEXT", "host"],
  ['{"apn":"a\\r\\nAT+QPOWD"}', "CONFIG_TEXT", "apn"],
  ['{"pin":"12\\u00004"}', "CONFIG_TEXT", "pin"],
  ['{"ca":"ca.pem\\u001a"}', "CONFIG_TEXT", "ca"],
  ['{"topic":"caf\xe9"}', "CONFIG_TEXT", "topic"],
  ['{"cert":""}', "CONFIG_PAIR"],
  ['{"key":""}', "CONFIG_PAIR"],
];

for (const [text, code, cause] of WRONG) {
  test(`${text.slice(0, 60)} is ${code}`, () => {
    const { config, error } = read(text);
    assert.equal(error?.code, code);
    if (cause !== undefined) assert.equal(error?.cause, cause);
    assert.deepEqual(config, DEFAULTS, "the defaults stand");
  });
}

test("a prototype in the file sets nothing", () => {
  const { config } = read('{"__proto__":{"verify":false,"host":"evil.example"}}');
  assert.deepEqual(config, DEFAULTS);
  assert.equal(readConfig('{"__proto__":{"verify":false}}').config.verify, true);
});

test("one mistake refuses the whole file, wherever it stands", () => {
  for (const text of ['{"host":"a.example","port":0}', '{"port":0,"host":"a.example"}', '{"host":"a.example","x":1}']) {
    assert.deepEqual(read(text).config, DEFAULTS);
  }
});

test("a secret is in no error", () => {
  const secret = "s3cr3t-Pa55";
  const spoilt = [
    `{"password":["${secret}"]}`,
    `{"password":"${secret}\\n"}`,
    `{"pin":"${secret}\\u0000"}`,
    `{"apnPassword":"${secret}`,
  ];
  for (const text of spoilt) {
    const { error } = read(text);
    assert.notEqual(error, undefined, text);
    assert.ok(!JSON.stringify(error).includes(secret), JSON.stringify(error));
  }
});

test("whatever stands in the file: a configuration comes out, whole, and nothing is polluted", () => {
  const seed = Date.now();
  const keys = fc.constantFrom(...Object.keys(DEFAULTS), "__proto__", "constructor", "on", "valueOf");
  const value = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.array(fc.integer()),
  );
  const object = fc.dictionary(keys, value, { maxKeys: 5 }).map((found) => JSON.stringify(found));
  fc.assert(
    fc.property(fc.oneof(object, fc.json(), fc.string({ unit: "binary-ascii" })), (text) => {
      const { config, error } = read(text);
      assert.deepEqual(Object.keys(config).sort(), Object.keys(DEFAULTS).sort());
      for (const [name, example] of Object.entries(DEFAULTS)) {
        assert.equal(typeof config[name as keyof Config], typeof example, name);
      }
      if (error !== undefined) assert.deepEqual(config, DEFAULTS);
    }),
    { seed, numRuns: 500 },
  );
  assert.deepEqual(read("{}").config, DEFAULTS);
  console.log(`config: seed ${seed}`);
});
