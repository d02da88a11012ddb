/** MQTT 5: Topic Aliases, both ways (3.3.2.3.4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { attachFive, codes, connectedFive, type FiveWire, loadFive, type Packet } from "../support/five.ts";
import { unhex } from "../support/mqtt.ts";

const device = await loadFive();
const { settle } = device;

/** Topic and alias of each PUBLISH sent. */
const aliases = (wire: FiveWire) => wire.take().map(({ topic, properties }) => [topic, properties?.["topicAlias"]]);
const publish = (topic: string, topicAlias?: number): Packet => ({
  cmd: "publish",
  topic,
  payload: "x",
  qos: 0,
  dup: false,
  retain: false,
  ...(topicAlias === undefined ? {} : { properties: { topicAlias } }),
});

test("the first PUBLISH of a topic names its alias, the next ones have it alone, as far as the broker takes them", async () => {
  const { client, wire } = await connectedFive(device, { topicAlias: true }, { topicAliasMaximum: 2 });
  for (const topic of ["a", "a", "b", "c", "b", "a", "c"]) client.publish(topic, "");
  client.publish("a", "x", { qos: 2, properties: { contentType: "x", userProperties: { a: "b" } } });
  client.publish("d", "x", { qos: 1, retain: true });
  await settle();
  const sent = wire.sent.slice();
  assert.deepEqual(aliases(wire), [
    ["a", 1],
    ["", 1],
    ["b", 2],
    ["c", undefined],
    ["", 2],
    ["", 1],
    ["c", undefined],
    ["", 1],
    ["d", undefined],
  ]);
  assert.deepEqual({ ...sent[7]?.properties }, { contentType: "x", topicAlias: 1, userProperties: { a: "b" } });
  assert.equal(sent[7]?.["payload"], "x");
  client.end(true);
});

for (const [name, topicAlias, limits] of [
  ["not asked for", undefined, { topicAliasMaximum: 10 }],
  ["not taken by the broker", true, {}],
  ["not taken by the broker, with words", true, { topicAliasMaximum: 0 }],
] as const) {
  test(`no alias: ${name}`, async () => {
    const { client, wire } = await connectedFive(device, { topicAlias }, limits);
    client.publish("a", "");
    client.publish("a", "", { qos: 1 });
    await settle();
    assert.deepEqual(aliases(wire), [
      ["a", undefined],
      ["a", undefined],
    ]);
    client.end(true);
  });
}

test("[MQTT-3.3.2-7]: the next connection starts anew, and what is sent again has its whole topic", async () => {
  const rig = await connectedFive(device, { topicAlias: true, clean: false }, { topicAliasMaximum: 5 });
  rig.client.publish("a", "0");
  rig.client.publish("a", "1", { qos: 1 });
  rig.client.publish("a", "2", { qos: 2 });
  await settle();
  assert.deepEqual(aliases(rig.wire), [
    ["a", 1],
    ["", 1],
    ["", 1],
  ]);
  rig.wire.drop();
  const next = await attachFive(device, rig, { topicAliasMaximum: 5 }, true);
  assert.deepEqual(aliases(next), [
    ["a", 1],
    ["", 1],
  ]);
  next.drop();
  const last = await attachFive(device, rig, {}, true);
  const sent = last.sent.slice();
  assert.deepEqual(aliases(last), [
    ["a", undefined],
    ["a", undefined],
  ]);
  assert.deepEqual(
    sent.map(({ payload, dup }) => [payload, dup]),
    [
      ["1", true],
      ["2", true],
    ],
  );
  rig.client.end(true);
});

test("topics named as what an object inherits, and 300 of them", async () => {
  const { client, wire } = await connectedFive(device, { topicAlias: true, maxQueue: 900 }, { topicAliasMaximum: 300 });
  const topics = ["toString", "__proto__", "constructor", "1", "2"];
  for (let i = 0; i < 295; i++) topics.push(`t/${i}`);
  for (const topic of topics) client.publish(topic, "");
  for (const topic of topics) client.publish(topic, "");
  for (let i = 0; i < 20; i++) await settle();
  const sent = aliases(wire);
  assert.deepEqual(
    sent.slice(0, 300),
    topics.map((topic, index) => [topic, index + 1]),
  );
  assert.deepEqual(
    sent.slice(300),
    topics.map((_, index) => ["", index + 1]),
  );
  client.end(true);
});

