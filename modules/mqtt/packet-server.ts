import { type Failure, failure } from "../failure.ts";
import { field, frame, join, word } from "./bytes.ts";
import {
  decode,
  decodeConnack,
  decodeGrants,
  decodeId,
  decodePublish,
  encodeConnect,
  encodeFilters,
  type PacketTable,
} from "./packet.ts";
import { isFilter, isQos, isText, isTopic } from "./text.ts";
import type { ConnackPacket, ConnectFields, PublishPacket, QoS, Subscription, Will } from "./types.ts";

/**
 * The half of MQTT 3.1.1 that a client does not need, and both halves by name, as objects of npm `mqtt-packet`: for
 * brokers, tests and tools. The firmware imports nothing of it.
 */

/** @public */
export interface NamedConnect extends ConnectFields {
  cmd: "connect";
  protocolId?: string;
  protocolVersion?: number;
}
/** @public */
export interface NamedConnack extends ConnackPacket {
  cmd: "connack";
}
/** @public */
export interface NamedPublish {
  cmd: "publish";
  topic: string;
  payload: string;
  qos?: QoS;
  dup?: boolean;
  retain?: boolean;
  messageId?: number;
}
/** @public */
export interface NamedConfirm {
  cmd: "puback" | "pubrec" | "pubrel" | "pubcomp" | "unsuback";
  messageId: number;
}
/** @public */
export interface NamedSubscribe {
  cmd: "subscribe";
  messageId: number;
  subscriptions: Subscription[];
}
/** @public */
export interface NamedSuback {
  cmd: "suback";
  messageId: number;
  granted: number[];
}
/** @public */
export interface NamedUnsubscribe {
  cmd: "unsubscribe";
  messageId: number;
  unsubscriptions: string[];
}
/** @public */
export interface NamedEmpty {
  cmd: "pingreq" | "pingresp" | "disconnect";
}
export type NamedPacket =
  | NamedConnect
  | NamedConnack
  | NamedPublish
  | NamedConfirm
  | NamedSubscribe
  | NamedSuback
  | NamedUnsubscribe
  | NamedEmpty;

const confirmBytes: { [cmd: string]: number } = {
  "puback": 64,
  "pubrec": 80,
  "pubrel": 98,
  "pubcomp": 112,
  "unsuback": 176,
};
const emptyBytes: { [cmd: string]: number } = { "pingreq": 192, "pingresp": 208, "disconnect": 224 };

// ------------------------------------------------------------------------------------------------ encoding

function check(isValid: unknown, name: string): void {
  if (!isValid) throw failure("MQTT_INVALID", name);
}

function idBytes(id: number | undefined): string {
  check(id && (id & 65535) === id, "messageId");
  return join((id as number) >> 8, id as number);
}

function encodeNamedPublish(packet: NamedPublish): string {
  const qos = packet.qos || 0;
  check(isTopic(packet.topic), "topic");
  check(isQos(qos), "qos");
  check(qos || !packet.dup, "dup");
  const flags = (packet.dup ? 8 : 0) | (qos << 1) | (packet.retain ? 1 : 0);
  check(packet.topic.length < 65536, "topic");
  return frame(48 | flags, join(field(packet.topic), qos ? idBytes(packet.messageId) : "", packet.payload));
}

function encodeConnack(packet: NamedConnack): string {
  const code = packet.returnCode;
  check(code >= 0 && code < 6, "returnCode");
  check(!packet.sessionPresent || !code, "sessionPresent");
  return join(32, 2, packet.sessionPresent ? 1 : 0, code);
}

function encodeSubscribe(packet: NamedSubscribe): string {
  check(packet.subscriptions.length, "subscriptions");
  for (const one of packet.subscriptions) check(isFilter(one.topic) && isQos(one.qos), "subscriptions");
  return encodeFilters(130, idBytes(packet.messageId), packet.subscriptions);
}

