import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSymbols } from "../../tools/symbols/create-symbols.ts";
import { formatAnnotated, formatPlace } from "../../tools/symbols/format.ts";
import { fixture, imageOf } from "./support.ts";

const text = "    at fail (:1:19)\r\nthrow new Error(a);\r\n                  ^\r\nMODEM_DEAF\r\n> ";
const image = imageOf("var fail=a=>{throw new Error(a);};", "var fail=a=>{throw new Error(a);};");

function formatted(style?: Parameters<typeof formatAnnotated>[1]): string {
  const symbols = createSymbols([image], new Set(["MODEM_DEAF"]));
  return formatAnnotated([...symbols.feed(text), ...symbols.flush()], style);
}

describe("formatAnnotated", () => {
  it("puts the place behind the frame and changes nothing else", () => {
    const line = "    at fail (:1:19)";
    assert.equal(formatted(), text.replace(line, `${line} <- program.txt:1 (fail)`));
  });

  it("styles frames, places and codes", () => {
    const marked = formatted({ frame: (t) => `{${t}}`, place: (t) => `[${t}]`, code: (t) => `<${t}>` });
    assert.match(marked, /^\{ {4}at fail \(:1:19\)\}\[ <- program\.txt:1 \(fail\)\]\r\nthrow/);
    assert.match(marked, /\^\r\n<MODEM_DEAF>\r\n> $/);
  });

  it("leaves a frame that is in no image as it is", () => {
    const symbols = createSymbols([], new Set());
    const stack = fixture("ram-plain.txt");
    assert.equal(formatAnnotated([...symbols.feed(stack), ...symbols.flush()]), stack);
  });

  it("says what is a guess, and no name where there is none", () => {
    const place = { file: "src/main.ts", line: 3, column: 1, name: undefined, isGuess: false };
    assert.equal(formatPlace(place), "src/main.ts:3");
    assert.equal(formatPlace({ ...place, name: "go", isGuess: true }), "perhaps src/main.ts:3 (go)");
  });
});
