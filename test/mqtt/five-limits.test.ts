/** MQTT 5: what the broker does not take is refused here, and messages that expire while they wait. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PublishOptions } from "../../modules/mqtt/types.ts";
import { outcomes } from "../support/client-rig.ts";
import { attachFive, codes, connectedFive, createFive, FiveWire, fault, loadFive } from "../support/five.ts";

const device = await loadFive();
const { settle } = device;

for (const [limits, options, code] of [
  [{ maximumQoS: 0 }, { qos: 1 }, "MQTT_UNSUPPORTED"],
  [{ maximumQoS: 1 }, { qos: 2 }, "MQTT_UNSUPPORTED"],
  [{ maximumQoS: 0 }, { qos: 0 }, ""],
  [{ maximumQoS: 1 }, { qos: 1 }, ""],
  [{ retainAvailable: false }, { retain: true }, "MQTT_UNSUPPORTED"],
  [{ retainAvailable: false }, { retain: true, qos: 1 }, "MQTT_UNSUPPORTED"],
  [{ retainAvailable: false }, { qos: 1 }, ""],
  [{ retainAvailable: true }, { retain: true }, ""],
  [{ maximumPacketSize: 16 }, { qos: 1 }, ""],
  [{ maximumPacketSize: 15 }, { qos: 1 }, "MQTT_TOO_LARGE"],
  [{ maximumPacketSize: 14 }, {}, ""],
  [{ maximumPacketSize: 13 }, {}, "MQTT_TOO_LARGE"],
] as [Record<string, unknown>, PublishOptions, string][]) {
  test(`3.2.2.3: ${JSON.stringify(limits)} and ${JSON.stringify(options)}: ${code || "sent"}`, async () => {
    const { client, wire, events } = await connectedFive(device, {}, limits);
    const { list, as } = outcomes();
    client.publish("topic", "1234", options, as("done"));
    client.publish("t", "", as("next"));
    await settle();
    const sent = wire.take().map(({ topic }) => topic);
    assert.deepEqual(sent, code ? ["t"] : ["topic", "t"]);
    // With QoS 0 it was done when it was accepted.
    if (options.qos) assert.deepEqual(list.slice(0, -1), code ? [["done", fault(code)]] : []);
    else assert.deepEqual(events, code ? [["error", fault(code)]] : []);
    assert.equal(client.queued(), options.qos && !code ? 1 : 0);
    assert.equal(client.connected, true);
    client.end(true);
  });
}

test("who is told may publish at once, ask or end", async () => {
  const { client, wire } = await connectedFive(device, {}, { maximumQoS: 0 });
  const told: string[] = [];
  client.publish("a", "1", { qos: 1 }, () => {
    told.push("1");
    client.publish("b", "2", { qos: 1 }, () => {
      told.push("2");
      client.publish("c", "3");
    });
    client.publish("d", "4");
  });
  client.publish("e", "5");
  await settle();
  assert.deepEqual(told, ["1", "2"]);
  assert.deepEqual(
    wire
      .take()
      .map(({ payload }) => payload)
      .sort(),
    ["3", "4", "5"],
  );
  client.publish("a", "6", { qos: 1 }, () => client.end(true));
  client.publish("a", "7");
  await settle();
  assert.equal(wire.isClosed, true);
});

test("who is told may attach anew", async () => {
  const rig = await connectedFive(device, {}, { maximumQoS: 0 });
  const next = new FiveWire();
  rig.client.publish("a", "1", { qos: 1 }, () => rig.client.attach(next));
  rig.client.publish("a", "2", { qos: 1 });
  await settle();
  assert.equal(next.one().cmd, "connect");
  rig.client.end(true);
});

test("`end` waits for what is refused, too", async () => {
  const { client, wire } = await connectedFive(device, {}, { maximumQoS: 0 });
  const { list, as } = outcomes();
  wire.isPrompt = false;
  client.publish("a", "0");
  client.publish("a", "1", { qos: 1 }, as("one"));
  client.end(false, () => list.push("ended"));
  wire.isPrompt = true;
  wire.finish();
  await settle();
  assert.deepEqual(list, [["one", fault("MQTT_UNSUPPORTED")], "ended"]);
  assert.equal(wire.isClosed, true);
});

/** A client whose seconds the test counts. */
function clocked(options = {}) {
  const time = { now: 100 };
  return { time, rig: createFive(device, { uptime: () => time.now, ...options }) };
}

