/** SNTP packets (RFC 4330) and times as modems write them: pure functions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as SntpModule from "../../modules/clock/sntp.ts";
import type * as TimeModule from "../../modules/clock/time-text.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";

const board = new VirtualBoard({ board: "rak5010" });
board.start();
const { encodeSntpRequest, decodeSntpReply } = await loadModule<typeof SntpModule>("modules/clock/sntp.ts", { board });
const { formatTime, parseTime, zoneOf } = await loadModule<typeof TimeModule>("modules/clock/time-text.ts", { board });

const NONCE = "\x01\x80\xff\0\r\nOK";
/** 2026-08-07 13:54:02 UTC. */
const NOW_S = 1_786_110_842;
const TO_1900_S = 2_208_988_800;

interface Fields {
  leap?: number;
  version?: number;
  mode?: number;
  stratum?: number;
  delay?: number;
  dispersion?: number;
  origin?: string;
  seconds?: number;
  fraction?: number;
  length?: number;
}

/** A good server's reply, but for these fields. */
function reply(fields: Fields = {}): string {
  const packet = Buffer.alloc(48);
  packet[0] = ((fields.leap ?? 0) << 6) | ((fields.version ?? 4) << 3) | (fields.mode ?? 4);
  packet[1] = fields.stratum ?? 2;
  packet[3] = 0xec;
  packet.writeUInt32BE(fields.delay ?? 0x0400, 4);
  packet.writeUInt32BE(fields.dispersion ?? 0x0400, 8);
  packet.set([127, 0, 0, 1], 12);
  packet.write(fields.origin ?? NONCE, 24, "latin1");
  packet.writeUInt32BE((fields.seconds ?? NOW_S + TO_1900_S) % 2 ** 32, 40);
  packet.writeUInt32BE(fields.fraction ?? 0, 44);
  return packet.toString("latin1").slice(0, fields.length ?? 48);
}

test("a request: version 4, mode 3, nothing but the random number", () => {
  const bytes = encodeSntpRequest(NONCE);
  assert.equal(bytes.length, 48);
  assert.equal(bytes.charCodeAt(0), 0x23);
  assert.equal(bytes.slice(40), NONCE);
  assert.match(bytes.slice(1, 40), /^\0+$/);
});

const REPLIES: readonly [string, Fields, number | string][] = [
  ["a good one", {}, NOW_S],
  ["half a second", { fraction: 2 ** 31 }, NOW_S + 0.5],
  ["version 3", { version: 3 }, NOW_S],
  ["a leap second tonight", { leap: 1 }, NOW_S],
  ["stratum 1", { stratum: 1 }, NOW_S],
  ["stratum 15", { stratum: 15 }, NOW_S],
  ["delay just below a second", { delay: 0xffff }, NOW_S],
  ["the last second of era 0", { seconds: 2 ** 32 - 1 }, 2 ** 32 - 1 - TO_1900_S],
  ["the second second of era 1 (2036)", { seconds: 1 }, 2 ** 32 + 1 - TO_1900_S],
  ["2050", { seconds: 2_524_608_000 + TO_1900_S }, 2_524_608_000],
  ["47 bytes", { length: 47 }, "SNTP_FORMAT"],
  ["nothing", { length: 0 }, "SNTP_FORMAT"],
  ["a request", { mode: 3 }, "SNTP_FORMAT"],
  ["a broadcast", { mode: 5 }, "SNTP_FORMAT"],
  ["version 2", { version: 2 }, "SNTP_FORMAT"],
  ["version 0", { version: 0 }, "SNTP_FORMAT"],
  ["no time", { seconds: 0 }, "SNTP_FORMAT"],
  ["another's answer", { origin: "\0".repeat(8) }, "SNTP_ORIGIN"],
  ["one bit off", { origin: `${NONCE.slice(0, 7)}J` }, "SNTP_ORIGIN"],
  ["kiss-o'-death", { stratum: 0, leap: 3 }, "SNTP_KISS"],
  ["kiss-o'-death without an alarm", { stratum: 0 }, "SNTP_KISS"],
  ["leap indicator 3", { leap: 3 }, "SNTP_UNSYNCHRONISED"],
  ["stratum 16", { stratum: 16 }, "SNTP_UNSYNCHRONISED"],
  ["stratum 255", { stratum: 255 }, "SNTP_UNSYNCHRONISED"],
  ["root delay of a second", { delay: 0x10000 }, "SNTP_UNSYNCHRONISED"],
  ["root delay below zero", { delay: 0xffff0000 }, "SNTP_UNSYNCHRONISED"],
  ["root dispersion of a second", { dispersion: 0x10000 }, "SNTP_UNSYNCHRONISED"],
];

for (const [says, fields, expected] of REPLIES) {
  test(`reply: ${says}`, () => assert.equal(decodeSntpReply(reply(fields), NONCE), expected));
}

