/** MQTT 5: enhanced authentication (4.12) and DISCONNECT with reasons (3.14). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { codes, connack, connectedFive, createFive, FiveWire, fault, loadFive, type Packet } from "../support/five.ts";

const device = await loadFive();
const { settle, pass } = device;

const method = { authenticationMethod: "SCRAM" };
const auth = (reasonCode: number, authenticationData?: string): Packet => ({
  cmd: "auth",
  reasonCode,
  properties: { ...method, ...(authenticationData === undefined ? {} : { authenticationData }) },
});

/** A client that answers challenges with `answer`, on a connection that has no CONNACK yet. */
async function challenged(answer: (data: string) => string) {
  const rig = createFive(device, { properties: { ...method, authenticationData: "first" } });
  const heard: unknown[] = [];
  rig.client.onAuth = (packet, reply) => {
    heard.push(toHost(packet));
    reply({
      reasonCode: 0x18,
      properties: { ...method, authenticationData: answer(packet.properties?.authenticationData ?? "") },
    });
  };
  const wire = new FiveWire();
  rig.client.attach(wire);
  await settle();
  assert.deepEqual({ ...wire.one().properties }["authenticationData"], "first");
  return { ...rig, wire, heard };
}

test("4.12: challenge and response before CONNACK, twice", async () => {
  const { client, wire, heard, events } = await challenged((data) => `\xff${data}\0`);
  for (const step of ["a", "b"]) {
    wire.give(auth(0x18, step));
    await settle();
    const packet = wire.one();
    assert.deepEqual(packet, auth(0x18, `\xff${step}\0`));
  }
  wire.give(connack({ ...method, authenticationData: "done" }));
  await settle();
  assert.equal(client.connected, true);
  assert.deepEqual(
    heard,
    [auth(0x18, "a"), auth(0x18, "b")].map(({ cmd, ...packet }) => packet),
  );
  const [[name, packet]] = events as [[string, Packet]];
  assert.equal(name, "connect");
  assert.deepEqual(packet.properties, { ...method, authenticationData: "done" });
  client.end(true);
});

test("4.12: nothing else is sent before CONNACK", async () => {
  const { client, wire } = await challenged(() => "x");
  client.publish("t", "x", { qos: 1 });
  wire.give(auth(0x18, "a"));
  await settle();
  assert.equal(wire.one().cmd, "auth");
  wire.give(connack(method));
  await settle();
  assert.equal(wire.one().cmd, "publish");
  client.end(true);
});

test("4.12: refused after the challenge", async () => {
  const { wire, events } = await challenged(() => "wrong");
  wire.give(auth(0x18, "a"));
  await settle();
  wire.give({ cmd: "connack", sessionPresent: false, reasonCode: 0x87 });
  await settle();
  assert.equal(wire.isClosed, true);
  assert.deepEqual(codes(events), [
    ["error", "MQTT_REFUSED", 0x87],
    ["close", "MQTT_REFUSED", 0x87],
  ]);
});

test("an answer that takes its time, and one that comes too late", async () => {
  const rig = createFive(device, { properties: method });
  let answer: () => void = () => assert.fail("no challenge");
  rig.client.onAuth = (_packet, reply) => {
    answer = () => reply({ reasonCode: 0x18, properties: { ...method, authenticationData: "late" } });
  };
  const wire = new FiveWire();
  rig.client.attach(wire);
  await settle();
  wire.take();
  wire.give(auth(0x18));
  await pass(5);
  answer();
  await settle();
  assert.deepEqual(wire.one(), auth(0x18, "late"));
  wire.give(auth(0x18));
  wire.drop();
  answer();
  await settle();
  assert.deepEqual(wire.take(), []);
  rig.client.auth?.(auth(0x19) as never);
  rig.client.end(true);
});

test("4.12.1: authentication anew, in the middle of other packets", async () => {
  const rig = await connectedFive(device, { properties: method }, method);
  const heard: unknown[] = [];
  rig.client.onAuth = (packet, reply) => {
    heard.push(packet.reasonCode);
    if (packet.reasonCode === 0x18) reply({ reasonCode: 0x18, properties: { ...method, authenticationData: "2" } });
  };
  rig.wire.isPrompt = false;
  rig.client.publish("t", "x");
  rig.client.auth?.({ reasonCode: 0x19, properties: { ...method, authenticationData: "1" } });
  rig.client.publish("t", "y");
  rig.wire.isPrompt = true;
  rig.wire.finish();
  await settle();
  const sent = rig.wire.take();
  assert.deepEqual(sent.map(({ cmd }) => cmd).sort(), ["auth", "publish", "publish"]);
  assert.deepEqual(
    sent.find(({ cmd }) => cmd === "auth"),
    auth(0x19, "1"),
  );
  rig.wire.isPrompt = false;
  rig.client.publish("t", "z");
  rig.wire.give(auth(0x18, "challenge"));
  rig.wire.isPrompt = true;
  rig.wire.finish();
  await settle();
  assert.deepEqual(
    rig.wire.take().filter(({ cmd }) => cmd === "auth"),
    [auth(0x18, "2")],
  );
  rig.wire.give(auth(0));
  await settle();
  assert.deepEqual(heard, [0x18, 0]);
  assert.equal(rig.client.connected, true);
  rig.client.end(true);
});

