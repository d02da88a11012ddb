/** The client's properties, against npm `mqtt-packet` and against the codec of both sides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as PropertiesModule from "../../modules/mqtt/properties.ts";
import type { Properties } from "../../modules/mqtt/types.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { hex, loadCodec, oracleEncode, unhex } from "../support/mqtt.ts";
import { allowed, type Place, propertiesOf, runs, seed } from "../support/mqtt-packets.ts";

const device = await loadModule<typeof PropertiesModule>("modules/mqtt/properties.ts", {
  features: { MQTT5: true, OUTBOX: false },
});
const codec = await loadCodec();

/** In the order in which the module writes them: by identifier, but Message Expiry first. */
const ORDER =
  "messageExpiryInterval payloadFormatIndicator contentType responseTopic correlationData subscriptionIdentifier " +
  "sessionExpiryInterval assignedClientIdentifier serverKeepAlive authenticationMethod authenticationData " +
  "requestProblemInformation willDelayInterval requestResponseInformation responseInformation serverReference " +
  "reasonString receiveMaximum topicAliasMaximum topicAlias maximumQoS retainAvailable userProperties " +
  "maximumPacketSize wildcardSubscriptionAvailable subscriptionIdentifiersAvailable sharedSubscriptionAvailable";
/** Identifiers as the module has them: so that they print. */
const printed = (ids: string): string => [...ids].map((id) => String.fromCharCode(id.charCodeAt(0) + 48)).join("");
const ALL = printed("\x01\x02\x03\x08\x09\x0b\x11\x12\x13\x15\x16\x17\x18\x19\x1a\x1c\x1f!\"#$%&'()*");

function inOrder(properties: Properties): Properties {
  const from = properties as Record<string, unknown>;
  const known = ORDER.split(" ").filter((name) => from[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, from[name]]));
}

/** As `mqtt-packet` writes them, cut out of a PUBLISH. */
function oracle(properties: Properties | undefined): string {
  const bytes = oracleEncode({ cmd: "publish", topic: "", payload: "", properties }, true);
  let at = 1;
  while (bytes.charCodeAt(at) > 127) at++;
  return bytes.slice(at + 3);
}

interface Read {
  properties: Properties | undefined;
  /** Where it stands then; undefined where something was wrong. */
  at: number | undefined;
}

/** With other bytes around them, as they stand in a packet. */
function decode(bytes: string, ids = ALL, before = "\x26\0\x01", behind = "\x26\0\x01a\0\x01b"): Read {
  const text = before + bytes + behind;
  const data = Uint8Array.from(Buffer.from(text, "latin1"));
  const cursor = { at: before.length };
  const found = toHost(device.decodeProperties(data, cursor, before.length + bytes.length, text, ids));
  const at = Number.isNaN(cursor.at) ? undefined : cursor.at - before.length;
  return { properties: found as Properties | undefined, at };
}

const properties = propertiesOf("anything").map((found): Properties | undefined => found && structuredClone(found));

test(`written as mqtt-packet does, and read again (seed ${seed})`, () => {
  fc.assert(
    fc.property(properties, (given) => {
      const bytes = toHost(device.encodeProperties(given)) as string;
      assert.equal(hex(bytes), hex(oracle(given && inOrder(given))));
      assert.deepEqual(decode(bytes), { properties: given, at: bytes.length });
    }),
    { seed, numRuns: runs },
  );
});

test(`whatever is cut off, it is not taken for properties (seed ${seed})`, () => {
  fc.assert(
    fc.property(properties, (given) => {
      const bytes = toHost(device.encodeProperties(given)) as string;
      for (let end = 0; end < Math.min(bytes.length, 60); end++)
        assert.equal(decode(bytes.slice(0, end)).at, undefined, `${end} of ${hex(bytes)}`);
    }),
    { seed, numRuns: Math.ceil(runs / 20) },
  );
});

/** What each packet of the server may carry, by the constants of the module. */
const places: [Place, string, string, string[]][] = [
  ["connack", device.IN_CONNACK, "\x20", []],
  ["publish", device.IN_PUBLISH, "\x30", []],
  ["acknowledgement", device.IN_ACK, "\x40", []],
  ["disconnect", device.IN_DISCONNECT, "\xe0", ["sessionExpiryInterval"]],
  ["auth", device.IN_AUTH, "\xf0", []],
];
for (const [place, ids, first, without] of places) {
  test(`${place}: the same as the codec takes, whatever else is changed (seed ${seed})`, () => {
    const names = (allowed[place].split(" ") as string[]).filter((name) => !without.includes(name));
    const known = names.map((name) => printed(oracle({ [name]: sample(name) }).charAt(1)));
    assert.deepEqual([...ids].sort(), known.sort());

    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(propertiesOf(place), fc.array(change, { maxLength: 2 }), (given, changes) => {
        const bytes = [...Buffer.from(oracle(given), "latin1")];
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const text = Buffer.from(bytes).toString("latin1");
        const mine = decode(text, ids);
        const theirs = decodeWithCodec(text, first);
        // Whole packets know more: a Response Topic with a wildcard, an alias of 0, data without a method.
        // Topic Alias 0 has a reason code of its own: the client looks at it.
        const isTaken = mine.at === text.length && mine.properties?.topicAlias !== 0;
        if (theirs !== "other") assert.deepEqual(isTaken ? mine.properties : "refused", theirs);
      }),
      { seed, numRuns: Math.ceil(runs / 4) },
    );
  });
}

function sample(name: string): unknown {
  if (name === "userProperties") return { a: "b" };
  if (/Indicator|Available|requ/.test(name)) return true;
  return /Interval|Maximum|Alias|KeepAlive|QoS|Size|subscriptionIdentifier/.test(name) ? 1 : "a";
}

