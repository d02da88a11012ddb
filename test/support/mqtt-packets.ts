/** Packets by chance, for the codecs and their oracle. Texts are binary strings, properties in an order by chance. */
import fc from "fast-check";
import type { Properties } from "../../modules/mqtt/types.ts";
import type { NamedPacket, Side } from "./mqtt.ts";

/** GODWIT_RUNS for a nightly run, GODWIT_SEED to have one again. */
export const runs = Number(process.env["GODWIT_RUNS"] ?? 2000);
export const seed = Number(process.env["GODWIT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const binary = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
/** Any text that UTF-8 can say, except U+0000; as bytes. */
const text = (constraints: fc.StringConstraints = {}) =>
  fc.string({ unit: "grapheme", maxLength: 30, ...constraints }).map((s) => binary(s.replaceAll("\0", "0")));
const topic = text({ minLength: 1 }).map((s) => s.replace(/[+#]/g, "/"));
const level = text({ maxLength: 6 }).map((s) => s.replace(/[+#/]/g, "-"));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 5 }), fc.constantFrom("", "/#", "/"))
  .map(([levels, end]) => levels.join("/") + end || "#");
const shared = fc
  .tuple(
    level.map((name) => name || "n"),
    filter,
  )
  .map(([name, rest]) => `$share/${name}/${rest}`);
const bytes = fc.uint8Array({ maxLength: 40 }).map((data) => Buffer.from(data).toString("latin1"));
const payload = fc.oneof(
  { weight: 8, arbitrary: bytes },
  { weight: 2, arbitrary: fc.integer({ min: 100, max: 300 }).map((length) => "\x07\xff".repeat(length)) },
  { weight: 1, arbitrary: fc.constant("\x07".repeat(17_000)) },
);
const messageId = fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.constantFrom(1, 127, 128, 255, 256, 65535));
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const edges = [0, 1, 127, 128, 255, 256, 16383, 16384, 32767, 32768, 65535];
const word = fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.constantFrom(...edges));
const long = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(...edges, 65536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1),
);
const varint = fc.oneof(
  fc.integer({ min: 1, max: 268435455 }),
  fc.constantFrom(1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455),
);
const positive = (numbers: fc.Arbitrary<number>) => numbers.map((n) => n || 1);

// ------------------------------------------------------------------------------------------------ properties

/** Values of one name are not empty where there are several: `mqtt-packet` forgets an empty one when another comes. */
const userProperties = fc
  .dictionary(
    fc.oneof(text({ maxLength: 8 }), fc.constantFrom("hasOwnProperty", "toString", "constructor", "on", "length", "")),
    fc.oneof(text({ maxLength: 12 }), fc.array(text({ minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 })),
    { minKeys: 1, maxKeys: 4, noNullPrototype: true },
  )
  // No text of the interpreter's own; what becomes of it has its own tests.
  .map((pairs) => Object.fromEntries(Object.entries(pairs).filter(([name]) => name !== "__proto__" && !isIndex(name))))
  .filter((pairs) => Object.keys(pairs).length > 0);
/** V8 lists such names first, the interpreter as they came. */
const isIndex = (name: string): boolean => /^\d+$/.test(name);

const property: { [Name in keyof Properties]-?: fc.Arbitrary<NonNullable<Properties[Name]>> } = {
  payloadFormatIndicator: fc.boolean(),
  messageExpiryInterval: long,
  contentType: text(),
  responseTopic: topic,
  correlationData: bytes,
  subscriptionIdentifier: varint,
  sessionExpiryInterval: long,
  assignedClientIdentifier: text(),
  serverKeepAlive: word,
  authenticationMethod: text(),
  authenticationData: bytes,
  requestProblemInformation: fc.boolean(),
  willDelayInterval: long,
  requestResponseInformation: fc.boolean(),
  responseInformation: text(),
  serverReference: text(),
  reasonString: text(),
  receiveMaximum: positive(word),
  topicAliasMaximum: word,
  topicAlias: positive(word),
  maximumQoS: fc.constantFrom(0, 1),
  retainAvailable: fc.boolean(),
  userProperties,
  maximumPacketSize: positive(long),
  wildcardSubscriptionAvailable: fc.boolean(),
  subscriptionIdentifiersAvailable: fc.boolean(),
  sharedSubscriptionAvailable: fc.boolean(),
};
type Name = keyof Properties;

/** Table 2-4, once more: the tests do not take it from the code they test. */
export const allowed = {
  connect:
    "sessionExpiryInterval authenticationMethod authenticationData requestProblemInformation requestResponseInformation " +
    "receiveMaximum topicAliasMaximum userProperties maximumPacketSize",
  will:
    "payloadFormatIndicator messageExpiryInterval contentType responseTopic correlationData willDelayInterval " +
    "userProperties",
  connack:
    "sessionExpiryInterval assignedClientIdentifier serverKeepAlive authenticationMethod authenticationData " +
    "responseInformation serverReference reasonString receiveMaximum topicAliasMaximum maximumQoS retainAvailable " +
    "userProperties maximumPacketSize wildcardSubscriptionAvailable subscriptionIdentifiersAvailable " +
    "sharedSubscriptionAvailable",
  publish:
    "payloadFormatIndicator messageExpiryInterval contentType responseTopic correlationData subscriptionIdentifier " +
    "topicAlias userProperties",
  subscribe: "subscriptionIdentifier userProperties",
  unsubscribe: "userProperties",
  acknowledgement: "reasonString userProperties",
  disconnect: "sessionExpiryInterval serverReference reasonString userProperties",
  auth: "authenticationMethod authenticationData reasonString userProperties",
  anything: Object.keys(property).join(" "),
} as const;
export type Place = keyof typeof allowed;

/** Some of what may stand there, or nothing; keys in any order. */
export function propertiesOf(place: Place, without: Name[] = []): fc.Arbitrary<Properties | undefined> {
  const names = (allowed[place].split(" ") as Name[]).filter((name) => !without.includes(name));
  const some = fc.shuffledSubarray(names, { minLength: 1 }).chain((chosen) =>
    fc.tuple(...chosen.map((name) => property[name] as fc.Arbitrary<unknown>)).map((values) => {
      const found = Object.fromEntries(chosen.map((name, i) => [name, values[i]])) as Properties;
      // 3.1.2.11.10: no data without a method.
      if (found.authenticationMethod === undefined) delete found.authenticationData;
      return Object.keys(found).length > 0 ? found : undefined;
    }),
  );
  return fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 3, arbitrary: some });
}

/** Without the keys that have no value: what the codec gives has none. */
function tidy<T extends object>(packet: T): T {
  return Object.fromEntries(Object.entries(packet).filter(([, value]) => value !== undefined)) as T;
}

/** In MQTT 5 with `properties` of this place. */
function packet<T extends object>(
  five: boolean,
  fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> },
  place: Place,
  without: Name[] = [],
): fc.Arbitrary<T & { properties?: Properties | undefined }> {
  const properties = five ? propertiesOf(place, without) : fc.constant(undefined);
  return fc
    .tuple(fc.record(fields as { [Key in keyof T]: fc.Arbitrary<T[Key]> }), properties)
    .map(([rest, more]) => tidy({ ...rest, properties: more }) as T & { properties?: Properties | undefined });
}

// ------------------------------------------------------------------------------------------------ packets

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

function connect(five: boolean): fc.Arbitrary<NamedPacket> {
  const short = payload.map((s) => s.slice(0, 60));
  const will = packet(five, { topic, payload: short, qos, retain: fc.boolean() }, "will");
  const fields = {
    clientId: text(),
    clean: fc.boolean(),
    keepalive: word,
    username: maybe(text()),
    password: maybe(short),
    will: maybe(will),
  };
  return packet(five, fields, "connect").map((one) => {
    // `mqtt-packet` writes no password without a user name and no kept session without an identifier, though MQTT 5 may.
    if (one.username === undefined) delete (one as { password?: string }).password;
    return {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: five ? 5 : 4,
      ...one,
      clean: one.clean || one.clientId === "",
    } as NamedPacket;
  });
}

function publish(five: boolean, side: Side): fc.Arbitrary<NamedPacket> {
  const fields = { topic, payload, qos, dup: fc.boolean(), retain: fc.boolean(), messageId };
  const without: Name[] = side === "client" ? ["subscriptionIdentifier"] : [];
  const several = fc.tuple(fc.nat(3), fc.array(varint, { minLength: 2, maxLength: 3 }));
  return fc
    .tuple(packet(five, fields, "publish", without), several)
    .map(([{ messageId: id, dup, ...rest }, [chance, identifiers]]) => {
      const { properties } = rest;
      if (properties?.topicAlias !== undefined && chance === 0) rest.topic = "";
      if (properties?.subscriptionIdentifier !== undefined && chance > 1)
        properties.subscriptionIdentifier = identifiers;
      return { cmd: "publish", ...rest, ...(rest.qos ? { dup, messageId: id } : { dup: false }) } as NamedPacket;
    });
}

const confirmCodes = [0, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

function confirm(five: boolean, side: Side): fc.Arbitrary<NamedPacket> {
  const of = (cmd: string, codes: number[]) =>
    packet(
      five,
      { cmd: fc.constant(cmd), messageId, reasonCode: five ? fc.constantFrom(...codes) : fc.constant(undefined) },
      "acknowledgement",
    ) as fc.Arbitrary<NamedPacket>;
  const codes = side === "server" ? [...confirmCodes, 0x10] : confirmCodes;
  return fc.oneof(of("puback", codes), of("pubrec", codes), of("pubrel", [0, 0x92]), of("pubcomp", [0, 0x92]));
}

function subscribe(five: boolean): fc.Arbitrary<NamedPacket> {
  const one = five
    ? fc
        .record({
          topic: fc.oneof({ weight: 3, arbitrary: filter }, shared),
          qos,
          nl: fc.boolean(),
          rap: fc.boolean(),
          rh: fc.constantFrom(0, 1, 2),
        })
        .map((options) => ({ ...options, nl: options.nl && !options.topic.startsWith("$share/") }))
    : fc.record({ topic: filter, qos });
  const subscriptions = fc.array(one, { minLength: 1, maxLength: 5 });
  return packet(
    five,
    { cmd: fc.constant("subscribe"), messageId, subscriptions },
    "subscribe",
  ) as fc.Arbitrary<NamedPacket>;
}

function unsubscribe(five: boolean): fc.Arbitrary<NamedPacket> {
  const filters = five ? fc.oneof({ weight: 3, arbitrary: filter }, shared) : filter;
  const unsubscriptions = fc.array(filters, { minLength: 1, maxLength: 5 });
  const fields = { cmd: fc.constant("unsubscribe"), messageId, unsubscriptions };
  return packet(five, fields, "unsubscribe") as fc.Arbitrary<NamedPacket>;
}

const CONNACK = [
  0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c,
  0x9d, 0x9f,
];
const SUBACK = [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2];
const UNSUBACK = [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91];
// Without 0x8C, which table 2-6 has and `mqtt-packet` has not.
const DISCONNECT = {
  client: [0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
  server: [
    0, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a,
    0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
  ],
};

function connack(five: boolean): fc.Arbitrary<NamedPacket> {
  const code = five ? fc.constantFrom(...CONNACK) : fc.integer({ min: 0, max: 5 });
  return packet(five, { sessionPresent: fc.boolean(), code }, "connack").map(
    ({ code: value, sessionPresent, ...rest }) =>
      ({
        cmd: "connack",
        sessionPresent: sessionPresent && value === 0,
        ...(five ? { reasonCode: value } : { returnCode: value }),
        ...rest,
      }) as NamedPacket,
  );
}

function acknowledge(five: boolean, cmd: "suback" | "unsuback"): fc.Arbitrary<NamedPacket> {
  const codes = five ? (cmd === "suback" ? SUBACK : UNSUBACK) : [0, 1, 2, 128];
  const granted =
    five || cmd === "suback"
      ? fc.array(fc.constantFrom(...codes), { minLength: 1, maxLength: 5 })
      : fc.constant(undefined);
  return packet(five, { cmd: fc.constant(cmd), messageId, granted }, "acknowledgement") as fc.Arbitrary<NamedPacket>;
}

function disconnect(five: boolean, side: Side): fc.Arbitrary<NamedPacket> {
  const reasonCode = five ? fc.constantFrom(...DISCONNECT[side]) : fc.constant(undefined);
  const without: Name[] = side === "server" ? ["sessionExpiryInterval"] : [];
  return packet(
    five,
    { cmd: fc.constant("disconnect"), reasonCode },
    "disconnect",
    without,
  ) as fc.Arbitrary<NamedPacket>;
}

function auth(side: Side): fc.Arbitrary<NamedPacket> {
  const reasonCode = fc.constantFrom(0x18, side === "client" ? 0x19 : 0);
  const method = property.authenticationMethod;
  return fc
    .tuple(packet(true, { cmd: fc.constant("auth"), reasonCode }, "auth"), method)
    .map(([one, given]) => ({ ...one, properties: { authenticationMethod: given, ...one.properties } }) as NamedPacket);
}

const ping = (cmd: "pingreq" | "pingresp"): fc.Arbitrary<NamedPacket> => fc.record({ cmd: fc.constant(cmd) });

/** Any packet that this side may send. */
export function packetOf(side: Side, five: boolean): fc.Arbitrary<NamedPacket> {
  const shares: fc.Arbitrary<NamedPacket>[] =
    side === "client"
      ? [
          publish(five, side),
          publish(five, side),
          connect(five),
          subscribe(five),
          unsubscribe(five),
          confirm(five, side),
        ]
      : [publish(five, side), publish(five, side), connack(five), acknowledge(five, "suback"), confirm(five, side)];
  const few: fc.Arbitrary<NamedPacket>[] =
    side === "client" ? [ping("pingreq"), disconnect(five, side)] : [ping("pingresp"), acknowledge(five, "unsuback")];
  if (five && side === "server") few.push(disconnect(five, side));
  if (five) few.push(auth(side));
  // Cloned, because fast-check also makes objects without a prototype.
  return fc
    .oneof(...shares.map((arbitrary) => ({ weight: 2, arbitrary })), ...few)
    .map((one): NamedPacket => structuredClone(one));
}
