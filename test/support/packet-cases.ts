/** How the tables of packets are gone through: whole, byte by byte, in two chunks, with rubbish before and behind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { type Codec, hex, type NamedPacket, oracleDecode, type Side, unhex } from "./mqtt.ts";

/** Name, who sends it, the packet, its bytes. */
export type Fixture = [name: string, side: Side, packet: NamedPacket, bytes: string];
/** Name, who sends it, the bytes, and the reason code of MQTT 5 for it. */
export type Refused = [name: string, side: Side, bytes: string, reasonCode?: number];

export interface Reading {
  packets: NamedPacket[];
  feed(chunk: string): { code: string; cause: number; reasonCode: number } | undefined;
}

export function reader(codec: Codec, side: Side, five: boolean, maxPacket = 4096): Reading {
  const packets: NamedPacket[] = [];
  const parse = codec.createParser(side, (packet) => packets.push(toHost(packet)), maxPacket, five ? 5 : undefined);
  return { packets, feed: (chunk) => toHost(parse(chunk)) as ReturnType<Reading["feed"]> };
}

/** Something that no packet begins with. */
const RUBBISH = "\xf1\x00\r\n+CME ERROR: 3\r\n";

export function testFixtures(codec: Codec, five: boolean, fixtures: Fixture[]): void {
  for (const [name, side, packet, bytes] of fixtures) {
    test(name, () => {
      const wanted = unhex(bytes);
      assert.equal(hex(codec.encode(packet, five)), hex(wanted));

      const whole = reader(codec, side, five);
      assert.equal(whole.feed(wanted), undefined);
      assert.deepEqual(whole.packets, [packet]);

      const slow = reader(codec, side, five);
      for (const byte of wanted) {
        assert.deepEqual(slow.packets, []);
        assert.equal(slow.feed(byte), undefined);
      }
      assert.deepEqual(slow.packets, [packet]);
      assert.deepEqual(oracleDecode(wanted, five), [packet], "mqtt-packet reads it the same way");

      // There is no way back into the stream: what is behind something wrong is never taken for a packet.
      const behind = reader(codec, side, five);
      assert.equal(behind.feed(RUBBISH + wanted)?.code, "MQTT_PROTOCOL");
      assert.equal(behind.feed(wanted)?.code, "MQTT_PROTOCOL");
      assert.deepEqual(behind.packets, []);

      const before = reader(codec, side, five);
      assert.equal(before.feed(wanted + RUBBISH)?.code, "MQTT_PROTOCOL");
      assert.deepEqual(before.packets, [packet]);
    });
  }

  for (const side of ["client", "server"] as const) {
    test(`several packets of a ${side} in one chunk, and across two at every byte`, () => {
      const mine = fixtures.filter((fixture) => fixture[1] === side);
      const stream = mine.map((fixture) => unhex(fixture[3])).join("");
      const wanted = mine.map((fixture) => fixture[2]);
      for (let cut = 0; cut <= stream.length; cut++) {
        const { packets, feed } = reader(codec, side, five);
        assert.equal(feed(stream.slice(0, cut)), undefined);
        assert.equal(feed(stream.slice(cut)), undefined);
        assert.deepEqual(packets, wanted, `cut at ${cut}`);
      }
    });
  }
}

export function testRefused(codec: Codec, five: boolean, cases: Refused[]): void {
  for (const [name, side, bytes, reasonCode] of cases) {
    test(`refused: ${name}`, () => {
      const stream = unhex(bytes);
      const whole = reader(codec, side, five);
      const failure = whole.feed(stream);
      assert.equal(failure?.code, "MQTT_PROTOCOL");
      assert.equal(failure?.cause, stream.charCodeAt(0));
      if (reasonCode !== undefined) assert.equal(failure?.reasonCode.toString(16), reasonCode.toString(16));
      assert.deepEqual(whole.packets, []);

      const slow = reader(codec, side, five);
      const answers = [...stream].map((byte) => slow.feed(byte));
      assert.deepEqual(
        answers.find((answer) => answer !== undefined),
        failure,
        "byte by byte too",
      );
      assert.deepEqual(slow.packets, []);
    });
  }
}

/** Each is not encoded, and the failure names this field. */
export function testInvalid(codec: Codec, five: boolean, cases: [cause: string, packet: unknown][]): void {
  for (const [cause, packet] of cases) {
    test(`not encoded: ${cause} of ${JSON.stringify(packet).slice(0, 90)}`, () => {
      let failure: unknown;
      try {
        codec.encode(packet as NamedPacket, five);
      } catch (error) {
        failure = toHost(error);
      }
      assert.deepEqual(failure, { code: "MQTT_INVALID", cause, command: undefined });
    });
  }
}