test("theirs and ours are two lists", async () => {
  const rig = await connectedFive(
    device,
    { topicAlias: true, properties: { topicAliasMaximum: 3 } },
    { topicAliasMaximum: 2 },
  );
  rig.wire.give(publish("x", 1), publish("y", 2), publish("z", 3));
  rig.client.publish("a", "");
  rig.client.publish("b", "");
  rig.client.publish("b", "");
  await settle();
  assert.deepEqual(aliases(rig.wire), [
    ["a", 1],
    ["b", 2],
    ["", 2],
  ]);
  rig.client.end(true);
});

test("3.2.2.3.6: a PUBLISH that the alias would make too large goes without, and its alias stays free", async () => {
  const rig = await connectedFive(device, { topicAlias: true }, { topicAliasMaximum: 2, maximumPacketSize: 20 });
  rig.client.publish("a", "1234567890123"); // 19 bytes without
  rig.client.publish("a", "1");
  rig.client.publish("a", "2");
  await settle();
  for (const bytes of rig.wire.sent) assert.ok(bytes);
  assert.deepEqual(aliases(rig.wire), [
    ["a", undefined],
    ["a", 1],
    ["", 1],
  ]);
  rig.client.end(true);
});

test("received: an alias stands for its topic until it is given another one, in this connection only", async () => {
  const rig = await connectedFive(device, { properties: { topicAliasMaximum: 2 } });
  const topics = () => rig.events.splice(0).map(([, topic]) => topic);
  rig.wire.give(publish("a", 1), publish("", 1), publish("b", 2), publish("", 1), publish("", 2), publish("c"));
  assert.deepEqual(topics(), ["a", "a", "b", "a", "b", "c"]);
  for (const packet of [publish("", 1), publish("n", 1), publish("", 1), publish("a"), publish("", 1)])
    rig.wire.give(packet);
  assert.deepEqual(topics(), ["a", "n", "n", "a", "n"]);
  rig.wire.give({ ...publish("", 2), qos: 2, messageId: 1 }, { ...publish("", 1), qos: 1, messageId: 2 });
  assert.deepEqual(topics(), ["b", "n"]);
  await settle();
  const next = await attachFive(device, rig);
  next.give(publish("", 1));
  await settle();
  assert.deepEqual(next.one(), { cmd: "disconnect", reasonCode: 0x82 });
  assert.deepEqual(codes(rig.events), [
    ["error", "MQTT_PROTOCOL", 48],
    ["close", "MQTT_PROTOCOL", 48],
  ]);
});

for (const [name, bytes, options, reason] of [
  ["alias 0 [MQTT-3.3.2-8]", "3008 000161 03 230000 78", { topicAliasMaximum: 2 }, 0x94],
  ["above our maximum", "3008 000161 03 230003 78", { topicAliasMaximum: 2 }, 0x94],
  ["above a maximum that was not announced", "3008 000161 03 230001 78", {}, 0x94],
  ["of QoS 1", "320a 000161 0001 03 230003 78", { topicAliasMaximum: 2 }, 0x94],
  ["an alias that stands for nothing", "3007 0000 03 230001 78", { topicAliasMaximum: 2 }, 0x82],
  ["neither topic nor alias", "3004 0000 00 78", { topicAliasMaximum: 2 }, 0x82],
  ["neither topic nor alias, with QoS 2", "3406 0000 0001 00 78", { topicAliasMaximum: 2 }, 0x82],
] as const) {
  for (const isAlone of [true, false]) {
    test(`received: ${name}: 0x${reason.toString(16)}, ${isAlone ? "alone" : "behind another"}`, async () => {
      const rig = await connectedFive(device, { properties: options });
      const before = isAlone ? "" : unhex("3005 000162 00 78");
      rig.wire.raw(before + unhex(bytes));
      await settle();
      assert.deepEqual(rig.wire.one(), { cmd: "disconnect", reasonCode: reason });
      assert.equal(rig.wire.isClosed, true);
      assert.equal(rig.events.filter(([event]) => event === "message").length, isAlone ? 0 : 1);
    });
  }
}
