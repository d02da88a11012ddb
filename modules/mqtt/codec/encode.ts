import { failure } from "../../failure.ts";
import { field, frame, join, varint } from "../bytes.ts";
import { isFilter, isQos, isTopic } from "../text.ts";
import type { Properties, Subscription, Will } from "../types.ts";
import type {
  NamedAuth,
  NamedConfirm,
  NamedConnack,
  NamedConnect,
  NamedDisconnect,
  NamedPacket,
  NamedPublish,
  NamedSuback,
  NamedSubscribe,
  NamedUnsuback,
  NamedUnsubscribe,
} from "./named.ts";
import { isString } from "./reader.ts";
import { isCode, isFilter5, isShared, mayRepeat, type PropertyRule, propertyRules } from "./rules.ts";

function check(isValid: unknown, name: string): void {
  if (!isValid) throw failure("MQTT_INVALID", name);
}

const isText = (text: unknown): text is string => typeof text === "string" && isString(text);
const isTopicName = (text: unknown) => typeof text === "string" && isTopic(text);
const isBytes = (bytes: unknown): bytes is string | Uint8Array =>
  typeof bytes === "string"
    ? !(bytes.length >> 16)
    : typeof bytes === "object" && bytes !== null && (bytes as Uint8Array).byteLength < 65536;
const isWhole = (value: unknown, above: number): value is number =>
  typeof value === "number" && value >= 0 && value < above && value % 1 === 0;
const isNoQos = (qos: unknown) => typeof qos !== "number" || !isQos(qos);

const word = (value: number) => join(value >> 8, value);

function idBytes(id: number | undefined): string {
  check(isWhole(id, 65536) && id, "messageId");
  return word(id as number);
}

// ------------------------------------------------------------------------------------------------ properties

/** Four bytes by hand: a number above 2^31 has no integer on the interpreter. */
const long = (value: number) => word(Math.floor(value / 65536)) + word(value % 65536);

/** The bytes of one value, or nothing where it cannot be said. */
function valueBytes(rule: PropertyRule, value: unknown): string | undefined {
  const kind = rule.kind;
  if (kind === "flag") return typeof value === "boolean" ? join(value ? 1 : 0) : undefined;
  if (kind === "text") return isText(value) ? field(value) : undefined;
  if (kind === "topic") return isTopicName(value) ? field(value as string) : undefined;
  if (kind === "bytes") return isBytes(value) ? field(value) : undefined;
  const limit = kind === "bit" ? 2 : kind === "word" ? 65536 : kind === "varint" ? 268435456 : 4294967296;
  if (!isWhole(value, limit) || (rule.isPositive && !value)) return undefined;
  return kind === "bit"
    ? join(value)
    : kind === "word"
      ? word(value)
      : kind === "varint"
        ? join(varint(value))
        : long(value);
}

function pairBytes(id: number, given: unknown): string {
  let bytes = "";
  check(typeof given === "object" && given && !Array.isArray(given), "properties");
  const pairs = given as { [name: string]: unknown };
  for (const name of Object.keys(pairs)) {
    const value = pairs[name];
    const values: unknown[] = Array.isArray(value) ? value : [value];
    for (const one of values) {
      check(isText(name) && isText(one), "properties");
      bytes += join(id, field(name), field(one as string));
    }
  }
  return bytes;
}

/** In the order of the object, as `mqtt-packet` writes them; nothing in MQTT 3.1.1. */
function propertyBytes(given: Properties | undefined, packet: string, five: boolean): string {
  let body = "";
  if (!five) return "";
  check(given === undefined || (typeof given === "object" && given), "properties");
  const values = (given || {}) as { [name: string]: unknown };
  for (const name of Object.keys(values)) {
    const value = values[name];
    const rule = propertyRules.find((one) => one.name === name);
    if (value === undefined) continue;
    check(rule && rule.where.includes(packet), "properties");
    const known = rule as PropertyRule;
    if (known.kind === "pair") body += pairBytes(known.id, value);
    else if (Array.isArray(value)) {
      const list: unknown[] = value;
      check(mayRepeat(known, packet) && list.length, "properties");
      for (const one of list) body += propertyText(known, one);
    } else body += propertyText(known, value);
  }
  return join(varint(body.length), body);
}

