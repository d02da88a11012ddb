import { isFilter, isTopic } from "../text.ts";
import type { Properties, QoS, Subscription } from "../types.ts";
import type { NamedConfirm, NamedConnect, NamedPacket, NamedPublish } from "./named.ts";
import { expect, type Reader, takeBytes, takeId, takeNumber, takeProperties, takeText, takeTopic } from "./reader.ts";
import {
  BAD_IDENTIFIER,
  isCode,
  isFilter5,
  isShared,
  MALFORMED,
  PROTOCOL_ERROR,
  type Side,
  UNSUPPORTED_VERSION,
} from "./rules.ts";

interface WithProperties {
  properties?: Properties | undefined;
}

/** Only where there are some, as `mqtt-packet` does it. */
const addProperties = (reader: Reader, packet: WithProperties, name: string): void => {
  const properties = takeProperties(reader, name);
  if (properties) packet.properties = properties;
};

// ------------------------------------------------------------------------------------------------ CONNECT, CONNACK

const MQTT = "\0\x04MQTT";

const checkFlags = (reader: Reader, flags: number, five: boolean): void => {
  const qos = (flags >> 3) & 3;
  expect(reader, !(flags & 1), MALFORMED); // [MQTT-3.1.2-3]
  expect(reader, qos < 3, MALFORMED); // [MQTT-3.1.2-12], in 3.1.1 [MQTT-3.1.2-14]
  expect(reader, flags & 4 || !(flags & 56), PROTOCOL_ERROR); // [MQTT-3.1.2-11, -13]
  expect(reader, five || (flags & 192) !== 64, PROTOCOL_ERROR); // 3.1.1 [MQTT-3.1.2-22]
};

const decodeConnect = (reader: Reader): NamedConnect => {
  const packet: NamedConnect = { cmd: "connect", protocolId: "MQTT" };
  const name = reader.text.slice(reader.at, reader.at + 6);
  const version = reader.end - reader.at > 6 ? (reader.data[reader.at + 6] as number) : 0;
  const five = version === 5;
  const isFine = name === MQTT && reader.end - reader.at > 6;
  // [MQTT-3.1.2-1] where it is no CONNECT of any version that there was.
  expect(reader, isFine || name === "\0\x06MQIs", MALFORMED);
  expect(reader, isFine && (five || version === 4), UNSUPPORTED_VERSION); // [MQTT-3.1.2-2]
  if (reader.reason) return packet;
  reader.at += 7;
  const flags = takeNumber(reader, 1);
  checkFlags(reader, flags, five);
  packet.protocolVersion = version;
  packet.clean = (flags & 2) > 0;
  packet.keepalive = takeNumber(reader, 2);
  if (five) addProperties(reader, packet, "connect");
  packet.clientId = takeText(reader);
  if (!five && !reader.reason) expect(reader, packet.clientId || packet.clean, BAD_IDENTIFIER); // 3.1.1 [MQTT-3.1.3-8]
  if (flags & 4) {
    const properties = five ? takeProperties(reader, "will") : undefined;
    const topic = takeTopic(reader);
    packet.will = { topic, payload: takeBytes(reader), qos: ((flags >> 3) & 3) as QoS, retain: (flags & 32) > 0 };
    if (properties) packet.will.properties = properties;
  }
  if (flags & 128) packet.username = takeText(reader);
  if (flags & 64) packet.password = takeBytes(reader);
  const given = packet.properties;
  // 3.1.2.11.10
  expect(
    reader,
    !given || given.authenticationData === undefined || given.authenticationMethod !== undefined,
    PROTOCOL_ERROR,
  );
  return packet;
};

const decodeConnack = (reader: Reader, five: boolean): NamedPacket => {
  const present = takeNumber(reader, 1);
  const code = takeNumber(reader, 1);
  expect(reader, present < 2, MALFORMED); // [MQTT-3.2.2-1]
  expect(reader, !present || !code, PROTOCOL_ERROR); // [MQTT-3.2.2-6], in 3.1.1 [MQTT-3.2.2-4]
  expect(reader, five ? isCode("connack", code, "server") : code < 6, PROTOCOL_ERROR); // [MQTT-3.2.2-8]
  if (!five) return { cmd: "connack", sessionPresent: present > 0, returnCode: code };
  const packet: NamedPacket = { cmd: "connack", sessionPresent: present > 0, reasonCode: code };
  addProperties(reader, packet, "connack");
  return packet;
};

// ------------------------------------------------------------------------------------------------ PUBLISH and what follows

