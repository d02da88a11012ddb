/** What leaves when: the window, `drain`, how much goes into one write, and Keep Alive. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import type { QoS } from "../../modules/mqtt/types.ts";
import { attachTo, connectedRig, createRig, failure, idOf, outcomes } from "../support/client-rig.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";
import type { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const device = await loadClient();
const { settle, pass } = device;
const attach = (client: Client, sessionPresent?: boolean) => attachTo(device, codec, client, sessionPresent);
const connected = (options: ClientOptions) => connectedRig(device, codec, { clientId: "dev", ...options });

const payloads = (packets: NamedPacket[]) =>
  packets.map((packet) => (packet.cmd === "publish" ? packet.payload : packet.cmd));
const ack = (wire: Wire, packet: NamedPacket | undefined) => wire.give({ cmd: "puback", messageId: idOf(packet) });

function send(client: Client, qos: QoS, ...list: string[]): boolean[] {
  return list.map((payload) => client.publish("t", payload, { qos }));
}

/** Counts `drain` events. */
function drains(client: Client): { count: number } {
  const seen = { count: 0 };
  client.on("drain", () => seen.count++);
  return seen;
}

// ------------------------------------------------------------------------------------------------ the window

for (const maxInflight of [1, 2, 8, undefined]) {
  test(`maxInflight ${maxInflight}: so many packets with an identifier are under way, and each end lets one more go`, async () => {
    const size = maxInflight ?? 8;
    const { client, wire } = await connected({ maxInflight });
    const all = Array.from({ length: 20 }, (_, i) => `${i}`);
    for (let i = 0; i < 20; i++) client.publish("t", `${i}`, { qos: i % 3 === 2 ? 2 : 1 });
    await settle();
    const under = wire.take();
    const order = payloads(under);
    assert.equal(under.length, size);
    while (under.length > 0) {
      const packet = under.shift() as Extract<NamedPacket, { cmd: "publish" }>;
      if (packet.qos === 1) ack(wire, packet);
      else {
        wire.give({ cmd: "pubrec", messageId: idOf(packet) });
        await settle();
        assert.deepEqual(wire.take(), [{ cmd: "pubrel", messageId: idOf(packet) }], "PUBREC frees nothing");
        wire.give({ cmd: "pubcomp", messageId: idOf(packet) });
      }
      await settle();
      const next = wire.take();
      assert.ok(next.length <= 1);
      under.push(...next);
      order.push(...payloads(next));
    }
    assert.deepEqual(order, all);
    assert.equal(client.queued(), 0);
    client.end(true);
  });
}

test("SUBSCRIBE and UNSUBSCRIBE count as well", async () => {
  const { client, wire } = await connected({ maxInflight: 2 });
  client.subscribe("a");
  client.unsubscribe("b");
  send(client, 1, "1");
  await settle();
  const [subscribe, unsubscribe, ...none] = wire.take();
  assert.deepEqual([subscribe?.cmd, unsubscribe?.cmd, none], ["subscribe", "unsubscribe", []]);
  wire.give({ cmd: "unsuback", messageId: idOf(unsubscribe) });
  await settle();
  assert.deepEqual(payloads(wire.take()), ["1"]);
  client.end(true);
});

test("order is kept behind a closed window, QoS 0 too", async () => {
  const { client, wire } = await connected({ maxInflight: 1 });
  client.publish("t", "1", { qos: 1 });
  client.publish("t", "2", { qos: 0 });
  client.publish("t", "3", { qos: 2 });
  client.publish("t", "4", { qos: 0 });
  client.publish("t", "5", { qos: 1 });
  await settle();
  const [one, two, ...none] = wire.take();
  assert.deepEqual([payloads([one, two] as NamedPacket[]), none], [["1", "2"], []]);
  ack(wire, one);
  await settle();
  const [three, four, ...nothing] = wire.take();
  assert.deepEqual([payloads([three, four] as NamedPacket[]), nothing], [["3", "4"], []]);
  wire.give({ cmd: "pubrec", messageId: idOf(three) });
  wire.give({ cmd: "pubcomp", messageId: idOf(three) });
  await settle();
  assert.deepEqual(payloads(wire.take()), ["pubrel", "5"]);
  client.end(true);
});

