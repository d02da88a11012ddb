/** What the computer reads in the header of a slot, and what it writes there. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as zlib from "node:zlib";
import fc from "fast-check";
import { crc32 } from "../../tools/flash/crc32.ts";
import {
  decodeSlot,
  encodeHeader,
  HEADER_BYTES,
  LIVES_OFFSET,
  PROVED_OFFSET,
  REVOKED_OFFSET,
  TRIES_OFFSET,
} from "../../tools/flash/layout.ts";

const code = "print(1)";
const facts = { number: 7, code, board: "rak5010", version: "1.2.3", buildTime: 1_790_000_000 };
const header = (marks: readonly number[] = []): string => {
  const bytes = [...encodeHeader(facts).padEnd(HEADER_BYTES, "\xff")];
  for (const at of marks) bytes.splice(at, 4, "\0", "\0", "\0", "\0");
  return bytes.join("");
};
const tries = (count: number): number[] => Array.from({ length: count }, (_, i) => TRIES_OFFSET + 4 * i);
const state = (marks: readonly number[]): string => decodeSlot(header(marks), crc32(code)).state;

describe("crc32", () => {
  it("is that of zlib", () => {
    assert.equal(crc32("123456789"), 0xcbf43926);
    const { crc32: oracle } = zlib as unknown as { crc32?: (bytes: Buffer) => number };
    if (oracle === undefined) return;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.equal(crc32(Buffer.from(bytes).toString("latin1")), oracle(Buffer.from(bytes)));
      }),
    );
  });
});

describe("header of a slot", () => {
  it("says what is behind it", () => {
    assert.deepEqual(decodeSlot(header(), crc32(code)), {
      state: "new",
      number: 7,
      bytes: code.length,
      crc32: crc32(code),
      board: "rak5010",
      version: "1.2.3",
      buildTime: 1_790_000_000,
      tries: 0,
      lives: false,
    });
  });

  it("follows what the loader and the image write", () => {
    assert.equal(state(tries(1)), "trying");
    assert.equal(state(tries(2)), "trying");
    assert.equal(state(tries(3)), "refused");
    assert.equal(state([...tries(3), PROVED_OFFSET]), "proved");
    assert.equal(state([PROVED_OFFSET, REVOKED_OFFSET]), "revoked");
    assert.equal(decodeSlot(header([...tries(2), LIVES_OFFSET]), crc32(code)).lives, true);
    assert.equal(decodeSlot(header(tries(8)), crc32(code)).tries, 8);
  });

  it("is empty where the flash is blank, and invalid where the code is another one", () => {
    assert.equal(decodeSlot("\xff".repeat(HEADER_BYTES), 0).state, "empty");
    assert.equal(decodeSlot(header(), crc32(`${code} `)).state, "invalid");
  });

  it("does not believe a header of which any bit has fallen", () => {
    const whole = header();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const bytes = [...whole];
        bytes[at] = String.fromCharCode(whole.charCodeAt(at) & ~(1 << bit) & 255);
        const changed = bytes.join("");
        const expected = changed === whole ? "new" : "invalid";
        assert.equal(decodeSlot(changed, crc32(code)).state, expected);
      }),
    );
  });

  it("never throws, whatever the flash holds", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, sum) => {
        decodeSlot(Buffer.from(bytes).toString("latin1"), sum);
      }),
    );
  });

  it("has room for long names, and cuts what does not fit", () => {
    const long = { ...facts, version: "x".repeat(500) };
    assert.equal(encodeHeader(long).length, 128);
  });
});
