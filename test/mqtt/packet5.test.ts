/** The codec in MQTT 5: what packet.test.ts is for 3.1.1. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { hex, loadCodec, type NamedPacket, unhex } from "../support/mqtt.ts";
import { type Fixture, type Refused, reader, testFixtures, testRefused } from "../support/packet-cases.ts";

const codec = await loadCodec();

const FIXTURES: Fixture[] = [
  [
    "CONNECT with all properties",
    "client",
    {
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clean: false,
      keepalive: 10,
      properties: {
        sessionExpiryInterval: 4294967295,
        receiveMaximum: 20,
        maximumPacketSize: 65536,
        topicAliasMaximum: 0,
        requestResponseInformation: true,
        requestProblemInformation: false,
        userProperties: { a: ["1", "2"], hasOwnProperty: "h" },
        authenticationMethod: "m",
        authenticationData: "\0\xff",
      },
      clientId: "dev",
      will: {
        topic: "w",
        payload: "",
        qos: 2,
        retain: true,
        properties: {
          willDelayInterval: 5,
          payloadFormatIndicator: true,
          messageExpiryInterval: 1,
          contentType: "",
          responseTopic: "r",
          correlationData: "",
          userProperties: { "": "" },
        },
      },
      username: "u",
      password: "p",
    },
    `10 76 0004 4d515454 05 f4 000a 3f 11ffffffff 210014 2700010000 220000 1901 1700 26000161000131 26000161000132
     26 000e 6861734f776e50726f7065727479 0001 68 15 0001 6d 16 0002 00ff 0003 646576
     1b 1800000005 0101 0200000001 030000 08000172 090000 2600000000 0001 77 0000 0001 75 0001 70`,
  ],
  [
    "CONNECT, the smallest",
    "client",
    { cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clean: true, keepalive: 0, clientId: "" },
    "10 0d 0004 4d515454 05 02 0000 00 0000",
  ],
  ["CONNACK", "server", { cmd: "connack", sessionPresent: true, reasonCode: 0 }, "20 03 01 00 00"],
  [
    "CONNACK, refused, with a reason",
    "server",
    {
      cmd: "connack",
      sessionPresent: false,
      reasonCode: 0x9d,
      properties: { serverReference: "s", reasonString: "r" },
    },
    "20 0b 00 9d 08 1c 0001 73 1f 0001 72",
  ],
  [
    "CONNACK, what the server can",
    "server",
    {
      cmd: "connack",
      sessionPresent: false,
      reasonCode: 0,
      properties: {
        maximumQoS: 1,
        retainAvailable: false,
        assignedClientIdentifier: "i",
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifiersAvailable: true,
        sharedSubscriptionAvailable: false,
        serverKeepAlive: 65535,
        responseInformation: "",
      },
    },
    "20 17 00 00 14 2401 2500 12 0001 69 2800 2901 2a00 13ffff 1a0000",
  ],
  [
    "PUBLISH, alias in place of the topic",
    "client",
    { cmd: "publish", topic: "", payload: "p", qos: 0, dup: false, retain: false, properties: { topicAlias: 65535 } },
    "30 07 0000 03 23ffff 70",
  ],
  [
    "PUBLISH that two subscriptions matched",
    "server",
    {
      cmd: "publish",
      topic: "a",
      payload: "",
      qos: 1,
      dup: true,
      retain: true,
      messageId: 1,
      properties: { subscriptionIdentifier: [1, 268435455] },
    },
    "3b 0d 0001 61 0001 07 0b01 0bffffff7f",
  ],
  ["PUBACK", "server", { cmd: "puback", messageId: 1, reasonCode: 0 }, "40 02 0001"],
  ["PUBACK, nobody there", "server", { cmd: "puback", messageId: 1, reasonCode: 0x10 }, "40 04 0001 10 00"],
  [
    "PUBREC, accepted, with a property",
    "client",
    { cmd: "pubrec", messageId: 1, reasonCode: 0, properties: { reasonString: "" } },
    "50 07 0001 00 03 1f0000",
  ],
  ["PUBREL, unknown", "client", { cmd: "pubrel", messageId: 2, reasonCode: 0x92 }, "62 04 0002 92 00"],
  ["PUBCOMP", "server", { cmd: "pubcomp", messageId: 2, reasonCode: 0 }, "70 02 0002"],
  [
    "SUBSCRIBE",
    "client",
    {
      cmd: "subscribe",
      messageId: 10,
      subscriptions: [
        { topic: "a/+", qos: 1, nl: true, rap: false, rh: 2 },
        { topic: "$share/g/#", qos: 2, nl: false, rap: true, rh: 1 },
        { topic: "$share", qos: 0, nl: true, rap: true, rh: 0 },
      ],
      properties: { subscriptionIdentifier: 128 },
    },
    "82 22 000a 03 0b8001 0003 612f2b 25 000a 2473686172652f672f23 1a 0006 247368617265 0c",
  ],
  [
    "SUBACK",
    "server",
    { cmd: "suback", messageId: 10, granted: [0, 1, 2, 0x9e], properties: { userProperties: { k: "v" } } },
    "90 0e 000a 07 26 0001 6b 0001 76 00 01 02 9e",
  ],
  [
    "UNSUBSCRIBE",
    "client",
    { cmd: "unsubscribe", messageId: 11, unsubscriptions: ["$share/g/a", "#"] },
    "a2 12 000b 00 000a 2473686172652f672f61 0001 23",
  ],
  ["UNSUBACK", "server", { cmd: "unsuback", messageId: 11, granted: [0, 0x11] }, "b0 05 000b 00 00 11"],
  ["PINGREQ", "client", { cmd: "pingreq" }, "c0 00"],
  ["PINGRESP", "server", { cmd: "pingresp" }, "d0 00"],
  [
    "DISCONNECT with the Will",
    "client",
    { cmd: "disconnect", reasonCode: 4, properties: { sessionExpiryInterval: 0 } },
    "e0 07 04 05 1100000000",
  ],
  ["DISCONNECT of the server", "server", { cmd: "disconnect", reasonCode: 0x8e }, "e0 02 8e 00"],
  [
    "AUTH",
    "server",
    { cmd: "auth", reasonCode: 0x18, properties: { authenticationMethod: "SCRAM", authenticationData: "\xff" } },
    "f0 0e 18 0c 15 0005 534352414d 16 0001 ff",
  ],
  [
    "AUTH, once more",
    "client",
    { cmd: "auth", reasonCode: 0x19, properties: { authenticationMethod: "" } },
    "f0 05 19 03 150000",
  ],
];
testFixtures(codec, true, FIXTURES);

const readOnly: [string, "client" | "server", string, NamedPacket][] = [
  ["PUBACK with a reason code alone", "server", "40 03 0001 87", { cmd: "puback", messageId: 1, reasonCode: 0x87 }],
  ["PUBACK in full", "server", "40 04 0001 00 00", { cmd: "puback", messageId: 1, reasonCode: 0 }],
  ["DISCONNECT with nothing (3.14.2.1)", "client", "e0 00", { cmd: "disconnect", reasonCode: 0 }],
  ["DISCONNECT with a reason code alone", "server", "e0 01 8b", { cmd: "disconnect", reasonCode: 0x8b }],
  ["DISCONNECT 0x8C (table 2-6)", "server", "e0 01 8c", { cmd: "disconnect", reasonCode: 0x8c }],
  ["AUTH with nothing (3.15.2.1)", "server", "f0 00", { cmd: "auth", reasonCode: 0 }],
  [
    "a password without a user name (3.1.2.9)",
    "client",
    "10 10 0004 4d515454 05 42 0000 00 0000 0001 70",
    { cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clean: true, keepalive: 0, clientId: "", password: "p" },
  ],
  [
    "a kept session without an identifier, which the server may assign (3.1.3.1)",
    "client",
    "10 0d 0004 4d515454 05 00 0000 00 0000",
    { cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clean: false, keepalive: 0, clientId: "" },
  ],
  [
    "a CONNECT of 3.1.1 to a parser of MQTT 5",
    "client",
    "10 0c 0004 4d515454 04 02 0000 0000",
    { cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, keepalive: 0, clientId: "" },
  ],
  [
    "User Properties by names of the interpreter, twice and with empty values",
    "server",
    "40 20 0001 00 1c 26 0002 6f6e 0000 26 0002 6f6e 0001 32 26 0002 6f6e 0000 26 0001 61 0000",
    { cmd: "puback", messageId: 1, reasonCode: 0, properties: { userProperties: { on: ["", "2", ""], a: "" } } },
  ],
];
for (const [name, side, bytes, packet] of readOnly) {
  test(`read: ${name}`, () => {
    const { packets, feed } = reader(codec, side, true);
    assert.equal(feed(unhex(bytes)), undefined);
    assert.deepEqual(packets, [packet]);
  });
}

const pair = (name: string, value: string) =>
  `26 ${hex(String.fromCharCode(0, name.length) + name)} ${hex(String.fromCharCode(0, value.length) + value)}`;

test("User Properties with the names of what every object has", () => {
  const names = ["hasOwnProperty", "toString", "valueOf", "constructor", "on", "emit", "__proto__", "length", "#onx"];
  for (const first of names)
    for (const second of names) {
      const body = unhex(`${pair(first, "1")} ${pair(second, "2")} ${pair(second, "3")} ${pair(first, "4")}`);
      const packet = unhex("40 00 0001 00 00") + body;
      const framed = `\x40${String.fromCharCode(packet.length - 2)}${packet.slice(2, 5)}${String.fromCharCode(body.length)}${body}`;
      const { packets, feed } = reader(codec, "server", true);
      assert.equal(feed(framed), undefined, `${first}, ${second}`);
      const wanted: [string, string[]][] =
        first === second
          ? [[first, ["1", "2", "3", "4"]]]
          : [
              [first, ["1", "4"]],
              [second, ["2", "3"]],
            ];
      // `__proto__` is not for a program to have.
      const kept = wanted.filter(([name]) => name !== "__proto__");
      const properties = (packets[0] as { properties?: { userProperties: object } }).properties;
      assert.deepEqual(Object.entries(properties?.userProperties ?? {}), kept);
    }
  assert.equal(Object.keys(Object.prototype).length, 0);
});

test("a User Property may be written with any name", () => {
  const userProperties = JSON.parse('{"__proto__":"a","toString":"b"}') as { [name: string]: string };
  const bytes = codec.encode({ cmd: "puback", messageId: 1, properties: { userProperties } }, true);
  assert.ok(hex(bytes).includes(hex("__proto__")) && hex(bytes).includes(hex("toString")));
});

const connect = (flags: string, rest: string) => `10 ${size(rest, 10)} 0004 4d515454 05 ${flags} 0000 ${rest}`;
function size(rest: string, more: number): string {
  return (unhex(rest).length + more).toString(16).padStart(2, "0");
}
/** A packet with these properties. */
const publish = (properties: string) => {
  const bytes = unhex(properties).length.toString(16).padStart(2, "0");
  return `30 ${size(properties, 5)} 0001 61 ${bytes} ${properties} 70`;
};
const connectWith = (properties: string) => connect("02", `${size(properties, 0)} ${properties} 0000`);
const connack = (properties: string) => `20 ${size(properties, 3)} 00 00 ${size(properties, 0)} ${properties}`;
const puback = (properties: string) => `40 ${size(properties, 4)} 0001 00 ${size(properties, 0)} ${properties}`;
const subscribe = (options: string, filter = "a", properties = "") => {
  const rest = `${size(properties, 0)} ${properties} 00 ${hex(String.fromCharCode(filter.length) + filter)} ${options}`;
  return `82 ${size(rest, 2)} 0001 ${rest}`;
};

