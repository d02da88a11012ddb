/** Sessions that outlive their connections: what is sent again, and that nothing is lost or doubled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { type Fate, ModelBroker } from "../support/model-broker.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";
import { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const { createClient, settle } = await loadClient();
const KEPT: ClientOptions = { clientId: "dev", clean: false };

async function attach(client: Client, sessionPresent: boolean): Promise<Wire> {
  const wire = new Wire(codec);
  client.attach(wire);
  await settle();
  wire.take();
  wire.give({ cmd: "connack", sessionPresent, returnCode: 0 });
  await settle();
  return wire;
}

const idOf = (packet: NamedPacket | undefined): number => (packet as { messageId: number }).messageId;
const brief = (packet: NamedPacket): string =>
  packet.cmd === "publish" ? `${packet.dup ? "again" : "publish"} ${packet.payload}` : packet.cmd;

/** A QoS 1, one QoS 2 before and one after its PUBREC, and one that could not leave; then the connection breaks. */
async function interrupted(options: ClientOptions = KEPT) {
  const client = createClient(options);
  const done: string[] = [];
  const wire = await attach(client, false);
  client.publish("t", "released", { qos: 2 }, () => done.push("released"));
  client.publish("t", "one", { qos: 1 }, () => done.push("one"));
  client.publish("t", "two", { qos: 2 }, () => done.push("two"));
  await settle();
  const [released] = wire.take();
  wire.isPrompt = false;
  wire.give({ cmd: "pubrec", messageId: idOf(released) });
  assert.equal(wire.one().cmd, "pubrel");
  client.publish("t", "unsent", { qos: 1 }, () => done.push("unsent"));
  wire.drop();
  assert.equal(client.connected, false);
  return { client, done };
}

test("a resumed session: in flight again with DUP, in order; what had not left follows", async () => {
  const { client, done } = await interrupted();
  client.publish("t", "offline", { qos: 1 }, () => done.push("offline"));
  const wire = await attach(client, true);
  const first = wire.take();
  assert.deepEqual(first.map(brief), ["again one", "again two", "pubrel", "publish unsent", "publish offline"]);
  assert.deepEqual(done, []);
  const [one, two, released] = first.map(idOf);
  const rest = first.slice(3);
  wire.give({ cmd: "pubcomp", messageId: released as number }, { cmd: "puback", messageId: one as number });
  wire.give({ cmd: "pubrec", messageId: two as number });
  await settle();
  wire.give({ cmd: "pubcomp", messageId: two as number });
  for (const packet of rest) wire.give({ cmd: "puback", messageId: idOf(packet) });
  assert.deepEqual(done, ["released", "one", "two", "unsent", "offline"]);
  assert.equal(client.queued(), 0);
  client.end(true);
});

for (const clean of [false, true]) {
  test(`a session that the broker does not have (clean ${clean}): all of it again, nothing is lost`, async () => {
    const { client, done } = await interrupted({ clientId: "dev", clean });
    const wire = await attach(client, false);
    const sent = wire.take();
    // DUP says that it may have been there before; a PUBREL is answered whatever the broker knows [MQTT-4.3.3-2].
    assert.deepEqual(sent.map(brief), ["again one", "again two", "pubrel", "publish unsent"]);
    wire.give({ cmd: "pubcomp", messageId: idOf(sent[2]) });
    assert.deepEqual(done, ["released"]);
    client.end(true);
  });
}

test("retransmission only after a reconnect, however long it takes", async () => {
  const client = createClient({ ...KEPT, keepalive: 0, replyTimeoutS: 0 });
  const wire = await attach(client, false);
  client.publish("t", "1", { qos: 1 });
  await settle();
  assert.equal(wire.take().length, 1);
  await settle();
  assert.deepEqual(wire.take(), []);
  client.end(true);
});

test("what is acknowledged before it could be sent again is not sent again", async () => {
  const client = createClient(KEPT);
  const wire = await attach(client, false);
  let done = 0;
  client.publish("t", "1", { qos: 1 }, () => done++);
  client.publish("t", "2", { qos: 1 }, () => done++);
  await settle();
  const [one] = wire.take();
  wire.drop();
  const next = new Wire(codec);
  client.attach(next);
  await settle();
  next.take();
  next.give({ cmd: "connack", sessionPresent: true, returnCode: 0 }, { cmd: "puback", messageId: idOf(one) });
  assert.equal(done, 1);
  assert.deepEqual(next.take().map(brief), ["again 2"]);
  client.end(true);
});

