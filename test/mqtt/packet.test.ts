/** The codec: bytes and packets, whole, byte by byte and several at a time; and what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, loadCodec, type NamedPacket, type Side, unhex } from "../support/mqtt.ts";
import {
  type Fixture,
  type Refused,
  reader as readerOf,
  testFixtures,
  testInvalid,
  testRefused,
} from "../support/packet-cases.ts";

const codec = await loadCodec();
const { encode } = codec;
const reader = (side: Side, maxPacket?: number) => readerOf(codec, side, false, maxPacket);

const LONG = "x".repeat(200);
const id = (cmd: NamedPacket["cmd"], messageId: number) => ({ cmd, messageId }) as NamedPacket;

/** Name, who sends it, the packet, its bytes. The hex is from the tables of the specification (OASIS, 2014). */
const FIXTURES: Fixture[] = [
  [
    "CONNECT, all fields (figure 3.6)",
    "client",
    {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      keepalive: 10,
      clientId: "dev",
      will: { topic: "w/t", payload: "bye\0", qos: 1, retain: true },
      username: "u",
      password: "p\xff",
    },
    "10 21 0004 4d515454 04 ee 000a 0003 646576 0003 772f74 0004 62796500 0001 75 0002 70ff",
  ],
  [
    "CONNECT, the smallest",
    "client",
    { cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 0, clientId: "" },
    "10 0c 0004 4d515454 04 02 0000 0000",
  ],
  [
    "CONNECT, session kept, user name without password",
    "client",
    {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: false,
      keepalive: 65535,
      clientId: "d",
      username: "\xc3\xa9",
    },
    "10 11 0004 4d515454 04 80 ffff 0001 64 0002 c3a9",
  ],
  ["CONNACK", "server", { cmd: "connack", sessionPresent: false, returnCode: 0 }, "20 02 00 00"],
  ["CONNACK, session present", "server", { cmd: "connack", sessionPresent: true, returnCode: 0 }, "20 02 01 00"],
  ["CONNACK, refused", "server", { cmd: "connack", sessionPresent: false, returnCode: 5 }, "20 02 00 05"],
  [
    "PUBLISH, QoS 0",
    "client",
    { cmd: "publish", topic: "a/b", payload: "\r\nOK\r\n\0", qos: 0, dup: false, retain: false },
    "30 0c 0003 612f62 0d0a4f4b0d0a00",
  ],
  [
    "PUBLISH, QoS 1, retained, no payload",
    "server",
    { cmd: "publish", topic: "a", payload: "", qos: 1, dup: false, retain: true, messageId: 10 },
    "33 05 0001 61 000a",
  ],
  [
    "PUBLISH, QoS 2, again",
    "client",
    { cmd: "publish", topic: "\xe2\x82\xac", payload: "p", qos: 2, dup: true, retain: false, messageId: 65535 },
    "3c 08 0003 e282ac ffff 70",
  ],
  [
    "PUBLISH with two bytes of Remaining Length",
    "server",
    { cmd: "publish", topic: "t", payload: LONG, qos: 0, dup: false, retain: false },
    `30 cb01 0001 74 ${hex(LONG)}`,
  ],
  ["PUBACK", "server", id("puback", 1), "40 02 0001"],
  ["PUBREC", "client", id("pubrec", 258), "50 02 0102"],
  ["PUBREL", "server", id("pubrel", 65535), "62 02 ffff"],
  ["PUBCOMP", "client", id("pubcomp", 255), "70 02 00ff"],
  [
    "SUBSCRIBE",
    "client",
    {
      cmd: "subscribe",
      messageId: 10,
      subscriptions: [
        { topic: "a/+", qos: 1 },
        { topic: "#", qos: 2 },
        { topic: "/", qos: 0 },
      ],
    },
    "82 10 000a 0003 612f2b 01 0001 23 02 0001 2f 00",
  ],
  ["SUBACK", "server", { cmd: "suback", messageId: 10, granted: [0, 1, 2, 128] }, "90 06 000a 00 01 02 80"],
  [
    "UNSUBSCRIBE",
    "client",
    { cmd: "unsubscribe", messageId: 11, unsubscriptions: ["a/b", "+/+/#"] },
    "a2 0e 000b 0003 612f62 0005 2b2f2b2f23",
  ],
  ["UNSUBACK", "server", id("unsuback", 11), "b0 02 000b"],
  ["PINGREQ", "client", { cmd: "pingreq" }, "c0 00"],
  ["PINGRESP", "server", { cmd: "pingresp" }, "d0 00"],
  ["DISCONNECT", "client", { cmd: "disconnect" }, "e0 00"],
];