test("[MQTT-4.12.0-6]: AUTH without a method in CONNECT is a protocol error, whoever listens", async () => {
  const rig = await connectedFive(device);
  rig.client.onAuth = () => assert.fail("heard");
  rig.wire.give(auth(0x18));
  await settle();
  assert.deepEqual(rig.wire.one(), { cmd: "disconnect", reasonCode: 0x82 });
  assert.deepEqual(codes(rig.events), [
    ["error", "MQTT_PROTOCOL", 0xf0],
    ["close", "MQTT_PROTOCOL", 0xf0],
  ]);
});

test("AUTH that nobody listens to", async () => {
  const rig = await connectedFive(device, { properties: method });
  rig.wire.give(auth(0x18));
  await settle();
  assert.deepEqual(rig.wire.one(), { cmd: "disconnect", reasonCode: 0x82 });
});

for (const [name, packet, expected] of [
  ["session taken over", { reasonCode: 0x8e }, fault("MQTT_TAKEN_OVER", 0x8e)],
  [
    "server shutting down, with words",
    { reasonCode: 0x8b, properties: { reasonString: "bye" } },
    fault("MQTT_DISCONNECTED", 0x8b, "bye"),
  ],
  [
    "keep alive timeout",
    { reasonCode: 0x8d, properties: { userProperties: { a: "b" } } },
    fault("MQTT_DISCONNECTED", 0x8d),
  ],
  [
    "use another server",
    { reasonCode: 0x9c, properties: { serverReference: "b.test" } },
    fault("MQTT_MOVED", "b.test"),
  ],
  [
    "server moved",
    { reasonCode: 0x9d, properties: { serverReference: "c.test d.test" } },
    fault("MQTT_MOVED", "c.test d.test"),
  ],
  ["nothing", { reasonCode: 0 }, fault("MQTT_DISCONNECTED", 0)],
] as const) {
  test(`3.14: DISCONNECT of the broker: ${name}`, async () => {
    const rig = await connectedFive(device);
    rig.client.publish("t", "x", { qos: 1 });
    await settle();
    rig.wire.take();
    rig.wire.give({ cmd: "disconnect", ...packet });
    await settle();
    assert.equal(rig.wire.isClosed, true);
    assert.deepEqual(rig.wire.take(), [], "it is not answered");
    const wanted = { reason: undefined, ...expected };
    assert.deepEqual(rig.events, [
      ["error", wanted],
      ["close", wanted],
    ]);
    assert.equal(rig.client.queued(), 1);
  });
}

test("3.14.2: a DISCONNECT of two bytes, of three, and what stands behind it", async () => {
  for (const bytes of ["\xe0\0", "\xe0\x01\x8b", "\xe0\x02\x8b\0"]) {
    const rig = await connectedFive(device);
    rig.wire.raw(`${bytes}0\x05\0\x01b\0z`);
    await settle();
    assert.deepEqual(codes(rig.events), [
      ["error", "MQTT_DISCONNECTED", bytes.length > 2 ? 0x8b : 0],
      ["close", "MQTT_DISCONNECTED", bytes.length > 2 ? 0x8b : 0],
    ]);
    assert.deepEqual(rig.wire.take(), []);
  }
});

test("3.14: `end` says why, when all is delivered", async () => {
  const { client, wire } = await connectedFive(device, {}, { receiveMaximum: 1 });
  client.publish("t", "1", { qos: 1 });
  client.publish("t", "2", { qos: 1 });
  let isEnded = false;
  const properties = { reasonString: "sleep", sessionExpiryInterval: 60, userProperties: { a: "b" } };
  client.end(
    false,
    () => {
      isEnded = true;
    },
    { reasonCode: 4, properties },
  );
  for (const payload of ["1", "2"]) {
    await settle();
    const packet = wire.one();
    assert.equal(packet["payload"], payload);
    wire.give({ cmd: "puback", messageId: packet["messageId"] });
  }
  await settle();
  assert.deepEqual(wire.one(), { cmd: "disconnect", reasonCode: 4, properties });
  assert.equal(isEnded, true);
  assert.equal(wire.isClosed, true);
});

test("3.14: `end` without a reason, and with one that cannot be said", async () => {
  for (const packet of [undefined, { reasonCode: 0 }, { reasonCode: 0, properties: { reasonString: "\xff" } }]) {
    const { client, wire } = await connectedFive(device);
    let isEnded = false;
    client.end(
      false,
      () => {
        isEnded = true;
      },
      packet,
    );
    await settle();
    assert.deepEqual(wire.one(), { cmd: "disconnect", reasonCode: 0 });
    assert.equal(isEnded, true);
  }
});