test("a reconnect begins with what had left, within the window", async () => {
  const { client, wire } = await connected({ clean: false, maxInflight: 2 });
  send(client, 1, "1", "2", "3");
  await settle();
  ack(wire, wire.take()[1]);
  await settle();
  assert.deepEqual(payloads(wire.take()), ["3"]);
  send(client, 1, "4");
  const next = await attach(client, true);
  const [one, three, ...none] = next.take();
  assert.deepEqual([payloads([one, three] as NamedPacket[]), none], [["1", "3"], []]);
  ack(next, one);
  ack(next, three);
  await settle();
  assert.deepEqual(payloads(next.take()), ["4"]);
  client.end(true);
});

test("maxInflight 0: nothing with an identifier leaves, QoS 0 does", async () => {
  const { client, wire } = await connected({ maxInflight: 0 });
  assert.deepEqual(send(client, 0, "0"), [true]);
  assert.deepEqual(send(client, 1, "1"), [true]);
  await settle();
  assert.deepEqual(payloads(wire.take()), ["0"]);
  client.end(true);
});

// ------------------------------------------------------------------------------------------------ drain

for (const maxInflight of [1, 8, 100]) {
  test(`false with the last that fits, drain once half is free (maxInflight ${maxInflight})`, async () => {
    const { client, wire } = await connected({ maxQueue: 6, maxInflight });
    const seen = drains(client);
    const { list, as } = outcomes();
    for (let i = 1; i <= 6; i++) {
      assert.equal(client.publish("t", `${i}`, { qos: 1 }, as(`${i}`)), i < 6);
      await settle();
    }
    assert.deepEqual(list, [], "the last one was accepted");
    assert.equal(client.publish("t", "7", { qos: 1 }, as("7")), false);
    assert.deepEqual(list, [["7", failure("MQTT_FULL")]]);
    const counts: number[] = [];
    for (let i = 0; i < 6; i++) {
      ack(wire, wire.sent.shift());
      await settle();
      counts.push(seen.count);
    }
    assert.deepEqual(counts, [0, 0, 1, 1, 1, 1]);
    assert.deepEqual(
      list.map((one) => (one as string[])[0]),
      ["7", "1", "2", "3", "4", "5", "6"],
    );
    client.end(true);
  });
}

test("no drain when publish never said false", async () => {
  const { client, wire } = await connected({ maxQueue: 4 });
  const seen = drains(client);
  assert.deepEqual(send(client, 1, "1", "2", "3"), [true, true, true]);
  await settle();
  for (const packet of wire.take()) ack(wire, packet);
  await settle();
  assert.equal(seen.count, 0);
  client.end(true);
});

for (const qos of [0, 1, 2] as const)
  test(`who was told false hears drain, also when others publish QoS ${qos} in between`, async () => {
    const { client, wire } = await connected({ maxQueue: 6 });
    const seen = drains(client);
    assert.equal(send(client, 1, "1", "2", "3", "4", "5", "6").at(-1), false);
    await settle();
    const sent = wire.take();
    for (const packet of sent.slice(0, 2)) ack(wire, packet);
    assert.deepEqual(send(client, qos, "another"), [true]);
    for (const packet of sent.slice(2)) ack(wire, packet);
    await settle();
    assert.equal(seen.count, 1);
    client.end(true);
  });

test("QoS 0 alone: false while a write takes its time, and drain when it leaves", async () => {
  const { client, wire } = await connected({ maxQueue: 4 });
  const seen = drains(client);
  wire.isPrompt = false;
  assert.deepEqual(send(client, 0, "leaves", "1", "2", "3", "4", "5"), [true, true, true, true, false, false]);
  assert.equal(seen.count, 0);
  wire.finish();
  assert.deepEqual(payloads(wire.take()), ["leaves", "1", "2", "3", "4"]);
  assert.equal(seen.count, 1);
  wire.finish();
  client.end(true);
});

test("drain without a connection: never, and after it as ever", async () => {
  const { client } = createRig(device, { clientId: "dev", maxQueue: 2 });
  const seen = drains(client);
  assert.deepEqual(send(client, 1, "1", "2"), [true, false]);
  const wire = await attach(client);
  assert.equal(seen.count, 0);
  for (const packet of wire.take()) ack(wire, packet);
  assert.equal(seen.count, 1);
  client.end(true);
});

