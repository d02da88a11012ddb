/** The codec against npm `mqtt-packet`, and against bytes that nobody would send. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { type Codec, hex, type NamedPacket, oracleDecode, oracleEncode, type Side } from "./mqtt.ts";
import { packetOf, seed } from "./mqtt-packets.ts";

const MAX = 2 ** 20;

/** Packets that a parser of `side` gives for `chunks`, and what it says in the end. */
function read(codec: Codec, side: Side, five: boolean, chunks: string[], maxPacket = MAX) {
  const packets: NamedPacket[] = [];
  const feed = codec.createParser(side, (packet) => packets.push(toHost(packet)), maxPacket, five ? 5 : undefined);
  let failure: { code: string; reasonCode: number } | undefined;
  for (const chunk of chunks) failure = toHost(feed(chunk));
  return { packets, failure };
}

function cut(stream: string, at: number[]): string[] {
  const edges = [0, ...at.map((n) => n % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  return edges.slice(1).map((edge, i) => stream.slice(edges[i], edge));
}

export function compareWithOracle(codec: Codec, side: Side, five: boolean, numRuns: number): void {
  const list = fc.array(packetOf(side, five), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(list, fc.array(fc.nat(), { maxLength: 6 }), (sent, at) => {
      let stream = "";
      for (const packet of sent) {
        const bytes = codec.encode(packet, five);
        assert.equal(hex(bytes), hex(oracleEncode(packet, five)));
        // One at a time: with another packet behind, it reads on where the reason code of a DISCONNECT is left out.
        assert.deepEqual(oracleDecode(bytes, five), [packet]);
        stream += bytes;
      }
      assert.deepEqual(read(codec, side, five, cut(stream, at)), { packets: sent, failure: undefined });
    }),
    { seed, numRuns },
  );
}

/** What every stream must leave: packets that can be written again, not longer than they came, or one of two failures. */
function checkContract(codec: Codec, side: Side, five: boolean, stream: string): void {
  const whole = read(codec, side, five, [stream]);
  const { failure, packets } = whole;
  if (failure) {
    assert.match(failure.code, /^MQTT_(PROTOCOL|TOO_LARGE)$/);
    assert.ok([0x81, 0x82, 0x84, 0x85, 0x94, 0x95].includes(failure.reasonCode), `reason code ${failure.reasonCode}`);
  }
  let isFive = five;
  let written = 0;
  for (const packet of packets) {
    if (packet.cmd === "connect") isFive = packet.protocolVersion === 5;
    // The empty AUTH is read (3.15.2.1) and never written (3.15.2.2.2).
    if (packet.cmd === "auth" && packet.properties === undefined) continue;
    const bytes = codec.encode(packet, isFive);
    // A Property Length of 0 is written even where it may be left out, as `mqtt-packet` does; so is the 0 of DISCONNECT.
    written += bytes.length - ("reasonCode" in packet && packet.cmd !== "connack" ? 2 : 0);
    assert.deepEqual(read(codec, side, isFive, [bytes]).packets, [packet], "it reads what it wrote");
  }
  assert.ok(written <= stream.length);
  if (stream.length < 400) assert.deepEqual(read(codec, side, five, [...stream]), whole, "byte by byte");
  const small = read(codec, side, five, cut(stream, [3, 17, 40]), 32);
  if (small.failure === undefined && failure === undefined) assert.equal(small.packets.length, packets.length);
}

export function mutate(codec: Codec, side: Side, five: boolean, numRuns: number): void {
  const change = fc.tuple(fc.constantFrom("set", "insert", "remove", "flip"), fc.nat(), fc.nat(255));
  const changes = fc.array(change, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(
      packetOf(side, five),
      changes,
      fc.boolean(),
      fc.uint8Array({ maxLength: 20 }),
      (packet, list, isSized, more) => {
        const bytes = [...Buffer.from(codec.encode(packet, five), "latin1")];
        if (bytes.length > 1000) return;
        for (const [how, where, byte] of list) {
          const at = where % Math.max(1, Math.min(bytes.length, 80));
          if (how === "set") bytes[at] = byte;
          else if (how === "insert") bytes.splice(at, 0, byte);
          else if (how === "remove") bytes.splice(at, 1);
          else bytes[at] = (bytes[at] ?? 0) ^ (1 << (byte & 7));
        }
        // With a Remaining Length that is right, the change is met by the fields and not by the frame.
        if (isSized && bytes.length > 2 && bytes.length < 130) bytes[1] = bytes.length - 2;
        checkContract(codec, side, five, Buffer.from([...bytes, ...more]).toString("latin1"));
      },
    ),
    { seed, numRuns },
  );
}

const firsts = [0x10, 0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xa2, 0xb0, 0xe0, 0xf0];

export function noise(codec: Codec, side: Side, five: boolean, numRuns: number): void {
  const body = fc.array(fc.oneof(fc.nat(3), fc.nat(45), fc.nat(255)), { maxLength: 60 });
  const framed = fc.tuple(fc.constantFrom(...firsts), body).map(([first, rest]) => [first, rest.length, ...rest]);
  const stream = fc.oneof(
    framed,
    fc.array(framed, { maxLength: 4 }).map((all) => all.flat()),
    fc.array(fc.nat(255)),
  );
  fc.assert(
    fc.property(stream, (bytes) => checkContract(codec, side, five, Buffer.from(bytes).toString("latin1"))),
    { seed, numRuns },
  );
}
