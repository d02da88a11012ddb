import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTraceSieve } from "../../web/src/state/trace-sieve.ts";

/** As the interpreter sends it: the prompt is erased, the line printed, the prompt and what was typed printed again. */
const BUSY =
  '>god\r\x1b[J>AT+QCSQ\r\n>god\r\x1b[J<+QCSQ: "CAT-M1",-61\r\n>god\r\x1b[J<OK\r\n>god\r\x1b[J>tls0"2\\x99"\r\n>god\r\x1b[J!AT_TIMEOUT\r\n>god';

/** What stands on the last line of the screen, and the lines above it. */
function screen(text: string): string[] {
  return text.split("\n").map((line) => line.slice(line.lastIndexOf("\r") + 1).replaceAll("\x1b[J", ""));
}

describe("trace lines in the REPL", () => {
  it("are gone, and what is being typed stays", () => {
    assert.deepEqual(screen(createTraceSieve().feed(BUSY)), [">god"]);
  });

  it("are gone when they come byte by byte", () => {
    const sieve = createTraceSieve();
    assert.deepEqual(screen([...BUSY].map((char) => sieve.feed(char)).join("")), [">god"]);
  });

  it("leave what is no trace, and its order", () => {
    const text = ">1+1\r\n=2\r\n>\r\x1b[Jlink connected\r\n>a<b\r\n=true\r\n>";
    assert.equal(createTraceSieve().feed(text), text);
  });

  it("do not hold back the prompt or what is typed at it", () => {
    const sieve = createTraceSieve();
    assert.deepEqual(
      ["\r\n>", "A", "x"].map((text) => sieve.feed(text)),
      ["\r\n>", "A", "x"],
    );
  });

  it("are shown when they do not end", () => {
    const sieve = createTraceSieve();
    assert.equal(sieve.feed("<div"), "");
    assert.equal(sieve.isHolding, true);
    assert.equal(sieve.idle(), "<div");
  });
});
