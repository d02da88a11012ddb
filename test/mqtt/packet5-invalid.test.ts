/** What the codec does not write in MQTT 5. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, loadCodec, type NamedPacket, unhex } from "../support/mqtt.ts";
import { testInvalid } from "../support/packet-cases.ts";

const codec = await loadCodec();

const INVALID: [string, unknown][] = [
  ["topic", { cmd: "publish", topic: "", payload: "" }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { topicAlias: 0 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { topicAlias: [1, 2] } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { topicAlias: 65536 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { topicAlias: 1.5 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { topicAlias: "1" } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { payloadFormatIndicator: 1 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { messageExpiryInterval: 2 ** 32 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { messageExpiryInterval: -1 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { subscriptionIdentifier: 2 ** 28 } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { subscriptionIdentifier: [] } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { responseTopic: "+" } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { contentType: "\xff" } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { contentType: "x".repeat(65536) } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { correlationData: "x".repeat(65536) } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { userProperties: { a: "\0" } } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { userProperties: { "\0": "a" } } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { userProperties: { a: 1 } } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { userProperties: "a" } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { userProperties: ["a"] } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: "a" }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: null }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { reasonString: "a" } }],
  ["properties", { cmd: "publish", topic: "t", payload: "", properties: { toString: "a" } }],
  ["properties", { cmd: "connect", protocolVersion: 5, properties: { authenticationData: "a" } }],
  ["properties", { cmd: "auth", reasonCode: 0x18 }],
  ["properties", { cmd: "connack", sessionPresent: false, reasonCode: 0, properties: { maximumQoS: 2 } }],
  ["reasonCode", { cmd: "connack", sessionPresent: false }],
  ["reasonCode", { cmd: "connack", sessionPresent: false, reasonCode: 1 }],
  ["sessionPresent", { cmd: "connack", sessionPresent: true, reasonCode: 0x80 }],
  ["reasonCode", { cmd: "puback", messageId: 1, reasonCode: 0x92 }],
  ["reasonCode", { cmd: "disconnect", reasonCode: 256 }],
  ["subscriptions", { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 0, rh: 3 }] }],
  ["subscriptions", { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$share/a", qos: 0 }] }],
  ["subscriptions", { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$share/a/b", qos: 0, nl: true }] }],
  ["unsubscriptions", { cmd: "unsubscribe", messageId: 1, unsubscriptions: ["$share//a"] }],
  ["granted", { cmd: "suback", messageId: 1, granted: [0x11] }],
  ["granted", { cmd: "unsuback", messageId: 1, granted: [] }],
  ["granted", { cmd: "unsuback", messageId: 1 }],
  ["protocolVersion", { cmd: "connect", protocolVersion: 3 }],
  ["cmd", { cmd: "toString" }],
];
testInvalid(codec, true, INVALID);

test("a password without a user name is written in MQTT 5", () => {
  const packet: NamedPacket = { cmd: "connect", protocolVersion: 5, keepalive: 0, password: "p" };
  assert.equal(hex(codec.encode(packet)), hex(unhex("10 10 0004 4d515454 05 42 0000 00 0000 0001 70")));
});
