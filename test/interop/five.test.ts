/** What only MQTT 5 has, over real TLS with mosquitto, and MQTT.js as the other side. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPki, type Pki } from "../../tools/pki/set.ts";
import {
  attach,
  createRequests,
  ended,
  LIMIT,
  type Other,
  open,
  published,
  respond,
  sleep,
  startOther,
  stopBoard,
  subscribed,
  until,
  watch,
} from "./device.ts";
import { type Mosquitto, startMosquitto } from "./mosquitto.ts";

let pki: Pki;
let broker: Mosquitto;
let other: Other;

before(async () => {
  pki = await createPki({ hosts: ["127.0.0.1"], client: "device" });
  broker = await startMosquitto(pki);
});

after(async () => {
  await other?.client.endAsync(true);
  await broker.stop();
  stopBoard();
});

test("3.3.2.3: properties travel whole, in both directions", LIMIT, async () => {
  other = await startOther(pki, broker);
  await other.client.subscribeAsync("about/up", { qos: 1 });
  const seen = watch({ clientId: "about", protocolVersion: 5 });
  await attach(seen, pki, broker);
  await subscribed(seen.client, "about/down", { qos: 1 });
  const words = { contentType: "text/pl\u00e9in", responseTopic: "answer/here" };
  const utf8 = (text: string) => Buffer.from(text).toString("latin1");
  const data = "\0\x01\xff";
  await published(seen.client, "about/up", "x", {
    qos: 1,
    properties: {
      payloadFormatIndicator: true,
      contentType: utf8(words.contentType),
      responseTopic: words.responseTopic,
      correlationData: data,
      userProperties: { a: ["1", "2"], b: "3" },
    },
  });
  await other.client.publishAsync("about/down", "y", {
    qos: 1,
    properties: {
      ...words,
      payloadFormatIndicator: true,
      correlationData: Buffer.from(data, "latin1"),
      userProperties: { a: ["1", "2"], b: "3" },
    },
  });
  await until("both", () => seen.messages.length > 0 && other.messages.length > 0);
  const theirs = other.messages[0]?.properties;
  assert.equal(theirs?.contentType, words.contentType);
  assert.equal(theirs?.correlationData?.toString("latin1"), data);
  assert.deepEqual({ ...theirs?.userProperties }, { a: ["1", "2"], b: "3" });
  assert.deepEqual(seen.messages[0]?.properties, {
    payloadFormatIndicator: true,
    contentType: utf8(words.contentType),
    responseTopic: words.responseTopic,
    correlationData: data,
    userProperties: { a: ["1", "2"], b: "3" },
  });
  await ended(seen.client);
});

test("3.1.3.2.2: a Will waits for its delay, and does not come when the device is back before", LIMIT, async () => {
  await other.client.subscribeAsync("delay/#", { qos: 1 });
  const start = (clientId: string, willDelayInterval: number) => {
    const will = { topic: `delay/${clientId}`, payload: "gone", properties: { willDelayInterval, contentType: "x" } };
    return watch({ clientId, clean: false, protocolVersion: 5, will });
  };
  const quick = start("quick", 1);
  const back = start("back", 2);
  (await attach(quick, pki, broker)).drop();
  (await attach(back, pki, broker)).drop();
  const from = Date.now();
  await until("close", () => !back.client.connected && !quick.client.connected);
  await attach(back, pki, broker);
  await until("the Will", () => other.messages.some(({ topic }) => topic === "delay/quick"));
  assert.ok(Date.now() - from > 500);
  const will = other.messages.find(({ topic }) => topic === "delay/quick");
  assert.equal(will?.properties?.contentType, "x");
  await sleep(Math.max(0, 3200 - (Date.now() - from)));
  assert.ok(!other.messages.some(({ topic }) => topic === "delay/back"));
  await ended(back.client);
});

test("3.14.2.1: DISCONNECT with Will Message (0x04)", LIMIT, async () => {
  await other.client.subscribeAsync("bye/#", { qos: 1 });
  const seen = watch({ clientId: "bye", protocolVersion: 5, will: { topic: "bye/will", payload: "gone" } });
  await attach(seen, pki, broker);
  await new Promise<void>((resolve) => seen.client.end(false, resolve, { reasonCode: 4 }));
  await until("the Will", () => other.messages.some(({ topic }) => topic === "bye/will"));
});

test("3.3.2.3.3: what expired meanwhile does not come, the rest says what is left", LIMIT, async () => {
  const seen = watch({ clientId: "expiry", clean: false, protocolVersion: 5 });
  await attach(seen, pki, broker);
  await subscribed(seen.client, "expiry/down", { qos: 1 });
  await ended(seen.client);
  for (const messageExpiryInterval of [1, 100]) {
    const properties = { messageExpiryInterval };
    await other.client.publishAsync("expiry/down", `${messageExpiryInterval}`, { qos: 1, properties });
  }
  await other.client.subscribeAsync("expiry/up", { qos: 1 });
  const late = [1, 100].map((messageExpiryInterval) =>
    published(seen.client, "expiry/up", "x", { qos: 1, properties: { messageExpiryInterval } }),
  );
  await sleep(2100);
  await attach(seen, pki, broker);
  assert.deepEqual(
    (await Promise.all(late)).map((error) => error?.code),
    ["MQTT_EXPIRED", undefined],
  );
  await until("a message", () => seen.messages.length > 0);
  assert.deepEqual(
    seen.messages.map(({ payload }) => payload),
    ["100"],
  );
  const left = seen.messages[0]?.properties?.messageExpiryInterval ?? 0;
  assert.ok(left >= 95 && left <= 99, `${left}`);
  await until("ours", () => other.messages.some(({ topic }) => topic === "expiry/up"));
  const ours = other.messages.filter(({ topic }) => topic === "expiry/up");
  assert.equal(ours.length, 1);
  assert.ok((ours[0]?.properties?.messageExpiryInterval ?? 0) <= 98);
  await ended(seen.client);
});

test("3.3.2.3.4: topic aliases, more topics than the broker has, and over a reconnection", LIMIT, async () => {
  await other.client.subscribeAsync("alias/up/#", { qos: 2 });
  const seen = watch({
    clientId: "alias",
    clean: false,
    protocolVersion: 5,
    topicAlias: true,
    properties: { topicAliasMaximum: 5 },
  });
  const transport = await attach(seen, pki, broker);
  const count = (): number => other.messages.filter(({ topic }) => topic.startsWith("alias/up")).length;
  const limit = (seen.connects[0]?.properties?.topicAliasMaximum ?? 0) as number;
  assert.ok(limit > 0, "mosquitto takes aliases");
  const topics = Array.from({ length: limit + 3 }, (_, i) => `alias/up/${i}`);
  for (const round of ["a", "b"]) {
    await Promise.all(topics.map((topic, i) => published(seen.client, topic, round, { qos: (i % 3) as 0 | 1 | 2 })));
  }
  await until("all of them", () => count() === 2 * topics.length);
  transport.drop();
  await until("close", () => !seen.client.connected);
  await attach(seen, pki, broker);
  await Promise.all(topics.map((topic) => published(seen.client, topic, "c", { qos: 1 })));
  await until("all of them again", () => count() === 3 * topics.length);
  const heard = other.messages.filter(({ topic }) => topic.startsWith("alias/up"));
  for (const topic of topics) {
    assert.deepEqual(
      heard.filter((one) => one.topic === topic).map(({ text }) => text),
      ["a", "b", "c"],
    );
  }
  await subscribed(seen.client, "alias/down", { qos: 1 });
  for (let i = 0; i < 3; i++) await other.client.publishAsync("alias/down", `${i}`, { qos: 1 });
  await until("theirs", () => seen.messages.length === 3);
  assert.deepEqual(
    seen.failures.filter(({ code }) => code !== "SOCKET_CLOSED"),
    [],
  );
  await ended(seen.client);
});

test("4.9: Receive Maximum both ways", LIMIT, async () => {
  await other.client.subscribeAsync("flow/up", { qos: 2 });
  const seen = watch({
    clientId: "flow",
    protocolVersion: 5,
    maxInflight: 100,
    maxQueue: 400,
    properties: { receiveMaximum: 1 },
  });
  await attach(seen, pki, broker);
  await subscribed(seen.client, "flow/down", { qos: 2 });
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < 150; i++) all.push(published(seen.client, "flow/up", `${i}`, { qos: i % 2 ? 2 : 1 }));
  for (let i = 0; i < 50; i++) await other.client.publishAsync("flow/down", `${i}`, { qos: i % 2 ? 2 : 1 });
  assert.ok((await Promise.all(all)).every((error) => error === undefined));
  await until("all of them", () => seen.messages.length === 50);
  await until("all of ours", () => other.messages.filter(({ topic }) => topic === "flow/up").length === 150);
  assert.equal(seen.client.connected, true);
  await ended(seen.client);
});

test("4.8.2: a shared subscription: each message to one of two", LIMIT, async () => {
  const one = watch({ clientId: "share-1", protocolVersion: 5 });
  const two = watch({ clientId: "share-2", protocolVersion: 5 });
  for (const seen of [one, two]) {
    await attach(seen, pki, broker);
    assert.deepEqual(await subscribed(seen.client, "$share/group/share/+", { qos: 1 }), [
      { topic: "$share/group/share/+", qos: 1 },
    ]);
  }
  for (let i = 0; i < 20; i++) await other.client.publishAsync(`share/${i}`, "", { qos: 1 });
  await until("all of them", () => one.messages.length + two.messages.length === 20);
  assert.ok(one.messages.length > 0 && two.messages.length > 0);
  const topics = [...one.messages, ...two.messages].map(({ topic }) => topic);
  assert.equal(new Set(topics).size, 20);
  await ended(one.client);
  await ended(two.client);
});

test("3.3.2.3.8: Subscription Identifiers, No Local, Retain As Published, Retain Handling", LIMIT, async () => {
  const seen = watch({ clientId: "subs", protocolVersion: 5 });
  await attach(seen, pki, broker);
  await published(seen.client, "subs/old", "kept", { qos: 1, retain: true });
  const properties = (subscriptionIdentifier: number) => ({ subscriptionIdentifier });
  await subscribed(seen.client, "subs/a/#", { qos: 1, properties: properties(1) });
  await subscribed(seen.client, "subs/+/x", { qos: 1, properties: properties(200_000_000) });
  await other.client.publishAsync("subs/a/x", "both", { qos: 1 });
  await until(
    "both",
    () => seen.messages.flatMap((packet) => packet.properties?.subscriptionIdentifier ?? []).length === 2,
  );
  const found = seen.messages.flatMap((packet) => packet.properties?.subscriptionIdentifier ?? []);
  assert.deepEqual(
    found.sort((a, b) => a - b),
    [1, 200_000_000],
  );
  seen.messages.splice(0);

  await subscribed(seen.client, "subs/nl", { qos: 1, nl: true });
  await published(seen.client, "subs/nl", "own", { qos: 1 });
  await subscribed(seen.client, "subs/old", { rh: 2 });
  await sleep(100);
  assert.deepEqual(seen.messages, [], "neither ours nor the retained one");
  // Of a subscription that is there already mosquitto 2.0.11 keeps Retain As Published as it was.
  await new Promise((resolve) => seen.client.unsubscribe("subs/old", resolve));
  await subscribed(seen.client, "subs/old", { rh: 0, rap: true, qos: 1 });
  await until("the retained one", () => seen.messages.length === 1);
  await other.client.publishAsync("subs/old", "new", { qos: 1, retain: true });
  await until("the new one", () => seen.messages.length === 2);
  assert.deepEqual(
    seen.messages.map(({ payload, retain }) => [payload, retain]),
    [
      ["kept", true],
      ["new", true],
    ],
  );
  await ended(seen.client);
});

test("4.10: requests and responses, both ways", LIMIT, async () => {
  const seen = watch({ clientId: "rpc", protocolVersion: 5 });
  await attach(seen, pki, broker);
  await other.client.subscribeAsync("rpc/do", { qos: 1 });
  other.client.on("message", (topic, payload, packet) => {
    if (topic !== "rpc/do") return;
    const { responseTopic = "", correlationData = Buffer.alloc(0) } = packet.properties ?? {};
    other.client.publish(responseTopic, `done ${payload}`, { qos: 1, properties: { correlationData } });
  });
  const request = createRequests(seen.client, "rpc/reply", 5);
  const asked = (topic: string, payload: string) =>
    new Promise<unknown[]>((resolve) => {
      request(topic, payload, { qos: 1 }, (error, answer) => resolve([error?.code, error?.cause, answer]));
    });
  const answers = await Promise.all(["a", "b", "c"].map((payload) => asked("rpc/do", payload)));
  assert.deepEqual(
    answers,
    ["a", "b", "c"].map((payload) => [undefined, undefined, `done ${payload}`]),
  );
  // 3.4.2.1: No matching subscribers.
  assert.deepEqual(await asked("rpc/nobody", "x"), ["MQTT_REJECTED", 16, undefined]);

  seen.client.on("message", (topic, payload, packet) => {
    if (topic === "rpc/mine") respond(seen.client, packet, `did ${payload}`);
  });
  await subscribed(seen.client, "rpc/mine", { qos: 1 });
  await other.client.subscribeAsync("rpc/other", { qos: 1 });
  const properties = { responseTopic: "rpc/other", correlationData: Buffer.from([0, 255]) };
  await other.client.publishAsync("rpc/mine", "it", { qos: 1, properties });
  await until("the answer", () => other.messages.some(({ topic }) => topic === "rpc/other"));
  const answer = other.messages.find(({ topic }) => topic === "rpc/other");
  assert.equal(answer?.text, "did it");
  assert.deepEqual([...(answer?.properties?.correlationData ?? [])], [0, 255]);
  await ended(seen.client);
});

test("3.14.2.1: Session taken over; and the identifier that the broker assigns", LIMIT, async () => {
  const one = watch({ clientId: "", protocolVersion: 5 });
  await attach(one, pki, broker);
  const clientId = one.connects[0]?.properties?.assignedClientIdentifier;
  assert.ok(clientId);
  const two = watch({ clientId, protocolVersion: 5 });
  await attach(two, pki, broker);
  await until("the end", () => !one.client.connected);
  // mosquitto 2.0.11 closes without a DISCONNECT, later ones say why.
  for (const { code, cause } of one.failures) assert.deepEqual([code, cause], ["MQTT_TAKEN_OVER", 0x8e]);
  one.failures.splice(0);
  await attach(one, pki, broker);
  assert.equal(one.connects[1]?.properties?.assignedClientIdentifier, undefined, "it was sent back");
  await until("the end of the other", () => !two.client.connected);
  await ended(one.client);
});

test("4.12: an authentication method that the broker does not know", LIMIT, async () => {
  const seen = watch({ clientId: "auth", protocolVersion: 5, properties: { authenticationMethod: "GODWIT" } });
  seen.client.attach(await open(pki, broker));
  await until("a refusal", () => seen.failures.length > 0);
  assert.deepEqual(
    seen.failures.map(({ code, cause }) => [code, cause]),
    [["MQTT_REFUSED", 0x8c]],
  );
});

test("3.2.2.3: limits of a broker are kept without trying them", LIMIT, async () => {
  const strict = await startMosquitto(pki, [
    "max_packet_size 200",
    "retain_available false",
    "max_keepalive 20",
    "max_inflight_messages 3",
    "max_qos 1",
  ]);
  try {
    const seen = watch({ clientId: "strict", protocolVersion: 5, keepalive: 600 });
    await attach(seen, pki, strict);
    const { maximumQoS, retainAvailable, maximumPacketSize, serverKeepAlive, receiveMaximum } =
      seen.connects[0]?.properties ?? {};
    assert.deepEqual(
      { maximumQoS, retainAvailable, maximumPacketSize, serverKeepAlive, receiveMaximum },
      { maximumQoS: 1, retainAvailable: false, maximumPacketSize: 200, serverKeepAlive: 20, receiveMaximum: 3 },
    );
    const codes = await Promise.all([
      published(seen.client, "t", "x", { qos: 2 }),
      published(seen.client, "t", "x", { qos: 1, retain: true }),
      published(seen.client, "t", "x".repeat(193), { qos: 1 }),
      published(seen.client, "t", "x".repeat(191), { qos: 1 }),
    ]);
    assert.deepEqual(
      codes.map((error) => error?.code),
      ["MQTT_UNSUPPORTED", "MQTT_UNSUPPORTED", "MQTT_TOO_LARGE", undefined],
    );
    assert.equal(seen.client.connected, true);
    await ended(seen.client);
  } finally {
    await strict.stop();
  }
});
