/** MQTT 5: changed packets of a broker do the same however they are cut, and never more than end the connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { connectedFive, encode, loadFive, type Packet } from "../support/five.ts";
import { runs, seed } from "../support/mqtt-packets.ts";

// The same identifiers in every run: a changed byte has to mean the same.
const device = await loadFive(false, { Math: { randInt: () => 500, min: (a: number, b: number) => Math.min(a, b) } });
const { settle } = device;

const why = { reasonString: "why", userProperties: { a: ["1", "2"] } };
const about = { ...why, reasonString: undefined, subscriptionIdentifier: 70000, contentType: "c" };
const publish: Packet = { cmd: "publish", topic: "t", payload: "x", dup: false, retain: true };

/** What a broker may send to a client that waits for `ids`: of a PUBLISH of QoS 1 and 2, a SUBSCRIBE and an UNSUBSCRIBE. */
const packets = ([a, b, c, d]: unknown[]): Packet[] => [
  { ...publish, qos: 0, properties: { ...about, topicAlias: 1 } },
  { ...publish, qos: 1, messageId: 500, topic: "", properties: { topicAlias: 1 } },
  { ...publish, qos: 2, messageId: 501, properties: { messageExpiryInterval: 5, correlationData: "\0\xff" } },
  { cmd: "pubrel", messageId: 501, reasonCode: 0, properties: why },
  { cmd: "puback", messageId: a },
  { cmd: "puback", messageId: a, reasonCode: 0x97, properties: why },
  { cmd: "pubrec", messageId: b },
  { cmd: "pubcomp", messageId: b, reasonCode: 0x92 },
  { cmd: "suback", messageId: c, granted: [0], properties: why },
  { cmd: "unsuback", messageId: d, granted: [0x11] },
  { cmd: "pingresp" },
  { cmd: "disconnect", reasonCode: 0x8b, properties: { ...why, serverReference: "b" } },
];

/** What the client told and sent, when it was given `pick` of these packets with `changes`, in pieces of these sizes. */
async function outcome(pick: number[], changes: [number, number][], sizes: number[], isEach = false) {
  const { client, wire, events } = await connectedFive(device, {
    properties: { topicAliasMaximum: 5, maximumPacketSize: 200 },
  });
  const told: unknown[] = [];
  const as = (name: string) => (error?: { code: string; cause?: unknown }) =>
    told.push([name, error?.code, error?.cause]);
  client.publish("a", "1", { qos: 1 }, as("one"));
  client.publish("b", "2", { qos: 2 }, as("two"));
  client.subscribe("c", as("three"));
  client.unsubscribe("d", as("four"));
  await settle();
  const ids = wire.take().map(({ messageId }) => messageId as number);
  const all = packets(ids).map((packet) => encode(packet));
  const chosen = pick.map((index) => all[index % all.length] as string);
  const bytes = Buffer.from(chosen.join(""), "latin1");
  if (bytes.length > 0) for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
  const text = bytes.toString("latin1");
  if (isEach) {
    let at = 0;
    for (const { length } of chosen) {
      wire.raw(text.slice(at, at + length));
      at += length;
    }
  } else {
    for (let at = 0, i = 0; at < text.length; i++) {
      const size = sizes.length > 0 ? (sizes[i % sizes.length] as number) : text.length;
      wire.raw(text.slice(at, at + size));
      at += size;
    }
  }
  await settle();
  const { isClosed } = wire;
  client.end(true);
  return { told, events, isClosed };
}

test(`whole, packet by packet and in pieces (seed ${seed})`, { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(11), { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
      async (pick, changes, sizes) => {
        const results = [
          await outcome(pick, changes, []),
          await outcome(pick, changes, sizes),
          await outcome(pick, changes, [1]),
          await outcome(pick, changes, [], true),
        ];
        for (const one of results.slice(1)) assert.deepEqual(one, results[0]);
      },
    ),
    { seed, numRuns: Math.ceil(runs / 8) },
  );
});
