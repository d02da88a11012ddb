/** The client against a scripted broker: publishing, subscribing, receiving. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { attachTo, connectedRig, createRig, failure, idOf, outcomes } from "../support/client-rig.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";

const codec = await loadCodec();
const device = await loadClient();
const { settle } = device;
const create = (options?: ClientOptions) => createRig(device, options);
const attach = (client: Client, sessionPresent?: boolean) => attachTo(device, codec, client, sessionPresent);
const connected = (options?: ClientOptions) => connectedRig(device, codec, options);

test("QoS 0, 1 and 2: each is done when its exchange is", async () => {
  const { client, wire, events } = await connected();
  const { list, as } = outcomes();
  assert.equal(client.publish("t", "zero", as("zero")), true);
  assert.equal(client.publish("t", "one", { qos: 1, retain: true }, as("one")), true);
  assert.equal(client.publish("t", "two", { qos: 2 }, as("two")), true);
  await settle();
  assert.deepEqual(list, [["zero", undefined]]);
  const [zero, one, two] = wire.take();
  assert.deepEqual(zero, { cmd: "publish", topic: "t", payload: "zero", qos: 0, dup: false, retain: false });
  const idOne = idOf(one as NamedPacket);
  const idTwo = idOf(two as NamedPacket);
  assert.deepEqual(one, {
    cmd: "publish",
    topic: "t",
    payload: "one",
    qos: 1,
    dup: false,
    retain: true,
    messageId: idOne,
  });
  assert.notEqual(idOne, idTwo);

  wire.give({ cmd: "pubrec", messageId: idTwo });
  await settle();
  assert.deepEqual(wire.one(), { cmd: "pubrel", messageId: idTwo });
  wire.give({ cmd: "puback", messageId: idOne });
  assert.deepEqual(list.slice(1), [["one", undefined]]);
  wire.give({ cmd: "pubcomp", messageId: idTwo });
  assert.deepEqual(list.slice(2), [["two", undefined]]);
  assert.equal(client.queued(), 0);
  assert.deepEqual(events, []);
  client.end(true);
});

test("an acknowledgement of another kind, or of nothing, finishes nothing", async () => {
  const { client, wire } = await connected();
  const { list, as } = outcomes();
  client.publish("t", "one", { qos: 1 }, as("one"));
  client.publish("t", "two", { qos: 2 }, as("two"));
  await settle();
  const [one, two] = wire.take().map(idOf) as [number, number];
  wire.give({ cmd: "pubcomp", messageId: one }, { cmd: "pubcomp", messageId: two });
  wire.give({ cmd: "pubcomp", messageId: two });
  wire.give({ cmd: "unsuback", messageId: one });
  wire.give({ cmd: "puback", messageId: 0xffff });
  assert.deepEqual(list, []);
  assert.equal(client.queued(), 2);
  await settle();
  assert.deepEqual(wire.take(), []);
  // A PUBREC that we do not know is answered, else the broker keeps the identifier for ever.
  wire.give({ cmd: "pubrec", messageId: 0xfffe });
  await settle();
  assert.deepEqual(wire.one(), { cmd: "pubrel", messageId: 0xfffe });
  client.end(true);
});

test("a broker without QoS 2 answers such a PUBLISH with PUBACK: it is done", async () => {
  for (const alone of [true, false]) {
    const { client, wire } = await connected();
    const { list, as } = outcomes();
    client.publish("t", "two", { qos: 2 }, as("two"));
    await settle();
    const messageId = idOf(wire.one());
    const puback = { cmd: "puback", messageId } as const;
    wire.give(...(alone ? [puback] : [{ cmd: "pingresp" } as const, puback]));
    assert.deepEqual(list, [["two", undefined]]);
    assert.equal(client.queued(), 0);
    // Neither its PUBREL nor the message again on the next connection.
    await settle();
    assert.deepEqual(wire.take(), []);
    wire.drop();
    const next = await attach(client);
    await settle();
    assert.deepEqual(next.take(), []);
    client.end(true);
  }
});

test("PUBACK does not end what PUBREC has taken over", async () => {
  const { client, wire } = await connected();
  const { list, as } = outcomes();
  client.publish("t", "two", { qos: 2 }, as("two"));
  await settle();
  const messageId = idOf(wire.one());
  wire.give({ cmd: "pubrec", messageId });
  wire.give({ cmd: "puback", messageId });
  await settle();
  assert.deepEqual(wire.one(), { cmd: "pubrel", messageId });
  assert.deepEqual(list, []);
  wire.give({ cmd: "pubcomp", messageId });
  assert.deepEqual(list, [["two", undefined]]);
  client.end(true);
});

test("payloads: all bytes, a Uint8Array, none", async () => {
  const { client, wire, events } = await connected();
  const all = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join("");
  client.publish("t", all);
  client.publish("t", new Uint8Array([0, 255, 13]));
  client.publish("t", "");
  await settle();
  assert.deepEqual(
    wire.take().map((packet) => (packet as { payload: string }).payload),
    [all, "\0\xff\r", ""],
  );
  wire.give({ cmd: "publish", topic: "\xe2\x82\xac", payload: all });
  await settle();
  assert.deepEqual(events, [
    [
      "message",
      "\xe2\x82\xac",
      all,
      { topic: "\xe2\x82\xac", payload: all, qos: 0, dup: false, retain: false, messageId: 0 },
    ],
  ]);
  client.end(true);
});

const WRONG_CALLS: [string, (client: Client, done: () => void) => boolean][] = [
  ["publish to a wildcard", (client, done) => client.publish("a/+", "", done)],
  ["publish to no topic", (client, done) => client.publish("", "", done)],
  ["publish to U+0000", (client, done) => client.publish("a\0", "", done)],
  ["publish to undefined", (client, done) => client.publish(undefined as unknown as string, "", done)],
  ["publish to ill-formed UTF-8", (client, done) => client.publish("\xed\xa0\x80", "", { qos: 1 }, done)],
  ["publish with QoS 3", (client, done) => client.publish("a", "", { qos: 3 as 2 }, done)],
  ["publish with QoS -1", (client, done) => client.publish("a", "", { qos: -1 as 2 }, done)],
  ["subscribe to a#", (client, done) => client.subscribe("a#", done)],
  ["subscribe to nothing", (client, done) => client.subscribe([], done)],
  ["subscribe with QoS 3", (client, done) => client.subscribe("a", { qos: 3 as 2 }, done)],
  ["subscribe to a good and a bad filter", (client, done) => client.subscribe(["a", "#/b"], done)],
  ["subscribe with a map with QoS 7", (client, done) => client.subscribe({ a: { qos: 7 as 2 } }, done)],
  ["unsubscribe from nothing", (client, done) => client.unsubscribe([], done)],
  ["unsubscribe from an empty filter", (client, done) => client.unsubscribe("", done)],
];
for (const [name, run] of WRONG_CALLS) {
  test(`refused at once: ${name}`, async () => {
    const { client, wire, events } = await connected();
    const { list, as } = outcomes();
    assert.equal(run(client, as("done")), false);
    assert.deepEqual(list, [["done", failure("MQTT_INVALID")]]);
    await settle();
    assert.deepEqual(wire.take(), []);
    assert.equal(client.connected, true, "the connection goes on");
    assert.deepEqual(events, []);
    client.end(true);
  });
}

test("a failure that no callback takes is an event", async () => {
  const { client, events } = await connected();
  assert.equal(client.publish("#", ""), false);
  await settle();
  assert.deepEqual(events, [["error", failure("MQTT_INVALID")]]);
  client.end(true);
});

test("subscribe takes a filter, a list and a map, and tells what became of each", async () => {
  const { client, wire } = await connected();
  const { list, as } = outcomes();
  client.subscribe("a", as("string"));
  client.subscribe(["b/+", "c/#"], { qos: 2 }, as("list"));
  client.subscribe({ "length": { qos: 1 }, "on": {} }, as("map"));
  await settle();
  const sent = wire.take();
  assert.deepEqual(
    sent.map((packet) => (packet as { subscriptions: unknown }).subscriptions),
    [
      [{ topic: "a", qos: 0 }],
      [
        { topic: "b/+", qos: 2 },
        { topic: "c/#", qos: 2 },
      ],
      [
        { topic: "length", qos: 1 },
        { topic: "on", qos: 0 },
      ],
    ],
  );
  const [one, two, three] = sent.map(idOf) as [number, number, number];
  wire.give({ cmd: "suback", messageId: three, granted: [0, 0] });
  wire.give({ cmd: "suback", messageId: one, granted: [0] }, { cmd: "suback", messageId: two, granted: [1, 128] });
  assert.deepEqual(list, [
    [
      "map",
      undefined,
      [
        { topic: "length", qos: 0 },
        { topic: "on", qos: 0 },
      ],
    ],
    ["string", undefined, [{ topic: "a", qos: 0 }]],
    [
      "list",
      failure("MQTT_SUBSCRIBE", "c/#"),
      [
        { topic: "b/+", qos: 1 },
        { topic: "c/#", qos: 128 },
      ],
    ],
  ]);
  client.unsubscribe(["a", "b/+"], as("unsubscribed"));
  await settle();
  const unsubscribe = wire.one();
  assert.deepEqual((unsubscribe as { unsubscriptions: unknown }).unsubscriptions, ["a", "b/+"]);
  wire.give({ cmd: "unsuback", messageId: idOf(unsubscribe) });
  assert.deepEqual(list.slice(3), [["unsubscribed", undefined]]);
  client.end(true);
});

test("incoming QoS 1 is answered, QoS 2 is delivered once", async () => {
  const { client, wire, events } = await connected();
  wire.give({ cmd: "publish", topic: "a", payload: "1", qos: 1, messageId: 300 });
  await settle();
  assert.deepEqual(wire.one(), { cmd: "puback", messageId: 300 });
  const two: NamedPacket = { cmd: "publish", topic: "a", payload: "2", qos: 2, messageId: 300 };
  wire.give(two);
  wire.give({ ...two, dup: true });
  await settle();
  assert.deepEqual(wire.take(), [
    { cmd: "pubrec", messageId: 300 },
    { cmd: "pubrec", messageId: 300 },
  ]);
  wire.give({ cmd: "pubrel", messageId: 300 });
  wire.give({ cmd: "pubrel", messageId: 300 });
  await settle();
  assert.deepEqual(wire.take(), [
    { cmd: "pubcomp", messageId: 300 },
    { cmd: "pubcomp", messageId: 300 },
  ]);
  wire.give({ ...two, payload: "again" });
  await settle();
  assert.deepEqual(
    events.map((event) => event[2]),
    ["1", "2", "again"],
  );
  client.end(true);
});

test("a broker that never releases QoS 2 messages cannot fill the memory", async () => {
  const { client, wire, events } = await connected();
  for (let messageId = 1; messageId <= 251 && client.connected; messageId++) {
    wire.give({ cmd: "publish", topic: "a", payload: "", qos: 2, messageId });
    await settle();
    assert.equal(client.connected, messageId < 251, `after ${messageId}`);
  }
  assert.deepEqual(events.at(-1), ["close", failure("MQTT_PROTOCOL", 52)]);
});

test("acknowledgements of one read leave in one write, with what waits", async () => {
  const { client, wire } = await connected();
  client.publish("t", "first", { qos: 1 });
  await settle();
  wire.isPrompt = false;
  const first = idOf(wire.one());
  const writes = wire.writes.length;
  const { list, as } = outcomes();
  client.publish("t", "under way", { qos: 1 }, as("under way"));
  assert.equal(wire.writes.length, writes + 1);
  client.publish("t", "waits", { qos: 1 });
  wire.give(
    { cmd: "puback", messageId: first },
    { cmd: "publish", topic: "x", payload: "", qos: 1, messageId: 1 },
    { cmd: "publish", topic: "x", payload: "", qos: 2, messageId: 2 },
    { cmd: "pingresp" },
  );
  assert.equal(wire.writes.length, writes + 1, "one write at a time");
  wire.take();
  wire.finish();
  assert.equal(wire.writes.length, writes + 2);
  assert.deepEqual(
    wire.take().map((packet) => packet.cmd),
    ["puback", "pubrec", "publish"],
  );
  assert.deepEqual(list, []);
  wire.finish();
  client.end(true);
});

test("a batch is at most 1,460 bytes, unless one packet is larger", async () => {
  const { client, wire } = await connected({ clientId: "dev", maxQueue: 100, maxInflight: 50 });
  wire.isPrompt = false;
  client.publish("t", "x");
  const from = wire.writes.length;
  for (let i = 0; i < 20; i++) client.publish("t", "y".repeat(400), { qos: 1 });
  client.publish("t", "z".repeat(3000), { qos: 1 });
  for (let i = 0; i < 12; i++) wire.finish();
  const sizes = wire.writes.slice(from).map((bytes) => bytes.length);
  assert.deepEqual(sizes, [1224, 1224, 1224, 1224, 1224, 1224, 816, 3008]);
  assert.equal(wire.take().length, 22);
  client.end(true);
});

test("the queue is bounded, before a connection and on it", async () => {
  const { client, events } = create({ clientId: "dev", maxQueue: 3 });
  const { list, as } = outcomes();
  // The third is accepted, and no more may come.
  for (const n of [1, 2, 3]) assert.equal(client.publish("t", `${n}`, { qos: 1 }, as(`${n}`)), n < 3);
  assert.equal(client.publish("t", "4", { qos: 1 }, as("4")), false);
  assert.deepEqual(list, [["4", failure("MQTT_FULL")]]);
  const wire = await attach(client);
  const ids = wire.take().map(idOf);
  assert.equal(ids.length, 3);
  assert.equal(client.publish("t", "5", { qos: 1 }), false);
  wire.give({ cmd: "puback", messageId: ids[0] as number });
  assert.equal(client.queued(), 2);
  assert.equal(client.publish("t", "6", { qos: 1 }), false);
  assert.equal(client.queued(), 3, "accepted all the same");
  assert.equal(client.publish("t", "7", { qos: 1 }), false);
  await settle();
  assert.deepEqual(events.slice(1), [
    ["error", failure("MQTT_FULL")],
    ["error", failure("MQTT_FULL")],
  ]);
  assert.deepEqual(
    wire.take().map((packet) => (packet as { payload: string }).payload),
    ["6"],
  );
  client.end(true);
});

test("maxQueue 0 accepts nothing", async () => {
  const { client } = await connected({ clientId: "dev", maxQueue: 0 });
  const { list, as } = outcomes();
  assert.equal(client.publish("t", "", { qos: 1 }, as("done")), false);
  assert.deepEqual(list, [["done", failure("MQTT_FULL")]]);
  client.end(true);
});

test("the callbacks of the application may throw", async (t) => {
  const { client, wire } = await connected();
  t.mock.method(console, "error", () => undefined);
  const boom = () => {
    throw new Error("boom");
  };
  client.publish("t", "0", boom);
  client.publish("t", "1", { qos: 1 }, boom);
  client.publish("t", "2", { qos: 1 }, boom);
  client.subscribe("a", boom);
  await settle();
  const [, one, two, subscribe] = wire.take() as [NamedPacket, NamedPacket, NamedPacket, NamedPacket];
  wire.give(
    { cmd: "puback", messageId: idOf(one) },
    { cmd: "suback", messageId: idOf(subscribe), granted: [0] },
    { cmd: "puback", messageId: idOf(two) },
  );
  assert.equal(client.queued(), 0);
  assert.equal(client.connected, true);
  client.end(true);
});

test("callbacks may publish, subscribe and end", async () => {
  const { client, wire } = await connected();
  const { list, as } = outcomes();
  client.publish("t", "1", { qos: 1 }, () => {
    client.publish("t", "2", { qos: 1 }, () => client.end(true, as("ended")));
    client.publish("t", "3", () => client.subscribe("x"));
  });
  await settle();
  wire.give({ cmd: "puback", messageId: idOf(wire.one()) });
  await settle();
  const [two] = wire.take();
  wire.give({ cmd: "puback", messageId: idOf(two as NamedPacket) }, { cmd: "pingresp" });
  await settle();
  assert.deepEqual(list, [["ended", undefined]]);
  assert.equal(wire.isClosed, true);
});