const checkPublish = (reader: Reader, packet: NamedPublish, side: Side): void => {
  const given: Properties = packet.properties || {};
  // 3.3.2.1; malformed, as 0x90 is for a name that is correctly formed but not accepted.
  if (packet.topic === "") expect(reader, given.topicAlias, PROTOCOL_ERROR);
  else expect(reader, isTopic(packet.topic), MALFORMED);
  expect(reader, side === "server" || given.subscriptionIdentifier === undefined, PROTOCOL_ERROR); // [MQTT-3.3.4-6]
};

const decodePublish = (reader: Reader, five: boolean, side: Side, flags: number): NamedPublish => {
  const qos = ((flags >> 1) & 3) as QoS;
  expect(reader, (qos as number) < 3, MALFORMED); // [MQTT-3.3.1-4]
  expect(reader, qos || !(flags & 8), PROTOCOL_ERROR); // [MQTT-3.3.1-2]
  const packet: NamedPublish = {
    cmd: "publish",
    topic: takeBytes(reader),
    payload: "",
    qos,
    dup: (flags & 8) > 0,
    retain: (flags & 1) > 0,
  };
  if (qos) packet.messageId = takeId(reader);
  if (five) addProperties(reader, packet, "publish");
  packet.payload = reader.text.slice(reader.at, reader.end);
  if (!reader.reason) checkPublish(reader, packet, side);
  reader.at = reader.end;
  return packet;
};

/** Both may be left out from the end, and then are 0 and none. */
const decodeReason = (reader: Reader, cmd: string, side: Side, packet: NamedPacket): number => {
  const isLeftOut = reader.at === reader.end;
  const code = isLeftOut ? 0 : takeNumber(reader, 1);
  expect(reader, isCode(cmd, code, side), PROTOCOL_ERROR);
  // AUTH has no such short form with a reason code (3.15.2).
  if (reader.at < reader.end || (cmd === "auth" && !isLeftOut)) addProperties(reader, packet as WithProperties, cmd);
  return code;
};

const decodeConfirm = (cmd: NamedConfirm["cmd"], reader: Reader, five: boolean, side: Side): NamedPacket => {
  const packet: NamedPacket = { cmd, messageId: takeId(reader) };
  if (five) packet.reasonCode = decodeReason(reader, cmd, side, packet);
  return packet;
};

// ------------------------------------------------------------------------------------------------ subscriptions

const takeOptions = (reader: Reader, five: boolean, topic: string): Subscription => {
  const bits = takeNumber(reader, 1);
  const qos = (bits & 3) as QoS;
  if (five) expect(reader, !(bits & 192), MALFORMED); // [MQTT-3.8.3-5]
  // 3.8.3.1 has it a Protocol Error; 3.1.1 [MQTT-3-8.3-4] closes the connection.
  expect(reader, (qos as number) < 3 && (five || bits < 3), PROTOCOL_ERROR);
  if (!five) return { topic, qos };
  const isNoLocal = (bits & 4) > 0;
  expect(reader, (bits & 48) !== 48, PROTOCOL_ERROR); // 3.8.3.1
  expect(reader, !isNoLocal || !isShared(topic), PROTOCOL_ERROR); // [MQTT-3.8.3-4]
  return { topic, qos, nl: isNoLocal, rap: (bits & 8) > 0, rh: bits >> 4 };
};

const takeFilter = (reader: Reader, five: boolean): string => {
  const filter = takeBytes(reader);
  expect(reader, five ? isFilter5(filter) : isFilter(filter), MALFORMED); // 4.7, 4.8.2
  return filter;
};

const decodeSubscribe = (reader: Reader, five: boolean): NamedPacket => {
  const subscriptions: Subscription[] = [];
  const packet: NamedPacket = { cmd: "subscribe", messageId: takeId(reader), subscriptions };
  if (five) addProperties(reader, packet, "subscribe");
  expect(reader, reader.at < reader.end, PROTOCOL_ERROR); // [MQTT-3.8.3-2], in 3.1.1 [MQTT-3.8.3-3]
  while (reader.at < reader.end) subscriptions.push(takeOptions(reader, five, takeFilter(reader, five)));
  return packet;
};

const decodeUnsubscribe = (reader: Reader, five: boolean): NamedPacket => {
  const unsubscriptions: string[] = [];
  const packet: NamedPacket = { cmd: "unsubscribe", messageId: takeId(reader), unsubscriptions };
  if (five) addProperties(reader, packet, "unsubscribe");
  expect(reader, reader.at < reader.end, PROTOCOL_ERROR); // [MQTT-3.10.3-2]
  while (reader.at < reader.end) unsubscriptions.push(takeFilter(reader, five));
  return packet;
};

