/** What comes in, in any pieces, from a broker that may mean no good; and what listeners do in the middle of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions } from "../../modules/mqtt/client.ts";
import { attachTo, connectedRig, createRig, failure, idOf, outcomes } from "../support/client-rig.ts";
import { loadClient, loadCodec, type NamedPacket } from "../support/mqtt.ts";
import { Wire } from "../support/wire.ts";

const codec = await loadCodec();
const device = await loadClient();
const { settle } = device;
const attach = (client: Client, sessionPresent?: boolean) => attachTo(device, codec, client, sessionPresent);
const connected = (options: ClientOptions = {}) => connectedRig(device, codec, { clientId: "dev", ...options });
const message = (payload: string, qos: 0 | 1 | 2 = 0): NamedPacket =>
  qos ? { cmd: "publish", topic: "x", payload, qos, messageId: 9 } : { cmd: "publish", topic: "x", payload };
const publish0 = (length: number, topic = "big") =>
  codec.encode({ cmd: "publish", topic, payload: "z".repeat(length) });
const brief = (events: unknown[][]) =>
  events.map(([name, what, more]) => [name, name === "message" ? more : (what as { code?: string } | undefined)?.code]);

// ------------------------------------------------------------------------------------------------ pieces

/** Each way to cut `bytes`: by size, and once at every place. */
function* cuts(bytes: string): Generator<string[]> {
  for (const size of [1, 2, 3, 7, 64, bytes.length]) {
    const chunks: string[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
    yield chunks;
  }
  for (let at = 1; at < bytes.length; at++) yield [bytes.slice(0, at), bytes.slice(at)];
}

test("all kinds of packets, in one chunk, byte by byte, and cut at every place", async () => {
  const { client, wire, events } = await connected({ keepalive: 0 });
  for (let round = 0, total = 1; round < total; round++) {
    const { list, as } = outcomes();
    client.publish("t", "1", { qos: 1 }, as("1"));
    client.publish("t", "2", { qos: 2 }, as("2"));
    client.subscribe(["a", "b"], as("subscribe"));
    client.unsubscribe("c", as("unsubscribe"));
    await settle();
    const ids = wire.take().map(idOf) as [number, number, number, number];
    const bytes = [
      { cmd: "puback", messageId: ids[0] },
      { cmd: "publish", topic: "x", payload: "p".repeat(140) },
      { cmd: "pubrec", messageId: ids[1] },
      message("q1", 1),
      { cmd: "pingresp" },
      { cmd: "suback", messageId: ids[2], granted: [1, 0] },
      message("q2", 2),
      { cmd: "pubrel", messageId: 9 },
      { cmd: "pubcomp", messageId: ids[1] },
      { cmd: "unsuback", messageId: ids[3] },
      message(""),
    ]
      .map((packet) => codec.encode(packet as NamedPacket))
      .join("");
    const ways = [...cuts(bytes)];
    total = ways.length;
    for (const chunk of ways[round] as string[]) wire.onData?.(chunk);
    await settle();
    const about = `round ${round}`;
    assert.deepEqual(
      list.map((one) => (one as string[])[0]),
      ["1", "subscribe", "2", "unsubscribe"],
      about,
    );
    assert.deepEqual(
      brief(events.splice(0)),
      [
        ["message", "p".repeat(140)],
        ["message", "q1"],
        ["message", "q2"],
        ["message", ""],
      ],
      about,
    );
    assert.deepEqual(
      wire.take().map(({ cmd }) => cmd),
      ["pubrel", "puback", "pubrec", "pubcomp"],
      about,
    );
    assert.equal(client.queued(), 0, about);
  }
  client.end(true);
});

for (const length of [100, 120, 127, 128, 129, 200, 255, 256, 300]) {
  test(`a PUBLISH of ${length} bytes, its first part of any length alone`, async () => {
    const { client, wire, events } = await connected();
    const bytes = publish0(length - 5);
    for (let at = 1; at < bytes.length; at++) {
      wire.onData?.(bytes.slice(0, at));
      wire.onData?.(bytes.slice(at));
      assert.deepEqual(brief(events.splice(0)), [["message", "z".repeat(length - 5)]], `cut at ${at}`);
    }
    client.end(true);
  });
}

// ------------------------------------------------------------------------------------------------ too large

for (const length of [200, 4000, 20_000, 70_000]) {
  test(`QoS 0 over maxPacket (${length}) passes by without being kept, in any pieces, and what follows is good`, async () => {
    const { client, wire, events } = await connected({ maxPacket: 150 });
    const bytes = `${codec.encode(message("before"))}${publish0(length)}${codec.encode(message("behind"))}${publish0(length, "too")}`;
    const start = codec.encode(message("before")).length;
    const sizes = [1, 2, 3, 100, 1460, bytes.length].filter((size) => bytes.length / size < 30_000);
    const ways = sizes.map((size) =>
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size)),
    );
    // Within its fixed header, and just behind.
    for (let at = start; at < start + 6; at++) ways.push([bytes.slice(0, at), bytes.slice(at)]);
    for (const chunks of ways) {
      for (const chunk of chunks) wire.onData?.(chunk);
      wire.give(message("last"));
      await settle();
      assert.deepEqual(
        brief(events.splice(0)),
        [
          ["message", "before"],
          ["error", "MQTT_TOO_LARGE"],
          ["message", "behind"],
          ["error", "MQTT_TOO_LARGE"],
          ["message", "last"],
        ],
        `chunks of ${chunks[0]?.length}`,
      );
    }
    assert.equal(client.connected, true);
    assert.deepEqual(wire.take(), []);
    client.end(true);
  });
}

