import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createManualClock } from "../../tools/clock.ts";
import { answerValue, evalPacket, MAX_EXPRESSION, newId, PACKET_OVERHEAD } from "../../tools/repl/packet.ts";
import { quote } from "../../tools/repl/quote.ts";
import { parseToJs } from "../../tools/repl/to-js.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";

const board = new VirtualBoard({ board: "rak5010", clock: createManualClock() });
await board.start();
const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
const byteString = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({
    maxLength,
    unit: fc.oneof(
      fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)),
      fc.constantFrom(..."\0\x03\n\\\"'`${}07"),
    ),
  });

describe("quote", () => {
  const shortest: [string, string][] = [
    ["", '""'],
    ["abc", '"abc"'],
    ['say "hi"', "'say \"hi\"'"],
    ["it's", '"it\'s"'],
    [`"'`, `"\\"'"`],
    ["a\0b", '"a\\0b"'],
    ["a\x007", '"a\\0007"'],
    ["\x03", '"\\3"'],
    ["\x030", '"\\0030"'],
    ["one\n", '"one\\n"'],
    ["back\\slash", '"back\\\\slash"'],
    ["\x10\x01\x11\x13\r\xff", '"\x10\x01\x11\x13\\r\xff"'],
  ];
  for (const [bytes, literal] of shortest) {
    it(`writes ${JSON.stringify(bytes)} as ${JSON.stringify(literal)}`, () => {
      const written = quote(bytes);
      assert.equal(written.length, literal.length);
      assert.equal(board.evaluate(written), bytes);
    });
  }

  it("takes each byte next to each other", () => {
    for (const first of all)
      assert.equal(
        board.evaluate(quote([...all].map((next) => first + next).join(""))),
        [...all].map((next) => first + next).join(""),
      );
  });

  it("is read by the board as the bytes that it was made of, with neither NUL nor Ctrl-C in it", () => {
    const seed = Date.now() & 0x7fffffff;
    fc.assert(
      fc.property(byteString(60), (bytes) => {
        const literal = quote(bytes);
        assert.equal(literal.includes("\0") || literal.includes("\x03"), false);
        assert.equal(board.evaluate(literal), bytes);
      }),
      { seed, numRuns: 400 },
    );
  });

  it("refuses what is no byte", () => assert.throws(() => quote("€"), RangeError));
});

describe("what E.toJS prints", () => {
  const values: [string, unknown][] = [
    ["1", 1],
    ["-0.00000123456", -0.00000123456],
    ["10e+20", 1e21],
    ["NaN", Number.NaN],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["true", true],
    ["null", null],
    ['"a\\0b\\x017\\3\\xFF\\x7F\\"\\\\\\n\\r\\t\\b\\v\\f"', 'a\0b\x017\x03\xff\x7f"\\\n\r\t\b\v\f'],
    ["[]", []],
    ['[1,null,{a:"b"}]', [1, null, { "a": "b" }]],
    ['{a:1,"a b":2,3:4,if:5,"":6,"\\xE9":7}', { "a": 1, "a b": 2, "3": 4, "if": 5, "": 6, "\xe9": 7 }],
    ["D1", undefined],
    ["function () { [native code] }", undefined],
    ['{f:function (a) {if (a) { return "}" }},b:1}', { "f": undefined, "b": 1 }],
    ["{a: ... ,b:1}", { "a": undefined, "b": 1 }],
  ];
  for (const [text, value] of values) {
    it(`is read: ${JSON.stringify(text)}`, () => assert.deepEqual(parseToJs(text), value));
  }

  it("cannot reach the prototype", () => {
    const value = parseToJs("{__proto__:{x:1}}");
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(JSON.stringify(value), '{"__proto__":{"x":1}}');
  });

  const wrong = [
    "",
    "{",
    "[1",
    '"a',
    "{a}",
    "{a:}",
    "1 2",
    "[1,]",
    '"\\x1"',
    "function",
    "function (){",
    "*",
    "[".repeat(500),
  ];
  for (const text of wrong) {
    it(`is refused: ${text.slice(0, 20)}`, () => assert.throws(() => parseToJs(text), SyntaxError));
  }

  it("is read as the board prints it, for any value", () => {
    const seed = Date.now() & 0x7fffffff;
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        byteString(12),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "if", "a b", "7", "\xe9", ""), tie("value"), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (wanted) => {
        const printed = board.evaluate(`E.toJS(${literal(wanted)})`);
        assert.deepEqual(parseToJs(String(printed)), wanted);
      }),
      { seed, numRuns: 300 },
    );
  });

  it("is read or refused, whatever comes", () => {
    const seed = Date.now() & 0x7fffffff;
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\x0 1aE.-function') }), (text) => {
        try {
          parseToJs(text);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      }),
      { seed, numRuns: 1000 },
    );
  });
});

function literal(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([name, one]) => `${quote(name)}:${literal(one)}`)
      .join(",")}}`;
  }
  return String(value);
}

describe("packets", () => {
  it("have a header of four bytes and a body that starts with the id", () => {
    assert.equal(evalPacket("Abc", "1+1"), "\x10\x01\x20\x0f{Abc:0,v:(1+1)}");
    assert.equal(evalPacket("Abc", "1+1").length, PACKET_OVERHEAD + 3);
  });

  it("never have a Ctrl-C or a NUL in them", () => {
    for (let length = 1; length <= 600; length++) {
      const packet = evalPacket("Abc", "x".repeat(length));
      assert.equal(packet.slice(3).includes("\x03"), false);
      assert.equal(((packet.charCodeAt(2) & 0x1f) << 8) + packet.charCodeAt(3), packet.length - 4);
    }
    for (const bad of ["\0", "\x03", "€"]) assert.throws(() => evalPacket("Abc", bad), { code: "REPL_TEXT" });
  });

  it("are as long as 13 bits can say, and no longer", () => {
    assert.equal(evalPacket("Abc", "x".repeat(MAX_EXPRESSION)).length - 4 <= 0x1fff, true);
    assert.throws(() => evalPacket("Abc", "x".repeat(MAX_EXPRESSION + 1)), { code: "REPL_LENGTH" });
  });

  it("have answers that tell undefined from null", () => {
    assert.equal(answerValue("{Abc:0}"), undefined);
    assert.equal(answerValue("{Abc:0,v:null}"), null);
    assert.throws(() => answerValue("{Abc:0,v:"), { code: "REPL_ANSWER" });
  });

  it("have ids that no word of the language can be, and none twice", () => {
    const taken = new Set<string>();
    for (let i = 0; i < 2000; i++) taken.add(newId((id) => taken.has(id)));
    assert.equal(taken.size, 2000);
    for (const id of taken) assert.match(id, /^[A-Z][A-Za-z0-9]{2}$/);
  });
});