function propertyText(rule: PropertyRule, value: unknown): string {
  const bytes = valueBytes(rule, value);
  check(bytes !== undefined, "properties");
  return join(rule.id, bytes as string);
}

// ------------------------------------------------------------------------------------------------ packets

function willBytes(will: Will, five: boolean): string {
  check(typeof will === "object", "will");
  const payload = will.payload === undefined ? "" : will.payload;
  check(isTopicName(will.topic) && isBytes(payload), "will");
  return propertyBytes(will.properties, "will", five) + field(will.topic) + field(payload);
}

function encodeConnect(packet: NamedConnect): string {
  const version = packet.protocolVersion ?? 4;
  const five = version === 5;
  const alive = packet.keepalive ?? 60;
  const isClean = packet.clean !== false;
  const id = packet.clientId === undefined ? "" : packet.clientId;
  const will = packet.will;
  const user = packet.username;
  const password = packet.password;
  const given = packet.properties;
  const qos = (will && will.qos) || 0;
  check(packet.protocolId === undefined || packet.protocolId === "MQTT", "protocolId");
  check(five || version === 4, "protocolVersion");
  check(isWhole(alive, 65536), "keepalive");
  check(isText(id) && (id || isClean || five), "clientId"); // 3.1.1 [MQTT-3.1.3-7]
  check(user === undefined || isText(user), "username");
  check(password === undefined || (isBytes(password) && (five || user !== undefined)), "password"); // 3.1.1 [MQTT-3.1.2-22]
  check(!isNoQos(qos), "will");
  check(
    !five || !given || given.authenticationData === undefined || given.authenticationMethod !== undefined,
    "properties",
  );
  const flags =
    (user === undefined ? 0 : 128) |
    (password === undefined ? 0 : 64) |
    (will ? (will.retain ? 36 : 4) : 0) |
    (qos << 3) |
    (isClean ? 2 : 0);
  return frame(
    16,
    join("\0\x04MQTT", version, flags, word(alive)) +
      propertyBytes(given, "connect", five) +
      field(id) +
      (will === undefined ? "" : willBytes(will, five)) +
      field(user) +
      field(password),
  );
}

function encodeConnack(packet: NamedConnack, five: boolean): string {
  const code = five ? packet.reasonCode : packet.returnCode;
  if (five) check(isWhole(code, 256) && isCode("connack", code, "server"), "reasonCode");
  else check(isWhole(code, 6), "returnCode");
  check(!packet.sessionPresent || !code, "sessionPresent");
  const head = join(packet.sessionPresent ? 1 : 0, code as number);
  return frame(32, head + propertyBytes(packet.properties, "connack", five));
}

function encodePublish(packet: NamedPublish, five: boolean): string {
  const qos = packet.qos || 0;
  const alias = five && packet.properties && packet.properties.topicAlias;
  check(isTopicName(packet.topic) || (packet.topic === "" && alias), "topic");
  check(!isNoQos(qos), "qos");
  check(qos || !packet.dup, "dup");
  check(typeof packet.payload === "string", "payload");
  const flags = (packet.dup ? 8 : 0) | (qos << 1) | (packet.retain ? 1 : 0);
  const head = field(packet.topic) + (qos ? idBytes(packet.messageId) : "");
  return framed(48 | flags, head + propertyBytes(packet.properties, "publish", five) + packet.payload, "payload");
}

/** What four bytes of Remaining Length can say (1.5.5). */
function framed(first: number, body: string, name: string): string {
  check(body.length < 268435456, name);
  return frame(first, body);
}

/** A reason code and properties, or nothing where both may be left out. */
function reasonBytes(packet: NamedConfirm | NamedDisconnect | NamedAuth, five: boolean): string {
  const code = packet.reasonCode ?? 0;
  const properties = propertyBytes(packet.properties, packet.cmd, five);
  if (!five) return "";
  check(isWhole(code, 256) && isCode(packet.cmd, code, undefined), "reasonCode");
  return join(code, properties);
}

const confirmBytes: { [cmd: string]: number } = { "puback": 64, "pubrec": 80, "pubrel": 98, "pubcomp": 112 };

function encodeConfirm(packet: NamedConfirm, five: boolean): string {
  const reason = reasonBytes(packet, five);
  return frame(confirmBytes[packet.cmd] as number, idBytes(packet.messageId) + (reason === "\0\0" ? "" : reason));
}