test("what is skipped does not go on into the next connection", async () => {
  const { client, wire, events } = await connected({ maxPacket: 100 });
  wire.onData?.(publish0(5000).slice(0, 1000));
  wire.drop();
  const next = await attach(client);
  next.give(message("good"));
  assert.deepEqual(events.at(-1)?.[2], "good");
  client.end(true);
});

test("a listener that ends the connection because of one too large", async () => {
  const { client, wire, events } = await connected({ maxPacket: 100 });
  client.on("error", () => client.end(true));
  wire.onData?.(publish0(5000) + codec.encode(message("behind")));
  await settle();
  assert.deepEqual(brief(events), [
    ["error", "MQTT_TOO_LARGE"],
    ["close", undefined],
  ]);
});

// ------------------------------------------------------------------------------------------------ hostile

const IDS = ["on", "__", "\0\0", "\xff\xff", "is", "12"];
for (const id of IDS) {
  test(`acknowledgements for ${JSON.stringify(id)}, alone and together, end nothing that waits`, async () => {
    const { client, wire, events } = await connected();
    const { list, as } = outcomes();
    for (const qos of [1, 2] as const) client.publish("t", "", { qos }, as(`${qos}`));
    client.subscribe("a", as("a"));
    await settle();
    wire.take();
    const acks = ["@", "P", "p"].map((kind) => `${kind}\x02${id}`).concat(`b\x02${id}`, `\xb0\x02${id}`);
    for (const chunk of [...acks, acks.join("")]) {
      if (client.connected) wire.onData?.(chunk);
      await settle();
    }
    assert.deepEqual(list, []);
    assert.equal(client.queued(), 3);
    if (id === "\0\0")
      assert.deepEqual(brief(events), [
        ["error", "MQTT_PROTOCOL"],
        ["close", "MQTT_PROTOCOL"],
      ]);
    else {
      assert.equal(client.connected, true);
      assert.deepEqual(
        wire.take().map(({ cmd }) => cmd),
        ["pubrel", "pubcomp", "pubrel", "pubcomp"],
      );
      client.end(true);
    }
  });

  test(`SUBACK for ${JSON.stringify(id)} ends the connection`, async () => {
    const { wire, events } = await connected();
    wire.onData?.(`\x90\x03${id}\0`);
    assert.deepEqual(events, [
      ["error", failure("MQTT_PROTOCOL", 144)],
      ["close", failure("MQTT_PROTOCOL", 144)],
    ]);
    assert.equal(wire.isClosed, true);
  });
}

