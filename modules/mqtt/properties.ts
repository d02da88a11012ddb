import { field, join, varint, word } from "./bytes.ts";
import { isText } from "./text.ts";
import type { Properties } from "./types.ts";

/**
 * Properties of MQTT 5 (section 2.2.2), both ways. Pure.
 *
 * One row each: its identifier plus 48, which prints as one char, its type and its name; one native search finds it. Types:
 * as many bytes as a number has, of which one is a flag (but T); v a variable byte integer; s a text, b bytes, p a pair of
 * texts. Message Expiry comes first: it stands at a known place of a packet that waits, and is counted down there.
 */
const TABLE =
  ",24messageExpiryInterval,11payloadFormatIndicator,3scontentType,8sresponseTopic,9bcorrelationData," +
  ";vsubscriptionIdentifier,A4sessionExpiryInterval,BsassignedClientIdentifier,C2serverKeepAlive," +
  "EsauthenticationMethod,FbauthenticationData,G1requestProblemInformation,H4willDelayInterval," +
  "I1requestResponseInformation,JsresponseInformation,LsserverReference,OsreasonString,Q2receiveMaximum," +
  "R2topicAliasMaximum,S2topicAlias,T1maximumQoS,U1retainAvailable,VpuserProperties,W4maximumPacketSize," +
  "X1wildcardSubscriptionAvailable,Y1subscriptionIdentifiersAvailable,Z1sharedSubscriptionAvailable,";

/** What a packet of the server may carry, by identifier; all may carry a Reason String and User Properties but PUBLISH. */
export const IN_CONNACK = "ABCEFJLOQRTUVWXYZ";
export const IN_PUBLISH = "12389V;S"; // the last two only from the broker
export const IN_ACK = "OV";
export const IN_DISCONNECT = "LOV";
export const IN_AUTH = "EFOV";

const fromCharCode = String.fromCharCode;
const never = /\0/;
const isFine = (text: string) => text === "" || isText(text, never);

/**
 * With their length in front; nothing when a text is none, or one is not `allowed`. Names that are not in the table do not
 * travel.
 */
export const encodeProperties = (properties: Properties | undefined, allowed?: string): string | undefined => {
  const given = properties as { [name: string]: unknown } | undefined;
  let body = "";
  let isBad = false;
  if (given)
    for (const row of TABLE.split(",")) {
      const value = given[row.slice(2)];
      if (value === undefined) continue;
      const type = row[1] as string;
      isBad = isBad || !(allowed || row).includes(row[0] as string);
      const texts = (text: string) => {
        isBad = isBad || !(type === "b" || isFine(text)) || text.length > 65535;
        return field(text);
      };
      const pairs = (type === "p" ? value : [value]) as { [name: string]: unknown };
      for (const name of Object.keys(pairs))
        for (const one of ([] as unknown[]).concat(pairs[name])) {
          const number = one as number;
          body = join(
            body,
            row.charCodeAt(0) - 48,
            type === "p" ? texts(name) : "",
            type === "v"
              ? varint(number)
              : type > "9"
                ? texts(one as string)
                : [number >> 24, number >> 16, number >> 8, number].slice(4 - +type),
          );
        }
    }
  return isBad ? undefined : join(varint(body.length), body);
};

/** Where decoding stands. `at` is not a number once something was wrong. */
export interface Cursor {
  at: number;
}

/**
 * The reason code of the newest packet that was wrong: malformed, or a protocol error (2.2.2.2, "more than once"); and the
 * Reason String of the newest SUBACK or UNSUBACK.
 */
export const fault: { reason: number; words?: string | undefined } = { reason: 129 };

/** A variable byte integer (1.5.5), as short as can be. */
export const decodeVarint = (data: Uint8Array, cursor: Cursor): number => {
  let value = 0;
  let shift = 0;
  let byte = 128;
  while (byte > 127) {
    byte = data[cursor.at++] as number;
    value |= (byte & 127) << shift;
    // A fifth byte to come, none at all, or a zero that lengthens it.
    if (!(byte >= 0) || (byte > 127 && shift > 20) || (shift && !byte)) cursor.at = byte = NaN;
    shift += 7;
  }
  return value;
};

/** The properties at `cursor`, which then stands behind them; `allowed` as above. Nothing where there are none. */
export const decodeProperties = (
  data: Uint8Array,
  cursor: Cursor,
  end: number,
  text: string,
  allowed: string,
): Properties | undefined => {
  const total = decodeVarint(data, cursor);
  const stop = cursor.at + total;
  let isBad = false;
  const found: { [name: string]: unknown } = {};
  const take = (isBytes?: boolean) => {
    const from = cursor.at + 2;
    cursor.at = from + word(data, from - 2);
    const taken = text.slice(from, cursor.at);
    isBad = isBad || !(isBytes || isFine(taken));
    return taken;
  };
  // A statement of its own: terser would put the declarations into the head of the loop, which `take` then captures.
  isBad = !(stop <= end);
  while (!isBad && cursor.at < stop) {
    // One char, as each of the table.
    const id = fromCharCode((data[cursor.at++] as number) + 48) as ";";
    const row = TABLE.split("," + id)[1] || ",";
    const type = row[0] as string;
    const name = row.slice(1, row.indexOf(","));
    const before = found[name];
    let value: unknown;
    if (!allowed.includes(id)) isBad = true;
    else if (type === "p") {
      const pairs = (before || {}) as { [name: string]: unknown };
      const key = take();
      const one = take();
      // The interpreter would take a text of this name for the prototype, and `pairs.hasOwnProperty` for the broker's text.
      if (key !== "__proto__")
        pairs[key] = found.hasOwnProperty.call(pairs, key) ? ([] as unknown[]).concat(pairs[key], one) : one;
      value = pairs;
    } else {
      let number = 0;
      if (type === "v") number = decodeVarint(data, cursor);
      else if (type < "9") for (let count = +type; count--; ) number = number * 256 + (data[cursor.at++] as number);
      value =
        type > "9" && type < "v" ? take(type === "b") : type === "1" && id !== ("T" as string) ? number > 0 : number;
      // Subscription Identifier, Receive Maximum and Maximum Packet Size are never 0; only the first may come again.
      if ((!number && ";QW".includes(id)) || (type === "1" && number > 1) || (before !== undefined && type !== "v")) {
        isBad = true;
        fault.reason = 130;
      }
      if (before !== undefined) value = ([] as unknown[]).concat(before, value);
    }
    found[name] = value;
  }
  if (isBad || cursor.at !== stop) cursor.at = NaN;
  return total ? (found as Properties) : undefined;
};