test("a forged kiss is no kiss: the origin is looked at first", () => {
  assert.equal(decodeSntpReply(reply({ stratum: 0, origin: "forged!!" }), NONCE), "SNTP_ORIGIN");
});

test("no bytes make it throw, and none without the random number give a time", () => {
  const seed = Date.now();
  const bytes = fc.uint8Array({ maxLength: 80 }).map((list) => Buffer.from(list).toString("latin1"));
  const spoilt = fc.tuple(fc.integer({ min: 0, max: 47 }), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
    const packet = Buffer.from(reply(), "latin1");
    packet[at] = (packet[at] ?? 0) ^ flip;
    return packet.toString("latin1");
  });
  fc.assert(
    fc.property(fc.oneof(bytes, spoilt), (packet) => {
      const answer = decodeSntpReply(packet, NONCE);
      if (typeof answer === "string") assert.match(answer, /^SNTP_[A-Z]+$/);
      else {
        assert.ok(Number.isFinite(answer));
        assert.equal(packet.slice(24, 32), NONCE);
      }
    }),
    { seed, numRuns: 2000 },
  );
  console.log(`sntp: seed ${seed}`);
});

const TIMES: readonly [string, number][] = [
  ["26/08/07,13:54:02", NOW_S],
  ["26/08/07,13:54:02+00", NOW_S],
  ["26/08/07,15:54:02+08", NOW_S],
  ["26/08/07,21:54:02+32", NOW_S],
  ["26/08/07,09:54:02-16", NOW_S],
  ["26/08/07,19:24:02+22", NOW_S],
  ["2026/08/07,13:54:02", NOW_S],
  ["2026/08/07,15:54:02+08", NOW_S],
  ["2022/06/20,21:32:20-16", 1_655_775_140],
  ["80/01/06,00:00:07", 315_964_807],
  ["80/01/06,00:00:07+00", 315_964_807],
  ["70/01/01,00:00:01", 1],
  ["69/12/31,23:59:59", 3_155_759_999],
  ["00/02/29,12:00:00", 951_825_600],
  ["24/02/29,23:59:59", 1_709_251_199],
  ["2100/03/01,00:00:00", 4_107_542_400],
];

for (const [text, unixS] of TIMES) test(`time ${text}`, () => assert.equal(parseTime(text), unixS));

const NO_TIMES = [
  "",
  " ",
  "OK",
  "0",
  "26/08/07",
  "26/08/07,13:54",
  "26/08/07 13:54:02",
  "26-08-07,13:54:02",
  "26/02/29,00:00:00",
  "26/02/31,00:00:00",
  "26/13/01,00:00:00",
  "26/00/10,00:00:00",
  "26/01/00,00:00:00",
  "26/01/01,24:00:00",
  "26/01/01,00:60:00",
  "26/01/01,00:00:60",
  "26/1/1,0:0:0",
  "xx/08/07,13:54:02",
  "26/08/07,13:54:xx",
  "1900/01/01,00:00:00",
  "0000/00/00,00:00:00",
  "-1/08/07,13:54:02",
  "1e/08/07,13:54:02",
];

for (const text of NO_TIMES) test(`no time: ${JSON.stringify(text)}`, () => assert.equal(parseTime(text), 0));

test("zones are quarters of an hour, with their sign", () => {
  for (const [zone, quarters] of [
    ["+08", 8],
    ["-16", -16],
    ["+00", 0],
    ["", 0],
    ["+56", 56],
  ] as const) {
    assert.equal(zoneOf(`26/08/07,13:54:02${zone}`), quarters);
  }
  assert.equal(zoneOf(""), 0);
});

test("what is written reads as it was, in every zone", () => {
  const seed = Date.now();
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_155_759_999 }), fc.integer({ min: -48, max: 56 }), (unixS, zone) => {
      const text = formatTime(unixS);
      assert.match(text, /^\d\d\/\d\d\/\d\d,\d\d:\d\d:\d\d$/);
      assert.equal(parseTime(text), unixS);
      const sign = zone < 0 ? "-" : "+";
      const there = unixS + zone * 900;
      if (there > 0 && there < 3_155_760_000) {
        assert.equal(parseTime(`${formatTime(there)}${sign}${String(Math.abs(zone)).padStart(2, "0")}`), unixS);
      }
    }),
    { seed, numRuns: 500 },
  );
  console.log(`time text: seed ${seed}`);
});

test("no text makes it throw or gives anything but a time", () => {
  const seed = Date.now();
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d/,:+-]{0,24}$/)), (text) => {
      const unixS = parseTime(text);
      assert.ok(Number.isFinite(unixS), text);
      assert.ok(Number.isFinite(zoneOf(text)), text);
    }),
    { seed, numRuns: 1000 },
  );
  console.log(`nonsense times: seed ${seed}`);
});
