/** MQTT 5: CONNECT and CONNACK, what the broker changes, and the way back to 3.1.1. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientOptions } from "../../modules/mqtt/client.ts";
import { attachFive, codes, connack, connectedFive, createFive, FiveWire, fault, loadFive } from "../support/five.ts";
import { unhex } from "../support/mqtt.ts";

const device = await loadFive();
const { settle, pass } = device;

/** CONNECT as it leaves with these options. */
async function connectOf(options: ClientOptions) {
  const { client } = createFive(device, options);
  const wire = new FiveWire();
  client.attach(wire);
  await settle();
  client.end(true);
  return wire.one();
}

test("3.1.2.11: every property of CONNECT, and of the Will (3.1.3.2)", async () => {
  const properties = {
    sessionExpiryInterval: 7200,
    receiveMaximum: 20,
    maximumPacketSize: 2048,
    topicAliasMaximum: 5,
    requestResponseInformation: true,
    requestProblemInformation: false,
    userProperties: { "\xc3\xa9": ["1", "2"], toString: "x" },
    authenticationMethod: "SCRAM-SHA-1",
    authenticationData: "\0\xff",
  };
  const will = {
    topic: "status",
    payload: "\0gone",
    qos: 1 as const,
    retain: true,
    properties: {
      willDelayInterval: 30,
      payloadFormatIndicator: false,
      messageExpiryInterval: 3600,
      contentType: "text/plain",
      responseTopic: "reply",
      correlationData: "\x01\xfe",
      userProperties: { a: "b" },
    },
  };
  const packet = await connectOf({ clientId: "id", clean: false, username: "u", password: "\xff", properties, will });
  assert.deepEqual(packet, {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 5,
    clean: false,
    keepalive: 60,
    clientId: "id",
    username: "u",
    password: "\xff",
    will,
    properties,
  });
});

test("3.1.2.11.2: `clean: false` keeps the session as in 3.1.1, unless told otherwise", async () => {
  const expiry = async (options: ClientOptions) => (await connectOf(options)).properties?.["sessionExpiryInterval"];
  assert.equal(await expiry({ clean: false }), 0xffffffff);
  assert.equal(await expiry({ clean: false, properties: { topicAliasMaximum: 1 } }), 0xffffffff);
  assert.equal(await expiry({ clean: false, properties: { sessionExpiryInterval: 0 } }), 0);
  assert.equal(await expiry({ clean: false, properties: { sessionExpiryInterval: 0xfffffffe } }), 0xfffffffe);
  assert.ok(!(await expiry({ clean: true })));
  assert.ok(!(await expiry({})));
  assert.equal(await expiry({ properties: { sessionExpiryInterval: 10 } }), 10);
});

test("3.1.2.11.3, .4: what we can take is announced without being asked", async () => {
  const properties = async (options: ClientOptions) => (await connectOf(options)).properties;
  const usual = await properties({});
  assert.equal(usual?.["receiveMaximum"], 250, "the bound on QoS 2 messages held");
  assert.equal(usual?.["maximumPacketSize"], 4096);
  assert.equal((await properties({ maxPacket: 1000 }))?.["maximumPacketSize"], 1000);
  const given = await properties({ properties: { receiveMaximum: 3, maximumPacketSize: 500 } });
  assert.equal(given?.["receiveMaximum"], 3);
  assert.equal(given?.["maximumPacketSize"], 500);
});

test("3.1.2.9: a password without a user name, and an empty Client Identifier with `clean: false`", async () => {
  const packet = await connectOf({ clientId: "", clean: false, password: "p" });
  assert.equal(packet["password"], "p");
  assert.equal(packet["username"], undefined);
  assert.equal(packet["clientId"], "");
});

test("a property that cannot be said is a mistake in the call", async () => {
  for (const properties of [
    { authenticationMethod: "a\0" },
    { userProperties: { a: "\xff" } },
    { userProperties: { "\0": "" } },
    { authenticationData: "x".repeat(65536) },
  ]) {
    const rig = createFive(device, { properties });
    const wire = new FiveWire();
    rig.client.attach(wire);
    await settle();
    assert.deepEqual(wire.writes, []);
    assert.deepEqual(rig.events, [
      ["error", fault("MQTT_INVALID")],
      ["close", fault("MQTT_INVALID")],
    ]);
  }
});

