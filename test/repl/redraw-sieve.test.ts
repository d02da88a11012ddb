import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRedrawSieve } from "../../tools/repl/redraw-sieve.ts";

/** As the virtual board draws a packet of which `missing` bytes are still to come. */
const redraw = (missing: number): string =>
  `{MNC:0,v:((function(f,s){var a=f.get${"\0".repeat(missing)}${"\x1b[D".repeat(missing)}`;

function whole(text: string): string {
  const sieve = createRedrawSieve();
  return sieve.feed(text) + sieve.idle();
}

function byteByByte(text: string): string {
  const sieve = createRedrawSieve();
  return [...text].map((char) => sieve.feed(char)).join("") + sieve.idle();
}

describe("a packet that the interpreter draws into the console", () => {
  const cases: Record<string, [string, string]> = {
    "is left out": [`\r\x1b[J<OK\r\n>${redraw(200)}`, "\r\x1b[J<OK\r\n>"],
    "twice, with text between": [`>${redraw(9)}\r\x1b[Jlink\r\n>${redraw(2)}=1\r\n>`, ">\r\x1b[Jlink\r\n>=1\r\n>"],
    "does not take what follows": [`>${redraw(1)}\x1b[D{a`, ">\x1b[D{a"],
    "stays when it is typed or printed": [">{ABC:0,v:(1)}\r\n>{MNC:0\r\n", ">{ABC:0,v:(1)}\r\n>{MNC:0\r\n"],
    "is only one behind a prompt": [`x${redraw(3)}`, `x${redraw(3)}`],
  };
  for (const [name, [text, shown]] of Object.entries(cases)) {
    it(name, () => {
      assert.equal(whole(text), shown);
      assert.equal(byteByByte(text), shown);
    });
  }

  it("holds back no more than what may be one", () => {
    const sieve = createRedrawSieve();
    assert.equal(sieve.feed("\r\n>"), "\r\n>");
    assert.equal(sieve.feed("{"), "");
    assert.equal(sieve.isHolding, true);
    assert.equal(sieve.feed("a"), "{a");
    assert.equal(sieve.isHolding, false);
    assert.equal(sieve.feed("b{MNC"), "b{MNC");
  });
});
