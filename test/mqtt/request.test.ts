/** Requests and responses, on a scripted broker and on a real one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as RequestModule from "../../modules/mqtt/request.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { attachFive, codes, connectedFive, type FiveWire, fault, loadFive, type Packet } from "../support/five.ts";

const device = await loadFive();
const { pass, settle, board } = device;
const options = { board, features: { MQTT5: true, OUTBOX: false } };
const { createRequests, respond } = await loadModule<typeof RequestModule>("modules/mqtt/request.ts", options);

function outcomes() {
  const list: unknown[][] = [];
  const as = (name: string) => (error?: unknown, payload?: string, packet?: unknown) => {
    list.push([name, toHost(error), payload, packet && (toHost(packet) as Packet).properties?.["contentType"]]);
  };
  return { list, as };
}

/** Takes the SUBSCRIBE, grants it, and gives the requests that left with it. */
function granted(wire: FiveWire, code = 1): Packet[] {
  const [subscribe, ...requests] = wire.take();
  assert.equal(subscribe?.cmd, "subscribe");
  assert.deepEqual(subscribe?.["subscriptions"], [{ topic: "me/reply", qos: 1, nl: false, rap: false, rh: 0 }]);
  wire.give({ cmd: "suback", messageId: subscribe?.["messageId"], granted: [code] });
  return requests;
}

const answerTo = (request: Packet | undefined, payload: string, more: Record<string, unknown> = {}): Packet => ({
  cmd: "publish",
  topic: request?.properties?.["responseTopic"],
  payload,
  qos: 0,
  dup: false,
  retain: false,
  properties: { correlationData: request?.properties?.["correlationData"], ...more },
});

test("4.10: answers find their requests, in any order, and the topic is subscribed to once", async () => {
  const { client, wire } = await connectedFive(device);
  const request = createRequests(client, "me/reply");
  const { list, as } = outcomes();
  assert.equal(request("a", "1", { qos: 1, properties: { contentType: "x" } }, as("one")), true);
  assert.equal(request("b", new Uint8Array([50]), undefined, as("two")), true);
  await settle();
  const [one, two] = granted(wire);
  assert.deepEqual([one?.["topic"], one?.["payload"], one?.["qos"]], ["a", "1", 1]);
  assert.deepEqual([two?.["topic"], two?.["payload"], two?.["qos"]], ["b", "2", 0]);
  assert.equal(one?.properties?.["responseTopic"], "me/reply");
  assert.equal(one?.properties?.["contentType"], "x");
  assert.notEqual(one?.properties?.["correlationData"], two?.properties?.["correlationData"]);
  wire.give({ cmd: "puback", messageId: one?.["messageId"] });
  wire.give(answerTo(two, "for two", { contentType: "y" }), answerTo(one, "for one"));
  assert.deepEqual(list, [
    ["two", undefined, "for two", "y"],
    ["one", undefined, "for one", undefined],
  ]);
  wire.give(answerTo(one, "again"), { ...answerTo(two, "again"), topic: "other" });
  request("a", "3", undefined, as("three"));
  await settle();
  assert.equal(wire.take().filter(({ cmd }) => cmd === "subscribe").length, 0);
  await pass(31);
  assert.deepEqual(codes(list), [
    ["two", undefined, undefined],
    ["one", undefined, undefined],
    ["three", "MQTT_TIMEOUT", undefined],
  ]);
  client.end(true);
});

test("an answer to nobody: another topic, other data, none, no properties at all", async () => {
  const { client, wire } = await connectedFive(device);
  const request = createRequests(client, "me/reply", 10);
  const { list, as } = outcomes();
  request("a", "1", undefined, as("one"));
  await settle();
  const [one] = granted(wire);
  const answer = answerTo(one, "x");
  wire.give({ ...answer, topic: "me/reply/x" });
  wire.give({ ...answer, properties: { correlationData: "toString" } });
  wire.give({ ...answer, properties: { correlationData: "" } }, { ...answer, properties: { contentType: "x" } });
  wire.give({ cmd: "publish", topic: "me/reply", payload: "x", qos: 0, dup: false, retain: false });
  assert.deepEqual(list, []);
  await pass(11);
  assert.deepEqual(list, [["one", fault("MQTT_TIMEOUT"), undefined, undefined]]);
  wire.give(answer);
  assert.equal(list.length, 1, "too late");
  client.end(true);
});

test("no more than so many wait; one that is done with gives room", async () => {
  const { client, wire } = await connectedFive(device);
  const request = createRequests(client, "me/reply", 30, 2);
  const { list, as } = outcomes();
  assert.equal(request("a", "1", undefined, as("one")), true);
  assert.equal(request("a", "2", undefined, as("two")), true);
  assert.equal(request("a", "3", undefined, as("three")), false);
  assert.deepEqual(list, [["three", fault("MQTT_FULL"), undefined, undefined]]);
  await settle();
  const [one] = granted(wire);
  wire.give(answerTo(one, "x"));
  assert.equal(request("a", "4", undefined, as("four")), true);
  client.end(true);
});

