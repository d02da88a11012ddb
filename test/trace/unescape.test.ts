import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createManualClock } from "../../tools/clock.ts";
import { unescapeJs } from "../../tools/trace/unescape.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";

/** What Espruino 2v29 with the board's memory layout printed for all 256 bytes in order. */
const ALL =
  '"\\0\\1\\2\\3\\4\\5\\6\\7\\b\\t\\n\\v\\f\\r\\x0E\\x0F\\x10\\x11\\x12\\x13\\x14\\x15\\x16\\x17\\x18\\x19\\x1A\\x1B\\x1C\\x1D\\x1E\\x1F ' +
  "!\\\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\\x7F" +
  Array.from({ length: 128 }, (_, index) => `\\x${(index + 128).toString(16).toUpperCase()}`).join("") +
  '"';
const BYTES = Array.from({ length: 256 }, (_, index) => String.fromCharCode(index)).join("");

test("all bytes, as the interpreter wrote them", () => {
  assert.equal(unescapeJs(ALL), BYTES);
  // A digit behind a NUL would be taken for a part of it, so the interpreter writes \x00 there.
  assert.equal(unescapeJs('"\\x019\\09"'), "\x019\x009");
});

test("whatever E.toJS of the virtual board writes comes back", () => {
  const board = new VirtualBoard({ board: "rak5010", clock: createManualClock() });
  board.start();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
      const bytes = String.fromCharCode(...data);
      const written = String(
        board.evaluate(
          `E.toJS(${JSON.stringify(bytes).replace(/[\x7f-\xff]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`)})`,
        ),
      );
      assert.equal(unescapeJs(written), bytes);
    }),
  );
  board.stop();
});

test("what is cut or mixed with something else is refused, not guessed", () => {
  for (const wrong of [
    "",
    '"',
    '"abc',
    'abc"',
    '"a"b"',
    '"\\"',
    '"\\x4"',
    '"\\q"',
    '"\\8"',
    '"a\nb"',
    '"\xe9"',
    "'a'",
  ]) {
    assert.equal(unescapeJs(wrong), undefined, wrong);
  }
  assert.equal(unescapeJs('""'), "");
});
