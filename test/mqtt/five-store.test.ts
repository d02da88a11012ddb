/** MQTT 5 with a store: what outlives a reset keeps its properties, whichever version the next connection speaks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../../modules/mqtt/types.ts";
import { attachFive, codes, connack, createFive, FiveWire, loadFive } from "../support/five.ts";
import { unhex } from "../support/mqtt.ts";

const device = await loadFive(true);
const { settle, pass } = device;
await pass(10);

/** What a flash holds; `acceptedS` is when its messages were accepted. */
function memory(acceptedS = 10): Store & { size(): number } {
  const sent = new Map<string, string>();
  const bytes = new Map<string, string>();
  const received = new Set<string>();
  return {
    load(give) {
      for (const [id, what] of sent) give(id, what[0] as string, what === "b" ? 0 : -acceptedS);
      for (const id of received) give(id, "P", 0);
    },
    put(id, what) {
      if (what === "P") received.add(id);
      else if (what === "p") received.delete(id);
      else {
        sent.delete(id);
        if (what) sent.set(id, what);
        if (what && what !== "b") bytes.set(id, what);
      }
      return true;
    },
    read: (id) => bytes.get(id) ?? "",
    size: () => sent.size + received.size,
  };
}

const about = { messageExpiryInterval: 100, contentType: "x", userProperties: { a: "b" } };

test("a reset: sent again with DUP and their properties, less the seconds since they were accepted", async () => {
  const store = memory();
  const before = createFive(device, { clean: false }, store);
  before.client.publish("t", "1", { qos: 1, properties: about });
  before.client.publish("t", "2", { qos: 2 });
  before.client.publish("t", "3", { qos: 2, properties: about });
  assert.equal(store.size(), 3);
  await pass(30);
  const { client, ...rig } = createFive(device, { clean: false, topicAlias: true }, store);
  const wire = await attachFive(device, { client, ...rig }, { topicAliasMaximum: 5 }, true);
  const sent = wire.take();
  assert.deepEqual(
    sent.map(({ payload, dup, topic, properties }) => [payload, dup, topic, properties?.["messageExpiryInterval"]]),
    [
      ["1", true, "t", 70],
      ["2", true, "", undefined],
      ["3", true, "", 70],
    ],
  );
  assert.equal(sent[2]?.properties?.["contentType"], "x");
  wire.give({ cmd: "puback", messageId: sent[0]?.["messageId"] });
  wire.give({ cmd: "pubrec", messageId: sent[1]?.["messageId"] });
  wire.give({ cmd: "pubrec", messageId: sent[2]?.["messageId"], reasonCode: 0x97 });
  wire.give({ cmd: "pubcomp", messageId: sent[1]?.["messageId"] });
  assert.equal(store.size(), 0);
  client.end(true);
});

test("what expired over a reset: of QoS 1 it is dropped, of QoS 2 the broker may have it", async () => {
  const store = memory();
  const before = createFive(device, { clean: false }, store);
  before.client.publish("t", "1", { qos: 1, properties: about });
  before.client.publish("t", "2", { qos: 2, properties: about });
  await pass(200);
  const rig = createFive(device, { clean: false }, store);
  const wire = new FiveWire();
  rig.client.attach(wire);
  await settle();
  wire.take();
  wire.give(connack(undefined, true));
  await settle();
  const sent = wire.one();
  assert.deepEqual([sent["payload"], sent.properties?.["messageExpiryInterval"]], ["2", 1]);
  assert.deepEqual(codes(rig.events), [
    ["connect", undefined, undefined],
    ["error", "MQTT_EXPIRED", undefined],
  ]);
  assert.equal(store.size(), 1);
  rig.client.end(true);
});

test("a broker that turned out to know 3.1.1 only, before and after the reset", async () => {
  const store = memory();
  const before = createFive(device, { clean: false }, store);
  before.client.publish("t", "1", { qos: 1, properties: about });
  for (const round of [1, 2]) {
    const { client } = round === 1 ? before : createFive(device, { clean: false }, store);
    const wire = new FiveWire();
    client.attach(wire);
    await settle();
    wire.raw(unhex("20020001"));
    const old = new FiveWire(false);
    client.attach(old);
    await settle();
    assert.equal(old.one()["protocolVersion"], 4);
    old.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
    client.publish("t", `later ${round}`, { qos: 2 });
    client.publish("t", `zero ${round}`);
    await settle();
    assert.deepEqual(
      old.take().map(({ payload }) => payload),
      round === 1 ? ["1", "later 1", "zero 1"] : ["1", "later 1", "later 2", "zero 2"],
    );
    old.drop();
  }
});

test("an image that asks for 3.1.1 and the next one for 5", async () => {
  const store = memory();
  const old = createFive(device, { clean: false, protocolVersion: 4 }, store);
  const wire = new FiveWire(false);
  old.client.attach(wire);
  await settle();
  wire.take();
  wire.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
  old.client.publish("t", "kept", { qos: 1, properties: { contentType: "x" } });
  await settle();
  assert.deepEqual(wire.one()["payload"], "kept");
  const rig = createFive(device, { clean: false }, store);
  const next = await attachFive(device, rig, undefined, true);
  const sent = next.one();
  assert.deepEqual([sent["payload"], sent["dup"], sent["topic"]], ["kept", true, "t"]);
  assert.deepEqual({ ...sent.properties }, { contentType: "x" });
  rig.client.end(true);
});

test("QoS 2 messages received before the reset come no second time, and count for Receive Maximum", async () => {
  const store = memory();
  const options = { clean: false, properties: { receiveMaximum: 2 } };
  const publish = (messageId: number) => ({
    cmd: "publish",
    topic: "t",
    payload: `${messageId}`,
    qos: 2,
    dup: false,
    retain: false,
    messageId,
  });
  const before = createFive(device, options, store);
  const wire = await attachFive(device, before);
  wire.give(publish(1), publish(2));
  assert.equal(before.events.length, 2);
  const rig = createFive(device, options, store);
  const next = await attachFive(device, rig, undefined, true);
  next.give({ ...publish(1), dup: true }, { cmd: "pubrel", messageId: 2 }, publish(3));
  assert.deepEqual(
    rig.events.map(([, , payload]) => payload),
    ["3"],
  );
  assert.equal(rig.client.connected, true);
  rig.client.end(true);
});

test("a PUBLISH of QoS 2 that PUBACK ended leaves the store, also when it was sent before a reset", async () => {
  const store = memory();
  const before = createFive(device, { clean: false, protocolVersion: 4 }, store);
  before.client.publish("t", "x", { qos: 2 });
  assert.equal(store.size(), 1);
  for (const rig of [before, createFive(device, { clean: false, protocolVersion: 4 }, store)]) {
    const wire = new FiveWire(false);
    rig.client.attach(wire);
    await settle();
    wire.take();
    wire.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
    await settle();
    const packet = wire.one();
    assert.deepEqual([packet["payload"], packet["dup"]], ["x", rig !== before]);
    // Only the second connection lives long enough for the answer.
    if (rig !== before) wire.give({ cmd: "puback", messageId: packet["messageId"] });
    rig.client.end(true);
  }
  assert.equal(store.size(), 0);
});
