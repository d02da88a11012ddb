/** The codec against npm `mqtt-packet`, byte for byte, with generated packets. GODWIT_RUNS and GODWIT_SEED choose. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { hex, loadCodec, type NamedPacket, oracleDecode, oracleEncode, type Side } from "../support/mqtt.ts";

const { encode, createParser } = await loadCodec();
const numRuns = Number(process.env["GODWIT_RUNS"] ?? 2000);
const seed = Number(process.env["GODWIT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const binary = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
/** Any text that UTF-8 can say, except U+0000; as bytes. */
const text = (constraints: fc.StringConstraints = {}) =>
  fc.string({ unit: "grapheme", maxLength: 30, ...constraints }).map((s) => binary(s.replaceAll("\0", "0")));
const topic = text({ minLength: 1 }).map((s) => s.replace(/[+#]/g, "/"));
const filter = fc
  .tuple(
    fc.array(
      fc.oneof(
        text({ maxLength: 6 }).map((s) => s.replace(/[+#/]/g, "-")),
        fc.constant("+"),
      ),
      { maxLength: 5 },
    ),
    fc.constantFrom("", "/#", "/"),
  )
  .map(([levels, end]) => levels.join("/") + end || "#");
const payload = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 100, maxLength: 300 }),
    fc.constant(Buffer.alloc(17_000, 7)),
  )
  .map((bytes) => Buffer.from(bytes).toString("latin1"));
const messageId = fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.constantFrom(1, 127, 128, 255, 256, 65535));
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);

const publish = fc.record({ topic, payload, qos, dup: fc.boolean(), retain: fc.boolean(), messageId }).map(
  ({ messageId: id, dup, ...rest }): NamedPacket => ({
    cmd: "publish",
    ...rest,
    ...(rest.qos ? { dup, messageId: id } : { dup: false }),
  }),
);
const confirm = (...cmds: ("puback" | "pubrec" | "pubrel" | "pubcomp" | "unsuback")[]) =>
  fc.record({ cmd: fc.constantFrom(...cmds), messageId });
const empty = (...cmds: ("pingreq" | "pingresp" | "disconnect")[]) => fc.record({ cmd: fc.constantFrom(...cmds) });

const connect = fc
  .record({
    clientId: text(),
    clean: fc.boolean(),
    keepalive: fc.integer({ min: 0, max: 65535 }),
    username: fc.option(text(), { nil: undefined }),
    password: fc.option(
      payload.map((s) => s.slice(0, 60)),
      { nil: undefined },
    ),
    will: fc.option(fc.record({ topic, payload: payload.map((s) => s.slice(0, 60)), qos, retain: fc.boolean() }), {
      nil: undefined,
    }),
  })
  .map(
    ({ clientId, clean, keepalive, username, password, will }): NamedPacket => ({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId,
      clean: clean || clientId === "",
      keepalive,
      ...(username === undefined ? {} : { username }),
      ...(username === undefined || password === undefined ? {} : { password }),
      ...(will ? { will } : {}),
    }),
  );

const packets: Record<Side, fc.Arbitrary<NamedPacket>> = {
  client: fc.oneof(
    { weight: 3, arbitrary: publish },
    { weight: 2, arbitrary: connect },
    fc
      .record({ messageId, subscriptions: fc.array(fc.record({ topic: filter, qos }), { minLength: 1, maxLength: 5 }) })
      .map((rest): NamedPacket => ({ cmd: "subscribe", ...rest })),
    fc
      .record({ messageId, unsubscriptions: fc.array(filter, { minLength: 1, maxLength: 5 }) })
      .map((rest): NamedPacket => ({ cmd: "unsubscribe", ...rest })),
    confirm("puback", "pubrec", "pubrel", "pubcomp"),
    empty("pingreq", "disconnect"),
  ),
  server: fc.oneof(
    { weight: 3, arbitrary: publish },
    fc.record({ sessionPresent: fc.boolean(), returnCode: fc.integer({ min: 0, max: 5 }) }).map(
      ({ sessionPresent, returnCode }): NamedPacket => ({
        cmd: "connack",
        sessionPresent: sessionPresent && returnCode === 0,
        returnCode,
      }),
    ),
    fc
      .record({ messageId, granted: fc.array(fc.constantFrom(0, 1, 2, 128), { minLength: 1, maxLength: 5 }) })
      .map((rest): NamedPacket => ({ cmd: "suback", ...rest })),
    confirm("puback", "pubrec", "pubrel", "pubcomp", "unsuback"),
    empty("pingresp"),
  ),
};

for (const side of ["client", "server"] as const) {
  test(`packets of a ${side}: the same bytes, and the same packets from them (${numRuns} runs, seed ${seed})`, () => {
    // Cloned, because fast-check also makes objects without a prototype.
    const list = fc.array(packets[side], { minLength: 1, maxLength: 4 }).map((sent) => structuredClone(sent));
    const cuts = fc.array(fc.nat(), { maxLength: 6 });
    fc.assert(
      fc.property(list, cuts, (sent, at) => {
        let stream = "";
        for (const packet of sent) {
          const bytes = encode(packet);
          assert.equal(hex(bytes), hex(oracleEncode(packet)));
          stream += bytes;
        }
        assert.deepEqual(oracleDecode(stream), sent);

        const read: NamedPacket[] = [];
        const feed = createParser(side, (packet) => read.push(toHost(packet)), 2 ** 20);
        const edges = [0, ...at.map((n) => n % (stream.length + 1)).sort((a, b) => a - b), stream.length];
        for (let i = 1; i < edges.length; i++) {
          assert.equal(toHost(feed(stream.slice(edges[i - 1], edges[i]))), undefined);
        }
        assert.deepEqual(read, sent);
      }),
      { seed, numRuns: Math.ceil(numRuns / 4) },
    );
  });

  test(`any bytes in place of those of a ${side}: packets or a failure, nothing else (seed ${seed})`, () => {
    fc.assert(
      fc.property(packets[side], fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 20 }), (packet, at, byte, more) => {
        const bytes = Buffer.from(encode(packet), "latin1");
        bytes[at % bytes.length] = byte;
        const stream = Buffer.concat([bytes, more]).toString("latin1");
        const read: NamedPacket[] = [];
        const feed = createParser(side, (one) => read.push(toHost(one)), 2 ** 20);
        const failure = toHost(feed(stream)) as { code: string } | undefined;
        assert.ok(failure === undefined || /^MQTT_(PROTOCOL|TOO_LARGE)$/.test(failure.code), JSON.stringify(failure));
        // What it accepts it also writes, as short as possible: no packet has two meanings.
        const written = read.map((one) => encode(one)).join("");
        if (failure === undefined && written.length > 0) assert.ok(written.length <= stream.length);
      }),
      { seed, numRuns },
    );
  });
}