testFixtures(codec, false, FIXTURES);

const PROTOCOL: Refused[] = [
  ["reserved type 0", "server", "00 00"],
  ["reserved type 15", "server", "f0 00"],
  ["CONNACK with flag bits", "server", "21 02 00 00"],
  ["CONNACK with reserved acknowledge flags", "server", "20 02 02 00"],
  ["CONNACK with Session Present and a refusal", "server", "20 02 01 05"],
  ["CONNACK with a reserved return code", "server", "20 02 00 06"],
  ["CONNACK too short", "server", "20 01 00"],
  ["CONNACK too long", "server", "20 03 00 00 00"],
  ["PUBLISH with QoS 3", "server", "36 06 0001 61 0001 70"],
  ["PUBLISH with DUP and QoS 0", "server", "38 04 0001 61 70"],
  ["PUBLISH with packet identifier 0", "server", "32 05 0001 61 0000"],
  ["PUBLISH without packet identifier", "server", "32 03 0001 61"],
  ["PUBLISH with half a packet identifier", "server", "32 04 0001 61 00"],
  ["PUBLISH whose topic is longer than the packet", "server", "30 03 0002 61"],
  ["PUBLISH with an empty topic", "server", "30 03 0000 61"],
  ["PUBLISH with no topic at all", "server", "30 00"],
  ["PUBLISH with half a topic length", "server", "30 01 00"],
  ["PUBLISH to +", "server", "30 03 0001 2b"],
  ["PUBLISH to a/#", "server", "30 05 0003 612f23"],
  ["topic with U+0000", "server", "30 05 0003 610062"],
  ["topic with a byte that starts nothing", "server", "30 03 0001 80"],
  ["topic with a byte of no encoding", "server", "30 03 0001 ff"],
  ["topic that is cut in a character", "server", "30 04 0002 61c3"],
  ["topic with an overlong slash", "server", "30 04 0002 c0af"],
  ["topic with an overlong three-byte form", "server", "30 05 0003 e09fbf"],
  ["topic with an overlong four-byte form", "server", "30 06 0004 f08fbfbf"],
  ["topic with a surrogate", "server", "30 05 0003 eda080"],
  ["topic above U+10FFFF", "server", "30 06 0004 f4908080"],
  ["PUBACK with flag bits", "server", "42 02 0001"],
  ["PUBACK with identifier 0", "server", "40 02 0000"],
  ["PUBACK too short", "server", "40 01 00"],
  ["PUBACK too long", "server", "40 03 0001 00"],
  ["PUBREL without its flag bit", "server", "60 02 0001"],
  ["SUBACK with a code of 3", "server", "90 03 0001 03"],
  ["SUBACK without codes", "server", "90 02 0001"],
  ["SUBACK with identifier 0", "server", "90 03 0000 01"],
  ["UNSUBACK with codes", "server", "b0 03 0001 00"],
  ["PINGRESP with a body", "server", "d0 01 00"],
  ["a client's packet from the server: CONNECT", "server", "10 0c 0004 4d515454 04 02 0000 0000"],
  ["a client's packet from the server: SUBSCRIBE", "server", "82 06 0001 0001 61 00"],
  ["a client's packet from the server: PINGREQ", "server", "c0 00"],
  ["a client's packet from the server: DISCONNECT", "server", "e0 00"],
  ["a server's packet from the client: CONNACK", "client", "20 02 00 00"],
  ["a server's packet from the client: SUBACK", "client", "90 03 0001 00"],
  ["CONNECT of another protocol", "client", "10 0c 0004 4d515458 04 02 0000 0000"],
  ["CONNECT of version 3", "client", "10 0e 0006 4d5149736470 03 02 0000 0000", 0x84],
  ["CONNECT of version 6", "client", "10 0d 0004 4d515454 06 02 0000 00 0000", 0x84],
  ["CONNECT with a kept session and no identifier", "client", "10 0c 0004 4d515454 04 00 0000 0000", 0x85],
  ["AUTH, which 3.1.1 has not", "client", "f0 00"],
  ["CONNECT with the reserved flag", "client", "10 0c 0004 4d515454 04 03 0000 0000"],
  ["CONNECT with Will QoS 3", "client", "10 12 0004 4d515454 04 1e 0000 0000 0001 61 0001 62"],
  ["CONNECT with Will QoS and no Will", "client", "10 0c 0004 4d515454 04 0a 0000 0000"],
  ["CONNECT with Will Retain and no Will", "client", "10 0c 0004 4d515454 04 22 0000 0000"],
  ["CONNECT with a password and no user name", "client", "10 0f 0004 4d515454 04 42 0000 0000 0001 70"],
  ["CONNECT whose Will topic has a wildcard", "client", "10 12 0004 4d515454 04 06 0000 0000 0001 23 0001 62"],
  ["CONNECT with bytes behind the last field", "client", "10 0d 0004 4d515454 04 02 0000 0000 00"],
  ["CONNECT that ends in a field", "client", "10 0d 0004 4d515454 04 02 0000 0002 61"],
  ["CONNECT without a client identifier", "client", "10 0a 0004 4d515454 04 02 0000"],
  ["CONNECT with U+0000 in the client identifier", "client", "10 0d 0004 4d515454 04 02 0000 0001 00"],
  ["CONNECT with an ill-formed user name", "client", "10 0f 0004 4d515454 04 82 0000 0000 0001 c3"],
  ["SUBSCRIBE without its flag bit", "client", "80 06 0001 0001 61 00"],
  ["SUBSCRIBE without filters", "client", "82 02 0001"],
  ["SUBSCRIBE with QoS 3", "client", "82 06 0001 0001 61 03"],
  ["SUBSCRIBE with reserved bits", "client", "82 06 0001 0001 61 04"],
  ["SUBSCRIBE without QoS", "client", "82 05 0001 0001 61"],
  ["SUBSCRIBE with identifier 0", "client", "82 06 0000 0001 61 00"],
  ["SUBSCRIBE to a#", "client", "82 07 0001 0002 6123 00"],
  ["SUBSCRIBE to #/a", "client", "82 08 0001 0003 232f61 00"],
  ["SUBSCRIBE to a+/b", "client", "82 09 0001 0004 612b2f62 00"],
  ["SUBSCRIBE to an empty filter", "client", "82 05 0001 0000 00"],
  ["UNSUBSCRIBE without filters", "client", "a2 02 0001"],
  ["UNSUBSCRIBE that ends in a filter", "client", "a2 05 0001 0002 61"],
  ["PINGREQ with a body", "client", "c0 01 00"],
  ["DISCONNECT with flag bits", "client", "e1 00"],
];

