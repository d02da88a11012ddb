import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import type { Direction } from "../../tools/trace/event.ts";
import { createMqttStream, type MqttFound } from "../../tools/trace/mqtt-stream.ts";
import { printableText } from "../../tools/trace/printable.ts";

const bytesOf = (packet: Packet, version = 4): string =>
  generate(packet, { protocolVersion: version }).toString("latin1");
const textOf = (found: readonly MqttFound[]): string[] =>
  found.map((one) => (one.kind === "packet" ? one.text : `? ${one.bytes}`));

function decode(steps: readonly [Direction, string][]): string[] {
  const stream = createMqttStream();
  return steps.flatMap(([direction, bytes]) => textOf(stream.feed(direction, bytes)));
}

const CONNECT: Packet = {
  cmd: "connect",
  protocolId: "MQTT",
  protocolVersion: 4,
  clean: false,
  clientId: "d1",
  keepalive: 240,
  username: "user7",
  password: Buffer.from("s3cretMqtt"),
  will: { topic: "godwit/d1/status", payload: Buffer.from("offline"), qos: 1, retain: true },
};
const PUBLISH: Packet = {
  cmd: "publish",
  topic: "godwit/d1/telemetry",
  payload: '{"battery":3.9}',
  qos: 1,
  messageId: 5,
  dup: false,
  retain: false,
};

describe("packets in words", () => {
  const said: readonly [Packet, Direction, string][] = [
    [PUBLISH, "out", 'PUBLISH godwit/d1/telemetry QoS 1 id 5, 15 bytes {"battery":3.9}'],
    [{ ...PUBLISH, qos: 0, retain: true, payload: "" }, "in", "PUBLISH godwit/d1/telemetry QoS 0 retained, 0 bytes"],
    [
      { ...PUBLISH, dup: true, payload: Buffer.from([0, 255]) },
      "in",
      "PUBLISH godwit/d1/telemetry QoS 1 id 5 again (DUP), 2 bytes \\x00\\xff",
    ],
    [{ cmd: "puback", messageId: 5 }, "in", "PUBACK id 5"],
    [{ cmd: "pubrel", messageId: 6 }, "out", "PUBREL id 6"],
    [{ cmd: "connack", returnCode: 0, sessionPresent: true }, "in", "CONNACK accepted, session present"],
    [{ cmd: "connack", returnCode: 5, sessionPresent: false }, "in", "CONNACK refused: 5 not authorised"],
    [{ cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "a/+", qos: 1 }] }, "out", "SUBSCRIBE id 2: a/+ QoS 1"],
    [{ cmd: "suback", messageId: 2, granted: [1, 128] }, "in", "SUBACK id 2: QoS 1, 128 refused"],
    [{ cmd: "unsubscribe", messageId: 3, unsubscriptions: ["a/+"] }, "out", "UNSUBSCRIBE id 3: a/+"],
    [{ cmd: "pingreq" }, "out", "PINGREQ"],
    [{ cmd: "pingresp" }, "in", "PINGRESP"],
    [{ cmd: "disconnect" }, "out", "DISCONNECT"],
  ];
  for (const [packet, direction, text] of said)
    test(text, () => assert.deepEqual(decode([[direction, bytesOf(packet)]]), [text]));

  test("UTF-8 is text, and nothing in it turns the line round", () => {
    const payload = Buffer.from("21 °C \u202e x\n");
    assert.deepEqual(decode([["out", bytesOf({ ...PUBLISH, payload })]]), [
      `PUBLISH godwit/d1/telemetry QoS 1 id 5, ${payload.length} bytes 21 °C \\u202e x\\n`,
    ]);
  });

  test("a refusal has the code that docs/errors.md explains", () => {
    const [found] = createMqttStream().feed("in", bytesOf({ cmd: "connack", returnCode: 4, sessionPresent: false }));
    assert.ok(found?.kind === "packet" && found.code === "MQTT_REFUSED" && found.severity === "fault");
  });
});

