/**
 * What the tests of npm `mqtt-packet` 9.0.2 expect to be refused, with its message as the name: hex and what this codec says
 * of it. Its CONNECT packets are mostly of MQTT 3.1 (MQIsdp), which is refused here as a version (3.1.2.2) before the field
 * that the case is about; those follow once more as 3.1.1.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCodec, oracleDecode, type Side, unhex } from "../support/mqtt.ts";
import { type Refused, reader, testInvalid, testRefused } from "../support/packet-cases.ts";

const codec = await loadCodec();
const C: Side = "client";
const S: Side = "server";
const ISDP = "0006 4d5149736470 03";
const MQTT = "0004 4d515454 04";

const FOUR: Refused[] = [
  ["Not supported", S, "00 01 00", 0x81],
  ["Invalid variable byte integer", C, "10 ff ff ff ff", 0x81],
  ["Invalid variable byte integer, the fourth byte is 0x80", C, "10 ff ff ff 80", 0x81],
  ["Invalid variable byte integer, five bytes", C, "10 ff ff ff ff 01", 0x81],
  ["Invalid variable byte integer, five bytes, 0x7f", C, "10 ff ff ff ff 7f", 0x81],
  ["Invalid variable byte integer, five bytes, 0x80", C, "10 ff ff ff ff 80", 0x81],
  ["Invalid variable byte integer, six bytes", C, "10 ff ff ff ff ff 01", 0x81],
  ["Cannot parse protocolId", C, "10 04 0006 4d51", 0x81],
  ["Packet too short: no version", C, "10 08 0006 4d5149736470", 0x84],
  ["Packet too short: no keepalive", C, `10 0a ${ISDP} f6`, 0x84],
  ["Packet too short: no clientId", C, `10 0c ${ISDP} f6 001e`, 0x84],
  ["Cannot parse will topic", C, `10 10 ${ISDP} f6 001e 0002 0000`, 0x84],
  ["Cannot parse will payload", C, `10 17 ${ISDP} f6 001e 0005 746f706963 0002 0000`, 0x84],
  ["Invalid header flag bits, must be 0x0 for connect packet", C, `12 0a ${MQTT} 02 001e`, 0x81],
  ["Connect flag bit 0 must be 0, but got 1", C, "10 0a 0004 4d515454 03 03 001e", 0x84],
  ["Will Retain Flag must be set to zero when Will Flag is set to 0", C, "10 0a 0004 4d515454 03 22 001e", 0x84],
  ["Will QoS must be set to zero when Will Flag is set to 0", C, "10 0a 0004 4d515454 03 12 001e", 0x84],
  ["Invalid protocolId", C, "10 12 0006 414141414141 03 00 000a 0004 74657374", 0x81],
  ["Invalid protocol version", C, "10 12 0006 4d5149736470 01 00 000a 0004 74657374", 0x84],
  ["Cannot parse protocolId: longer than the packet", C, `10 08 000f ${"4d5149736470".repeat(8)}`, 0x81],
  ["Malformed unsuback, payload length must be 2", S, "b0 01 01", 0x81],
  ["Invalid header flag bits, must be 0x0 for connack packet", S, "21 02 00 05", 0x81],
  ["Invalid connack flags, bits 7-1 must be set to 0", S, "20 02 02 05", 0x81],
  ["Packet must not have both QoS bits set to 1", S, "36 06 0004 74657374", 0x81],
  ["Invalid header flag bits, must be 0x0 for puback packet", S, "41 02 0002", 0x81],
  ["Invalid header flag bits, must be 0x0 for pubrec packet", S, "51 02 0002", 0x81],
  ["Invalid header flag bits, must be 0x2 for pubrel packet", S, "60 02 0002", 0x81],
  ["Invalid header flag bits, must be 0x0 for pubcomp packet", S, "71 02 0002", 0x81],
  ["Invalid header flag bits, must be 0x2 for subscribe packet", C, "80 09 0006 0004 74657374 00", 0x81],
  ["Invalid subscribe QoS, must be <= 2", C, "82 09 0006 0004 74657374 03", 0x82],
  ["Invalid subscribe topic flag bits, bits 7-2 must be 0", C, "82 09 0006 0004 74657374 08", 0x82],
  ["Malformed Subscribe Payload", C, "82 0e 007b 000a 68696a6b6c2f6d6e6f 00", 0x81],
  ["Invalid suback QoS, must be 0, 1, 2 or 128", S, "90 06 0006 00 01 02 03", 0x82],
  ["Invalid header flag bits, must be 0x2 for unsubscribe packet", C, "a0 0e 0007 0004 74667374 0004 74657374", 0x81],
  ["Invalid header flag bits, must be 0x0 for unsuback packet", S, "b1 02 0008", 0x81],
  ["Invalid header flag bits, must be 0x0 for pingreq packet", C, "c1 00", 0x81],
  ["Invalid header flag bits, must be 0x0 for pingresp packet", S, "d1 00", 0x81],
  ["Invalid header flag bits, must be 0x0 for disconnect packet", C, "e1 00", 0x81],
  ["Not supported auth packet for this version MQTT", S, "f0 24 00 22 150004 74657374", 0x81],
  // The cases of MQTT 3.1, as 3.1.1.
  ["3.1.1, no version", C, "10 06 0004 4d515454", 0x81],
  ["3.1.1, no flags", C, `10 07 ${MQTT}`, 0x81],
  ["3.1.1, no keepalive", C, `10 08 ${MQTT} f6`, 0x81],
  ["3.1.1, no clientId", C, `10 0a ${MQTT} f6 001e`, 0x81],
  ["3.1.1, no will topic", C, `10 0e ${MQTT} f6 001e 0002 6161`, 0x81],
  ["3.1.1, no will payload", C, `10 13 ${MQTT} f6 001e 0002 6161 0003 746f70`, 0x81],
  ["3.1.1, no username", C, `10 17 ${MQTT} f6 001e 0002 6161 0003 746f70 0002 0000`, 0x81],
  ["3.1.1, no password", C, `10 1a ${MQTT} f6 001e 0002 6161 0003 746f70 0002 0000 0001 75`, 0x81],
  ["3.1.1, bit 0 of the flags", C, `10 0c ${MQTT} 03 001e 0000`, 0x81],
  ["3.1.1, Will Retain without Will", C, `10 0c ${MQTT} 22 001e 0000`, 0x82],
  ["3.1.1, Will QoS without Will", C, `10 0c ${MQTT} 12 001e 0000`, 0x82],
];

const FIVE: Refused[] = [
  // Its name there is "Packet too short", and so it is: a property 0 (2.2.2.2) only where two bytes more belonged to it.
  ["Packet too short", C, "10 08 0004 4d515454 05 02 0000 00 0000", 0x81],
  ["Malformed subscribe, no payload specified", C, "82 00", 0x81],
  ["Malformed suback, no payload specified", S, "90 00", 0x81],
  ["Malformed unsubscribe, no payload specified", C, "a2 00", 0x81],
  ["Malformed unsuback, no payload specified", S, "b0 00", 0x81],
  ["Invalid puback reason code", S, "40 04 0002 11 00", 0x82],
  ["Invalid pubrel reason code", S, "62 04 0002 11 00", 0x82],
  ["Invalid pubrel reason code 0x10", S, "62 04 0002 10 00", 0x82],
  ["Invalid pubcomp reason code", S, "70 04 0002 10 00", 0x82],
  ["Invalid subscribe topic flag bits, bits 7-6 must be 0", C, "82 0a 0006 00 0004 74657374 80", 0x81],
  ["Invalid retain handling, must be <= 2", C, "82 0a 0006 00 0004 74657374 30", 0x82],
  // Without its properties: what it takes for codes are their length and a property.
  ["Invalid suback code", S, "90 06 0006 00 01 02 79", 0x82],
  ["Invalid unsuback code", S, "b0 04 0008 00 84", 0x82],
  ["Invalid disconnect reason code", C, "e0 02 05 00", 0x82],
  ["Invalid auth reason code", S, "f0 02 17 00", 0x82],
  [
    "Unknown property",
    S,
    `3d 3c 0004 74657374 000a 2f 7e01 02000010e1 230064 080005746f706963 09000401020304 26000474657374000474657374
     0b78 03000474657374 74657374`,
    0x81,
  ],
];

testRefused(codec, false, FOUR);
testRefused(codec, true, FIVE);

test("Cannot parse property code type: in the third packet, whose properties end behind it", () => {
  const { packets, feed } = reader(codec, C, false);
  const failure = feed(unhex("10 10 0004 4d515454 05 02 003c 03 210014 0000 62 02 d301 e0 02 00 20"));
  assert.deepEqual([failure?.cause, failure?.reasonCode], [0xe0, 0x81]);
  assert.deepEqual(
    packets.map((packet) => packet.cmd),
    ["connect", "pubrel"],
  );
});

/** Both sides of it: what the codec says, and that `mqtt-packet` takes it. */
const STRICTER: [string, boolean, Side, string, number][] = [
  ["1.5.3-2: U+0000 in a topic", false, S, "30 05 0003 610062", 0x81],
  ["1.5.3-1: a topic that is no UTF-8", false, S, "30 03 0001 ff", 0x81],
  ["3.3.2-2: a wildcard in a topic", false, S, "30 03 0001 2b", 0x81],
  ["4.7.3-1: an empty topic", false, S, "30 02 0000", 0x82],
  ["3.3.1-2: DUP with QoS 0", false, S, "38 03 0001 61", 0x82],
  ["2.3.1-1: Packet Identifier 0", false, S, "40 02 0000", 0x82],
  ["3.4.2: a PUBACK that is longer", false, S, "40 03 0001 00", 0x81],
  ["3.2.2-4: Session Present and a refusal", false, S, "20 02 01 05", 0x82],
  ["3.2.2.3: a reserved return code", false, S, "20 02 00 06", 0x82],
  ["3.1.2-14: Will QoS 3", false, C, `10 11 ${MQTT} 1e 0000 0000 0001 61 0000`, 0x81],
  ["3.1.2-22: a password without a user name", false, C, `10 0f ${MQTT} 42 0000 0000 0001 70`, 0x82],
  ["3.1.3-8: a kept session without an identifier", false, C, `10 0c ${MQTT} 00 0000 0000`, 0x85],
  ["3.1.3: bytes behind the last field", false, C, `10 0d ${MQTT} 02 0000 0000 00`, 0x81],
  ["3.8.3-3: SUBSCRIBE without a filter", false, C, "82 02 0001", 0x82],
  ["4.7.1-2: a filter that is none", false, C, "82 07 0001 0002 6123 00", 0x81],
  ["3.12: PINGREQ with a body", false, C, "c0 01 00", 0x81],
  ["1.5.5-1: a Property Length longer than needed", true, S, "30 06 0001 61 8000 70", 0x81],
  ["2.2.2.2: a property that is not for this packet", true, S, "30 08 0001 61 03 210001 70", 0x81],
  ["3.3.2.3.3: a property twice", true, S, "30 0f 0001 61 0a 0200000001 0200000002 70", 0x82],
  ["3.3.2-8: Topic Alias 0", true, S, "30 08 0001 61 03 230000 70", 0x94],
  ["3.3.2.1: neither topic nor alias", true, S, "30 03 0000 00", 0x82],
  ["3.3.4-6: a Subscription Identifier of a client", true, C, "30 07 0001 61 02 0b01 70", 0x82],
  ["3.3.2-14: a wildcard in the Response Topic", true, S, "30 09 0001 61 04 08000123 70", 0x81],
  ["3.1.2.11.3: Receive Maximum 0", true, C, "10 10 0004 4d515454 05 02 0000 03 210000 0000", 0x82],
  ["3.1.2.11.10: authentication data without a method", true, C, "10 10 0004 4d515454 05 02 0000 03 160000 0000", 0x82],
  ["3.2.2.2: a reason code that is none", true, S, "20 03 00 01 00", 0x82],
  ["3.8.3.1: No Local on a Shared Subscription", true, C, "82 10 0001 00 000a 2473686172652f672f61 04", 0x82],
  ["4.8.2-2: a Shared Subscription without a filter", true, C, "82 0e 0001 00 0008 2473686172652f67 00", 0x81],
  ["3.9.3: SUBACK without a code", true, S, "90 03 0001 00", 0x82],
  ["3.14.2.1: the Will is for the client to ask for", true, S, "e0 02 04 00", 0x82],
  ["3.14.2-2: a session expiry of the server", true, S, "e0 07 00 05 1100000000", 0x82],
  ["3.15.2.2.2: AUTH without a method", true, S, "f0 02 18 00", 0x82],
];
for (const [name, five, side, bytes, reasonCode] of STRICTER) {
  test(`stricter than mqtt-packet, ${name}`, () => {
    assert.ok(oracleDecode(unhex(bytes), five).length > 0);
    const failure = reader(codec, side, five).feed(unhex(bytes));
    assert.equal(failure?.reasonCode.toString(16), reasonCode.toString(16));
  });
}