test("what cannot be published, and what the broker refuses, fails at once and gives room", async () => {
  const { client, wire } = await connectedFive(device);
  const request = createRequests(client, "me/reply", 30, 1);
  const { list, as } = outcomes();
  assert.equal(request("a/#", "1", undefined, as("wildcard")), false);
  assert.equal(request("a", "1", { properties: { contentType: "\xff" } }, as("text")), false);
  assert.equal(request("a", "1", { qos: 1 }, as("refused")), true);
  await settle();
  const [refused] = granted(wire);
  wire.give({ cmd: "puback", messageId: refused?.["messageId"], reasonCode: 0x87 });
  request("a", "1", { qos: 1 }, as("nobody"));
  await settle();
  wire.give({ cmd: "puback", messageId: wire.one()["messageId"], reasonCode: 0x10 });
  assert.deepEqual(codes(list), [
    ["wildcard", "MQTT_INVALID", undefined],
    ["text", "MQTT_INVALID", undefined],
    ["refused", "MQTT_REJECTED", 0x87],
    ["nobody", "MQTT_REJECTED", 0x10],
  ]);
  client.end(true);
});

test("a refused subscription fails what waits, and the next request asks again", async () => {
  const { client, wire } = await connectedFive(device);
  const request = createRequests(client, "me/reply");
  const { list, as } = outcomes();
  request("a", "1", undefined, as("one"));
  request("a", "2", undefined, as("two"));
  await settle();
  granted(wire, 0x87);
  assert.deepEqual(codes(list), [
    ["one", "MQTT_SUBSCRIBE", "me/reply"],
    ["two", "MQTT_SUBSCRIBE", "me/reply"],
  ]);
  request("a", "3", undefined, as("three"));
  await settle();
  const [three] = granted(wire);
  wire.give(answerTo(three, "x"));
  assert.deepEqual(list[2], ["three", undefined, "x", undefined]);
  client.end(true);
});

test("a reply topic that is none", async () => {
  const { client } = await connectedFive(device);
  const { list, as } = outcomes();
  assert.equal(createRequests(client, "a#")("a", "1", undefined, as("one")), false);
  assert.deepEqual(codes(list), [["one", "MQTT_INVALID", undefined]]);
  client.end(true);
});

test("a request outlives the connection, as its PUBLISH does", async () => {
  const rig = await connectedFive(device);
  const request = createRequests(rig.client, "me/reply", 60);
  const { list, as } = outcomes();
  request("a", "1", { qos: 1 }, as("one"));
  await settle();
  granted(rig.wire);
  rig.wire.drop();
  const next = await attachFive(device, rig);
  const sent = next.take();
  assert.deepEqual(
    sent.map(({ cmd }) => cmd).sort(),
    ["publish", "subscribe"],
    "the lost session is told the topic again",
  );
  next.give(
    answerTo(
      sent.find(({ cmd }) => cmd === "publish"),
      "late",
    ),
  );
  assert.deepEqual(list, [["one", undefined, "late", undefined]]);
  rig.client.end(true);
});

test("two helpers on one client do not meet", async () => {
  const { client, wire } = await connectedFive(device);
  const { list, as } = outcomes();
  createRequests(client, "me/reply")("a", "1", undefined, as("one"));
  await settle();
  const [one] = granted(wire);
  createRequests(client, "me/other")("a", "1", undefined, as("two"));
  await settle();
  const two = wire.take().find(({ cmd }) => cmd === "publish");
  wire.give({ ...answerTo(one, "x"), topic: "me/other" }, answerTo(two, "for two"));
  assert.deepEqual(list, [["two", undefined, "for two", undefined]]);
  client.end(true);
});

test("respond: to the Response Topic, with the Correlation Data and the QoS of the request", async () => {
  const { client, wire } = await connectedFive(device);
  const results: unknown[] = [];
  client.on("message", (_topic, payload, packet) => {
    results.push(respond(client, packet, `re: ${payload}`, (error) => results.push(toHost(error))));
  });
  const request = { cmd: "publish", topic: "t", payload: "x", qos: 1, dup: false, retain: false, messageId: 1 };
  wire.give({ ...request, properties: { responseTopic: "r", correlationData: "\0\xff" } });
  wire.give({ ...request, qos: 0, properties: { responseTopic: "r" } });
  await settle();
  const [first, second] = wire.take().filter(({ cmd }) => cmd === "publish") as [Packet, Packet];
  assert.deepEqual([first["topic"], first["payload"], first["qos"]], ["r", "re: x", 1]);
  assert.deepEqual({ ...first.properties }, { correlationData: "\0\xff" });
  assert.deepEqual([second["topic"], second["qos"], second.properties], ["r", 0, undefined]);
  results.splice(0);
  wire.give({ ...request, qos: 0 }, { ...request, qos: 0, properties: { responseTopic: "r/+" } });
  assert.deepEqual(results, [fault("MQTT_INVALID"), false, fault("MQTT_INVALID"), false]);
  client.end(true);
});
