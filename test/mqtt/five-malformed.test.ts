/**
 * MQTT 5: packets that are none, or not allowed here, end the connection (4.13): DISCONNECT says why, with the code of the
 * specification, Protocol Error for a property that comes twice or has a forbidden value.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codes, connectedFive, createFive, encode, FiveWire, loadFive } from "../support/five.ts";
import { hex, unhex } from "../support/mqtt.ts";
import { CUTS } from "../support/variants.ts";

const device = await loadFive();
const { settle } = device;

const MALFORMED = 0x81;
const PROTOCOL = 0x82;

/** On a connection with a Topic Alias Maximum of 5 and nothing under way. */
const BAD: [string, string, number][] = [
  // 2.1.3, table 2-2: reserved flags [MQTT-2.1.3-1]; packets that a server never sends.
  ["reserved packet type 0", "0000", MALFORMED],
  ["PUBACK with flags", "41020001", MALFORMED],
  ["PUBREC with flags", "5f020001", MALFORMED],
  ["PUBREL without its flag", "60020001", MALFORMED],
  ["PUBREL with DUP", "6a020001", MALFORMED],
  ["PUBCOMP with flags", "72020001", MALFORMED],
  ["SUBACK with flags", "920400010000", MALFORMED],
  ["UNSUBACK with flags", "b20400010000", MALFORMED],
  ["PINGRESP with flags", "d100", MALFORMED],
  ["DISCONNECT with flags", "e100", MALFORMED],
  ["AUTH with flags", "f100", MALFORMED],
  ["a SUBSCRIBE", "8207000100000174" + "00", MALFORMED],
  ["a PINGREQ", "c000", MALFORMED],
  ["a CONNECT", "100d00044d5154540502003c00" + "0000", MALFORMED],
  // 1.5.5
  ["Remaining Length of five bytes", "30ffffffff01", MALFORMED],
  ["Remaining Length with a byte too many [MQTT-1.5.5-1]", "3085000001610078", MALFORMED],
  ["an empty packet with two bytes too many [MQTT-1.5.5-1]", "d0808000", MALFORMED],
  // 3.2: once [MQTT-3.2.0-1]
  ["a second CONNACK", "2003000000", PROTOCOL],
  // 3.3.1
  ["QoS 3 [MQTT-3.3.1-4]", "3607000161000100" + "78", MALFORMED],
  ["DUP with QoS 0 [MQTT-3.3.1-2]", "38050001610078", MALFORMED],
  ["Packet Identifier 0 [MQTT-2.2.1-3]", "32060001610000" + "00", MALFORMED],
  ["a wildcard in a Topic Name [MQTT-3.3.2-2]", "3004000123" + "00", MALFORMED],
  ["U+0000 in a Topic Name", "30040001" + "0000", MALFORMED],
  ["ill-formed UTF-8 in a Topic Name [MQTT-1.5.4-1]", "30050002c328" + "00", MALFORMED],
  ["a topic longer than its packet", "30040010" + "6100", MALFORMED],
  ["a PUBLISH without properties", "3003000161", MALFORMED],
  ["a QoS 1 PUBLISH without an identifier", "3204000161" + "00", MALFORMED],
  ["an empty PUBLISH", "3000", MALFORMED],
  // 2.2.2 and 3.3.2.3
  ["properties longer than their packet", "30060001610501" + "00", MALFORMED],
  ["property length of five bytes", "30080001618080808001", MALFORMED],
  ["property length with a byte too many [MQTT-1.5.5-1]", "300500016180" + "00", MALFORMED],
  ["a property cut by the end of the properties", "30060001610202" + "00", MALFORMED],
  ["a text that reaches beyond the properties", "3009000161" + "0403000578" + "79", MALFORMED],
  ["an unknown property", "3006000161" + "027f00", MALFORMED],
  ["property 0", "3006000161" + "020000", MALFORMED],
  ["a property of CONNACK in PUBLISH", "3009000161" + "051100000001", MALFORMED],
  ["Reason String in PUBLISH", "3008000161" + "041f000161", MALFORMED],
  ["Payload Format Indicator 2", "3006000161" + "020102", PROTOCOL],
  ["Payload Format Indicator twice", "3008000161" + "0401000101", PROTOCOL],
  ["Message Expiry twice", "300e000161" + "0a02000000010200000001", PROTOCOL],
  ["Content Type twice", "300c000161" + "08030001610300" + "0161", PROTOCOL],
  ["Response Topic twice", "300c000161" + "08080001610800" + "0161", PROTOCOL],
  ["Correlation Data twice", "300a000161" + "06090000090000", PROTOCOL],
  ["Topic Alias twice", "300a000161" + "06230001230001", PROTOCOL],
  ["Subscription Identifier 0", "3006000161" + "020b00", PROTOCOL],
  ["Subscription Identifier with a byte too many", "3007000161" + "030b8100", MALFORMED],
  ["Subscription Identifier of five bytes", "300a000161" + "060bffffffff01", MALFORMED],
  ["ill-formed UTF-8 in Content Type", "3008000161" + "04030001ff", MALFORMED],
  ["U+0000 in Response Topic", "3008000161" + "0408000100", MALFORMED],
  ["ill-formed UTF-8 in the name of a User Property", "300a000161" + "06260001ff0000", MALFORMED],
  ["a surrogate in the value of a User Property", "300c000161" + "0826000000" + "03eda080", MALFORMED],
  ["a User Property without a value", "3008000161" + "0426000161", MALFORMED],
  // Acknowledgements: 3.4 to 3.7
  ["PUBACK of one byte", "400100", MALFORMED],
  ["PUBACK of nothing", "4000", MALFORMED],
  ["PUBACK for 0", "40020000", MALFORMED],
  ["PUBREC for 0", "50020000", MALFORMED],
  ["PUBREL for 0", "62020000", MALFORMED],
  ["PUBACK with bytes behind its properties", "4005fefe000000", MALFORMED],
  ["PUBACK with half a property", "4006fefe00021f00", MALFORMED],
  ["PUBREL with Content Type", "6208fefe000403000161", MALFORMED],
  ["PUBCOMP with Reason String twice", "700cfefe00081f0001611f000161", PROTOCOL],
  ["PUBREC with ill-formed Reason String", "5008fefe00041f0001c0", MALFORMED],
  ["SUBACK for 0", "900400000000", MALFORMED],
  ["PINGRESP with a byte", "d00100", MALFORMED],
  // 3.14, 3.15
  ["DISCONNECT with Session Expiry [MQTT-3.14.2-2]", "e007" + "00051100000001", MALFORMED],
  ["DISCONNECT with bytes behind", "e003" + "000000", MALFORMED],
  ["AUTH that nobody asked for", "f000", PROTOCOL],
  ["AUTH with Content Type", "f006" + "180403000161", MALFORMED],
];