testRefused(codec, false, PROTOCOL);

test("the packets before a bad one are given", () => {
  const { packets, feed } = reader("server");
  assert.deepEqual(feed(unhex("d000 4002 0001 4002 0000 d000")), {
    code: "MQTT_PROTOCOL",
    cause: 0x40,
    command: undefined,
    reasonCode: 0x82,
  });
  assert.deepEqual(packets, [{ cmd: "pingresp" }, { cmd: "puback", messageId: 1 }]);
});

test("a packet over the limit is refused as soon as its length is known", () => {
  const exact = encode({ cmd: "publish", topic: "t", payload: "x".repeat(94) });
  assert.equal(exact.length, 99);
  const fits = reader("server", 99);
  assert.equal(fits.feed(exact), undefined);
  assert.equal(fits.packets.length, 1);
  const tooLarge = { code: "MQTT_TOO_LARGE", cause: 0x30, command: undefined, reasonCode: 0x95 };
  assert.deepEqual(reader("server", 98).feed("\x30\x61"), tooLarge);
  assert.deepEqual(reader("server").feed("\x30\xff\xff\xff\x7f"), tooLarge);
});

test("a Remaining Length of five bytes is refused", () => {
  assert.deepEqual(reader("server", 2 ** 30).feed("\x30\x80\x80\x80\x80\x01"), {
    code: "MQTT_PROTOCOL",
    cause: 0x30,
    command: undefined,
    reasonCode: 0x81,
  });
});

