/** The client against a scripted broker: connecting, publishing, subscribing, receiving, ending. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";
import { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const { createClient, settle } = await loadClient();

type Event = [string, ...unknown[]];

interface Rig {
  client: Client;
  events: Event[];
}

function create(options: ClientOptions = { clientId: "dev" }): Rig {
  const client = createClient(options);
  const events: Event[] = [];
  client.on("connect", (packet) => events.push(["connect", toHost(packet)]));
  client.on("message", (topic, payload, packet) => events.push(["message", topic, payload, toHost(packet)]));
  client.on("error", (failure) => events.push(["error", toHost(failure)]));
  client.on("close", (failure) => events.push(["close", toHost(failure)]));
  return { client, events };
}

const failure = (code: string, cause?: number | string) => ({ code, cause, command: undefined });
const idOf = (packet: NamedPacket): number => (packet as { messageId: number }).messageId;

async function attach(client: Client, sessionPresent = false): Promise<Wire> {
  const wire = new Wire(codec);
  client.attach(wire);
  await settle();
  assert.equal(wire.one().cmd, "connect");
  wire.give({ cmd: "connack", sessionPresent, returnCode: 0 });
  await settle();
  return wire;
}

async function connected(options?: ClientOptions): Promise<Rig & { wire: Wire }> {
  const rig = create(options);
  const wire = await attach(rig.client);
  rig.events.splice(0);
  return { ...rig, wire };
}

/** Collects what callbacks were told. */
function outcomes(): { list: unknown[]; as: (name: string) => (error?: unknown, value?: unknown) => void } {
  const list: unknown[] = [];
  return {
    list,
    as: (name) => (error, value) => {
      list.push(value === undefined ? [name, toHost(error)] : [name, toHost(error), toHost(value)]);
    },
  };
}

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
  wire.give({ cmd: "pubcomp", messageId: one }, { cmd: "puback", messageId: two });
  wire.give({ cmd: "puback", messageId: two });
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
  const { client, wire } = await connected({ clientId: "dev", maxQueue: 100 });
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
  for (const n of [1, 2, 3]) assert.equal(client.publish("t", `${n}`, { qos: 1 }, as(`${n}`)), true);
  assert.equal(client.publish("t", "4", { qos: 1 }, as("4")), false);
  assert.deepEqual(list, [["4", failure("MQTT_FULL")]]);
  const wire = await attach(client);
  const ids = wire.take().map(idOf);
  assert.equal(ids.length, 3);
  assert.equal(client.publish("t", "5", { qos: 1 }), false);
  wire.give({ cmd: "puback", messageId: ids[0] as number });
  assert.equal(client.publish("t", "6", { qos: 1 }), true);
  await settle();
  assert.deepEqual(events[1], ["error", failure("MQTT_FULL")]);
  client.end(true);
});

test("maxQueue 0 accepts nothing", async () => {
  const { client } = await connected({ clientId: "dev", maxQueue: 0 });
  const { list, as } = outcomes();
  assert.equal(client.publish("t", "", { qos: 1 }, as("done")), false);
  assert.deepEqual(list, [["done", failure("MQTT_FULL")]]);
  client.end(true);
});

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

test("a packet over maxPacket ends the connection before it is all there", async () => {
  const { wire, events } = await connected({ clientId: "dev", maxPacket: 100 });
  wire.onData?.("\x30\x80\x08\0\x01t");
  await settle();
  assert.deepEqual(events[0], ["error", failure("MQTT_TOO_LARGE", 0x30)]);
  assert.equal(wire.isClosed, true);
});

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
