import { failure } from "../failure.ts";
import { frame, join, varint, view, word } from "./bytes.ts";
import { decodeVarint, encodeProperties } from "./properties.ts";
import type { Properties, ReasonPacket } from "./types.ts";

/** What only MQTT 5 does to whole packets. Pure. */

/** AUTH and DISCONNECT. Nothing when a property cannot be said. */
export const encodeReason = (first: number, packet: ReasonPacket) => {
  const properties = encodeProperties(packet.properties);
  return properties === undefined ? "" : frame(first, join(packet.reasonCode, properties));
};

/** Topic Aliases of one connection, by topic behind its length. */
export interface Aliases {
  [field: string]: number;
}

/**
 * A PUBLISH as it leaves: its Message Expiry less the seconds that it waited (nothing when none are left), and an alias in
 * place of its topic as far as `max` go (3.3.2.3.4). Without `aliases` as 3.1.1 has it.
 */
export const prepare = (bytes: string, waitedS: number, aliases?: Aliases, max?: number): string => {
  const data = view(bytes);
  const cursor = { at: 1 };
  decodeVarint(data, cursor);
  const middle = cursor.at + 2 + word(data, cursor.at);
  let topic = bytes.slice(cursor.at, middle);
  const from = (data[0] as number) & 6 ? middle + 2 : middle;
  cursor.at = from;
  const length = decodeVarint(data, cursor);
  const end = cursor.at + length;
  let properties = bytes.slice(cursor.at, end);
  // It stands first: the table of properties says so.
  if (waitedS > 0 && properties[0] === "\x02") {
    const four = view(properties);
    let left = word(four, 1) * 65536 + word(four, 3) - waitedS;
    if (left < 1) {
      // Of QoS 2, with DUP: a broker that has it would keep its identifier for ever.
      if (bytes < "<") return "";
      left = 1;
    }
    properties = join(2, left >> 24, left >> 16, left >> 8, left, properties.slice(5));
  }
  if (aliases) {
    const known = aliases[topic];
    const count = known || Object.keys(aliases).length + 1;
    if (count <= (max as number)) {
      properties += join(35, count >> 8, count);
      aliases[topic] = count;
      if (known) topic = "\0\0";
    }
    properties = join(varint(properties.length), properties);
  } else properties = "";
  return frame(data[0] as number, join(topic, bytes.slice(middle, from), properties, bytes.slice(end)));
};

/**
 * A PUBLISH as it leaves, within what the broker said in CONNACK. Why it may not leave, in its place, is a word above any
 * PUBLISH.
 */
export const dress = (
  bytes: string,
  waitedS: number,
  limits: Properties,
  aliases: Aliases,
  isAlias: boolean | undefined,
): string => {
  const flags = view(bytes)[0] as number;
  const room = (limits.maximumPacketSize || 1e6) - bytes.length;
  return room < 0
    ? "MQTT_TOO_LARGE"
    : ((flags >> 1) & 3) > (limits.maximumQoS ?? 2) || (flags & 1 && limits.retainAvailable === false)
      ? "MQTT_UNSUPPORTED"
      : // Where it comes first an alias takes up to five bytes.
        prepare(bytes, waitedS, aliases, (isAlias && room > 4 && limits.topicAliasMaximum) as number) || "MQTT_EXPIRED";
};

/** What a reason code of 128 and above means; `code` where it has no code of its own. */
export const refusal = (code: string, packet: ReasonPacket) => {
  const reason = packet.reasonCode;
  const more = packet.properties || {};
  const error =
    reason >> 1 === 78 // 156, 157: use another server, server moved
      ? failure("MQTT_MOVED", more.serverReference)
      : failure(reason === 142 ? "MQTT_TAKEN_OVER" : code, reason);
  error.reason = more.reasonString;
  return error;
};