const INVALID: [string, unknown][] = [
  ["topic", { cmd: "publish", topic: "a/+", payload: "" }],
  ["topic", { cmd: "publish", topic: "", payload: "" }],
  ["topic", { cmd: "publish", topic: "\xed\xa0\x80", payload: "" }],
  ["topic", { cmd: "publish", topic: "a".repeat(65536), payload: "" }],
  ["qos", { cmd: "publish", topic: "a", payload: "", qos: 3, messageId: 1 }],
  ["dup", { cmd: "publish", topic: "a", payload: "", dup: true }],
  ["messageId", { cmd: "publish", topic: "a", payload: "", qos: 1 }],
  ["messageId", { cmd: "puback", messageId: 0 }],
  ["messageId", { cmd: "puback", messageId: 65536 }],
  ["messageId", { cmd: "pubrel", messageId: 1.5 }],
  ["subscriptions", { cmd: "subscribe", messageId: 1, subscriptions: [] }],
  ["subscriptions", { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a#", qos: 0 }] }],
  ["subscriptions", { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 4 }] }],
  ["unsubscriptions", { cmd: "unsubscribe", messageId: 1, unsubscriptions: [] }],
  ["unsubscriptions", { cmd: "unsubscribe", messageId: 1, unsubscriptions: ["a+"] }],
  ["granted", { cmd: "suback", messageId: 1, granted: [] }],
  ["granted", { cmd: "suback", messageId: 1, granted: [3] }],
  ["returnCode", { cmd: "connack", sessionPresent: false, returnCode: 6 }],
  ["sessionPresent", { cmd: "connack", sessionPresent: true, returnCode: 1 }],
  ["clientId", { cmd: "connect", clientId: "", clean: false }],
  ["clientId", { cmd: "connect", clientId: "a\0b" }],
  ["password", { cmd: "connect", clientId: "a", password: "p" }],
  ["username", { cmd: "connect", clientId: "a", username: "\xff" }],
  ["keepalive", { cmd: "connect", clientId: "a", keepalive: 65536 }],
  ["keepalive", { cmd: "connect", clientId: "a", keepalive: -1 }],
  ["will", { cmd: "connect", clientId: "a", will: { topic: "a/#", payload: "" } }],
  ["will", { cmd: "connect", clientId: "a", will: { topic: "a", payload: "", qos: 3 } }],
  ["cmd", { cmd: "auth" }],
];

testInvalid(codec, false, INVALID);

test("in MQTT 3.1.1 nothing of MQTT 5 is written", () => {
  const properties = { userProperties: { a: "b" } };
  assert.equal(hex(encode({ cmd: "puback", messageId: 1, reasonCode: 0x80, properties })), "40020001");
  assert.equal(hex(encode({ cmd: "disconnect", reasonCode: 4, properties })), "e000");
  assert.equal(hex(encode({ cmd: "publish", topic: "t", payload: "", properties })), "3003000174");
});

test("a Remaining Length may be longer than needed in MQTT 3.1.1, which does not forbid it", () => {
  const { packets, feed } = reader("server");
  assert.equal(feed(unhex("d0 80 00 40 82 00 0001")), undefined);
  assert.deepEqual(packets, [{ cmd: "pingresp" }, { cmd: "puback", messageId: 1 }]);
});