const takeCodes = (reader: Reader, five: boolean, cmd: string): number[] => {
  const codes: number[] = [];
  expect(reader, reader.at < reader.end, PROTOCOL_ERROR);
  while (reader.at < reader.end) {
    const code = takeNumber(reader, 1);
    expect(reader, five ? isCode(cmd, code, "server") : code < 3 || code === 128, PROTOCOL_ERROR);
    codes.push(code);
  }
  return codes;
};

const decodeSuback = (reader: Reader, five: boolean): NamedPacket => {
  const packet: NamedPacket = { cmd: "suback", messageId: takeId(reader), granted: [] };
  if (five) addProperties(reader, packet, "suback");
  packet.granted = takeCodes(reader, five, "suback");
  return packet;
};

const decodeUnsuback = (reader: Reader, five: boolean): NamedPacket => {
  const packet: NamedPacket = { cmd: "unsuback", messageId: takeId(reader) };
  if (five) {
    addProperties(reader, packet, "unsuback");
    packet.granted = takeCodes(reader, five, "unsuback");
  }
  return packet;
};

// ------------------------------------------------------------------------------------------------ DISCONNECT, AUTH

const decodeDisconnect = (reader: Reader, five: boolean, side: Side): NamedPacket => {
  const packet: NamedPacket = { cmd: "disconnect" };
  if (five) {
    packet.reasonCode = decodeReason(reader, "disconnect", side, packet);
    const given: Properties = packet.properties || {};
    expect(reader, side === "client" || given.sessionExpiryInterval === undefined, PROTOCOL_ERROR); // [MQTT-3.14.2-2]
  }
  return packet;
};

const decodeAuth = (reader: Reader, side: Side): NamedPacket => {
  const packet: NamedPacket = { cmd: "auth", reasonCode: 0 };
  const isEmpty = reader.at === reader.end; // which 3.15.2.1 allows, though 3.15.2.2.2 asks for a method
  packet.reasonCode = decodeReason(reader, "auth", side, packet);
  const given: Properties = packet.properties || {};
  expect(reader, isEmpty || given.authenticationMethod !== undefined, PROTOCOL_ERROR);
  return packet;
};

/** What each first byte may be, but for PUBLISH: the type with its reserved flags [MQTT-2.1.3-1], and who sends it. */
const types: { [first: number]: string } = {
  16: "connect client",
  32: "connack server",
  64: "puback client server",
  80: "pubrec client server",
  98: "pubrel client server",
  112: "pubcomp client server",
  130: "subscribe client",
  144: "suback server",
  162: "unsubscribe client",
  176: "unsuback server",
  192: "pingreq client",
  208: "pingresp server",
  224: "disconnect client",
  240: "auth client server",
};

/** What is wrong with a first byte, before anything else of the packet is there; 0: nothing. */
export const refuseFirst = (first: number, five: boolean, side: Side): number => {
  if (first >> 4 === 3) return 0;
  const type = types[first];
  if (!type || (first === 240 && !five)) return MALFORMED;
  return type.split(" ").includes(side) || (first === 224 && five) ? 0 : PROTOCOL_ERROR;
};

const decodeOther = (reader: Reader, five: boolean, side: Side, first: number): NamedPacket => {
  const cmd = (types[first] as string).split(" ")[0] as NamedPacket["cmd"];
  if (cmd === "connect") return decodeConnect(reader);
  if (cmd === "connack") return decodeConnack(reader, five);
  if (cmd === "subscribe") return decodeSubscribe(reader, five);
  if (cmd === "suback") return decodeSuback(reader, five);
  if (cmd === "unsubscribe") return decodeUnsubscribe(reader, five);
  if (cmd === "unsuback") return decodeUnsuback(reader, five);
  if (cmd === "disconnect") return decodeDisconnect(reader, five, side);
  if (cmd === "auth") return decodeAuth(reader, side);
  if (cmd === "pingreq" || cmd === "pingresp") return { cmd };
  return decodeConfirm(cmd as NamedConfirm["cmd"], reader, five, side);
};

/** The packet that `reader` holds without its fixed header; it is one when `reader.reason` is 0 afterwards. */
export const decodePacket = (reader: Reader, five: boolean, side: Side, first: number): NamedPacket => {
  const packet =
    first >> 4 === 3 ? decodePublish(reader, five, side, first & 15) : decodeOther(reader, five, side, first);
  expect(reader, reader.at === reader.end, MALFORMED);
  return packet;
};
