/** MQTT 5: SUBSCRIBE and UNSUBSCRIBE (3.8 to 3.11). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, SubscribeOptions } from "../../modules/mqtt/types.ts";
import { outcomes } from "../support/client-rig.ts";
import { attachFive, codes, connectedFive, fault, loadFive } from "../support/five.ts";

const device = await loadFive();
const { settle } = device;

test("3.8.3.1: QoS, No Local, Retain As Published and Retain Handling of each filter", async () => {
  const { client, wire } = await connectedFive(device);
  client.subscribe({
    a: {},
    b: { qos: 1, nl: true },
    c: { qos: 2, rap: true, rh: 1 },
    d: { nl: true, rap: true, rh: 2 },
  });
  client.subscribe(["e", "f"], { qos: 1, rap: true });
  await settle();
  const [one, two] = wire.take().map(({ subscriptions }) => subscriptions as object[]) as [object[], object[]];
  assert.deepEqual(one, [
    { topic: "a", qos: 0, nl: false, rap: false, rh: 0 },
    { topic: "b", qos: 1, nl: true, rap: false, rh: 0 },
    { topic: "c", qos: 2, nl: false, rap: true, rh: 1 },
    { topic: "d", qos: 0, nl: true, rap: true, rh: 2 },
  ]);
  assert.deepEqual(
    two.map((filter) => ({ ...filter, topic: "" })),
    [1, 2].map(() => ({ topic: "", qos: 1, nl: false, rap: true, rh: 0 })),
  );
  client.end(true);
});

test("Retain Handling 3 does not exist [3.8.3.1]", async () => {
  const { client, wire } = await connectedFive(device);
  const { list, as } = outcomes();
  for (const rh of [3, 4, -1]) assert.equal(client.subscribe("a", { rh }, as(`${rh}`)), false);
  assert.deepEqual(
    list.map((one) => (one as unknown[])[1]),
    [1, 2, 3].map(() => fault("MQTT_INVALID")),
  );
  await settle();
  assert.deepEqual(wire.take(), []);
  client.end(true);
});

test("3.8.2.1, 3.10.2.1: Subscription Identifier and User Properties of the packet", async () => {
  const { client, wire } = await connectedFive(device);
  const { list, as } = outcomes();
  for (const subscriptionIdentifier of [1, 127, 128, 16383, 268435455]) {
    const userProperties = { a: ["1", "2"], b: "3" };
    client.subscribe("a/#", { qos: 1, properties: { subscriptionIdentifier, userProperties } });
    await settle();
    const packet = wire.one();
    assert.deepEqual({ ...packet.properties }, { subscriptionIdentifier, userProperties });
    wire.give({ cmd: "suback", messageId: packet["messageId"], granted: [1] });
  }
  client.unsubscribe("a/#", { properties: { userProperties: { c: "4" } } }, as("done"));
  await settle();
  const packet = wire.one();
  assert.deepEqual({ ...packet.properties }, { userProperties: { c: "4" } });
  wire.give({ cmd: "unsuback", messageId: packet["messageId"], granted: [0] });
  assert.deepEqual(list, [["done", undefined, [{ topic: "a/#", qos: 0 }]]]);
  client.end(true);
});

test("a property that cannot be said, and one call's options without a callback", async () => {
  const { client, wire } = await connectedFive(device);
  const { list, as } = outcomes();
  assert.equal(client.subscribe("a", { properties: { userProperties: { a: "\xff" } } }, as("sub")), false);
  assert.equal(client.unsubscribe("a", { properties: { userProperties: { a: "\0" } } }, as("unsub")), false);
  assert.deepEqual(list, [
    ["sub", fault("MQTT_INVALID")],
    ["unsub", fault("MQTT_INVALID")],
  ]);
  assert.equal(client.unsubscribe("a", { properties: {} }), true);
  await settle();
  assert.equal(wire.one().cmd, "unsubscribe");
  client.end(true);
});

test("3.9.3: each filter's code; properties of SUBACK; one refusal is the error", async () => {
  const { client, wire } = await connectedFive(device);
  const { list, as } = outcomes();
  client.subscribe(["a", "b", "c", "d"], { qos: 2 }, as("done"));
  client.subscribe("$share/g/e", as("shared"));
  await settle();
  const [one, two] = wire.take();
  const properties = { reasonString: "no", userProperties: { x: "y" } };
  wire.give({ cmd: "suback", messageId: one?.["messageId"], granted: [2, 0x87, 0, 0xa2], properties });
  wire.give({ cmd: "suback", messageId: two?.["messageId"], granted: [0x9e] });
  assert.deepEqual(codes(list as unknown[][]), [
    ["done", "MQTT_SUBSCRIBE", "d"],
    ["shared", "MQTT_SUBSCRIBE", "$share/g/e"],
  ]);
  // The broker's words go with their own packet only.
  assert.deepEqual(
    list.map((one) => ((one as unknown[])[1] as { reason?: string }).reason),
    ["no", undefined],
  );
  assert.deepEqual((list[0] as unknown[])[2], [
    { topic: "a", qos: 2 },
    { topic: "b", qos: 0x87 },
    { topic: "c", qos: 0 },
    { topic: "d", qos: 0xa2 },
  ]);
  assert.equal(client.queued(), 0);
  client.end(true);
});

test("3.11.3: codes of UNSUBACK: none there is no error, a refusal is", async () => {
  const { client, wire } = await connectedFive(device);
  const { list, as } = outcomes();
  client.unsubscribe(["a", "b"], as("none"));
  client.unsubscribe(["c", "d"], as("refused"));
  await settle();
  const [none, refused] = wire.take();
  wire.give({ cmd: "unsuback", messageId: none?.["messageId"], granted: [0, 0x11] });
  wire.give({
    cmd: "unsuback",
    messageId: refused?.["messageId"],
    granted: [0x87, 0],
    properties: { reasonString: "no" },
  });
  assert.deepEqual(list[0], [
    "none",
    undefined,
    [
      { topic: "a", qos: 0 },
      { topic: "b", qos: 0x11 },
    ],
  ]);
  assert.deepEqual(list[1], [
    "refused",
    fault("MQTT_SUBSCRIBE", "c", "no"),
    [
      { topic: "c", qos: 0x87 },
      { topic: "d", qos: 0 },
    ],
  ]);
  client.end(true);
});

test("a session that the broker lost: subscribed again, with everything that was asked for", async () => {
  const rig = await connectedFive(device, { clean: false });
  const how: SubscribeOptions = { qos: 1, nl: true, rap: true, rh: 2, properties: { subscriptionIdentifier: 7 } };
  rig.client.subscribe("a", how);
  rig.client.subscribe(["b", "c"]);
  rig.client.unsubscribe("c");
  await settle();
  const [a, b, c] = rig.wire.take();
  rig.wire.give({ cmd: "suback", messageId: a?.["messageId"], granted: [1] });
  rig.wire.give({ cmd: "suback", messageId: b?.["messageId"], granted: [0, 0x80] });
  rig.wire.give({ cmd: "unsuback", messageId: c?.["messageId"], granted: [0] });
  const same = await attachFive(device, rig, undefined, true);
  assert.deepEqual(same.take(), []);
  const lost = await attachFive(device, rig);
  const sent = lost.take();
  assert.deepEqual(
    sent.map(({ subscriptions, properties }) => [subscriptions, properties && { ...properties }]),
    [
      [[{ topic: "a", qos: 1, nl: true, rap: true, rh: 2 }], { subscriptionIdentifier: 7 }],
      [[{ topic: "b", qos: 0, nl: false, rap: false, rh: 0 }], undefined],
    ],
  );
  rig.client.end(true);
});

for (const [name, act, answer] of [
  ["SUBACK without codes", (client: Client) => client.subscribe("a"), (id: string) => `\x90\x03${id}\0`],
  ["SUBACK as short as a PUBACK", (client: Client) => client.subscribe("a"), (id: string) => `\x90\x02${id}`],
  [
    "SUBACK with a code too many [MQTT-3.9.3-1]",
    (client: Client) => client.subscribe("a"),
    (id: string) => `\x90\x05${id}\0\0\0`,
  ],
  ["SUBACK of 3.1.1", (client: Client) => client.subscribe("a"), (id: string) => `\x90\x03${id}\x01`],
  ["SUBACK with code 3", (client: Client) => client.subscribe("a"), (id: string) => `\x90\x04${id}\0\x03`],
  ["SUBACK with code 0x7f", (client: Client) => client.subscribe("a"), (id: string) => `\x90\x04${id}\0\x7f`],
  ["SUBACK for nothing", (client: Client) => client.subscribe("a"), () => "\x90\x04\xfe\xfe\0\0"],
  ["UNSUBACK without codes", (client: Client) => client.unsubscribe("a"), (id: string) => `\xb0\x03${id}\0`],
  ["UNSUBACK of 3.1.1", (client: Client) => client.unsubscribe("a"), (id: string) => `\xb0\x02${id}`],
  ["UNSUBACK with a code too many", (client: Client) => client.unsubscribe("a"), (id: string) => `\xb0\x05${id}\0\0\0`],
] as [string, (client: Client) => void, (id: string) => string][]) {
  test(`${name}: malformed`, async () => {
    const rig = await connectedFive(device);
    act(rig.client);
    await settle();
    const id = rig.wire.one()["messageId"] as number;
    rig.wire.raw(answer(String.fromCharCode(id >> 8, id & 255)));
    await settle();
    assert.deepEqual(rig.wire.one(), { cmd: "disconnect", reasonCode: 0x81 });
    assert.equal(rig.client.queued(), 1, "it is asked again on the next connection");
    rig.client.end(true);
  });
}
