/** MQTT 5: PUBLISH and what acknowledges it, both ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PublishOptions } from "../../modules/mqtt/types.ts";
import { outcomes } from "../support/client-rig.ts";
import { attachFive, codes, connectedFive, fault, loadFive, type Packet } from "../support/five.ts";

const device = await loadFive();
const { settle } = device;

const EVERY = {
  messageExpiryInterval: 60,
  payloadFormatIndicator: true,
  contentType: "application/json",
  responseTopic: "reply/\xc3\xa9",
  correlationData: "\0\x01\xff",
  userProperties: { "a": ["1", "2", "3"], "b": "", "": "x", "hasOwnProperty": "y" },
};

for (const qos of [0, 1, 2] as const) {
  test(`3.3.2.3: every property of a PUBLISH with QoS ${qos}, sent`, async () => {
    const { client, wire } = await connectedFive(device);
    client.publish("t", "pay\0load", { qos, properties: EVERY });
    client.publish("u", "", { qos, properties: {} });
    await settle();
    const [one, two] = wire.take() as [Packet, Packet];
    assert.deepEqual({ ...one.properties }, EVERY);
    assert.equal(one["payload"], "pay\0load");
    assert.equal(two.properties, undefined);
    client.end(true);
  });

  test(`3.3.2.3: every property of a PUBLISH with QoS ${qos}, received`, async () => {
    const { client, wire, events } = await connectedFive(device);
    const properties = { ...EVERY, subscriptionIdentifier: [1, 268435455, 1] };
    const id = qos ? { messageId: 7 } : {};
    wire.give({ cmd: "publish", topic: "t", payload: "x", qos, dup: false, retain: true, ...id, properties });
    await settle();
    assert.deepEqual(events, [
      [
        "message",
        "t",
        "x",
        { topic: "t", payload: "x", qos, dup: false, retain: true, messageId: qos && 7, properties },
      ],
    ]);
    client.end(true);
  });
}

test("3.3.2.3.8: one Subscription Identifier is a number; no properties are none", async () => {
  const { client, wire, events } = await connectedFive(device);
  const publish = { cmd: "publish", topic: "t", payload: "x", qos: 0, dup: false, retain: false };
  wire.give({ ...publish, properties: { subscriptionIdentifier: 9 } }, publish);
  const seen = events.map((event) => (event[3] as Packet).properties);
  assert.deepEqual(seen, [{ subscriptionIdentifier: 9 }, undefined]);
  client.end(true);
});

for (const [name, options] of [
  ["responseTopic that is no text", { properties: { responseTopic: "\xff" } }],
  ["user property with U+0000", { qos: 1, properties: { userProperties: { a: "\0" } } }],
  ["correlation data too long", { qos: 2, properties: { correlationData: "x".repeat(65536) } }],
  ["a Topic Alias of its own: the client numbers them", { properties: { topicAlias: 1 } }],
  ["a Subscription Identifier [MQTT-3.3.4-6]", { qos: 1, properties: { subscriptionIdentifier: 1 } }],
  ["a property of another packet", { qos: 1, properties: { sessionExpiryInterval: 1 } }],
] as [string, PublishOptions][]) {
  test(`refused at once: ${name}`, async () => {
    const { client, wire } = await connectedFive(device);
    const { list, as } = outcomes();
    assert.equal(client.publish("t", "x", options, as("done")), false);
    assert.deepEqual(list, [["done", fault("MQTT_INVALID")]]);
    await settle();
    assert.deepEqual(wire.take(), []);
    client.end(true);
  });
}

test("3.4.2: PUBACK with a reason: done, and the packet tells it", async () => {
  const { client, wire } = await connectedFive(device);
  const { list, as } = outcomes();
  for (const name of ["none", "nobody", "quota", "words"]) client.publish("t", name, { qos: 1 }, as(name));
  await settle();
  const [none, nobody, quota, words] = wire.take().map((packet) => packet["messageId"]);
  const properties = { reasonString: "full", userProperties: { a: "b" } };
  wire.give({ cmd: "puback", messageId: none }, { cmd: "puback", messageId: nobody, reasonCode: 0x10 });
  wire.give({ cmd: "puback", messageId: quota, reasonCode: 0x97 });
  wire.give({ cmd: "puback", messageId: words, reasonCode: 0x99, properties });
  assert.equal(list.length, 4);
  assert.deepEqual((list[0] as unknown[])[1], undefined);
  assert.deepEqual(list[1], ["nobody", undefined, { reasonCode: 0x10, properties: undefined }]);
  assert.deepEqual(codes(list as unknown[][]).slice(2), [
    ["quota", "MQTT_REJECTED", 0x97],
    ["words", "MQTT_REJECTED", 0x99],
  ]);
  assert.equal(((list[3] as unknown[])[1] as { reason: string }).reason, "full");
  assert.deepEqual((list[3] as unknown[])[2], { reasonCode: 0x99, properties });
  assert.equal(client.queued(), 0);
  assert.equal(client.connected, true);
  client.end(true);
});

test("4.3.3: PUBREC with an error ends the exchange, without PUBREL, for good", async () => {
  const rig = await connectedFive(device, { clean: false });
  const { list, as } = outcomes();
  rig.client.publish("t", "x", { qos: 2 }, as("two"));
  rig.client.publish("t", "y", { qos: 2 }, as("fine"));
  await settle();
  const [two, fine] = rig.wire.take().map((packet) => packet["messageId"]);
  rig.wire.give({ cmd: "pubrec", messageId: two, reasonCode: 0x87, properties: { reasonString: "no" } });
  rig.wire.give({ cmd: "pubrec", messageId: fine, reasonCode: 0x10 });
  await settle();
  assert.deepEqual(
    rig.wire.take().map(({ cmd, messageId }) => [cmd, messageId]),
    [["pubrel", fine]],
  );
  assert.deepEqual(codes(list as unknown[][]), [["two", "MQTT_REJECTED", 0x87]]);
  rig.wire.give({ cmd: "pubcomp", messageId: fine });
  const next = await attachFive(device, rig, undefined, true);
  assert.deepEqual(next.take(), []);
  rig.client.end(true);
});

test("4.3.3: PUBCOMP 0x92 ends the exchange well: the broker had the message and forgot its identifier", async () => {
  const rig = await connectedFive(device, { clean: false });
  const { list, as } = outcomes();
  rig.client.publish("t", "x", { qos: 2 }, as("two"));
  await settle();
  const { messageId } = rig.wire.one();
  rig.wire.give({ cmd: "pubrec", messageId });
  const next = await attachFive(device, rig, undefined, true);
  assert.equal(next.one().cmd, "pubrel");
  next.give({ cmd: "pubcomp", messageId, reasonCode: 0x92 });
  assert.deepEqual((list[0] as unknown[])[1], undefined);
  assert.equal(list.length, 1);
  rig.client.end(true);
});

test("3.6.2.1: PUBREL 0x92, and one that nobody knows, are answered", async () => {
  const { client, wire, events } = await connectedFive(device);
  wire.give({ cmd: "pubrel", messageId: 5, reasonCode: 0x92 }, { cmd: "pubrel", messageId: 6 });
  wire.give({ cmd: "pubrec", messageId: 9 });
  wire.give({ cmd: "pubrec", messageId: 10, reasonCode: 0x92 });
  await settle();
  assert.deepEqual(
    wire.take().map(({ cmd, messageId }) => [cmd, messageId]),
    [
      ["pubcomp", 5],
      ["pubcomp", 6],
      ["pubrel", 9],
    ],
  );
  assert.deepEqual(events, []);
  client.end(true);
});

test("4.3: a QoS 2 message comes once, its PUBREL with properties", async () => {
  const { client, wire, events } = await connectedFive(device);
  const publish = { cmd: "publish", topic: "t", payload: "x", qos: 2, dup: false, retain: false, messageId: 3 };
  wire.give(publish, { ...publish, dup: true });
  wire.give({ cmd: "pubrel", messageId: 3, reasonCode: 0, properties: { userProperties: { a: "b" } } });
  await settle();
  assert.deepEqual(
    wire.take().map(({ cmd }) => cmd),
    ["pubrec", "pubrec", "pubcomp"],
  );
  assert.equal(events.length, 1);
  client.end(true);
});

test("4.9: their Receive Maximum closes the window, an acknowledgement or an error opens it", async () => {
  const { client, wire } = await connectedFive(device, { maxInflight: 8 }, { receiveMaximum: 2 });
  for (let i = 0; i < 6; i++) client.publish("t", `${i}`, { qos: i % 2 ? 2 : 1 });
  client.publish("t", "zero");
  await settle();
  const [one, two, ...rest] = wire.take();
  assert.deepEqual([one?.["payload"], two?.["payload"]], ["0", "1"]);
  assert.deepEqual(rest, []);
  wire.give({ cmd: "puback", messageId: one?.["messageId"], reasonCode: 0x97 });
  await settle();
  assert.equal(wire.one()["payload"], "2");
  wire.give({ cmd: "pubrec", messageId: two?.["messageId"] });
  await settle();
  assert.equal(wire.one().cmd, "pubrel", "it counts until PUBCOMP");
  wire.give({ cmd: "pubcomp", messageId: two?.["messageId"] });
  await settle();
  assert.equal(wire.one()["payload"], "3");
  client.end(true);
});

test("4.9: what is under way counts again after a reconnection, and no more", async () => {
  const rig = await connectedFive(device, { clean: false }, { receiveMaximum: 4 });
  for (let i = 0; i < 6; i++) rig.client.publish("t", `${i}`, { qos: 1 });
  await settle();
  assert.equal(rig.wire.take().length, 4);
  rig.wire.drop();
  const next = await attachFive(device, rig, { receiveMaximum: 2 }, true);
  const sent = next.take();
  assert.deepEqual(
    sent.map(({ payload, dup }) => [payload, dup]),
    [
      ["0", true],
      ["1", true],
    ],
  );
  next.give({ cmd: "puback", messageId: sent[0]?.["messageId"] });
  await settle();
  assert.equal(next.one()["payload"], "2");
  const last = await attachFive(device, rig, undefined, true);
  assert.deepEqual(
    last.take().map(({ payload, dup }) => [payload, dup]),
    [
      ["1", true],
      ["2", true],
      ["3", true],
      ["4", false],
      ["5", false],
    ],
  );
  rig.client.end(true);
});

test("3.3.4: our Receive Maximum is enforced with 0x93, and a released message gives room", async () => {
  const rig = await connectedFive(device, { properties: { receiveMaximum: 2 } });
  const publish = (messageId: number, qos = 2): Packet => ({
    cmd: "publish",
    topic: "t",
    payload: `${messageId}`,
    qos,
    dup: false,
    retain: false,
    messageId,
  });
  rig.wire.give(publish(1), publish(2));
  rig.wire.give({ cmd: "pubrel", messageId: 1 });
  rig.wire.give(publish(3), publish(20, 1), { ...publish(3), dup: true });
  await settle();
  assert.equal(rig.client.connected, true);
  rig.wire.take();
  rig.wire.give(publish(4));
  await settle();
  assert.equal(rig.client.connected, false);
  assert.deepEqual(rig.wire.one(), { cmd: "disconnect", reasonCode: 0x93 });
  assert.deepEqual(codes(rig.events).slice(-2), [
    ["error", "MQTT_PROTOCOL", 0x34],
    ["close", "MQTT_PROTOCOL", 0x34],
  ]);
});