function optionsByte(one: Subscription, five: boolean): number {
  const handling = one.rh ?? 0;
  if (!five) return one.qos;
  check(isWhole(handling, 3), "subscriptions");
  check(!one.nl || !isShared(one.topic), "subscriptions"); // [MQTT-3.8.3-4]
  return one.qos | (one.nl ? 4 : 0) | (one.rap ? 8 : 0) | (handling << 4);
}

const isGoodFilter = (filter: unknown, five: boolean) =>
  typeof filter === "string" && (five ? isFilter5(filter) : isFilter(filter));

function encodeSubscribe(packet: NamedSubscribe, five: boolean): string {
  check(Array.isArray(packet.subscriptions) && packet.subscriptions.length, "subscriptions");
  let body = idBytes(packet.messageId) + propertyBytes(packet.properties, "subscribe", five);
  for (const one of packet.subscriptions) {
    check(isGoodFilter(one.topic, five) && !isNoQos(one.qos), "subscriptions");
    body += field(one.topic) + join(optionsByte(one, five));
  }
  return framed(130, body, "subscriptions");
}

function encodeUnsubscribe(packet: NamedUnsubscribe, five: boolean): string {
  check(Array.isArray(packet.unsubscriptions) && packet.unsubscriptions.length, "unsubscriptions");
  let body = idBytes(packet.messageId) + propertyBytes(packet.properties, "unsubscribe", five);
  for (const topic of packet.unsubscriptions) {
    check(isGoodFilter(topic, five), "unsubscriptions");
    body += field(topic);
  }
  return framed(162, body, "unsubscriptions");
}

function codeBytes(packet: NamedSuback | NamedUnsuback, five: boolean): string {
  const codes = packet.granted as number[];
  check(Array.isArray(codes) && codes.length, "granted");
  for (const code of codes)
    check(isWhole(code, 256) && (five ? isCode(packet.cmd, code, "server") : code < 3 || code === 128), "granted");
  return join(codes);
}

function encodeSuback(packet: NamedSuback, five: boolean): string {
  const head = idBytes(packet.messageId) + propertyBytes(packet.properties, "suback", five);
  return framed(144, head + codeBytes(packet, five), "granted");
}

function encodeUnsuback(packet: NamedUnsuback, five: boolean): string {
  const head = idBytes(packet.messageId) + propertyBytes(packet.properties, "unsuback", five);
  return framed(176, head + (five ? codeBytes(packet, five) : ""), "granted");
}

function encodeAuth(packet: NamedAuth): string {
  check(packet.properties && packet.properties.authenticationMethod !== undefined, "properties"); // 3.15.2.2.2
  return frame(240, reasonBytes(packet, true));
}

/**
 * The bytes of a packet of either side; throws a Failure, MQTT_INVALID, with the name of the field that is wrong. `five`:
 * of MQTT 5; a CONNECT says it with its `protocolVersion`.
 */
export function encode(packet: NamedPacket, five?: boolean): string {
  const isFive = five === true;
  const cmd = packet.cmd;
  if (cmd === "connect") return encodeConnect(packet as NamedConnect);
  if (cmd === "connack") return encodeConnack(packet as NamedConnack, isFive);
  if (cmd === "publish") return encodePublish(packet as NamedPublish, isFive);
  if (cmd === "subscribe") return encodeSubscribe(packet as NamedSubscribe, isFive);
  if (cmd === "suback") return encodeSuback(packet as NamedSuback, isFive);
  if (cmd === "unsubscribe") return encodeUnsubscribe(packet as NamedUnsubscribe, isFive);
  if (cmd === "unsuback") return encodeUnsuback(packet as NamedUnsuback, isFive);
  if (cmd === "disconnect") return frame(224, reasonBytes(packet as NamedDisconnect, isFive));
  if (cmd === "auth" && isFive) return encodeAuth(packet as NamedAuth);
  if (cmd === "pingreq") return "\xc0\0";
  if (cmd === "pingresp") return "\xd0\0";
  check(confirmBytes.hasOwnProperty(cmd), "cmd");
  return encodeConfirm(packet as NamedConfirm, isFive);
}
