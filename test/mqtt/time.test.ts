/** Keep Alive and answers that do not come, on a clock that the test moves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";
import { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const { createClient, settle, pass } = await loadClient();

interface Rig {
  client: Client;
  wire: Wire;
  events: unknown[];
}

async function start(options: ClientOptions, isAccepted = true): Promise<Rig> {
  const client = createClient({ clientId: "dev", ...options });
  const events: unknown[] = [];
  const wire = new Wire(codec);
  client.on("error", (failure) => events.push(["error", toHost(failure)]));
  client.on("close", (failure) => events.push(["close", toHost(failure)]));
  client.attach(wire);
  await settle();
  wire.take();
  if (isAccepted) {
    wire.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
    await settle();
  }
  return { client, wire, events };
}

const failed = (code: string) =>
  ["error", "close"].map((name) => [name, { code, cause: undefined, command: undefined }]);

/** Seconds until the client sends something. */
async function untilSent(wire: Wire, limit: number): Promise<number> {
  for (let seconds = 1; seconds <= limit; seconds++) {
    await pass(1);
    if (wire.sent.length > 0) return seconds;
  }
  return Number.POSITIVE_INFINITY;
}

for (const keepalive of [5, 10, 60, 300]) {
  test(`Keep Alive ${keepalive}: PINGREQ in time, and again after PINGRESP`, async () => {
    const { client, wire } = await start({ keepalive });
    for (let i = 0; i < 3; i++) {
      const seconds = await untilSent(wire, keepalive + 1);
      assert.ok(seconds <= keepalive && seconds >= keepalive - 10, `after ${seconds} s`);
      assert.deepEqual(wire.take(), [{ cmd: "pingreq" }]);
      wire.give({ cmd: "pingresp" });
    }
    assert.equal(client.connected, true);
    client.end(true);
  });
}

test("traffic spares the PINGREQ", async () => {
  const { client, wire } = await start({ keepalive: 30, replyTimeoutS: 0 });
  for (let i = 0; i < 20; i++) {
    await pass(15);
    client.publish("t", `${i}`);
    await settle();
    assert.equal((wire.one() as { payload: string }).payload, `${i}`);
  }
  client.end(true);
});

test("Keep Alive 0: no PINGREQ, however long", async () => {
  const { client, wire } = await start({ keepalive: 0 });
  await pass(3600);
  assert.deepEqual(wire.take(), []);
  assert.equal(client.connected, true);
  client.end(true);
});

test("no PINGRESP: asked once for waiting bytes, then closed", async () => {
  const { wire, events } = await start({ keepalive: 60, replyTimeoutS: 30 });
  await untilSent(wire, 61);
  assert.equal(wire.polls, 0);
  await pass(15);
  assert.equal(wire.polls, 1);
  assert.deepEqual(events, []);
  await pass(25);
  assert.equal(wire.polls, 1);
  assert.equal(wire.isClosed, true);
  assert.deepEqual(events, failed("MQTT_KEEPALIVE"));
});

test("no CONNACK: closed after replyTimeoutS", async () => {
  const { client, wire, events } = await start({ replyTimeoutS: 20 }, false);
  await pass(19);
  assert.equal(wire.isClosed, false);
  await pass(6);
  assert.equal(wire.isClosed, true);
  assert.equal(client.connected, false);
  assert.deepEqual(events, failed("MQTT_TIMEOUT"));
});

test("a CONNACK before that is in time", async () => {
  const { client, wire } = await start({ replyTimeoutS: 20 }, false);
  await pass(19);
  wire.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
  await pass(60);
  assert.equal(client.connected, true);
  client.end(true);
});

for (const [name, act] of [
  ["PUBACK", (client: Client) => client.publish("t", "", { qos: 1 })],
  ["PUBREC", (client: Client) => client.publish("t", "", { qos: 2 })],
  ["SUBACK", (client: Client) => client.subscribe("t")],
  ["UNSUBACK", (client: Client) => client.unsubscribe("t")],
] as const) {
  test(`no ${name}: polled once, then closed; it stays to be delivered`, async () => {
    const { client, wire, events } = await start({ keepalive: 0 });
    act(client);
    await pass(4);
    assert.equal(wire.polls, 0);
    await pass(8);
    assert.equal(wire.polls, 1);
    await pass(24);
    assert.equal(wire.isClosed, true);
    assert.deepEqual(events, failed("MQTT_TIMEOUT"));
    assert.equal(client.queued(), 1);
  });
}

test("acknowledgements that come, however slowly, keep the connection", async () => {
  const { client, wire } = await start({ keepalive: 0 });
  for (let i = 0; i < 8; i++) client.publish("t", `${i}`, { qos: 1 });
  await settle();
  for (const packet of wire.take()) {
    await pass(25);
    wire.give({ cmd: "puback", messageId: (packet as Extract<NamedPacket, { cmd: "publish" }>).messageId as number });
  }
  await pass(100);
  assert.equal(client.connected, true);
  assert.equal(client.queued(), 0);
  client.end(true);
});

test("each step of QoS 2 has its own time, and so has what follows CONNACK", async () => {
  const { client, wire } = await start({ keepalive: 0 }, false);
  await pass(25);
  wire.give({ cmd: "connack", sessionPresent: false, returnCode: 0 });
  client.publish("t", "", { qos: 2 });
  await settle();
  const { messageId } = wire.take()[0] as { messageId: number };
  await pass(25);
  wire.give({ cmd: "pubrec", messageId });
  await pass(25);
  wire.give({ cmd: "pubcomp", messageId });
  assert.equal(client.connected, true);
  assert.equal(client.queued(), 0);
  client.end(true);
});

test("replyTimeoutS 0 waits for ever", async () => {
  const { client, wire, events } = await start({ keepalive: 60, replyTimeoutS: 0 });
  client.publish("t", "", { qos: 1 });
  await pass(3600);
  assert.equal(client.connected, true);
  assert.deepEqual(events, []);
  assert.equal(wire.sent.filter((packet) => packet.cmd === "pingreq").length, 1, "no second one before the answer");
  client.end(true);
});

test("nothing runs on after end", async () => {
  const { client, wire, events } = await start({ keepalive: 10 });
  client.end(true);
  await pass(100);
  assert.deepEqual(wire.take(), []);
  assert.deepEqual(events, [["close", undefined]]);
});

test("two clients on one board do not meet", async () => {
  const one = await start({ keepalive: 20 });
  const two = await start({ keepalive: 0 });
  one.client.publish("a", "1", { qos: 1 });
  two.client.publish("b", "2", { qos: 2 });
  await settle();
  assert.equal((one.wire.one() as { topic: string }).topic, "a");
  assert.equal((two.wire.one() as { topic: string }).topic, "b");
  two.wire.drop();
  assert.equal(one.client.connected, true);
  assert.equal(two.client.connected, false);
  assert.equal(one.client.queued(), 1);
  one.client.end(true);
  two.client.end(true);
});