test("a drain listener that fills the queue again: each false has its drain", async () => {
  const { client, wire } = await connected({ maxQueue: 5, maxInflight: 3 });
  let left = 40;
  let stopped = 0;
  const more = () => {
    while (left > 0) if (!client.publish("t", `${left--}`, { qos: 1 })) return stopped++;
    return stopped;
  };
  client.on("drain", more);
  more();
  const order: string[] = [];
  for (let i = 0; i < 200 && (left > 0 || client.queued() > 0); i++) {
    await settle();
    const sent = wire.take();
    order.push(...payloads(sent));
    for (const packet of sent) ack(wire, packet);
  }
  assert.deepEqual(
    order,
    Array.from({ length: 40 }, (_, i) => `${40 - i}`),
  );
  assert.ok(stopped > 5);
  client.end(true);
});

// ------------------------------------------------------------------------------------------------ writes

test("what a listener publishes leaves with the acknowledgement", async () => {
  const { client, wire } = await connected({});
  client.on("message", (_topic, payload) => {
    client.publish("t", `re ${payload}`, { qos: 1 });
  });
  const writes = wire.writes.length;
  for (const [qos, answer] of [
    [1, "puback"],
    [2, "pubrec"],
  ] as const) {
    wire.give({ cmd: "publish", topic: "x", payload: answer, qos, messageId: 7 });
    await settle();
    const packets = wire.take();
    assert.deepEqual(payloads(packets), [answer, `re ${answer}`]);
    ack(wire, packets[1]);
  }
  assert.equal(wire.writes.length, writes + 2);
  client.end(true);
});

test("what a connect listener publishes leaves with what waited", async () => {
  const { client } = createRig(device, { clientId: "dev" });
  client.publish("t", "waited", { qos: 1 });
  client.on("connect", () => {
    client.subscribe("down/#");
    client.publish("t", "online", { qos: 1 });
  });
  const wire = await attach(client);
  assert.deepEqual(payloads(wire.take()), ["waited", "subscribe", "online"]);
  assert.equal(wire.writes.length, 2);
  client.end(true);
});

test("as few writes as 1,460 bytes allow, in order", async () => {
  const { client, wire } = await connected({ maxQueue: 200, maxInflight: 200 });
  wire.isPrompt = false;
  client.publish("t", "x");
  const from = wire.writes.length;
  const lengths = Array.from({ length: 60 }, (_, i) => (i * 37) % 400);
  for (const length of lengths) client.publish("t", "y".repeat(length), { qos: 1 });
  while (wire.sent.length < 61) wire.finish();
  const sizes = wire.writes.slice(from).map((bytes) => bytes.length);
  const packets = wire
    .take()
    .slice(1)
    .map((packet) => codec.encode(packet).length);
  assert.deepEqual(
    packets.map((_, i) => i),
    lengths.map((_, i) => i),
  );
  // Greedily from the front is the least, as order has to be kept.
  const greedy: number[] = [];
  for (const size of packets) {
    const before = greedy.at(-1) ?? Number.POSITIVE_INFINITY;
    if (before + size <= 1460) greedy[greedy.length - 1] = before + size;
    else greedy.push(size);
  }
  assert.deepEqual(sizes, greedy);
  wire.finish();
  client.end(true);
});

// ------------------------------------------------------------------------------------------------ Keep Alive

test("traffic of any kind that leaves saves PINGREQs, and there are no more than needed", async () => {
  const { client, wire } = await connected({ keepalive: 60 });
  const pings = async (seconds: number, act: () => void) => {
    wire.take();
    let count = 0;
    for (let i = 0; i < seconds; i++) {
      if (i % 20 === 10) act();
      await pass(1);
      for (const packet of wire.take()) {
        if (packet.cmd === "pingreq") {
          count++;
          wire.give({ cmd: "pingresp" });
        } else if (packet.cmd === "publish" && packet.qos) ack(wire, packet);
      }
    }
    return count;
  };
  assert.equal(await pings(300, () => client.publish("t", "0")), 0);
  assert.equal(await pings(300, () => client.publish("t", "1", { qos: 1 })), 0);
  const incoming: NamedPacket = { cmd: "publish", topic: "x", payload: "", qos: 1, messageId: 1 };
  assert.equal(await pings(300, () => wire.give(incoming)), 0, "PUBACK leaves");
  const silent = await pings(300, () => wire.give({ cmd: "publish", topic: "x", payload: "" }));
  assert.ok(silent >= 5 && silent <= 6, `${silent} when nothing leaves`);
  client.end(true);
});
