import { type Failure, failure } from "../failure.ts";
import { field, frame, join, view, word } from "./bytes.ts";
import { isQos, isText, isTopic } from "./text.ts";
import type { ConnackPacket, ConnectFields, PublishPacket, QoS, Subscription } from "./types.ts";

/**
 * MQTT 3.1.1 on binary strings, the half that a client needs; packet-server.ts has the other one and packets by name.
 * Pure. A packet is put together by one native call and read through a view, never byte by byte in JavaScript.
 * Packet Identifiers are two bytes of text here, as they stand in the packets.
 */

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
    !(alive >> 16) &&
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
export const encodeFilters = (first: number, id: string, filters: Subscription[]) => {
  let body = id;
  for (const filter of filters) body += field(filter.topic) + (first & 32 ? "" : join(filter.qos));
  return frame(first, body);
};

// ------------------------------------------------------------------------------------------------ decoding

/** Two bytes that are not zero. */
export const decodeId = (data: Uint8Array, at: number, end: number) => end - at === 2 && word(data, at);

export const decodePublish = (data: Uint8Array, at: number, end: number, text: string, first: number) => {
  const qos = ((first >> 1) & 3) as QoS;
  const middle = at + 2 + word(data, at);
  const topic = text.slice(at + 2, middle);
  const messageId = qos && word(data, middle);
  const from = qos ? middle + 2 : middle;
  // DUP needs a QoS [MQTT-3.3.1-2]; there is no QoS 3 [MQTT-3.3.1-4].
  const packet: PublishPacket | false | 0 = from <= end &&
    (qos ? qos < 3 && messageId : first < 56) &&
    isTopic(topic) && {
      topic,
      payload: text.slice(from, end),
      qos,
      dup: first > 55,
      retain: (first & 1) > 0,
      messageId,
    };
  return packet;
};

export const decodeConnack = (data: Uint8Array, at: number, end: number) => {
  const present = data[at] as number;
  const returnCode = data[at + 1] as number;
  const packet: ConnackPacket = { sessionPresent: present > 0, returnCode };
  // Session Present goes with acceptance only [MQTT-3.2.2-4]; codes above 5 are reserved.
  return end - at === 2 && present < 2 && returnCode < (present ? 1 : 6) && packet;
};

/** The codes of a SUBACK. */
export const decodeGrants = (data: Uint8Array, at: number, end: number) => {
  const codes = data.subarray(at + 2, end);
  for (const code of codes) if (code > 2 && code !== 128) return undefined;
  return end - at > 2 && word(data, at) && codes;
};

/**
 * What to do with a packet that is `text` (and `data`) from `at` to `end` without its fixed header; what is not true ends
 * the stream. By first byte, so that reserved flag bits [MQTT-2.2.2-2] need no check; PUBLISH stands at 48.
 */
export interface PacketTable {
  [first: number]: (data: Uint8Array, at: number, end: number, text: string, first: number) => unknown;
  /** Where it is set, CONNACK comes first and once [MQTT-3.2.0-1]. */
  isUp?: boolean;
}

/**
 * Gives the packets at the front of a stream to `table` and returns what is left, the beginning of a packet, for next
 * time: less than `maxPacket` bytes. A failure ends the stream.
 */
export const decode = (table: PacketTable, text: string, maxPacket: number, fail: (error: Failure) => void): string => {
  const data = view(text);
  const total = text.length;
  let at = 0;
  while (at + 1 < total) {
    const first = data[at] as number;
    const handle = table[first >> 4 === 3 ? 48 : first];
    let body = at + 1;
    let length = 0;
    let shift = 0;
    let byte = 0;
    do {
      byte = data[body++] as number;
      length |= (byte & 127) << shift;
      shift += 7;
    } while (byte > 127 && shift < 28);
    // Behind the last byte `body` is too: a length that is not all there yet ends beyond `total`.
    const end = body + length;
    let code = "MQTT_PROTOCOL";
    if (handle && table.isUp !== (first === 32) && !(byte > 127)) {
      if (end - at > maxPacket) code = "MQTT_TOO_LARGE";
      else if (end > total) break;
      else if (handle(data, body, end, text, first)) code = "";
    }
    at = end;
    if (code) {
      fail(failure(code, first));
      return "";
    }
  }
  return text.slice(at);
};