test("what is due is acknowledged by its own kind only, SUBSCRIBE and UNSUBSCRIBE too", async () => {
  const kinds = [
    ["@\x02", 0],
    ["P\x02", 0],
    ["p\x02", 0],
    ["\xb0\x02", 0],
    ["\x90\x02", 1],
    ["\x90\x03", 1, "\0"],
  ] as const;
  for (const alone of [true, false]) {
    for (const [act, own] of [
      ["publish1", "@\x02"],
      ["publish2", "P\x02"],
      ["subscribe", "\x90\x03"],
      ["unsubscribe", "\xb0\x02"],
    ] as const) {
      for (const [head, ends, tail = ""] of kinds) {
        // A broker without QoS 2 answers such a PUBLISH with PUBACK.
        if (head === own || (act === "publish2" && head === "@\x02")) continue;
        const { client, wire } = await connected();
        const { list, as } = outcomes();
        if (act === "subscribe" || act === "unsubscribe") client[act]("a", as(act));
        else client.publish("t", "", { qos: act === "publish1" ? 1 : 2 }, as(act));
        await settle();
        const id = idOf(wire.one());
        const chunk = `${head}${String.fromCharCode(id >> 8, id & 255)}${tail}`;
        wire.onData?.(alone ? chunk : `${codec.encode({ cmd: "pingresp" })}${chunk}`);
        const about = `${Buffer.from(chunk, "latin1").toString("hex")} for ${act}`;
        assert.deepEqual(list, [], about);
        assert.equal(client.queued(), 1, about);
        assert.equal(client.connected, !ends, about);
        client.end(true);
      }
    }
  }
});

test("2.2.3: 3.1.1 does not forbid a Remaining Length that is longer than it need be", async () => {
  for (const length of ["\x04", "\x84\0", "\x84\x80\0", "\x84\x80\x80\0"])
    for (const size of [1, 2, 100]) {
      const { client, wire, events } = await connected();
      const bytes = `0${length}\0\x01tx\xd0${length.length > 1 ? "\x80\0" : "\0"}0\x04\0\x01ty`;
      for (let at = 0; at < bytes.length; at += size) wire.onData?.(bytes.slice(at, at + size));
      const heard = events.filter(([event]) => event === "message").map(([, , payload]) => payload);
      assert.deepEqual(heard, ["x", "y"], `${Buffer.from(bytes, "latin1").toString("hex")} by ${size}`);
      assert.equal(client.connected, true);
      client.end(true);
    }
});

const BAD: [string, string][] = [
  ["a wildcard", "0\x05\0\x03a/+"],
  ["nothing but a wildcard", "0\x03\0\x01#"],
  ["U+0000", "0\x03\0\x01\0"],
  ["ill-formed UTF-8", "0\x03\0\x01\xff"],
  ["no topic", "0\x02\0\0"],
  ["a topic longer than the packet", "0\x05\0\x30abc"],
];
for (const [name, bytes] of BAD) {
  for (const behind of ["", codec.encode(message("good"))]) {
    test(`PUBLISH with ${name} ends each connection, ${behind ? "with another behind" : "alone"}`, async () => {
      const { client, events } = createRig(device, { clientId: "dev", clean: true });
      for (let i = 0; i < 2; i++) {
        const wire = await attach(client);
        events.splice(0);
        wire.onData?.(bytes + behind);
        assert.deepEqual(brief(events), [
          ["error", "MQTT_PROTOCOL"],
          ["close", "MQTT_PROTOCOL"],
        ]);
      }
      // What is good stays good, also what the bad one began with.
      const wire = await attach(client);
      events.splice(0);
      for (const topic of ["abc", "x"]) wire.give({ cmd: "publish", topic, payload: topic });
      assert.deepEqual(brief(events), [
        ["message", "abc"],
        ["message", "x"],
      ]);
      client.end(true);
    });
  }
}