test("3.2.2.3: every property of CONNACK is told", async () => {
  const rig = createFive(device);
  const wire = new FiveWire();
  rig.client.attach(wire);
  await settle();
  const properties = {
    sessionExpiryInterval: 0xffffffff,
    receiveMaximum: 10,
    maximumQoS: 1,
    retainAvailable: true,
    maximumPacketSize: 1000,
    assignedClientIdentifier: "given",
    topicAliasMaximum: 3,
    reasonString: "fine",
    userProperties: { a: ["1", "2", "3"] },
    wildcardSubscriptionAvailable: false,
    subscriptionIdentifiersAvailable: true,
    sharedSubscriptionAvailable: false,
    serverKeepAlive: 25,
    responseInformation: "here",
    serverReference: "other",
    authenticationMethod: "m",
    authenticationData: "\xff\0",
  };
  wire.give(connack(properties));
  assert.deepEqual(rig.events, [["connect", { reasonCode: 0, properties, sessionPresent: false }]]);
  rig.client.end(true);
});

test("3.2.2.3.7: the Assigned Client Identifier is used from then on", async () => {
  const rig = createFive(device, { clientId: "", clean: false });
  const wire = await attachFive(device, rig, { assignedClientIdentifier: "auto-1" });
  wire.drop();
  const next = new FiveWire();
  rig.client.attach(next);
  await settle();
  const packet = next.one();
  assert.equal(packet["clientId"], "auto-1");
  assert.equal(packet["clean"], false);
  rig.client.end(true);
});

test("3.2.2.3.14: Server Keep Alive replaces ours, until the next connection", async () => {
  const rig = await connectedFive(device, { keepalive: 600, replyTimeoutS: 0 }, { serverKeepAlive: 20 });
  await pass(20);
  assert.deepEqual(rig.wire.take(), [{ cmd: "pingreq" }]);
  rig.wire.give({ cmd: "pingresp" });
  const next = await attachFive(device, rig, { serverKeepAlive: 0 });
  await pass(700);
  assert.deepEqual(next.take(), [], "0 is none");
  const last = await attachFive(device, rig);
  await pass(500);
  assert.deepEqual(last.take(), []);
  await pass(100);
  assert.deepEqual(last.take(), [{ cmd: "pingreq" }]);
  rig.client.end(true);
});

for (const [code, name, properties, expected] of [
  [
    0x87,
    "not authorised, with words",
    { reasonString: "no such device" },
    fault("MQTT_REFUSED", 0x87, "no such device"),
  ],
  [0x80, "unspecified", undefined, fault("MQTT_REFUSED", 0x80)],
  [0x9c, "use another server", { serverReference: "b.test:8883" }, fault("MQTT_MOVED", "b.test:8883")],
  [0x9d, "server moved, nowhere", undefined, fault("MQTT_MOVED")],
  [0x84, "unsupported protocol version", { reasonString: "old" }, fault("MQTT_VERSION", 0x84)],
] as const) {
  test(`3.2.2.2: CONNACK ${code.toString(16)}, ${name}`, async () => {
    const rig = createFive(device);
    const wire = new FiveWire();
    rig.client.attach(wire);
    await settle();
    wire.give({ cmd: "connack", sessionPresent: false, reasonCode: code, ...(properties ? { properties } : {}) });
    await settle();
    assert.equal(wire.isClosed, true);
    assert.equal(wire.writes.length, 1, "nothing follows CONNECT");
    const told = rig.events.map(([event, error]) => [event, { ...(error as object), reason: undefined }]);
    assert.deepEqual(told, [
      ["error", { ...expected, reason: undefined }],
      ["close", { ...expected, reason: undefined }],
    ]);
    const words = rig.events.map(([, error]) => (error as { reason?: string }).reason);
    if ("reason" in expected) assert.equal(words[0], expected["reason"]);
    assert.equal(rig.client.connected, false);
  });
}

for (const [name, bytes] of [
  ["a 3.1.1 CONNACK with code 1", "20020001"],
  ["CONNACK 0x84", "2003008400"],
] as const) {
  test(`${name}: the next connection speaks 3.1.1, and what waited goes with it`, async () => {
    const rig = createFive(device, { topicAlias: true, properties: { topicAliasMaximum: 9 } });
    const { client } = rig;
    const about = { messageExpiryInterval: 100, contentType: "x", userProperties: { a: "b" } };
    client.publish("t/0", "zero", { properties: about });
    client.publish("t/1", "one", { qos: 1, properties: about });
    client.publish("t/2", "two".repeat(60), { qos: 2 });
    client.subscribe({ "a/#": { qos: 1, nl: true, rap: true, rh: 2, properties: { subscriptionIdentifier: 5 } } });
    client.unsubscribe("b/#", { properties: { userProperties: { a: "b" } } });
    const wire = new FiveWire();
    client.attach(wire);
    await settle();
    wire.raw(unhex(bytes));
    await settle();
    assert.deepEqual(codes(rig.events.splice(0)), [
      ["error", "MQTT_VERSION", bytes === "20020001" ? 1 : 0x84],
      ["close", "MQTT_VERSION", bytes === "20020001" ? 1 : 0x84],
    ]);

    const old = new FiveWire(false);
    client.attach(old);
    await settle();
    assert.equal(old.one()["protocolVersion"], 4);
    old.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
    await settle();
    const sent = old.take().map(({ messageId, dup, ...rest }) => rest);
    const plain = { cmd: "publish", retain: false };
    assert.deepEqual(sent, [
      { ...plain, topic: "t/0", payload: "zero", qos: 0 },
      { ...plain, topic: "t/1", payload: "one", qos: 1 },
      { ...plain, topic: "t/2", payload: "two".repeat(60), qos: 2 },
      { cmd: "subscribe", subscriptions: [{ topic: "a/#", qos: 1 }] },
      { cmd: "unsubscribe", unsubscriptions: ["b/#"] },
    ]);
    client.publish("t/1", "new", { qos: 1, properties: about });
    client.subscribe("c", { nl: true, rh: 1 });
    await settle();
    const later = old.take().map(({ messageId, ...rest }) => rest);
    assert.deepEqual(later, [
      { ...plain, dup: false, topic: "t/1", payload: "new", qos: 1 },
      { cmd: "subscribe", subscriptions: [{ topic: "c", qos: 0 }] },
    ]);
    client.end(true);
  });
}

