/** The device shadow over TCP, with a service that is written from its documentation. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type * as ShadowModule from "../../modules/cloud/shadow.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { type AwsService, startAws } from "./aws-service.ts";
import { answered, type Client, createRig, failure, until } from "./rig.ts";

const LIMIT = { timeout: 20_000 };
const rig = await createRig();
const { createShadow } = await rig.load<typeof ShadowModule>("shadow");
let aws: AwsService;
before(async () => {
  aws = await startAws();
});
after(() => {
  aws.close();
  rig.stop();
});

interface Made {
  client: Client;
  shadow: ShadowModule.Shadow;
  deltas: unknown[];
}

async function make(thing: string, options: Partial<ShadowModule.ShadowOptions> = {}): Promise<Made> {
  const client = rig.createClient({ clientId: thing, keepalive: 60 });
  const deltas: unknown[] = [];
  const shadow = createShadow(client, { thing, ...options }, (state, version) => deltas.push([version, toHost(state)]));
  await rig.attach(client, aws.port);
  return { client, shadow, deltas };
}

const updated = (shadow: ShadowModule.Shadow, reported: object, version?: number) =>
  answered<Record<string, unknown>>((done) => shadow.update(reported, done, version));
const got = (shadow: ShadowModule.Shadow) => answered<Record<string, unknown>>((done) => shadow.get(done));

test("a shadow that is not there yet: 404, then made by the first update", LIMIT, async () => {
  const { client, shadow } = await make("first");
  assert.deepEqual((await got(shadow)).error, failure("CLOUD_REJECTED", 404));
  const { error, value } = await updated(shadow, { "led": "off", "n": 1 });
  assert.equal(error, undefined);
  assert.deepEqual(value["state"], { reported: { led: "off", n: 1 } });
  assert.equal(shadow.version, 1);
  assert.deepEqual((await got(shadow)).value["state"], { desired: {}, reported: { led: "off", n: 1 } });
  client.end(true);
});

test("what is desired comes as a delta, once, and is gone when it is reported", LIMIT, async () => {
  const { client, shadow, deltas } = await make("delta");
  await updated(shadow, { "led": "off" });
  aws.desire("$aws/things/delta/shadow/", { led: "on" });
  await until(() => deltas.length > 0);
  await updated(shadow, { "led": "on" });
  assert.deepEqual((await got(shadow)).value["version"], 3);
  assert.deepEqual(deltas, [[2, { led: "on" }]]);
  client.end(true);
});

test("an update's own answer may overtake the delta of the same version", LIMIT, async () => {
  const { client, shadow, deltas } = await make("overtaken");
  aws.desire("$aws/things/overtaken/shadow/", { a: 1, b: 1 });
  // Version 2: the acceptance leaves first, then the delta with what is still desired.
  await updated(shadow, { "a": 1 });
  await until(() => deltas.length > 0);
  assert.deepEqual(deltas, [[2, { b: 1 }]]);
  client.end(true);
});

test("a delta that is older than one that came before is ignored", LIMIT, async () => {
  const { client, shadow, deltas } = await make("older");
  await updated(shadow, { "a": 0 });
  const send = (version: number, a: number) =>
    aws.send("$aws/things/older/shadow/update/delta", JSON.stringify({ version, state: { a } }));
  send(7, 7);
  send(6, 6);
  send(7, 7);
  send(8, 8);
  await until(() => deltas.length === 2);
  assert.deepEqual(deltas, [
    [7, { a: 7 }],
    [8, { a: 8 }],
  ]);
  assert.equal(shadow.version, 8);
  client.end(true);
});

test("what was desired while the device was away comes with get", LIMIT, async () => {
  aws.desire("$aws/things/away/shadow/", { interval: 60 });
  const { client, shadow, deltas } = await make("away");
  await got(shadow);
  await got(shadow);
  assert.deepEqual(deltas, [[1, { interval: 60 }]]);
  client.end(true);
});

test("a shadow that was deleted begins with version 1 again", LIMIT, async () => {
  const { client, shadow, deltas } = await make("deleted");
  for (const a of [1, 2, 3]) aws.desire("$aws/things/deleted/shadow/", { a });
  await got(shadow);
  aws.forget("$aws/things/deleted/shadow/");
  aws.desire("$aws/things/deleted/shadow/", { a: 9 });
  await got(shadow);
  assert.deepEqual(deltas.at(-1), [1, { a: 9 }]);
  client.end(true);
});

test("with a version: only if nobody was faster", LIMIT, async () => {
  const { client, shadow } = await make("locked");
  await updated(shadow, { "a": 1 });
  assert.deepEqual((await updated(shadow, { "a": 2 }, 9)).error, failure("CLOUD_REJECTED", 409));
  assert.equal((await updated(shadow, { "a": 2 }, shadow.version)).error, undefined);
  assert.equal(shadow.version, 2);
  client.end(true);
});

test("the classic shadow and a named one do not hear each other", LIMIT, async () => {
  const classic = await make("two");
  const deltas: unknown[] = [];
  const named = createShadow(classic.client, { thing: "two", name: "config" }, (state) => deltas.push(toHost(state)));
  await updated(named, { "x": 0 });
  aws.desire("$aws/things/two/shadow/name/config/", { x: 1 });
  aws.desire("$aws/things/two/shadow/", { y: 1 });
  await until(() => deltas.length > 0 && classic.deltas.length > 0);
  assert.deepEqual(deltas, [{ x: 1 }]);
  assert.deepEqual(classic.deltas, [[1, { y: 1 }]]);
  assert.equal(classic.shadow.dropped + named.dropped, 0);
  classic.client.end(true);
});

test("requests answered out of order find their callers", LIMIT, async () => {
  const { client, shadow } = await make("order");
  await updated(shadow, { "a": 0 });
  aws.isMute = true;
  const tokens: string[] = [];
  const seen = aws.taken.length;
  const first = updated(shadow, { "a": 1 });
  const second = updated(shadow, { "a": 2 });
  await until(() => aws.taken.length === seen + 2);
  aws.isMute = false;
  for (const { payload } of aws.taken.slice(seen)) {
    tokens.push((JSON.parse(payload.toString()) as { clientToken: string }).clientToken);
  }
  const answer = (clientToken: string, version: number) =>
    aws.send("$aws/things/order/shadow/update/accepted", JSON.stringify({ state: {}, version, clientToken }));
  answer("somebody else's", 90);
  answer(tokens[1] as string, 3);
  answer(tokens[0] as string, 2);
  assert.equal((await first).value["version"], 2);
  assert.equal((await second).value["version"], 3);
  assert.equal(shadow.version, 3);
  client.end(true);
});

test("messages that are no documents are counted and do no harm", LIMIT, async () => {
  const { client, shadow, deltas } = await make("noise");
  await updated(shadow, { "a": 0 });
  const topic = "$aws/things/noise/shadow/update/delta";
  for (const payload of [
    "",
    "[]",
    "{",
    '{"version":"2"}',
    `{"version":2,"state":${"[".repeat(500)}${"]".repeat(500)}}`,
  ])
    aws.send(topic, payload);
  aws.send(topic, '{"version":3,"state":[1]}');
  await until(() => shadow.version === 3);
  assert.equal(shadow.dropped, 5);
  assert.deepEqual(deltas, []);
  client.end(true);
});

test("a client token is short and new: 64 bytes are the most", LIMIT, async () => {
  const { client, shadow } = await make("token");
  const seen = aws.taken.length;
  await updated(shadow, { "a": 1 });
  await got(shadow);
  const tokens = aws.taken
    .slice(seen)
    .map(({ payload }) => (JSON.parse(payload.toString()) as { clientToken: string }).clientToken);
  assert.equal(new Set(tokens).size, 2);
  for (const token of tokens) assert.match(token, /^\d{1,11}$/);
  client.end(true);
});