function encodeUnsubscribe(packet: NamedUnsubscribe): string {
  check(packet.unsubscriptions.length, "unsubscriptions");
  const filters: Subscription[] = [];
  for (const topic of packet.unsubscriptions) {
    check(isFilter(topic), "unsubscriptions");
    filters.push({ topic, qos: 0 });
  }
  return encodeFilters(162, idBytes(packet.messageId), filters);
}

function encodeSuback(packet: NamedSuback): string {
  check(packet.granted.length, "granted");
  for (const code of packet.granted) check(isQos(code) || code === 128, "granted");
  return frame(144, join(idBytes(packet.messageId), packet.granted));
}

function encodeNamedConnect(packet: NamedConnect): string {
  const bytes = encodeConnect(packet);
  check(bytes, "connect");
  return bytes;
}

/** The bytes of a packet of either side; throws a Failure, MQTT_INVALID, with the name of the field that is wrong. */
export function encode(packet: NamedPacket): string {
  const cmd = packet.cmd;
  if (cmd === "publish") return encodeNamedPublish(packet as NamedPublish);
  if (cmd === "connect") return encodeNamedConnect(packet as NamedConnect);
  if (cmd === "connack") return encodeConnack(packet as NamedConnack);
  if (cmd === "subscribe") return encodeSubscribe(packet as NamedSubscribe);
  if (cmd === "unsubscribe") return encodeUnsubscribe(packet as NamedUnsubscribe);
  if (cmd === "suback") return encodeSuback(packet as NamedSuback);
  const confirm = confirmBytes[cmd];
  if (confirm) return frame(confirm, idBytes((packet as NamedConfirm).messageId));
  const empty = emptyBytes[cmd];
  check(empty, "cmd");
  return join(empty as number, 0);
}

// ------------------------------------------------------------------------------------------------ decoding

/** Cuts fields off the front of a body; `failed` once there was less than asked for. */
interface Reader {
  at: number;
  failed: boolean;
}

function take(reader: Reader, data: Uint8Array, end: number, text: string): string {
  const from = reader.at + 2;
  const to = from + word(data, reader.at);
  if (from > end || to > end) reader.failed = true;
  reader.at = to;
  return text.slice(from, to);
}

const controls = /\0/;

function decodeWill(flags: number, reader: Reader, data: Uint8Array, end: number, text: string): Will {
  const topic = take(reader, data, end, text);
  const payload = take(reader, data, end, text);
  if (!isTopic(topic)) reader.failed = true;
  return { topic, payload, qos: ((flags >> 3) & 3) as QoS, retain: (flags & 32) > 0 };
}

function decodeConnect(data: Uint8Array, at: number, end: number, text: string): NamedConnect | undefined {
  const flags = data[at + 7] as number;
  const reader = { at: at + 10, failed: end - at < 12 };
  const hasWill = flags & 4;
  if (text.slice(at, at + 7) !== "\0\x04MQTT\x04") return undefined; // [MQTT-3.1.2-1], 3.1.1 only
  if (flags & 1 || (flags & 24) === 24) return undefined; // [MQTT-3.1.2-3], [MQTT-3.1.2-14]
  if (!hasWill && flags & 56) return undefined; // [MQTT-3.1.2-11], [MQTT-3.1.2-13], [MQTT-3.1.2-15]
  if ((flags & 192) === 64) return undefined; // [MQTT-3.1.2-22]
  const packet: NamedConnect = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: (flags & 2) > 0,
    keepalive: word(data, at + 8),
    clientId: take(reader, data, end, text),
  };
  if (hasWill) packet.will = decodeWill(flags, reader, data, end, text);
  if (flags & 128) packet.username = take(reader, data, end, text);
  if (flags & 64) packet.password = take(reader, data, end, text);
  const isFine = isText(packet.clientId + "/" + packet.username, controls);
  return isFine && !reader.failed && reader.at === end ? packet : undefined;
}

