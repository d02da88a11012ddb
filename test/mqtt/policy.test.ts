/** A client with a store: what it refuses, what gives way, and what it knows after a reset. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import type * as OutboxModule from "../../modules/mqtt/outbox.ts";
import type { QoS, Store } from "../../modules/mqtt/types.ts";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { failure, idOf, outcomes } from "../support/client-rig.ts";
import { loadCodec, type NamedPacket } from "../support/mqtt.ts";
import { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const flash = new FlashMemory();
const board = new VirtualBoard({ board: "rak5010", serial: { paced: false }, clock: createManualClock(), flash });
board.start();
const features = { MQTT5: false, OUTBOX: true };
const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", { board, features });
const { createOutbox } = await loadModule<typeof OutboxModule>("modules/mqtt/outbox.ts", { board, features });

const settle = async () => {
  for (let i = 0; i < 6; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};
const store = (pages = 4): Store => createOutbox(pages, 0) as Store;
const boot = (options: ClientOptions = {}): Client =>
  createClient({ clientId: "dev", clean: false, keepalive: 0, ...options }, store());

function fresh(options: ClientOptions = {}): Client {
  flash.copyFrom(new FlashMemory());
  return boot(options);
}

async function attach(client: Client, sessionPresent = true): Promise<Wire> {
  const wire = new Wire(codec);
  client.attach(wire);
  await settle();
  assert.equal(wire.one().cmd, "connect");
  wire.give({ cmd: "connack", sessionPresent, returnCode: 0 });
  await settle();
  return wire;
}

const brief = (packets: NamedPacket[]) =>
  packets.map((packet) => (packet.cmd === "publish" ? `${packet.dup ? "again " : ""}${packet.payload}` : packet.cmd));
const send = (client: Client, qos: QoS, ...list: string[]) =>
  list.map((payload) => client.publish("t", payload, { qos }));

// ------------------------------------------------------------------------------------------------ over a reset

test("a reset at any time: what was accepted goes again with DUP, PUBRELs first, in order; QoS 0 is gone", async () => {
  const client = fresh();
  const wire = await attach(client, false);
  send(client, 2, "released");
  send(client, 1, "one", "done");
  send(client, 0, "zero");
  await settle();
  const [released, , done] = wire.take();
  wire.give({ cmd: "pubrec", messageId: idOf(released) }, { cmd: "puback", messageId: idOf(done) });
  send(client, 2, "two");
  await settle();
  wire.take();
  wire.drop();
  send(client, 0, "never");
  send(client, 1, "offline");

  const next = boot();
  assert.equal(next.queued(), 4);
  const after = await attach(next);
  send(next, 1, "new");
  await settle();
  const sent = after.take();
  assert.deepEqual(brief(sent), ["pubrel", "again one", "again two", "again offline", "new"]);
  assert.equal(new Set(sent.map(idOf)).size, 5);
  assert.equal(idOf(sent[0]), idOf(released));
  for (const packet of sent) {
    const messageId = idOf(packet);
    const { qos = 0 } = packet as { qos?: QoS };
    if (qos === 2) after.give({ cmd: "pubrec", messageId });
    after.give(qos === 1 ? { cmd: "puback", messageId } : { cmd: "pubcomp", messageId });
  }
  assert.equal(next.queued(), 0);
  assert.equal(boot().queued(), 0);
  next.end(true);
});

test("incoming QoS 2 over a reset: delivered once, released or forgotten with the session", async () => {
  const heard: string[] = [];
  const listen = (client: Client) => client.on("message", (_topic, payload) => heard.push(payload));
  const two: NamedPacket = { cmd: "publish", topic: "x", payload: "2", qos: 2, messageId: 0x6f6e };
  const first = fresh();
  listen(first);
  (await attach(first, false)).give(two);
  const second = boot();
  listen(second);
  const wire = await attach(second);
  wire.give({ ...two, dup: true });
  await settle();
  assert.deepEqual(brief(wire.take()), ["pubrec"]);
  assert.deepEqual(heard, ["2"]);
  wire.give({ cmd: "pubrel", messageId: 0x6f6e });
  const third = boot();
  listen(third);
  const again = await attach(third);
  again.give({ ...two, payload: "another" });
  await attach(third, false);
  const fourth = boot();
  listen(fourth);
  (await attach(fourth)).give({ ...two, payload: "of a new session" });
  assert.deepEqual(heard, ["2", "another", "of a new session"]);
  for (const client of [first, second, third, fourth]) client.end(true);
});

test("more from before the reset than maxQueue: nothing is thrown away, and drain comes for who asks", async () => {
  const client = fresh({ maxQueue: 20 });
  send(client, 1, ...Array.from({ length: 12 }, (_, i) => `${i}`));
  const next = boot({ maxQueue: 6, maxInflight: 4 });
  let drains = 0;
  next.on("drain", () => drains++);
  const { list, as } = outcomes();
  assert.equal(next.publish("t", "refused", { qos: 1 }, as("refused")), false);
  assert.deepEqual(list, [["refused", failure("MQTT_FULL")]]);
  const wire = await attach(next);
  const seen: string[] = [];
  for (let i = 0; i < 12; i++) {
    await settle();
    const [packet] = wire.sent.splice(0, 1);
    seen.push(...brief([packet as NamedPacket]));
    wire.give({ cmd: "puback", messageId: idOf(packet) });
    assert.equal(drains, next.queued() <= 3 ? 1 : 0);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 12 }, (_, i) => `again ${i}`),
  );
  next.end(true);
});

test("a store without room: refused, and drain when half of the queue is free", async () => {
  const client = fresh({ maxQueue: 100 });
  let drains = 0;
  client.on("drain", () => drains++);
  const { list, as } = outcomes();
  let count = 0;
  while (client.publish("t", "x".repeat(400), { qos: 1 }, as(`${count}`))) count++;
  assert.ok(count > 2 && count < 40);
  assert.deepEqual(list, [[`${count}`, failure("MQTT_FULL")]]);
  assert.equal(client.queued(), count);
  const wire = await attach(client);
  const one = wire.take()[0];
  wire.give({ cmd: "puback", messageId: idOf(one) });
  assert.equal(drains, 1, "half of the queue is free, and there is room for one more");
  assert.equal(client.publish("t", "x".repeat(400), { qos: 1 }), true);
  client.end(true);
});

test("a message that never fits is refused by any policy: nobody gives way to it", () => {
  for (const whenFull of ["reject", "drop-oldest", "drop-newest", undefined] as const) {
    const client = fresh({ whenFull });
    send(client, 1, "kept 1", "kept 2");
    const { list, as } = outcomes();
    assert.equal(client.publish("t", "x".repeat(4000), { qos: 1 }, as("large")), false);
    assert.deepEqual(list, [["large", failure("MQTT_FULL")]]);
    assert.equal(client.queued(), 2);
  }
});

// ------------------------------------------------------------------------------------------------ who gives way

for (const [whenFull, left, gone] of [
  ["drop-oldest", ["3", "4", "5"], ["1", "2"]],
  ["drop-newest", ["1", "2", "5"], ["3", "4"]],
  ["reject", ["1", "2", "3"], ["4", "5"]],
] as const) {
  test(`${whenFull}: of five for three places ${left.join()} are left, each callback comes once`, async () => {
    const client = fresh({ maxQueue: 3, whenFull });
    const { list, as } = outcomes();
    for (const name of ["1", "2", "3", "4", "5"]) client.publish("t", name, { qos: name === "2" ? 2 : 1 }, as(name));
    const code = whenFull === "reject" ? "MQTT_FULL" : "MQTT_DROPPED";
    assert.deepEqual(
      list,
      gone.map((name) => [name, failure(code)]),
    );
    assert.equal(client.queued(), 3);
    assert.equal(boot().queued(), 3, "after a reset as well");
    const wire = await attach(client);
    const sent = wire.take();
    assert.deepEqual(brief(sent), left);
    for (const packet of sent) {
      const messageId = idOf(packet);
      if ((packet as { qos: QoS }).qos === 2) wire.give({ cmd: "pubrec", messageId }, { cmd: "pubcomp", messageId });
      else wire.give({ cmd: "puback", messageId });
    }
    assert.deepEqual(list.map((one) => (one as string[])[0]).sort(), ["1", "2", "3", "4", "5"]);
    client.end(true);
  });

  test(`${whenFull}: QoS 0, SUBSCRIBE, what is under way and what a broker may hold half of never give way`, async () => {
    const client = fresh({ maxQueue: 5, maxInflight: 2, whenFull });
    const wire = await attach(client, false);
    send(client, 2, "under way", "released");
    await settle();
    const [, released] = wire.take();
    wire.give({ cmd: "pubrec", messageId: idOf(released) });
    await settle();
    assert.deepEqual(brief(wire.take()), ["pubrel"]);
    wire.drop();
    client.subscribe("a");
    send(client, 0, "zero");
    send(client, 1, "waits");
    const { list, as } = outcomes();
    for (const name of ["a", "b"]) client.publish("t", name, { qos: 1 }, as(name));
    const next = await attach(client);
    const seen: string[] = [];
    for (let i = 0; i < 12; i++) {
      const sent = next.take();
      seen.push(...brief(sent));
      for (const packet of sent) {
        const messageId = idOf(packet);
        if (packet.cmd === "subscribe") next.give({ cmd: "suback", messageId, granted: [0] });
        else if (packet.cmd === "pubrel") next.give({ cmd: "pubcomp", messageId });
        else if ((packet as { qos: QoS }).qos === 2) next.give({ cmd: "pubrec", messageId });
        else if (messageId) next.give({ cmd: "puback", messageId });
      }
      await settle();
    }
    const last = whenFull === "reject" ? "waits" : "b";
    assert.deepEqual(seen.slice().sort(), ["again under way", "pubrel", "pubrel", "subscribe", "zero", last].sort());
    assert.equal(client.queued(), 0);
    assert.equal(boot().queued(), 0);
    assert.ok(list.length >= 2);
    client.end(true);
  });
}

test("nothing can give way: refused", async () => {
  const client = fresh({ maxQueue: 2, whenFull: "drop-oldest" });
  const wire = await attach(client, false);
  send(client, 1, "1", "2");
  await settle();
  assert.equal(wire.take().length, 2);
  const { list, as } = outcomes();
  assert.equal(client.publish("t", "3", { qos: 1 }, as("3")), false);
  assert.deepEqual(list, [["3", failure("MQTT_FULL")]]);
  client.end(true);
});

test("room in the store: as many give way as it takes", () => {
  const client = fresh({ maxQueue: 1000, whenFull: "drop-oldest" });
  const { list, as } = outcomes();
  for (let i = 0; i < 120; i++) client.publish("t", `${i}`.padEnd(100, "."), { qos: 1 }, as(`${i}`));
  assert.ok(list.length > 60);
  assert.deepEqual(
    list,
    Array.from({ length: list.length }, (_, i) => [`${i}`, failure("MQTT_DROPPED")]),
  );
  assert.equal(client.queued(), 120 - list.length);
  assert.equal(boot().queued(), 120 - list.length);
});

test("who is dropped may publish: each message has its own topic, none is lost without a word", async () => {
  for (const whenFull of ["drop-oldest", "drop-newest"] as const) {
    const client = fresh({ maxQueue: 3, whenFull });
    const { list, as } = outcomes();
    const again = (error?: unknown) => {
      if (error) client.publish("alarm", "lost one", { qos: 1 }, as("alarm"));
    };
    for (const name of ["1", "2", "3"]) client.publish("data", name, { qos: 1 }, again);
    client.publish("data", "4", { qos: 1 }, as("4"));
    const wire = await attach(client);
    const sent = wire.take() as Extract<NamedPacket, { cmd: "publish" }>[];
    assert.equal(sent.length, 3);
    for (const { topic, payload } of sent) assert.equal(topic, payload === "lost one" ? "alarm" : "data");
    const failed = list.filter((one) => (one as unknown[])[1] !== undefined);
    // Five were published: data 1 to 4, and an alarm for each that was dropped.
    assert.ok(failed.length + sent.length >= 4, JSON.stringify(list));
    client.end(true);
  }
});

test("a client without a store has no policy: a full queue refuses", () => {
  const client = createClient({ clientId: "dev", maxQueue: 2 });
  const { list, as } = outcomes();
  for (const name of ["1", "2", "3"]) client.publish("t", name, { qos: 1 }, as(name));
  assert.deepEqual(toHost(list), [["3", failure("MQTT_FULL")]]);
});
