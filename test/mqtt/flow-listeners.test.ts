/** Listeners and callbacks that end, attach, publish or throw where nobody expects it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { attachTo, connectedRig, createRig, failure, idOf, outcomes } from "../support/client-rig.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";
import { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const device = await loadClient();
const { settle, pass } = device;
const attach = (client: Client, sessionPresent?: boolean) => attachTo(device, codec, client, sessionPresent);
const connected = (options: ClientOptions = {}) => connectedRig(device, codec, { clientId: "dev", ...options });
const connack: NamedPacket = { cmd: "connack", sessionPresent: false, returnCode: 0 };

test("a connect listener may end, attach and throw", async (t) => {
  t.mock.method(console, "error", () => undefined);
  for (const act of ["end", "attach", "throw"]) {
    const { client } = createRig(device);
    const next = new Wire(codec);
    let calls = 0;
    client.on("connect", () => {
      if (calls++) return;
      if (act === "end") client.end(true);
      else if (act === "attach") client.attach(next);
      else throw new Error("boom");
    });
    client.publish("t", "waits", { qos: 1 });
    const wire = new Wire(codec);
    client.attach(wire);
    await settle();
    wire.take();
    wire.give(connack, { cmd: "pingresp" });
    await settle();
    assert.equal(wire.isClosed, act !== "throw", act);
    assert.deepEqual(wire.take().length, act === "throw" ? 1 : 0, act);
    if (act === "attach") {
      next.give(connack);
      await settle();
      assert.deepEqual(
        next.take().map(({ cmd }) => cmd),
        ["connect", "publish"],
      );
    }
    client.end(true);
  }
});

for (const how of ["drop", "end", "protocol", "refused", "timeout", "write"] as const) {
  test(`a close listener may attach at once, publish and throw (${how})`, async (t) => {
    t.mock.method(console, "error", () => undefined);
    const { client, events } = createRig(device, { clientId: "dev", clean: false, keepalive: 0 });
    const next = new Wire(codec);
    client.on("close", () => {
      if (next.writes.length > 0) return;
      client.publish("t", "closed", { qos: 1 });
      client.attach(next);
      throw new Error("boom");
    });
    const wire = new Wire(codec);
    client.attach(wire);
    await settle();
    const { list, as } = outcomes();
    if (how === "refused") wire.give({ ...connack, returnCode: 3 } as NamedPacket);
    else {
      wire.give(connack);
      wire.take();
      if (how === "drop") wire.drop();
      else if (how === "end") client.end(true, as("ended"));
      else if (how === "protocol") wire.onData?.("\0\0");
      else if (how === "timeout") {
        client.publish("t", "late", { qos: 1 });
        await pass(40);
      } else {
        wire.isPrompt = false;
        client.publish("t", "", { qos: 1 });
        wire.finish({ code: "SEND_FAIL" });
      }
    }
    assert.equal(wire.isClosed, true);
    await settle();
    next.give({ ...connack, sessionPresent: true } as NamedPacket);
    await settle();
    assert.equal(client.connected, true);
    assert.equal(next.isClosed, false);
    const sent = next.take().slice(1);
    assert.equal((sent.at(-1) as { payload: string }).payload, "closed");
    for (const packet of sent) next.give({ cmd: "puback", messageId: idOf(packet) });
    assert.equal(client.queued(), 0);
    assert.equal(events.filter(([name]) => name === "close").length, 1);
    assert.deepEqual(list, how === "end" ? [["ended", undefined]] : []);
    await pass(60);
    assert.equal(client.connected, true, "only the timer of this connection runs");
    client.end(true);
  });
}

test("an error listener may attach: the new connection stays", async () => {
  const { client, wire } = await connected();
  const next = new Wire(codec);
  client.on("error", () => client.attach(next));
  wire.onData?.("\0\0");
  await settle();
  next.give(connack);
  assert.equal(client.connected, true);
  assert.equal(next.isClosed, false);
  client.end(true);
});

test("a close listener that attaches while another one is attached: one of them is used, the other closed", async () => {
  const { client, wire } = await connected();
  const own = new Wire(codec);
  const other = new Wire(codec);
  let calls = 0;
  client.on("close", () => {
    if (!calls++) client.attach(own);
  });
  client.attach(other);
  await settle();
  assert.equal(wire.isClosed, true);
  assert.deepEqual([own.isClosed, other.isClosed], [false, true]);
  assert.equal(own.one().cmd, "connect");
  own.give(connack);
  assert.equal(client.connected, true);
  client.end(true);
  await pass(100);
  assert.deepEqual(own.take(), []);
});

test("each listener in its turn, also when one throws; one added meanwhile hears the next", async (t) => {
  t.mock.method(console, "error", () => undefined);
  const { client, wire } = await connected();
  const heard: string[] = [];
  let isAdded = false;
  client.on("message", (_topic, payload) => {
    heard.push(`1 ${payload}`);
    if (!isAdded) client.on("message", (_t, again) => heard.push(`3 ${again}`));
    isAdded = true;
    throw new Error("boom");
  });
  client.on("message", (_topic, payload) => heard.push(`2 ${payload}`));
  for (const payload of ["a", "b"]) wire.give({ cmd: "publish", topic: "x", payload });
  assert.deepEqual(heard, ["1 a", "2 a", "1 b", "2 b", "3 b"]);
  client.end(true);
});

test("a callback that publishes keeps the order of its topic, QoS 0 too", async () => {
  for (const isPrompt of [true, false]) {
    const { client, wire } = await connected();
    wire.isPrompt = isPrompt;
    client.publish("t", "1", () => client.publish("t", "2", () => client.publish("t", "3", { qos: 1 })));
    for (let i = 0; i < 3; i++) {
      await settle();
      if (!isPrompt) wire.finish();
    }
    assert.deepEqual(
      wire.take().map((packet) => (packet as { payload: string }).payload),
      ["1", "2", "3"],
    );
    client.end(true);
  }
});

test("callbacks that publish, end and attach inside an acknowledgement", async () => {
  for (const alone of [true, false]) {
    for (const act of ["publish", "end", "attach"]) {
      const { client, wire } = await connected({ clean: false });
      const next = new Wire(codec);
      const { list, as } = outcomes();
      client.publish("t", "1", { qos: 1 }, () => {
        if (act === "publish") for (const payload of ["2", "3"]) client.publish("t", payload, { qos: 1 });
        else if (act === "end") client.end(true, as("ended"));
        else client.attach(next);
      });
      await settle();
      const one = idOf(wire.one());
      wire.give({ cmd: "puback", messageId: one }, ...(alone ? [] : [{ cmd: "pingresp" } as NamedPacket]));
      await settle();
      const sent = wire.take().map((packet) => (packet as { payload: string }).payload);
      assert.deepEqual(sent, act === "publish" ? ["2", "3"] : []);
      assert.equal(wire.isClosed, act !== "publish");
      assert.deepEqual(list, act === "end" ? [["ended", undefined]] : []);
      assert.equal(client.queued(), act === "publish" ? 2 : 0);
      if (act === "attach") {
        next.give({ ...connack, sessionPresent: true } as NamedPacket);
        client.publish("t", "new", { qos: 1 });
        await settle();
        assert.deepEqual(
          next.take().map(({ cmd }) => cmd),
          ["connect", "publish"],
        );
      }
      client.end(true);
    }
  }
});

test("end twice, the second by force: the callback of the first is called too, once", async () => {
  const { client } = await connected();
  const { list, as } = outcomes();
  client.publish("t", "never", { qos: 1 });
  client.end(false, as("in order"));
  await settle();
  assert.deepEqual(list, []);
  client.end(true);
  client.end(true);
  assert.deepEqual(list, [["in order", undefined]]);
});

test("publish while DISCONNECT is on its way stays for the next connection", async () => {
  const { client, wire } = await connected({ clean: false });
  wire.isPrompt = false;
  const { list, as } = outcomes();
  client.end(false, as("ended"));
  assert.equal(wire.one().cmd, "disconnect");
  client.publish("t", "late", { qos: 1 }, as("late"));
  client.publish("t", "later", as("later"));
  wire.finish();
  assert.equal(wire.isClosed, true);
  assert.deepEqual(list, [
    ["later", undefined],
    ["ended", undefined],
  ]);
  const next = await attach(client, true);
  assert.deepEqual(
    next.take().map((packet) => (packet as { payload: string }).payload),
    ["late", "later"],
  );
  client.end(true);
});

test("acknowledgements without end do not grow what the client holds", async () => {
  const { client, wire, events } = await connected({ clean: false });
  client.publish("t", "1", { qos: 2 });
  await settle();
  const messageId = idOf(wire.one());
  for (let i = 0; i < 500; i++) wire.give({ cmd: "pubrec", messageId }, { cmd: "puback", messageId });
  await settle();
  assert.ok(wire.take().every(({ cmd }) => cmd === "pubrel"));
  wire.give({ cmd: "pubcomp", messageId });
  wire.give({ cmd: "pubcomp", messageId });
  assert.equal(client.queued(), 0);
  assert.deepEqual(events, []);
  assert.deepEqual((await attach(client, true)).take(), []);
  assert.equal(client.publish("#", ""), false);
  assert.deepEqual(events.at(-1), ["error", failure("MQTT_INVALID")]);
  client.end(true);
});
