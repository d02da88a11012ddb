import { MQTT5 } from "godwit:features";
import { field, frame, join } from "./bytes.ts";
import { type Cursor, decodeProperties, encodeProperties, fault, IN_ACK, IN_CONNACK } from "./properties.ts";
import { isText, isTopic } from "./text.ts";
import type { ConnackPacket, ConnectFields, Properties, ReasonPacket, Subscription } from "./types.ts";

/**
 * The packets of a client on binary strings, MQTT 3.1.1, and 5 where `five` says so. Pure; codec/codec.ts has the other
 * half and packets by name. A packet is put together by one native call and read through a view (`data`, and the same bytes
 * as `text`), never byte by byte in JavaScript. Packet Identifiers are two bytes of text here, as they stand in the packets.
 */

/** As bytes: none in MQTT 3.1.1, undefined where a property cannot be said. */
export const propertiesFor = (five: boolean, properties: Properties | undefined, allowed?: string) =>
  five ? encodeProperties(properties, allowed) : "";

/** Nothing when a field has what no CONNECT may carry. */
export const encodeConnect = (packet: ConnectFields, five: boolean): string => {
  const id = packet.clientId || "";
  const will = packet.will;
  const qos = (will && will.qos) || 0;
  // Two empty ones are none: there are brokers that let nobody in who gives his name as "".
  const password = field(packet.password || undefined);
  const name = packet.username;
  const user = field(password ? name : name || undefined);
  const alive = packet.keepalive ?? 60;
  const isClean = packet.clean !== false;
  const properties = MQTT5 ? propertiesFor(five, packet.properties) : "";
  const ofWill = MQTT5 ? propertiesFor(five, will && will.properties) : "";
  return (id || isClean || (MQTT5 && five)) && // [MQTT-3.1.3-7]
    !(alive >> 16) &&
    isText(id + "/" + name, /\0/) &&
    (user || !password || (MQTT5 && five)) && // [MQTT-3.1.2-22]
    !(MQTT5 && (properties === undefined || ofWill === undefined)) &&
    (!will || (isTopic(will.topic) && [0, 1, 2].includes(qos)))
    ? frame(
        16,
        join(
          MQTT5 && five ? "\0\x04MQTT\x05" : "\0\x04MQTT\x04",
          (user ? 128 : 0) | (password ? 64 : 0) | (will ? (will.retain ? 36 : 4) : 0) | (qos << 3) | (isClean ? 2 : 0),
          alive >> 8,
          alive,
          properties as string,
          field(id),
          will ? join(MQTT5 ? (ofWill as string) : "", field(will.topic), field(will.payload || "")) : "",
          user,
          password,
        ),
      )
    : "";
};

/** SUBSCRIBE 0x82; as UNSUBSCRIBE 0xA2 it carries the filters alone. `id` with the properties behind it. */
export const encodeFilters = (first: number, id: string, filters: Subscription[]) => {
  let body = id;
  for (const filter of filters) {
    let flags: number = filter.qos;
    // Reserved in 3.1.1, where nothing stands behind the identifier.
    if (MQTT5 && id[2])
      flags |= ((filter.nl as never) << 2) | ((filter.rap as never) << 3) | ((filter.rh as number) << 4);
    body += field(filter.topic) + (first & 32 ? "" : join(flags));
  }
  return frame(first, body);
};

// ------------------------------------------------------------------------------------------------ decoding

/** Where a packet of MQTT 5 has a reason code and properties, and may leave out both. */
export const decodeReason = (data: Uint8Array, at: number, end: number, text: string, allowed: string) => {
  const packet: ReasonPacket = { reasonCode: at < end ? (data[at] as number) : 0 };
  const cursor: Cursor = { at: at + 1 };
  if (cursor.at < end) packet.properties = decodeProperties(data, cursor, end, text, allowed);
  return (cursor.at === end || at === end) && packet;
};

/** Two bytes alone are also what a broker answers to MQTT 5 that knows 3.1.1 only. */
export const decodeConnack = (data: Uint8Array, at: number, end: number, text: string, five: boolean) => {
  const present = data[at] as number;
  const code = data[at + 1] as number;
  const packet = (
    MQTT5 && five ? decodeReason(data, at + 1, end, text, IN_CONNACK) : end - at === 2 && { returnCode: code }
  ) as ConnackPacket | false;
  if (packet) packet.sessionPresent = present > 0;
  // Session Present goes with acceptance only [MQTT-3.2.2-4], and that of MQTT 5 has properties; in 3.1.1 codes above 5 are
  // reserved.
  const few = code ? 1 : 2;
  return present < few && (five ? end - at > few : code < 6) && packet;
};

/** The codes of a SUBACK, and of an UNSUBACK of MQTT 5. */
export const decodeGrants = (data: Uint8Array, at: number, end: number, text: string, five: boolean) => {
  const cursor: Cursor = { at: at + 2 };
  if (MQTT5 && five) fault.words = (decodeProperties(data, cursor, end, text, IN_ACK) || {}).reasonString;
  const codes = data.subarray(MQTT5 ? cursor.at : at + 2, end);
  for (const code of codes)
    if (code > 2 && (MQTT5 && five ? code < 128 && code !== 17 : code !== 128)) return undefined;
  return (MQTT5 ? cursor.at < end : codes.length) && codes;
};