function decodeFilters(
  data: Uint8Array,
  at: number,
  end: number,
  text: string,
  hasQos: boolean,
): Subscription[] | undefined {
  const reader = { at: at + 2, failed: !word(data, at) || end - at < 3 };
  const filters: Subscription[] = [];
  while (reader.at < end && !reader.failed) {
    const topic = take(reader, data, end, text);
    let qos = 0;
    if (hasQos) {
      qos = reader.at < end ? (data[reader.at] as number) : 3;
      reader.at++;
    }
    if (!isFilter(topic) || !isQos(qos)) return undefined;
    filters.push({ topic, qos: qos as QoS });
  }
  return reader.failed || reader.at !== end ? undefined : filters;
}

type Take = (packet: NamedPacket) => void;

function named(cmd: NamedConfirm["cmd"], give: Take): PacketTable[0] {
  return (data, at, end) => {
    const messageId = decodeId(data, at, end);
    if (messageId) give({ cmd, messageId });
    return messageId;
  };
}

function empty(cmd: NamedEmpty["cmd"], give: Take): PacketTable[0] {
  return (_data, at, end) => {
    if (at === end) give({ cmd });
    return at === end;
  };
}

function namedPublish(packet: PublishPacket): NamedPublish {
  const publish: NamedPublish = {
    cmd: "publish",
    topic: packet.topic,
    payload: packet.payload,
    qos: packet.qos,
    dup: packet.dup,
    retain: packet.retain,
  };
  if (packet.qos) publish.messageId = packet.messageId;
  return publish;
}

function addShared(table: PacketTable, give: Take): void {
  table[48] = (data, at, end, text, first) => {
    const packet = decodePublish(data, at, end, text, first);
    if (packet) give(namedPublish(packet));
    return packet;
  };
  table[64] = named("puback", give);
  table[80] = named("pubrec", give);
  table[98] = named("pubrel", give);
  table[112] = named("pubcomp", give);
}

function serverTable(give: Take): PacketTable {
  const table: PacketTable = {
    32: (data, at, end) => {
      const packet = decodeConnack(data, at, end);
      if (packet) give({ cmd: "connack", sessionPresent: packet.sessionPresent, returnCode: packet.returnCode });
      return packet;
    },
    144: (data, at, end) => {
      const codes = decodeGrants(data, at, end);
      const granted: number[] = [];
      if (!codes) return false;
      for (const code of codes) granted.push(code);
      give({ cmd: "suback", messageId: word(data, at), granted });
      return true;
    },
    176: named("unsuback", give),
    208: empty("pingresp", give),
  };
  addShared(table, give);
  return table;
}

function clientTable(give: Take): PacketTable {
  const table: PacketTable = {
    16: (data, at, end, text) => {
      const packet = decodeConnect(data, at, end, text);
      if (packet) give(packet);
      return packet;
    },
    130: (data, at, end, text) => {
      const subscriptions = decodeFilters(data, at, end, text, true);
      if (subscriptions) give({ cmd: "subscribe", messageId: word(data, at), subscriptions });
      return subscriptions;
    },
    162: (data, at, end, text) => {
      const filters = decodeFilters(data, at, end, text, false);
      if (!filters) return false;
      give({ cmd: "unsubscribe", messageId: word(data, at), unsubscriptions: filters.map((one) => one.topic) });
      return true;
    },
    192: empty("pingreq", give),
    224: empty("disconnect", give),
  };
  addShared(table, give);
  return table;
}

/** A decoder for what `side` sends; `give` gets each packet. It returns the failure that ends the stream. */
export function createParser(
  side: "client" | "server",
  give: Take,
  maxPacket: number,
): (chunk: string) => Failure | undefined {
  const table = side === "client" ? clientTable(give) : serverTable(give);
  let rest = "";
  let failed: Failure | undefined;
  const fail = (error: Failure) => {
    failed = error;
  };
  return (chunk) => {
    if (!failed) rest = decode(table, rest + chunk, maxPacket, fail);
    return failed;
  };
}