for (const [name, bytes, reason] of BAD) {
  test(`${name}: 0x${reason.toString(16)}`, async () => {
    for (const [cut, pieces] of CUTS) {
      for (const before of ["", "d000", "3005000162007a"]) {
        for (const behind of ["", "3005000162007a"]) {
          if (cut !== "in one piece" && behind === "" && before) continue;
          const rig = await connectedFive(device, { properties: { topicAliasMaximum: 5 } });
          const what = `${cut}, behind "${before}", before "${behind}"`;
          for (const piece of pieces(unhex(before + bytes + behind))) rig.wire.raw(piece);
          // A packet may end only with bytes that come after it.
          if (!rig.wire.isClosed) rig.wire.raw("\0".repeat(200));
          await settle();
          const goodbye = hex(rig.wire.writes.at(-1) as string);
          assert.equal(goodbye, `e001${reason.toString(16)}`, what);
          assert.equal(rig.wire.isClosed, true, what);
          assert.equal(rig.client.connected, false);
          const heard = rig.events.filter(([event]) => event === "message");
          assert.equal(heard.length, before.startsWith("30") ? 1 : 0, what);
          const first = Number.parseInt(bytes.slice(0, 2), 16);
          assert.deepEqual(
            codes(rig.events.slice(-2)),
            [
              ["error", "MQTT_PROTOCOL", first],
              ["close", "MQTT_PROTOCOL", first],
            ],
            what,
          );
        }
      }
    }
  });
}

/** In place of CONNACK: the connection is closed, without a word before it is one. */
const NO_CONNACK: [string, string][] = [
  ["CONNACK without properties", "20020000"],
  ["CONNACK of one byte", "200100"],
  ["CONNACK of nothing", "2000"],
  ["CONNACK with flags", "2103000000"],
  ["reserved bits of the acknowledge flags [MQTT-3.2.2-1]", "2003020000"],
  ["Session Present with a refusal [MQTT-3.2.2-6]", "2003018700"],
  ["bytes behind the properties", "200400000000"],
  ["properties longer than the packet", "2003000001"],
  ["Receive Maximum 0", "200600000321" + "0000"],
  ["Receive Maximum twice", "2009000006210001210001"],
  ["Maximum QoS 2", "20050000022402"],
  ["Retain Available 2", "20050000022502"],
  ["Maximum Packet Size 0", "2008000005" + "2700000000"],
  ["Wildcard Subscription Available 2", "20050000022802"],
  ["Topic Alias", "2006000003230001"],
  ["Will Delay", "20080000051800000001"],
  ["Content Type", "200700000403000161"],
  ["Request Problem Information", "20050000021701"],
  ["Assigned Client Identifier that is no text", "2007000004" + "120001ff"],
  ["PUBLISH", "3005000162007a"],
  ["SUBACK", "900400010000"],
  ["PINGRESP", "d000"],
  ["DISCONNECT [MQTT-3.14.0-1]", "e00187"],
  ["AUTH that nobody asked for", "f000"],
  ["HTTP", "485454502f312e3120343030"],
  ["TLS alert", "15030300020228"],
];
for (const [name, bytes] of NO_CONNACK) {
  test(`not CONNACK: ${name}`, async () => {
    for (const [cut, pieces] of CUTS) {
      const rig = createFive(device);
      const wire = new FiveWire();
      rig.client.attach(wire);
      await settle();
      for (const piece of pieces(unhex(bytes))) wire.raw(piece);
      if (!wire.isClosed) wire.raw("\0".repeat(100));
      await settle();
      assert.equal(wire.isClosed, true, cut);
      assert.equal(wire.writes.length, 1, cut);
      assert.deepEqual(
        codes(rig.events).map((event) => (event as unknown[]).slice(0, 2)),
        [
          ["error", "MQTT_PROTOCOL"],
          ["close", "MQTT_PROTOCOL"],
        ],
        cut,
      );
    }
  });
}