for (const [waited, expected] of [
  [0, 10],
  [0.4, 10],
  [1, 9],
  [8.5, 2],
  [9, 1],
  [9.6, undefined],
  [10, undefined],
  [1e6, undefined],
] as const) {
  test(`3.3.2.3.3: an expiry of 10 s after ${waited} s`, async () => {
    const { rig, time } = clocked();
    const { list, as } = outcomes();
    const about = { messageExpiryInterval: 10, contentType: "x" };
    rig.client.publish("t", "one", { qos: 1, properties: about }, as("one"));
    rig.client.publish("t", "two", { qos: 2, properties: about }, as("two"));
    rig.client.publish("t", "ever", { qos: 1 });
    time.now += waited;
    const wire = await attachFive(device, rig);
    const sent = wire.take();
    const given = sent.map(({ properties }) => properties?.["messageExpiryInterval"] as number | undefined);
    if (expected === undefined) {
      assert.deepEqual(given, [undefined]);
      assert.deepEqual(list, [
        ["one", fault("MQTT_EXPIRED")],
        ["two", fault("MQTT_EXPIRED")],
      ]);
    } else {
      assert.equal(given.length, 3);
      for (const seconds of given.slice(0, 2))
        assert.ok(Math.abs((seconds as number) - expected) <= 1 && (seconds as number) >= 1);
      if (Number.isInteger(waited)) assert.deepEqual(given, [expected, expected, undefined]);
      assert.equal(sent[0]?.properties?.["contentType"], "x");
      assert.deepEqual(list, []);
    }
    rig.client.end(true);
  });
}

test("3.3.2.3.3: large intervals, and none", async () => {
  const { rig, time } = clocked();
  for (const messageExpiryInterval of [0xffffffff, 0x80000001, 0x01000000]) {
    rig.client.publish("t", "x", { qos: 1, properties: { messageExpiryInterval } });
  }
  rig.client.publish("t", "x", { qos: 1, properties: { contentType: "x" } });
  time.now += 2;
  const wire = await attachFive(device, rig);
  assert.deepEqual(
    wire.take().map(({ properties }) => properties?.["messageExpiryInterval"]),
    [0xfffffffd, 0x7fffffff, 0xfffffe, undefined],
  );
  rig.client.end(true);
});

test("3.3.2.3.3: it goes on counting on the way to the second connection", async () => {
  const { rig, time } = clocked({ clean: false });
  const { list, as } = outcomes();
  rig.client.publish("t", "x", { qos: 1, properties: { messageExpiryInterval: 100 } }, as("one"));
  time.now += 10;
  const wire = await attachFive(device, rig);
  assert.equal(wire.one().properties?.["messageExpiryInterval"], 90);
  wire.drop();
  time.now += 20;
  const next = await attachFive(device, rig, undefined, true);
  const again = next.one();
  assert.deepEqual([again["dup"], again.properties?.["messageExpiryInterval"]], [true, 70]);
  next.drop();
  assert.deepEqual(list, []);
  rig.client.end(true);
});

test("a QoS 2 message that may have arrived is not dropped: its identifier would stay with the broker", async () => {
  const { rig, time } = clocked({ clean: false });
  const { list, as } = outcomes();
  rig.client.publish("t", "x", { qos: 2, properties: { messageExpiryInterval: 5 } }, as("two"));
  const wire = await attachFive(device, rig);
  const { messageId } = wire.one();
  wire.drop();
  time.now += 60;
  const next = await attachFive(device, rig, undefined, true);
  const again = next.one();
  assert.deepEqual(
    [again["dup"], again["messageId"], again.properties?.["messageExpiryInterval"]],
    [true, messageId, 1],
  );
  assert.deepEqual(list, []);
  rig.client.end(true);
});

test("the seconds of `getTime` count where there is no `uptime`", async () => {
  const rig = createFive(device);
  await device.pass(1);
  rig.client.publish("t", "x", { qos: 1, properties: { messageExpiryInterval: 100 } });
  await device.pass(30);
  const wire = await attachFive(device, rig);
  assert.equal(wire.one().properties?.["messageExpiryInterval"], 70);
  rig.client.end(true);
});

for (const [name, qos, size] of [
  ["of QoS 0", 0, 200],
  ["of QoS 1", 1, 200],
  ["much larger than a chunk", 1, 100_000],
] as const) {
  test(`3.1.2.11.4: a PUBLISH above our Maximum Packet Size, ${name}: 0x95`, async () => {
    const rig = await connectedFive(device, { properties: { maximumPacketSize: 150 } });
    const id = qos ? { messageId: 1 } : {};
    const publish = { cmd: "publish", topic: "t", qos, dup: false, retain: false, ...id };
    rig.wire.give({ ...publish, payload: "x".repeat(qos ? 141 : 143) });
    assert.equal(rig.events.splice(0)[0]?.[0], "message", "150 bytes are as announced");
    await settle();
    rig.wire.take();
    rig.wire.give({ ...publish, payload: "x".repeat(size) });
    await settle();
    assert.deepEqual(rig.wire.one(), { cmd: "disconnect", reasonCode: 0x95 });
    assert.equal(rig.wire.isClosed, true);
    assert.deepEqual(codes(rig.events), [
      ["error", "MQTT_TOO_LARGE", 48 + 2 * qos],
      ["close", "MQTT_TOO_LARGE", 48 + 2 * qos],
    ]);
  });
}