describe("CONNECT", () => {
  test("whole: neither user name nor password", () => {
    const [text = ""] = decode([["out", bytesOf(CONNECT)]]);
    assert.match(
      text,
      /^CONNECT MQTT 3\.1\.1, client d1, session kept, keep alive 240 s, Will on godwit\/d1\/status QoS 1 retained/,
    );
    for (const secret of ["user7", "s3cretMqtt"]) assert.ok(!text.includes(secret));
  });

  test("the 12 bytes that a board shows: version, flags, keep alive and length; what comes back is of that version", () => {
    const whole = bytesOf(CONNECT);
    const stream = createMqttStream();
    assert.deepEqual(textOf(stream.feed("out", whole.slice(0, 12))), [
      `CONNECT MQTT 3.1.1, session kept, keep alive 240 s, Will QoS 1 retained, user name ***, password ***, ${whole.length} bytes, the rest is never shown`,
    ]);
    assert.deepEqual(textOf(stream.feed("in", "\x20\x02\0\0")), ["CONNACK accepted, new session"]);
  });

  test("longer than 127 bytes the keep alive is cut in two and not guessed", () => {
    const whole = bytesOf({ ...CONNECT, clientId: "d".repeat(120) });
    const [text = ""] = decode([["out", whole.slice(0, 12)]]);
    assert.match(
      text,
      /^CONNECT MQTT 3\.1\.1, session kept, Will QoS 1 retained, user name \*\*\*, password \*\*\*, \d+ bytes/,
    );
  });

  test("MQTT 5: the packets behind it are read as such, properties shown, authentication data not", () => {
    const auth: Packet = {
      cmd: "auth",
      reasonCode: 24,
      properties: { authenticationMethod: "SCRAM", authenticationData: Buffer.from("s3cretAuth") },
    };
    const texts = decode([
      ["out", bytesOf({ ...CONNECT, protocolVersion: 5 }, 5).slice(0, 12)],
      ["in", bytesOf({ cmd: "connack", reasonCode: 0, sessionPresent: false, properties: { receiveMaximum: 20 } }, 5)],
      ["out", bytesOf({ ...PUBLISH, properties: { contentType: "json" } }, 5)],
      ["in", bytesOf({ cmd: "puback", messageId: 5, reasonCode: 135 }, 5)],
      ["out", bytesOf(auth, 5)],
      ["in", bytesOf({ cmd: "disconnect", reasonCode: 142 }, 5)],
    ]);
    assert.match(texts[0] ?? "", /^CONNECT MQTT 5/);
    assert.equal(texts[1], "CONNACK accepted, new session {receiveMaximum: 20}");
    assert.match(texts[2] ?? "", /\{"battery":3\.9\} \{contentType: json\}$/);
    assert.equal(texts[3], "PUBACK id 5: 135 not authorised");
    assert.equal(texts[4], "AUTH: 24 continue authentication {authenticationMethod: SCRAM, authenticationData: ***}");
    assert.equal(texts[5], "DISCONNECT: 142 session taken over");
  });

  test("switched on before the CONNACK: its length tells MQTT 5", () => {
    const texts = decode([
      ["in", bytesOf({ cmd: "connack", reasonCode: 0, sessionPresent: true }, 5)],
      ["in", bytesOf({ ...PUBLISH, properties: { contentType: "json" } }, 5)],
    ]);
    assert.deepEqual(texts, [
      "CONNACK accepted, session present",
      'PUBLISH godwit/d1/telemetry QoS 1 id 5, 15 bytes {"battery":3.9} {contentType: json}',
    ]);
  });
});

describe("streams", () => {
  test("any cut of several packets gives the same packets", () => {
    const whole = [
      PUBLISH,
      { cmd: "puback", messageId: 9 } as const,
      { cmd: "pingresp" } as const,
      { ...PUBLISH, payload: "y".repeat(2000) },
    ]
      .map((packet) => bytesOf(packet))
      .join("");
    const expected = decode([["in", whole]]);
    assert.equal(expected.length, 4);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }), (cuts) => {
        const marks = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const steps = marks.slice(1).map((mark, index): [Direction, string] => ["in", whole.slice(marks[index], mark)]);
        assert.deepEqual(decode(steps), expected);
      }),
    );
    assert.deepEqual(decode([...whole].map((byte): [Direction, string] => ["in", byte])), expected, "byte by byte");
  });

  test("the two directions do not mix", () => {
    const publish = bytesOf(PUBLISH);
    const texts = decode([
      ["in", publish.slice(0, 7)],
      ["out", bytesOf({ cmd: "puback", messageId: 1 })],
      ["in", publish.slice(7)],
    ]);
    assert.deepEqual(texts, ["PUBACK id 1", 'PUBLISH godwit/d1/telemetry QoS 1 id 5, 15 bytes {"battery":3.9}']);
  });

  test("the end of a packet never came: said, and the next packet is read", () => {
    const texts = decode([
      // A topic of 0x0040 bytes does not fit into the five that the length says.
      ["in", "\x30\x05\0"],
      ["in", bytesOf({ cmd: "puback", messageId: 7 })],
    ]);
    assert.deepEqual(texts, ["? 3", "PUBACK id 7"]);
  });

  test("a length of 256 MB is not waited for", () => {
    const stream = createMqttStream();
    stream.feed("in", "\x30\xff\xff\xff\x7f");
    let undecoded = 0;
    for (let count = 0; count < 80; count++)
      for (const found of stream.feed("in", "x".repeat(1000))) if (found.kind === "undecoded") undecoded++;
    assert.ok(undecoded > 0);
  });

  test("garbage never throws", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom<Direction>("out", "in"), fc.uint8Array({ maxLength: 80 })), { maxLength: 8 }),
        (steps) => {
          const stream = createMqttStream();
          for (const [direction, data] of steps)
            for (const found of stream.feed(direction, String.fromCharCode(...data)))
              if (found.kind === "packet") assert.equal(found.text, printableText(found.text));
        },
      ),
      { numRuns: 500 },
    );
  });
});