/** `mqtt-packet` refuses these, or reads something else from them. */
const LOOSER: [string, boolean, Side, string, number][] = [
  ["3.14.2.1: a DISCONNECT without a reason code, another packet behind it", true, C, "e000 c000", 2],
  ["3.15.2.1: an empty AUTH", true, S, "f000", 1],
  ["table 2-6: DISCONNECT 0x8C", true, S, "e0 02 8c 00", 1],
];
for (const [name, five, side, bytes, count] of LOOSER) {
  test(`looser than mqtt-packet, ${name}`, () => {
    assert.throws(() => oracleDecode(unhex(bytes), five));
    const { packets, feed } = reader(codec, side, five);
    assert.equal(feed(unhex(bytes)), undefined);
    assert.equal(packets.length, count);
  });
}

const will = (more: object) => ({ cmd: "connect", clientId: "test", will: { topic: "topic", payload: "p", ...more } });
/** What it does not generate. */
testInvalid(codec, false, [
  ["cmd", {}],
  ["cmd", { cmd: "invalid" }],
  ["returnCode", { cmd: "connack", sessionPresent: false, returnCode: "5" }],
  ["unsubscriptions", { cmd: "unsubscribe", messageId: 7, unsubscriptions: 5 }],
  ["unsubscriptions", { cmd: "unsubscribe", messageId: 7, unsubscriptions: [1, 2] }],
  ["subscriptions", { cmd: "subscribe", messageId: 7, subscriptions: 5 }],
  ["subscriptions", { cmd: "subscribe", messageId: 7, subscriptions: [{ topic: 1, qos: 0 }] }],
  ["subscriptions", { cmd: "subscribe", messageId: 7, subscriptions: [{ topic: "a", qos: "0" }] }],
  ["granted", { cmd: "suback", messageId: 7, granted: ["0"] }],
  ["granted", { cmd: "suback", messageId: 7 }],
  ["protocolId", { cmd: "connect", protocolId: 42, clientId: "test" }],
  ["protocolId", { cmd: "connect", protocolId: {}, clientId: "test" }],
  ["protocolVersion", { cmd: "connect", protocolVersion: 1, clientId: "test" }],
  ["clientId", { cmd: "connect", clean: false }],
  ["keepalive", { cmd: "connect", clientId: "test", keepalive: "hello" }],
  ["keepalive", { cmd: "connect", clientId: "test", keepalive: 10.5 }],
  ["will", { cmd: "connect", clientId: "test", will: 42 }],
  ["will", will({ topic: undefined })],
  ["will", will({ payload: 42 })],
  ["username", { cmd: "connect", clientId: "test", username: 42 }],
  ["password", { cmd: "connect", clientId: "test", username: "u", password: 42 }],
  ["password", { cmd: "connect", clientId: "test", password: "p" }],
  ["topic", { cmd: "publish", topic: 42, payload: "" }],
  ["payload", { cmd: "publish", topic: "t", payload: 42 }],
  ["messageId", { cmd: "publish", topic: "t", payload: "", qos: 1 }],
  ["messageId", { cmd: "pubrec", messageId: "1" }],
  ["messageId", { cmd: "subscribe", subscriptions: [{ topic: "a", qos: 0 }] }],
]);
testInvalid(codec, true, [
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { messageExpiryInterval: -4321 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { topicAlias: -100 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { subscriptionIdentifier: -120 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { subscriptionIdentifier: 268435456 } }],
]);