test("incoming QoS 2: a resumed session still knows what was delivered, a new one does not", async () => {
  const client = createClient(KEPT);
  const messages: string[] = [];
  client.on("message", (_topic, payload) => messages.push(payload));
  const two: NamedPacket = { cmd: "publish", topic: "a", payload: "2", qos: 2, messageId: 9 };
  (await attach(client, false)).give(two);
  await settle();
  const resumed = await attach(client, true);
  resumed.give({ ...two, dup: true });
  await settle();
  assert.deepEqual(resumed.take(), [{ cmd: "pubrec", messageId: 9 }]);
  assert.deepEqual(messages, ["2"]);
  const lost = await attach(client, false);
  lost.give({ ...two, payload: "another" });
  await settle();
  assert.deepEqual(messages, ["2", "another"]);
  client.end(true);
});

test("subscriptions: told again in one write when the broker lost the session, not when it kept it", async () => {
  const client = createClient(KEPT);
  const wire = await attach(client, false);
  client.subscribe({ "a/#": { qos: 1 }, "b": { qos: 2 }, "refused": { qos: 0 } }, () => undefined);
  client.subscribe("c");
  client.subscribe("c", { qos: 1 });
  await settle();
  const [first, second, third] = wire.take().map(idOf) as [number, number, number];
  wire.give({ cmd: "suback", messageId: first, granted: [1, 0, 128] });
  wire.give({ cmd: "suback", messageId: second, granted: [0] });
  wire.give({ cmd: "suback", messageId: third, granted: [1] });
  client.unsubscribe("a/#");
  await settle();
  wire.give({ cmd: "unsuback", messageId: idOf(wire.one()) });

  const resumed = await attach(client, true);
  assert.deepEqual(resumed.take(), []);
  const lost = await attach(client, false);
  const again = lost.take();
  assert.deepEqual(
    again.map((packet) => (packet as { subscriptions: unknown }).subscriptions),
    [[{ topic: "b", qos: 2 }], [{ topic: "c", qos: 1 }]],
  );
  assert.equal(lost.writes.length, 2, "CONNECT, and both of them");
  lost.give({ cmd: "suback", messageId: idOf(again[0]), granted: [2] });
  lost.give({ cmd: "suback", messageId: idOf(again[1]), granted: [1] });
  assert.equal(client.queued(), 0);
  client.end(true);
});

test("connections that break before the SUBACK do not pile up subscriptions", async () => {
  const client = createClient({ clientId: "dev" });
  const wire = await attach(client, false);
  client.subscribe(["a", "b"], { qos: 1 }, () => undefined);
  await settle();
  wire.give({ cmd: "suback", messageId: idOf(wire.one()), granted: [1, 1] });
  for (let i = 0; i < 5; i++) {
    const next = await attach(client, false);
    assert.equal(next.take().length, 2);
    assert.equal(client.queued(), 2);
    next.drop();
  }
  const last = await attach(client, false);
  for (const packet of last.take()) last.give({ cmd: "suback", messageId: idOf(packet), granted: [1] });
  assert.equal(client.queued(), 0);
  assert.equal((await attach(client, false)).take().length, 2, "still known");
  client.end(true);
});

test("a SUBSCRIBE and an UNSUBSCRIBE without their answers are sent again", async () => {
  const client = createClient(KEPT);
  const wire = await attach(client, false);
  const done: unknown[] = [];
  client.subscribe("a", { qos: 1 }, (error, granted) => done.push([toHost(error), toHost(granted)]));
  client.unsubscribe("b", (error) => done.push(error));
  await settle();
  const before = wire.take();
  wire.drop();
  const next = await attach(client, true);
  const after = next.take();
  assert.deepEqual(after, before);
  next.give({ cmd: "suback", messageId: idOf(after[0]), granted: [0] });
  next.give({ cmd: "unsuback", messageId: idOf(after[1]) });
  assert.deepEqual(done, [[undefined, [{ topic: "a", qos: 0 }]], undefined]);
  client.end(true);
});

test("identifiers come round without meeting one that is in use", async () => {
  const client = createClient({ clientId: "dev", keepalive: 0, replyTimeoutS: 0, maxQueue: 100 });
  const wire = await attach(client, false);
  for (const qos of [1, 2] as const) client.publish("t", "stuck", { qos });
  client.publish("t", "released", { qos: 2 });
  client.subscribe("stuck");
  await settle();
  const stuck = wire.take();
  wire.give({ cmd: "pubrec", messageId: idOf(stuck[2]) });
  await settle();
  const held = new Set(stuck.map(idOf));
  assert.equal(held.size, 4);
  const seen = new Set<number>();
  wire.isPrompt = false;
  wire.finish();
  for (let i = 0; i < 26_000; i++) {
    wire.take();
    client.publish("t", "", { qos: i % 2 ? 2 : 1 });
    wire.finish();
    const packet = wire.one();
    const id = idOf(packet);
    assert.ok(id > 0);
    assert.ok(!held.has(id), `identifier ${id} is in use`);
    seen.add(id);
    if (i % 2) {
      wire.give({ cmd: "pubrec", messageId: id });
      wire.finish();
      wire.take();
      wire.give({ cmd: "pubcomp", messageId: id });
    } else wire.give({ cmd: "puback", messageId: id });
  }
  assert.ok(seen.size < 13_000, "they did come round");
  assert.equal(client.queued(), 4);
  client.end(true);
});

