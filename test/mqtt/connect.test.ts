/** The client's connections: made, refused, broken, ended. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { attachTo, connectedRig, createRig, failure, idOf, outcomes } from "../support/client-rig.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";
import { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const device = await loadClient();
const { settle } = device;
const create = (options?: ClientOptions) => createRig(device, options);
const attach = (client: Client, sessionPresent?: boolean) => attachTo(device, codec, client, sessionPresent);
const connected = (options?: ClientOptions) => connectedRig(device, codec, options);

test("CONNECT carries the options; connected only after CONNACK", async () => {
  const { client, events } = create({
    clientId: "dev-1",
    clean: false,
    keepalive: 0,
    username: "",
    password: "\0\xff",
    will: { topic: "status", payload: "offline", qos: 1, retain: true },
  });
  const wire = new Wire(codec);
  client.attach(wire);
  assert.equal(client.connected, false);
  assert.deepEqual(wire.one(), {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: false,
    keepalive: 0,
    clientId: "dev-1",
    username: "",
    password: "\0\xff",
    will: { topic: "status", payload: "offline", qos: 1, retain: true },
  });
  await settle();
  wire.give({ cmd: "connack", sessionPresent: true, returnCode: 0 });
  assert.equal(client.connected, true);
  await settle();
  assert.deepEqual(events, [["connect", { sessionPresent: true, returnCode: 0 }]]);
  client.end(true);
});

test("defaults: clean session, Keep Alive 60, no will, no user", async () => {
  const { client } = create({});
  const wire = new Wire(codec);
  client.attach(wire);
  assert.deepEqual(wire.one(), {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId: "",
  });
  client.end(true);
});

// FlashMQ and RabbitMQ let nobody in whose name is "", and the firmware's settings are "" where there is none.
for (const [given, sent] of [
  [
    { username: "", password: "" },
    { username: undefined, password: undefined },
  ],
  [
    { username: "", password: undefined },
    { username: undefined, password: undefined },
  ],
  [
    { username: "dev", password: "" },
    { username: "dev", password: undefined },
  ],
  [
    { username: "", password: "token" },
    { username: "", password: "token" },
  ],
] as const) {
  test(`${JSON.stringify(given)}: ${JSON.stringify(sent)}`, () => {
    const { client } = create({ clientId: "dev", ...given });
    const wire = new Wire(codec);
    client.attach(wire);
    const { username, password } = wire.one() as { username?: string; password?: string };
    assert.deepEqual({ username, password }, sent);
    client.end(true);
  });
}

for (const returnCode of [1, 2, 3, 4, 5]) {
  test(`CONNACK with return code ${returnCode} is an error, never a connection`, async () => {
    const { client, events } = create();
    const wire = new Wire(codec);
    client.attach(wire);
    await settle();
    wire.give({ cmd: "connack", sessionPresent: false, returnCode });
    assert.equal(client.connected, false);
    assert.equal(wire.isClosed, true);
    await settle();
    assert.deepEqual(events, [
      ["error", failure("MQTT_REFUSED", returnCode)],
      ["close", failure("MQTT_REFUSED", returnCode)],
    ]);
  });
}

const WRONG_OPTIONS: ClientOptions[] = [
  { clientId: "", clean: false },
  { clientId: "a\0b" },
  { clientId: "\xc3" },
  { clientId: "a", username: "\xff" },
  { clientId: "a", password: "secret" },
  { clientId: "a", keepalive: 65536 },
  { clientId: "a", keepalive: -1 },
  { clientId: "a", will: { topic: "a/#", payload: "" } },
  { clientId: "a", will: { topic: "", payload: "" } },
  { clientId: "a", will: { topic: "a", payload: "", qos: 3 as 2 } },
];
for (const options of WRONG_OPTIONS) {
  test(`nothing is sent with ${JSON.stringify(options)}`, async () => {
    const { client, events } = create(options);
    const wire = new Wire(codec);
    client.attach(wire);
    await settle();
    assert.deepEqual(wire.writes, []);
    assert.equal(wire.isClosed, true);
    assert.deepEqual(events, [
      ["error", failure("MQTT_INVALID")],
      ["close", failure("MQTT_INVALID")],
    ]);
  });
}

const OUT_OF_PLACE: [string, NamedPacket[], number][] = [
  ["a second CONNACK", [{ cmd: "connack", sessionPresent: false, returnCode: 0 }], 32],
  ["a SUBACK that was not asked for", [{ cmd: "suback", messageId: 1, granted: [0] }], 144],
];
for (const [name, packets, cause] of OUT_OF_PLACE) {
  test(`${name} ends the connection`, async () => {
    const { client, wire, events } = await connected();
    wire.give(...packets);
    assert.equal(client.connected, false);
    assert.equal(wire.isClosed, true);
    await settle();
    assert.deepEqual(events, [
      ["error", failure("MQTT_PROTOCOL", cause)],
      ["close", failure("MQTT_PROTOCOL", cause)],
    ]);
  });
}

test("SUBACK with another count of codes than asked for ends the connection", async () => {
  const { client, wire, events } = await connected();
  client.subscribe(["a", "b"]);
  await settle();
  wire.give({ cmd: "suback", messageId: idOf(wire.one()), granted: [0] });
  await settle();
  assert.deepEqual(events, [
    ["error", failure("MQTT_PROTOCOL", 144)],
    ["close", failure("MQTT_PROTOCOL", 144)],
  ]);
});

for (const packet of [
  { cmd: "publish", topic: "t", payload: "" },
  { cmd: "pingresp" },
  { cmd: "puback", messageId: 1 },
] as NamedPacket[]) {
  test(`${packet.cmd} before CONNACK ends the connection`, async () => {
    const { client, events } = create();
    const wire = new Wire(codec);
    client.attach(wire);
    await settle();
    wire.give(packet);
    await settle();
    assert.equal(wire.isClosed, true);
    assert.deepEqual(
      events.map(([name, error]) => [name, (error as { code: string }).code]),
      [
        ["error", "MQTT_PROTOCOL"],
        ["close", "MQTT_PROTOCOL"],
      ],
    );
  });
}

test("Session Present after Clean Session ends the connection", async () => {
  const { client, events } = create({ clientId: "dev", clean: true });
  const wire = new Wire(codec);
  client.attach(wire);
  await settle();
  wire.give({ cmd: "connack", sessionPresent: true, returnCode: 0 });
  await settle();
  assert.equal(client.connected, false);
  assert.deepEqual(events[0], ["error", failure("MQTT_PROTOCOL", 32)]);
});

for (const first of [0x32, 0x34, 0x38, 0x62, 0x90]) {
  test(`a packet over maxPacket (0x${first.toString(16)}) ends the connection before it is all there`, async () => {
    const { wire, events } = await connected({ clientId: "dev", maxPacket: 100 });
    wire.onData?.(`${String.fromCharCode(first)}\x80\x08\0\x01t`);
    await settle();
    assert.deepEqual(events[0], ["error", failure("MQTT_TOO_LARGE", first)]);
    assert.equal(wire.isClosed, true);
  });
}

test("end waits for what was accepted, then says DISCONNECT", async () => {
  const { client, wire, events } = await connected();
  const { list, as } = outcomes();
  client.publish("t", "1", { qos: 1 }, as("published"));
  client.end(false, as("ended"));
  await settle();
  const publish = wire.one();
  assert.equal(publish.cmd, "publish");
  assert.equal(wire.isClosed, false);
  wire.give({ cmd: "puback", messageId: idOf(publish) });
  await settle();
  assert.deepEqual(wire.one(), { cmd: "disconnect" });
  assert.equal(wire.isClosed, true);
  assert.deepEqual(list, [
    ["published", undefined],
    ["ended", undefined],
  ]);
  assert.deepEqual(events, [["close", undefined]]);
});

test("end by force closes without DISCONNECT; without a connection it is done at once", async () => {
  const { client, wire } = await connected();
  const { list, as } = outcomes();
  client.publish("t", "1", { qos: 1 });
  client.end(true, as("forced"));
  await settle();
  assert.equal(wire.isClosed, true);
  assert.deepEqual(
    wire.take().map((packet) => packet.cmd),
    ["publish"],
  );
  client.end(false, as("again"));
  client.end();
  assert.deepEqual(list, [
    ["forced", undefined],
    ["again", undefined],
  ]);
});

test("end while a connection is being made waits for it", async () => {
  const { client } = create();
  const { list, as } = outcomes();
  client.publish("t", "1", { qos: 0 });
  const wire = new Wire(codec);
  client.attach(wire);
  client.end(false, as("ended"));
  await settle();
  wire.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
  await settle();
  assert.deepEqual(
    wire.take().map((packet) => packet.cmd),
    ["connect", "publish", "disconnect"],
  );
  assert.deepEqual(list, [["ended", undefined]]);
});

test("a connection that breaks while ending ends it too", async () => {
  const { client, wire } = await connected();
  const { list, as } = outcomes();
  client.publish("t", "1", { qos: 1 });
  client.end(false, as("ended"));
  await settle();
  wire.drop();
  assert.deepEqual(list, [["ended", undefined]]);
});

test("after end the client can be attached again", async () => {
  const { client, wire } = await connected();
  client.end();
  await settle();
  assert.equal(wire.isClosed, true);
  const next = await attach(client);
  client.publish("t", "1");
  await settle();
  assert.equal(next.one().cmd, "publish");
  client.end(true);
});

test("what an old transport says no longer counts", async () => {
  const { client, wire, events } = await connected();
  wire.isPrompt = false;
  client.publish("t", "1", { qos: 1 });
  const next = await attach(client, false);
  assert.equal(wire.isClosed, true, "the client closed it");
  next.isPrompt = false;
  events.splice(0);
  next.take();
  next.finish();
  client.publish("t", "2", { qos: 1 });
  wire.onData?.("\x30\x03\0\x01t");
  wire.onData?.("garbage");
  wire.onClose?.({ code: "SOCKET_CLOSED" });
  wire.finish({ code: "SOCKET_CLOSED" });
  await settle();
  assert.equal(client.connected, true);
  assert.deepEqual(events, []);
  client.publish("t", "3", { qos: 1 }); // would be a second write at a time, had the old one's end counted
  client.end(true);
});

test("a write that fails ends the connection", async () => {
  const { client, wire, events } = await connected({ clientId: "dev", clean: false });
  wire.isPrompt = false;
  client.publish("t", "1", { qos: 1 });
  wire.finish({ code: "SEND_FAIL", cause: 7 });
  await settle();
  assert.equal(client.connected, false);
  assert.deepEqual(events, [["close", { code: "SEND_FAIL", cause: 7 }]]);
  assert.equal(client.queued(), 1, "it is still to be delivered");
});
