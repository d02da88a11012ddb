import { isFilter } from "../text.ts";

/** What MQTT 5 allows where: tables 2-4 and 2-6 and the section of each packet (OASIS, 7 March 2019). */

/** Reason codes for what is wrong with a packet (1.2, 4.13). */
export const MALFORMED = 0x81;
export const PROTOCOL_ERROR = 0x82;
export const UNSUPPORTED_VERSION = 0x84;
export const BAD_IDENTIFIER = 0x85;
export const ALIAS_INVALID = 0x94;
export const TOO_LARGE = 0x95;

export type Side = "client" | "server";

/**
 * Kinds: `flag` a byte that is a boolean, `bit` one that is a number, 0 or 1 both; `word` two bytes, `long` four; `varint`;
 * `text`, `topic` (a text that is a Topic Name), `bytes`, and `pair` of texts. With `+` the value may not be 0.
 */
export interface PropertyRule {
  id: number;
  kind: string;
  isPositive: boolean;
  name: string;
  /** Packets, and `will`. */
  where: string[];
}

const TABLE =
  "1 flag payloadFormatIndicator publish will\n" +
  "2 long messageExpiryInterval publish will\n" +
  "3 text contentType publish will\n" +
  "8 topic responseTopic publish will\n" +
  "9 bytes correlationData publish will\n" +
  "11 varint+ subscriptionIdentifier publish subscribe\n" +
  "17 long sessionExpiryInterval connect connack disconnect\n" +
  "18 text assignedClientIdentifier connack\n" +
  "19 word serverKeepAlive connack\n" +
  "21 text authenticationMethod connect connack auth\n" +
  "22 bytes authenticationData connect connack auth\n" +
  "23 flag requestProblemInformation connect\n" +
  "24 long willDelayInterval will\n" +
  "25 flag requestResponseInformation connect\n" +
  "26 text responseInformation connack\n" +
  "28 text serverReference connack disconnect\n" +
  "31 text reasonString connack puback pubrec pubrel pubcomp suback unsuback disconnect auth\n" +
  "33 word+ receiveMaximum connect connack\n" +
  "34 word topicAliasMaximum connect connack\n" +
  "35 word+ topicAlias publish\n" +
  "36 bit maximumQoS connack\n" +
  "37 flag retainAvailable connack\n" +
  "38 pair userProperties connect connack publish will puback pubrec pubrel pubcomp subscribe suback unsubscribe unsuback " +
  "disconnect auth\n" +
  "39 long+ maximumPacketSize connect connack\n" +
  "40 flag wildcardSubscriptionAvailable connack\n" +
  "41 flag subscriptionIdentifiersAvailable connack\n" +
  "42 flag sharedSubscriptionAvailable connack";

const readRule = (line: string): PropertyRule => {
  const words = line.split(" ");
  const kind = words[1] as string;
  return {
    id: parseInt(words[0] as string, 10),
    kind: kind.split("+")[0] as string,
    isPositive: kind.includes("+"),
    name: words[2] as string,
    where: words.slice(3),
  };
};

export const propertyRules: PropertyRule[] = TABLE.split("\n").map(readRule);

/** A Subscription Identifier for each subscription that matched (3.3.2.3.8); User Properties anywhere (2.2.2.2). */
export const mayRepeat = (rule: PropertyRule, packet: string) =>
  rule.kind === "pair" || (rule.kind === "varint" && packet === "publish");

interface CodeRule {
  packets: string[];
  /** By both sides, by the client only, by the server only. */
  both: number[];
  client: number[];
  server: number[];
}

const codeRules: CodeRule[] = [
  {
    packets: ["connack"],
    both: [],
    client: [],
    server: [
      0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b,
      0x9c, 0x9d, 0x9f,
    ],
  },
  // No matching subscribers is for the server to know (3.4.2.1, 3.5.2.1).
  {
    packets: ["puback", "pubrec"],
    both: [0, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
    client: [],
    server: [0x10],
  },
  { packets: ["pubrel", "pubcomp"], both: [0, 0x92], client: [], server: [] },
  {
    packets: ["suback"],
    both: [],
    client: [],
    server: [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  },
  { packets: ["unsuback"], both: [], client: [], server: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91] },
  // 0x8C stands in table 2-6 for DISCONNECT too, though not in the table of 3.14.2.1.
  {
    packets: ["disconnect"],
    both: [0, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
    client: [4],
    server: [0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2],
  },
  { packets: ["auth"], both: [0x18], client: [0x19], server: [0] },
];

/** A reason code of this packet; without a side, of either. */
export const isCode = (packet: string, code: number, side: Side | undefined): boolean => {
  for (const rule of codeRules)
    if (rule.packets.includes(packet))
      return (
        rule.both.includes(code) ||
        (side !== "server" && rule.client.includes(code)) ||
        (side !== "client" && rule.server.includes(code))
      );
  return false;
};

export const isShared = (filter: string) => filter.startsWith("$share/");

/**
 * A Topic Filter, of a Shared Subscription too: `$share/`, a name of at least one character without wildcards, and a Topic
 * Filter [MQTT-4.8.2-1, -2].
 */
export const isFilter5 = (filter: string): boolean => {
  if (!isShared(filter)) return isFilter(filter);
  const rest = filter.slice(7);
  const at = rest.indexOf("/");
  return isFilter(filter) && at > 0 && !/[+#]/.test(rest.slice(0, at)) && at + 1 < rest.length;
};