const REFUSED: Refused[] = [
  ["type 0", "server", "00 00", 0x81],
  ["PUBACK with flag bits", "server", "42 02 0001", 0x81],
  ["AUTH with flag bits", "server", "f1 00", 0x81],
  ["a Remaining Length longer than needed (1.5.5)", "server", "d0 80 00", 0x81],
  ["a Remaining Length of five bytes", "server", "30 ff ff ff ff 01", 0x81],
  ["SUBSCRIBE of the server", "server", subscribe("00"), 0x82],
  ["CONNACK of the client", "client", "20 03 00 00 00", 0x82],
  ["CONNECT of another protocol", "client", "10 0d 0004 4d515458 05 02 0000 00 0000", 0x81],
  ["CONNECT of version 6", "client", "10 0d 0004 4d515454 06 02 0000 00 0000", 0x84],
  ["CONNECT of version 3", "client", "10 0e 0006 4d5149736470 03 02 0000 0000", 0x84],
  ["CONNECT with the reserved flag", "client", connect("03", "00 0000"), 0x81],
  ["CONNECT with Will QoS 3", "client", connect("1e", "00 0000 00 0001 61 0000"), 0x81],
  ["CONNECT with Will QoS and no Will", "client", connect("0a", "00 0000"), 0x82],
  ["CONNECT with Will Retain and no Will", "client", connect("22", "00 0000"), 0x82],
  ["CONNECT whose Will topic is empty", "client", connect("06", "00 0000 00 0000 0000"), 0x81],
  ["CONNECT whose Will topic has a wildcard", "client", connect("06", "00 0000 00 0001 23 0000"), 0x81],
  ["CONNECT whose Will has a session expiry", "client", connect("06", "00 0000 05 1100000000 0001 61 0000"), 0x81],
  ["CONNECT with bytes behind the last field", "client", connect("02", "00 0000 00"), 0x81],
  ["CONNECT without properties", "client", "10 0a 0004 4d515454 05 02 0000", 0x81],
  ["CONNECT with a Will Delay", "client", connectWith("18 00000000"), 0x81],
  ["Receive Maximum 0", "client", connectWith("21 0000"), 0x82],
  ["Maximum Packet Size 0", "client", connectWith("27 00000000"), 0x82],
  ["Request Problem Information 2", "client", connectWith("17 02"), 0x82],
  ["Request Response Information 2", "client", connectWith("19 02"), 0x82],
  ["Session Expiry twice", "client", connectWith("11 00000000 11 00000000"), 0x82],
  ["authentication data without a method", "client", connectWith("16 0000"), 0x82],
  ["CONNACK with Session Present and an error", "server", "20 03 01 80 00", 0x82],
  ["CONNACK with reserved flags", "server", "20 03 02 00 00", 0x81],
  ["CONNACK with a return code of 3.1.1", "server", "20 03 00 05 00", 0x82],
  ["CONNACK with a code that is not for it", "server", "20 03 00 8e 00", 0x82],
  ["CONNACK as 3.1.1 has it", "server", "20 02 00 00", 0x81],
  ["Maximum QoS 2", "server", connack("24 02"), 0x82],
  ["Retain Available 2", "server", connack("25 02"), 0x82],
  ["Shared Subscription Available twice", "server", connack("2a 01 2a 01"), 0x82],
  ["CONNACK with a Topic Alias", "server", connack("23 0001"), 0x81],
  ["Assigned Client Identifier that is no UTF-8", "server", connack("12 0001 80"), 0x81],
  ["PUBLISH with QoS 3", "server", "36 07 0001 61 0001 00 70", 0x81],
  ["PUBLISH with DUP and QoS 0", "server", "38 05 0001 61 00 70", 0x82],
  ["PUBLISH with Packet Identifier 0", "server", "32 06 0001 61 0000 00", 0x82],
  ["PUBLISH without a topic or an alias", "server", "30 03 0000 00", 0x82],
  ["PUBLISH to +", "server", "30 04 0001 2b 00", 0x81],
  ["PUBLISH to a topic with U+0000", "server", "30 04 0001 00 00", 0x81],
  ["PUBLISH without properties", "server", "30 03 0001 61", 0x81],
  ["PUBLISH with Topic Alias 0", "server", publish("23 0000"), 0x94],
  ["PUBLISH with two aliases", "server", publish("23 0001 23 0001"), 0x82],
  ["PUBLISH with a Reason String", "server", publish("1f 0000"), 0x81],
  ["PUBLISH with Subscription Identifier 0", "server", publish("0b 00"), 0x82],
  ["PUBLISH with a Subscription Identifier of five bytes", "server", publish("0b 80808080 01"), 0x81],
  ["PUBLISH with a Subscription Identifier longer than needed", "server", publish("0b 8100"), 0x81],
  ["PUBLISH of a client with a Subscription Identifier", "client", publish("0b 01"), 0x82],
  ["PUBLISH with Payload Format Indicator 2", "server", publish("01 02"), 0x82],
  ["PUBLISH with an empty Response Topic", "server", publish("08 0000"), 0x81],
  ["PUBLISH with a wildcard in the Response Topic", "server", publish("08 0001 23"), 0x81],
  ["PUBLISH with a Content Type that is no UTF-8", "server", publish("03 0002 eda0"), 0x81],
  ["an unknown property", "server", publish("04 00"), 0x81],
  ["property 0", "server", publish("00"), 0x81],
  ["a property identifier longer than needed", "server", publish("8100 01"), 0x81],
  ["a property that ends behind the properties", "server", "30 08 0001 61 03 0200 00 70", 0x81],
  ["properties that end behind the packet", "server", "30 05 0001 61 03 23", 0x81],
  ["a Property Length longer than needed", "server", "30 06 0001 61 8000 70", 0x81],
  ["a User Property without a value", "server", puback("26 0001 61"), 0x81],
  ["a User Property with U+0000 in its name", "server", puback("26 0001 00 0000"), 0x81],
  ["a User Property whose value is no UTF-8", "server", puback("26 0000 0001 ff"), 0x81],
  ["two Reason Strings", "server", puback("1f 0000 1f 0000"), 0x82],
  ["PUBACK with identifier 0", "server", "40 02 0000", 0x82],
  ["PUBACK with a code that is not for it", "server", "40 03 0001 92", 0x82],
  ["PUBACK of a client: nobody there", "client", "40 03 0001 10", 0x82],
  ["PUBACK with bytes behind its properties", "server", "40 05 0001 00 00 00", 0x81],
  ["PUBREL with a code that is not for it", "server", "62 03 0001 80", 0x82],
  ["PUBCOMP with a code that is not for it", "client", "70 03 0001 10", 0x82],
  ["SUBSCRIBE with reserved bits", "client", subscribe("40"), 0x81],
  ["SUBSCRIBE with QoS 3", "client", subscribe("03"), 0x82],
  ["SUBSCRIBE with Retain Handling 3", "client", subscribe("30"), 0x82],
  ["SUBSCRIBE without filters", "client", "82 03 0001 00", 0x82],
  ["SUBSCRIBE without options", "client", subscribe(""), 0x81],
  ["SUBSCRIBE with Subscription Identifier 0", "client", subscribe("00", "a", "0b 00"), 0x82],
  ["SUBSCRIBE with two Subscription Identifiers", "client", subscribe("00", "a", "0b 01 0b 02"), 0x82],
  ["SUBSCRIBE with a Reason String", "client", subscribe("00", "a", "1f 0000"), 0x81],
  ["No Local on a Shared Subscription", "client", subscribe("04", "$share/g/a"), 0x82],
  ["a Shared Subscription without a name", "client", subscribe("00", "$share//a"), 0x81],
  ["a Shared Subscription without a filter", "client", subscribe("00", "$share/g"), 0x81],
  ["a Shared Subscription with an empty filter", "client", subscribe("00", "$share/g/"), 0x81],
  ["a Shared Subscription whose name is +", "client", subscribe("00", "$share/+/a"), 0x81],
  ["a Shared Subscription whose name has #", "client", subscribe("00", "$share/#"), 0x81],
  ["a Shared Subscription with nothing", "client", subscribe("00", "$share/"), 0x81],
  ["a Shared Subscription with a filter that is none", "client", subscribe("00", "$share/g/a#"), 0x81],
  ["SUBACK without codes", "server", "90 03 0001 00", 0x82],
  ["SUBACK with a code that is not for it", "server", "90 04 0001 00 03", 0x82],
  ["UNSUBSCRIBE without filters", "client", "a2 03 0001 00", 0x82],
  ["UNSUBSCRIBE with a Subscription Identifier", "client", "a2 08 0001 02 0b01 0001 61", 0x81],
  ["UNSUBACK as 3.1.1 has it", "server", "b0 02 0001", 0x81],
  ["UNSUBACK without codes", "server", "b0 03 0001 00", 0x82],
  ["UNSUBACK with a code of SUBACK", "server", "b0 04 0001 00 01", 0x82],
  ["PINGRESP with a body", "server", "d0 01 00", 0x81],
  ["DISCONNECT with a code that is none", "client", "e0 01 05", 0x82],
  ["DISCONNECT of the server with the Will", "server", "e0 01 04", 0x82],
  ["DISCONNECT of a client: server busy", "client", "e0 01 89", 0x82],
  ["DISCONNECT of the server with a session expiry", "server", "e0 07 00 05 1100000000", 0x82],
  ["AUTH with a code that is none", "server", "f0 05 01 03 150000", 0x82],
  ["AUTH of a client: success", "client", "f0 05 00 03 150000", 0x82],
  ["AUTH of the server: once more", "server", "f0 05 19 03 150000", 0x82],
  ["AUTH without a method", "server", "f0 02 18 00", 0x82],
  ["AUTH with a reason code alone", "server", "f0 01 18", 0x81],
];
testRefused(codec, true, REFUSED);