/** The same bytes in a packet of the server; `other` where it is refused for more than its properties. */
function decodeWithCodec(bytes: string, first: string): Properties | undefined | "refused" | "other" {
  const head = { "\x20": "\0\0", "\x30": "\0\x01t", "\x40": "\0\x01\0", "\xe0": "\0", "\xf0": "\x18" }[first] ?? "";
  const body = head + bytes;
  let found: Properties | undefined;
  const size = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  const feed = codec.createParser(
    "server",
    (packet) => (found = toHost((packet as { properties?: Properties }).properties)),
    65536,
    5,
  );
  const failure = toHost(feed(first + String.fromCharCode(...size) + body));
  const end = decode(bytes, ALL).at;
  // The length became shorter, and the rest is a payload.
  if (first === "\x30" && end !== undefined && end < bytes.length) return "other";
  if (!failure) {
    const last = found?.userProperties;
    return last && Object.keys(last).length === 0 ? "other" : found;
  }
  const own = decode(bytes, ALL).properties;
  const isOther = own?.responseTopic !== undefined || (first === "\xf0" && own?.authenticationMethod === undefined);
  return isOther ? "other" : "refused";
}

/** Nothing of it is taken, and the cursor says so. */
const REFUSED: [string, string][] = [
  ["nothing at all", ""],
  ["a length that does not end", "80"],
  ["a length of five bytes", "80 80 80 80 01"],
  ["a length longer than needed", "80 00"],
  ["a length longer than needed, of three bytes", "83 80 00 23 00 01"],
  ["a length behind the end", "04 23 00 01"],
  ["a length that cuts a property", "02 23 00 01"],
  ["an unknown property", "02 04 00"],
  ["property 0", "01 00"],
  ["a property above all", "02 7f 00"],
  ["a property of two bytes", "03 81 00 01"],
  ["a line feed, which parts the table", "02 0a 01"],
  ["a letter of the table", "03 62 00 01"],
  ["a flag of 2", "02 01 02"],
  ["Maximum QoS 2", "02 24 02"],
  ["a flag twice", "04 01 00 01 00"],
  ["a number of 0 twice", "0a 11 00000000 11 00000000"],
  ["an empty text twice", "06 1f 0000 1f 0000"],
  ["Receive Maximum 0", "03 21 0000"],
  ["Maximum Packet Size 0", "05 27 00000000"],
  ["Subscription Identifier 0", "02 0b 00"],
  ["a Subscription Identifier longer than needed", "03 0b 81 00"],
  ["a Subscription Identifier of five bytes", "06 0b 80 80 80 80 01"],
  ["a Subscription Identifier that does not end", "02 0b 80"],
  ["a text that is no UTF-8", "04 1f 0001 80"],
  ["a text that is cut in a character", "05 1f 0002 e282"],
  ["a text with a surrogate", "06 1f 0003 eda080"],
  ["a text with U+0000", "04 1f 0001 00"],
  ["a text longer than the properties", "04 1f 0002 61"],
  ["a text without a length", "02 1f 00"],
  ["bytes longer than the properties", "03 16 0001"],
  ["a User Property without a value", "04 26 0001 61"],
  ["a User Property whose name is no UTF-8", "06 26 0001 ff 0000"],
  ["a User Property whose value has U+0000", "06 26 0000 0001 00"],
  ["four bytes that are three", "04 02 000001"],
];
for (const [name, bytes] of REFUSED) {
  test(`refused: ${name}`, () => {
    assert.equal(decode(unhex(bytes)).at, undefined);
    assert.equal(decode(unhex(bytes), ALL, "", "").at, undefined);
  });
}

test("a Subscription Identifier may come again, and the largest numbers are whole", () => {
  const bytes = unhex("0a 0b 01 0b ffffff7f 0b 80 01 00").slice(0, -1);
  assert.deepEqual(decode(bytes), { properties: { subscriptionIdentifier: [1, 268435455, 128] }, at: 11 });
  assert.deepEqual(decode(unhex("05 02 ffffffff")).properties, { messageExpiryInterval: 4294967295 });
  assert.deepEqual(decode("\0"), { properties: undefined, at: 1 });
});

test("User Properties with the names of what every object has", () => {
  const pair = (name: string, value: string) => `\x26\0${String.fromCharCode(name.length)}${name}\0\x01${value}`;
  const names = ["hasOwnProperty", "toString", "valueOf", "constructor", "on", "emit", "__proto__", "length"];
  for (const first of names)
    for (const second of names) {
      const body = pair(first, "1") + pair(second, "2") + pair(first, "3");
      const { properties: found, at } = decode(String.fromCharCode(body.length) + body);
      const wanted: [string, string | string[]][] =
        first === second
          ? [[first, ["1", "2", "3"]]]
          : [
              [first, ["1", "3"]],
              [second, "2"],
            ];
      assert.equal(at, body.length + 1);
      // `__proto__` is the interpreter's own: what a broker says there is not kept.
      const kept = wanted.filter(([name]) => name !== "__proto__");
      assert.deepEqual(Object.entries(found?.userProperties ?? {}), kept, `${first}, ${second}`);
    }
});

test("not written: a text that is none, and what is too long", () => {
  const long = "x".repeat(65536);
  const bad: Properties[] = [
    { contentType: "\xff" },
    { reasonString: "a\0" },
    { contentType: long },
    { correlationData: long },
    { userProperties: { "\xff": "a" } },
    { userProperties: { a: ["b", "\xff"] } },
    { userProperties: { a: long } },
  ];
  for (const one of bad) assert.equal(device.encodeProperties(one), undefined, Object.keys(one)[0]);
});

test("names that are no property do not travel", () => {
  assert.equal(device.encodeProperties({ toString: "a", color: "b" } as Properties), "\0");
});
