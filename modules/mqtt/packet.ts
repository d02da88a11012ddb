import { type Failure, failure } from "../failure.ts";
import { field, frame, join, varint, view, word } from "./bytes.ts";
import { isQos, isText, isTopic } from "./text.ts";
import type { ConnackPacket, ConnectFields, PublishPacket, QoS, Subscription } from "./types.ts";

/**
 * MQTT 3.1.1 on binary strings, the half that a client needs; packet-server.ts has the other one and packets by name.
 * Pure. A packet is put together by one native call and read through a view, never byte by byte in JavaScript.
 */

/** PUBACK 0x40, PUBREC 0x50, PUBREL 0x62, PUBCOMP 0x70, UNSUBACK 0xB0. */
export const encodeConfirm = (first: number, messageId: number) => join(first, 2, messageId >> 8, messageId);

/** `messageId` 0 for QoS 0. */
export const encodePublish = (topic: string, payload: string | Uint8Array, flags: number, messageId: number) => {
  const size = topic.length;
  const id = messageId ? [messageId >> 8, messageId] : "";
  return join(48 | flags, varint(size + payload.length + (id ? 4 : 2)), size >> 8, size, topic, id, payload);
};

/** Nothing when a field has what no CONNECT may carry. */
export const encodeConnect = (packet: ConnectFields): string => {
  const id = packet.clientId || "";
  const will = packet.will;
  const qos = (will && will.qos) || 0;
  const user = field(packet.username);
  const password = field(packet.password);
  const alive = packet.keepalive ?? 60;
  const isClean = packet.clean !== false;
  return (id || isClean) && // [MQTT-3.1.3-7]
    (alive & 65535) === alive &&
    isText(id + "/" + packet.username, /\0/) &&
    (user || !password) && // [MQTT-3.1.2-22]
    (!will || (isTopic(will.topic) && isQos(qos)))
    ? frame(
        16,
        join(
          "\0\x04MQTT\x04",
          (user ? 128 : 0) | (password ? 64 : 0) | (will ? (will.retain ? 36 : 4) : 0) | (qos << 3) | (isClean ? 2 : 0),
          alive >> 8,
          alive,
          field(id),
          will ? field(will.topic) + field(will.payload || "") : "",
          user,
          password,
        ),
      )
    : "";
};

/** SUBSCRIBE 0x82; as UNSUBSCRIBE 0xA2 it carries the filters alone. */
export const encodeFilters = (first: number, messageId: number, filters: Subscription[]) => {
  let body = join(messageId >> 8, messageId);
  for (const filter of filters) body += field(filter.topic) + (first & 32 ? "" : join(filter.qos));
  return frame(first, body);
};

// ------------------------------------------------------------------------------------------------ decoding

/** SUBACK, and UNSUBACK without codes. */
export interface Grants {
  ident: number;
  codes: Uint8Array;
}
/** A bare identifier stands for a packet of nothing else. */
export type Decoded = PublishPacket | ConnackPacket | Grants | number;
/**
 * Decodes `data` from `at` up to `end`; `text` is the same bytes. What is not true is malformed.
 * By first byte, so that reserved flag bits [MQTT-2.2.2-2] need no check of their own; PUBLISH stands at 48.
 */
export interface DecodeTable<P> {
  [first: number]: (
    data: Uint8Array,
    at: number,
    end: number,
    text: string,
    first: number,
  ) => P | false | undefined | 0 | "";
}

export const decodeId = (data: Uint8Array, at: number, end: number) => end - at === 2 && word(data, at);

/** 1 stands for a packet with no body. */
export const decodeNothing = (_data: Uint8Array, at: number, end: number) => at === end && 1;

export const decodePublish = (data: Uint8Array, at: number, end: number, text: string, first: number) => {
  const qos = ((first >> 1) & 3) as QoS;
  const middle = at + 2 + word(data, at);
  const from = qos ? middle + 2 : middle;
  const topic = text.slice(at + 2, middle);
  const messageId = qos && word(data, middle);
  // DUP needs a QoS [MQTT-3.3.1-2]; there is no QoS 3 [MQTT-3.3.1-4].
  return (
    from <= end &&
    (qos ? qos < 3 && messageId : first < 56) &&
    isTopic(topic) && {
      cmd: "publish" as const,
      topic,
      payload: text.slice(from, end),
      qos,
      dup: first > 55,
      retain: !!(first & 1),
      messageId,
    }
  );
};

const decodeConnack = (data: Uint8Array, at: number, end: number) => {
  const present = data[at] as number;
  const returnCode = data[at + 1] as number;
  const packet: ConnackPacket = { cmd: "connack", sessionPresent: !!present, returnCode };
  // Session Present goes with acceptance only [MQTT-3.2.2-4]; codes above 5 are reserved.
  return end - at === 2 && present < 2 && returnCode < (present ? 1 : 6) && packet;
};

const decodeGrants = (data: Uint8Array, at: number, end: number, _text: string, first: number) => {
  const ident = word(data, at);
  const codes = data.subarray(at + 2, end);
  for (const code of codes) if (code > 2 && code !== 128) return 0;
  return ident && (first < 176 ? end - at > 2 : end - at === 2) && { ident, codes };
};

/** What a server sends. */
export const serverPackets: DecodeTable<Decoded> = {
  64: decodeId,
  48: decodePublish,
  208: decodeNothing,
  80: decodeId,
  98: decodeId,
  112: decodeId,
  32: decodeConnack,
  144: decodeGrants,
  176: decodeGrants,
};

/**
 * Takes a stream in chunks of any size and gives whole packets with their first byte (48 for PUBLISH); `take` says
 * whether one is out of place. A failure ends the stream. Holds at most `maxPacket` bytes and a chunk.
 */
export const createDecoder = <P>(
  table: DecodeTable<P>,
  take: (packet: P, kind: number) => unknown,
  maxPacket: number,
): ((chunk: string) => Failure | undefined) => {
  let rest = "";
  return (chunk) => {
    if (rest) rest += chunk;
    else rest = chunk;
    const size = rest.length;
    const data = view(rest);
    let at = 0;
    while (at + 1 < size) {
      const first = data[at] as number;
      const kind = first >> 4 === 3 ? 48 : first;
      const decode = table[kind];
      let body = at + 1;
      let length = 0;
      let shift = 0;
      let byte = 0;
      do {
        byte = data[body++] as number;
        length |= (byte & 127) << shift;
        shift += 7;
      } while (byte > 127 && shift < 28);
      const end = body + length;
      let error = "MQTT_MALFORMED";
      if (decode && !(byte > 127)) {
        // Behind the last byte `body` is too: a length that is not all there yet ends beyond `size`.
        if (end - at > maxPacket) error = "MQTT_TOO_LARGE";
        else if (end > size) break;
        else {
          const packet = decode(data, body, end, rest, first);
          if (packet) error = take(packet, kind) ? "MQTT_PROTOCOL" : "";
        }
      }
      if (error) return failure(error, first);
      at = end;
    }
    rest = rest.slice(at);
    return undefined;
  };
};