test("a packet over the limit is refused as soon as its length is known", () => {
  const failure = { code: "MQTT_TOO_LARGE", cause: 0x30, command: undefined, reasonCode: 0x95 };
  assert.deepEqual(reader(codec, "server", true, 98).feed("\x30\x61"), failure);
  assert.equal(reader(codec, "server", true, 99).feed("\x30\x61"), undefined);
});

test("many properties in one packet take no more time than they have bytes", () => {
  const count = 40_000;
  const one = unhex(pair("a", ""));
  const other = Array.from({ length: count }, (_, i) => unhex(pair(`k${i}`, ""))).join("");
  for (const body of [one.repeat(count), other]) {
    const length = body.length;
    const varint = String.fromCharCode((length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14);
    const total = 3 + 3 + length;
    const stream = `\x40${String.fromCharCode((total & 127) | 128, ((total >> 7) & 127) | 128, total >> 14)}\0\x01\0${varint}${body}`;
    const { packets, feed } = reader(codec, "server", true, 2 ** 20);
    const start = performance.now();
    assert.equal(feed(stream), undefined);
    assert.equal(packets.length, 1);
    assert.ok(performance.now() - start < 2000);
  }
});

test("what it gives is of the board's realm and has no keys without a value", () => {
  const packets: NamedPacket[] = [];
  codec.createParser("server", (packet) => packets.push(toHost(packet)), 4096, 5)(unhex("40 02 0001"));
  assert.deepEqual(Object.keys(packets[0] ?? {}), ["cmd", "messageId", "reasonCode"]);
});