// ------------------------------------------------------------------------------------------------ exactly once

const UP: [string, 1 | 2][] = [
  ["up1a", 1],
  ["up2a", 2],
  ["up1b", 1],
  ["up2b", 2],
];
const DOWN: [string, 1 | 2][] = [
  ["down2a", 2],
  ["down1a", 1],
  ["down2b", 2],
];

/** Runs the whole exchange with a fate for each packet, reconnecting until all is quiet. */
async function exchange(fate: Fate) {
  const client = createClient(KEPT);
  const broker = new ModelBroker(codec, fate);
  const messages: string[] = [];
  const done: string[] = [];
  client.on("message", (_topic, payload) => messages.push(payload));
  client.attach(broker.connect());
  for (const [payload, qos] of UP) client.publish("up", payload, { qos }, (error) => done.push(error ? "?" : payload));
  for (const [payload, qos] of DOWN) broker.publish(payload, qos);
  for (let i = 0; i < 60 && !(client.connected && client.queued() === 0 && broker.isIdle); i++) {
    await settle();
    if (!client.connected) client.attach(broker.connect());
    await settle();
  }
  client.end(true);
  return { taken: broker.taken, messages, done };
}

function assertDelivered(result: Awaited<ReturnType<typeof exchange>>, about: string): void {
  const count = (list: string[], payload: string) => list.filter((one) => one === payload).length;
  for (const [payload, qos] of UP) {
    const times = count(result.taken, payload);
    assert.ok(qos === 2 ? times === 1 : times >= 1, `${about}: ${payload} reached the broker ${times} times`);
    assert.equal(count(result.done, payload), 1, `${about}: done of ${payload}`);
  }
  for (const [payload, qos] of DOWN) {
    const times = count(result.messages, payload);
    assert.ok(qos === 2 ? times === 1 : times >= 1, `${about}: ${payload} reached the application ${times} times`);
  }
  for (const qos of [1, 2]) {
    const firsts = [...new Set(result.taken)].filter((payload) => payload.startsWith(`up${qos}`));
    assert.deepEqual(firsts, [...firsts].sort(), `${about}: order of QoS ${qos}`);
  }
}

test("nothing is lost or doubled when the connection is cut at any packet", async () => {
  let total = 0;
  const uncut: Fate = () => {
    total++;
    return "pass";
  };
  assertDelivered(await exchange(uncut), "no cut");
  assert.ok(total > 25, `${total} packets`);
  for (let at = 0; at < total; at++) {
    for (const fate of ["cut", "last"] as const) {
      let n = 0;
      assertDelivered(await exchange(() => (n++ === at ? fate : "pass")), `${fate} at ${at}`);
    }
  }
});

test("nor when it is cut again and again", async () => {
  const seed = Number(process.env["GODWIT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  const numRuns = Math.ceil(Number(process.env["GODWIT_RUNS"] ?? 2000) / 40);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 2, max: 20 }), fc.constantFrom("cut" as const, "last" as const)), {
        maxLength: 8,
      }),
      async (cuts) => {
        const plan = [...cuts];
        let left = plan[0]?.[0] ?? 0;
        const result = await exchange(() => {
          const [, fate] = plan[0] ?? [0, "pass" as const];
          if (fate === "pass" || left-- > 0) return "pass";
          plan.shift();
          left = plan[0]?.[0] ?? 0;
          return fate;
        });
        assertDelivered(result, JSON.stringify(cuts));
      },
    ),
    { seed, numRuns },
  );
});

test("unsubscribed before the SUBACK came: a lost session is not told of it again", async () => {
  const client = createClient(KEPT);
  const wire = await attach(client, false);
  client.subscribe("a", { qos: 1 });
  client.unsubscribe("a");
  await settle();
  const [subscribe, unsubscribe] = wire.take().map(idOf) as [number, number];
  wire.give({ cmd: "suback", messageId: subscribe, granted: [1] }, { cmd: "unsuback", messageId: unsubscribe });
  await settle();
  wire.drop();
  assert.deepEqual((await attach(client, false)).take(), []);
  client.end(true);
});