test("a PUBLISH alone is heard as in two pieces: cut short, and with any byte of its head changed", async () => {
  const hear = async (chunks: string[]) => {
    const { client, wire, events } = await connected({ keepalive: 0 });
    wire.give(message("known"));
    const before = wire.writes.length;
    for (const chunk of chunks) wire.onData?.(chunk);
    await settle();
    client.end(true);
    return { events, sent: wire.writes.slice(before) };
  };
  for (const whole of [message("payload", 1), message("payload"), message("", 1), message("")]) {
    if ("messageId" in whole) whole.messageId = 0x0909; // both bytes count
    const bytes = codec.encode(whole);
    const wrong = [bytes];
    for (let length = 2; length < bytes.length; length++) {
      wrong.push(bytes.slice(0, length), `${bytes[0]}${String.fromCharCode(length - 2)}${bytes.slice(2, length)}`);
    }
    for (let at = 0; at < Math.min(bytes.length, 8); at++) {
      for (const byte of [0, 1, 2, 9, 0x30, 0x31, 0x32, 0x33, 0x34, 0x3a, 0x3c, 0x7f, 0x80, 0xff]) {
        wrong.push(bytes.slice(0, at) + String.fromCharCode(byte) + bytes.slice(at + 1));
      }
    }
    for (const chunk of wrong) {
      const about = Buffer.from(chunk, "latin1").toString("hex");
      assert.deepEqual(await hear([chunk]), await hear([chunk.slice(0, 1), chunk.slice(1)]), about);
    }
  }
});

// ------------------------------------------------------------------------------------------------ listeners

for (const qos of [0, 1, 2] as const) {
  for (const behind of [false, true]) {
    test(`a message listener (QoS ${qos}${behind ? ", more behind" : ""}) that ends, attaches, publishes, unsubscribes, throws`, async (t) => {
      t.mock.method(console, "error", () => undefined);
      for (const act of ["end", "attach", "publish", "unsubscribe", "throw"]) {
        const { client, wire, events } = await connected({ clean: false });
        const next = new Wire(codec);
        let calls = 0;
        client.on("message", () => {
          if (calls++) return;
          if (act === "end") client.end(true);
          else if (act === "attach") client.attach(next);
          else if (act === "publish") for (let i = 0; i < 3; i++) client.publish("t", `${i}`, { qos: 1 });
          else if (act === "unsubscribe") client.unsubscribe("x");
          else throw new Error("boom");
        });
        const more: NamedPacket[] = behind ? [{ cmd: "pingresp" }, message("behind")] : [];
        wire.give(message("first", qos), ...more);
        await settle();
        const isSame = act !== "end" && act !== "attach";
        assert.equal(wire.isClosed, !isSame, act);
        assert.equal(calls, isSame && behind ? 2 : 1, act);
        const answers = qos && isSame ? [qos === 1 ? "puback" : "pubrec"] : [];
        const own =
          act === "publish" ? ["publish", "publish", "publish"] : act === "unsubscribe" ? ["unsubscribe"] : [];
        assert.deepEqual(
          wire.take().map(({ cmd }) => cmd),
          [...answers, ...own],
          act,
        );
        if (act === "attach") {
          assert.deepEqual(next.one().cmd, "connect");
          next.give({ cmd: "connack", sessionPresent: true, returnCode: 0 });
          assert.equal(client.connected, true);
          client.publish("t", "works", { qos: 1 });
          await settle();
          assert.equal((next.one() as { payload: string }).payload, "works");
        }
        assert.ok(!events.some(([name]) => name === "error"), act);
        client.end(true);
      }
    });
  }
}