test("brokers of 3.1.1 that close without a word: each fourth attempt is for them, and MQTT 5 is tried first again", async () => {
  const rig = createFive(device);
  const { client } = rig;
  const subscription = { qos: 1 as const, nl: true, properties: { subscriptionIdentifier: 5 } };
  client.subscribe("a/#", subscription);
  const open = async (five: boolean): Promise<FiveWire> => {
    const wire = new FiveWire(five);
    client.attach(wire);
    await settle();
    assert.equal(wire.one()["protocolVersion"], five ? 5 : 4);
    return wire;
  };
  const close = async (wire: FiveWire): Promise<void> => {
    wire.onClose?.({ code: "SOCKET_CLOSED" });
    await settle();
  };
  // Two rounds: the broker may just as well be down, and speak MQTT 5 when it is back.
  for (let round = 0; round < 2; round++) {
    for (let time = 0; time < 3; time++) await close(await open(true));
    const wire = await open(false);
    if (round === 0) {
      await close(wire);
      continue;
    }
    wire.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
    await settle();
    const [first] = wire.take();
    assert.deepEqual(first?.["subscriptions"], [{ topic: "a/#", qos: 1 }]);
    wire.give({ cmd: "suback", messageId: first?.["messageId"], granted: [1] });
    // What is asked for now is asked for as this connection speaks.
    client.subscribe("b", subscription);
    await settle();
    assert.deepEqual(wire.one()["subscriptions"], [{ topic: "b", qos: 1 }]);
    await close(wire);
  }
  const wire = await open(true);
  wire.give(connack());
  await settle();
  const asked = wire.take();
  assert.deepEqual(
    asked.map(({ cmd, subscriptions, properties }) => [cmd, subscriptions, properties]).reverse(),
    ["a/#", "b"].map((topic) => [
      "subscribe",
      [{ topic, qos: 1, nl: true, rap: false, rh: 0 }],
      { subscriptionIdentifier: 5 },
    ]),
  );
  client.end(true);
});

test("a broker that refuses with a CONNACK speaks MQTT 5, however often", async () => {
  const { client } = createFive(device);
  for (let time = 0; time < 6; time++) {
    const wire = new FiveWire();
    client.attach(wire);
    await settle();
    assert.equal(wire.one()["protocolVersion"], 5);
    wire.raw(unhex("2003008700"));
    await settle();
    assert.equal(wire.isClosed, true);
  }
});

test("3.2.2.1.1: a session that is present and was not asked for [MQTT-3.2.2-2]", async () => {
  const rig = createFive(device);
  const wire = new FiveWire();
  rig.client.attach(wire);
  await settle();
  wire.give(connack(undefined, true));
  await settle();
  assert.equal(wire.isClosed, true);
  assert.deepEqual(codes(rig.events), [
    ["error", "MQTT_PROTOCOL", 32],
    ["close", "MQTT_PROTOCOL", 32],
  ]);
});

test("limits and aliases are of one connection: the next one starts without", async () => {
  const limits = { maximumQoS: 0, retainAvailable: false, maximumPacketSize: 20, receiveMaximum: 1 };
  const rig = await connectedFive(device, {}, limits);
  const results: unknown[] = [];
  rig.client.publish("t", "x", { qos: 1 }, (error) => results.push(error?.code));
  await settle();
  assert.deepEqual(results, ["MQTT_UNSUPPORTED"]);
  const next = await attachFive(device, rig);
  for (let i = 0; i < 3; i++) rig.client.publish("t", "x".repeat(50), { qos: 1, retain: true });
  await settle();
  assert.equal(next.take().length, 3);
  rig.client.end(true);
});