test("good packets byte by byte, and many in one chunk", async () => {
  const stream = unhex("3005000162007a d000 320a00016200010201017978 340700016300020078 62020002 620400039200");
  for (const [, pieces] of CUTS) {
    const rig = await connectedFive(device);
    for (const piece of pieces(stream)) rig.wire.raw(piece);
    await settle();
    assert.equal(rig.client.connected, true);
    assert.deepEqual(
      rig.events.map(([, topic, payload]) => [topic, payload]),
      [
        ["b", "z"],
        ["b", "yx"],
        ["c", "x"],
      ],
    );
    assert.deepEqual(
      rig.wire.take().map(({ cmd, messageId }) => [cmd, messageId]),
      [
        ["puback", 1],
        ["pubrec", 2],
        ["pubcomp", 2],
        ["pubcomp", 3],
      ],
    );
    rig.client.end(true);
  }
});

test("every packet of a broker with all it may carry: the same events however the bytes come", async () => {
  const userProperties = { a: ["1", "2"], b: "\xc3\xa9" };
  const why = { reasonString: "why", userProperties };
  const publish = { cmd: "publish", topic: "t", payload: "x".repeat(300), dup: false, retain: true };
  const about = { userProperties, subscriptionIdentifier: [1, 70000], correlationData: "\0\xff", contentType: "c" };
  const seen: string[] = [];
  for (const [, pieces] of CUTS) {
    const { client, wire, events } = await connectedFive(device, { properties: { topicAliasMaximum: 5 } });
    const told: unknown[] = [];
    client.publish("a", "1", { qos: 1 }, (error) => told.push(["puback", error?.cause, error?.reason]));
    client.publish("b", "2", { qos: 2 }, (error) => told.push(["pubcomp", error?.cause]));
    client.subscribe("c", (error) => told.push(["suback", error?.cause]));
    client.unsubscribe("d", (error) => told.push(["unsuback", error?.cause]));
    await settle();
    const [a, b, c, d] = wire.take().map(({ messageId }) => messageId);
    const stream = [
      { ...publish, qos: 0, properties: { ...about, topicAlias: 1 } },
      { ...publish, qos: 1, messageId: 500, topic: "", properties: { ...about, topicAlias: 1 } },
      { cmd: "puback", messageId: a, reasonCode: 0x97, properties: why },
      { cmd: "pubrec", messageId: b, reasonCode: 0, properties: why },
      { ...publish, qos: 2, messageId: 501, properties: { messageExpiryInterval: 5 } },
      { cmd: "pubrel", messageId: 501, reasonCode: 0, properties: why },
      { cmd: "suback", messageId: c, granted: [0], properties: why },
      { cmd: "pingresp" },
      { cmd: "unsuback", messageId: d, granted: [0x11], properties: why },
      { cmd: "pubcomp", messageId: b, reasonCode: 0, properties: why },
      { cmd: "disconnect", reasonCode: 0x8b, properties: { ...why, serverReference: "b" } },
    ];
    for (const piece of pieces(stream.map((packet) => encode(packet)).join(""))) wire.raw(piece);
    await settle();
    assert.deepEqual(told, [
      ["puback", 0x97, "why"],
      ["suback", undefined],
      ["unsuback", undefined],
      ["pubcomp", undefined],
    ]);
    assert.equal(client.queued(), 0);
    seen.push(JSON.stringify(events));
  }
  assert.equal(new Set(seen).size, 1);
  const events = JSON.parse(seen[0] as string) as [string, string][];
  assert.deepEqual(
    events.map(([name, topic]) => (name === "message" ? topic : name)),
    ["t", "t", "t", "error", "close"],
  );
});

test("a failure while a write is under way closes without a word: one write at a time", async () => {
  const rig = await connectedFive(device);
  rig.wire.isPrompt = false;
  rig.client.publish("t", "x");
  rig.wire.raw(unhex("c000"));
  await settle();
  assert.equal(rig.wire.isClosed, true);
  assert.equal(rig.wire.writes.at(-1)?.[0], "0");
});
