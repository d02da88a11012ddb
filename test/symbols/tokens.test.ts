/** The interpreter's tokens read back, against the plugin that writes them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { parse, tokenizer } from "acorn";
import { pretokenise } from "../../tools/build/pretokenise.ts";
import { detokenise } from "../../tools/symbols/detokenise.ts";
import { interpreterPositions, plainPositions } from "../../tools/symbols/positions.ts";
import { createProgram } from "../../tools/symbols/program.ts";
import { fixture } from "./support.ts";

const samples = [
  'var a=typeof b==="string"?-1:void 0;if(a)b();else throw"x";',
  "var l=[-1,-128,-129,-32768,-32769,0,127,128,32767,32768,1.5,.5,1e9];",
  "var f=a=>{return-a},g=()=>`a${f(`b${1}`)+`}`}c`,h=`plain`;",
  'for(var k in o)if(k instanceof Q){delete o[k];continue}switch(x){case 5:break;case"a":default:}',
  "var s='\\x00\\x01\\x07\\n\\r\"\\\\\\xff'+\"\"+'\xe9'.length;var r=/a\"[b]/g;",
  `var long="${"x".repeat(300)}";long+=atob("aGVsbG8=");`,
  "new class extends Q{constructor(){super()}get a(){return 1}static b(){}};",
  fixture("program.txt"),
];

/** A program without places and without what two writers may spell differently. */
function shapeOf(script: string): unknown {
  return JSON.parse(
    JSON.stringify(parse(script, { ecmaVersion: 2020 }), (key, value) =>
      ["start", "end", "raw"].includes(key) ? undefined : value,
    ),
  );
}

describe("detokenise", () => {
  for (const [n, sample] of samples.entries()) {
    it(`makes of tokens a program that is the same: sample ${n}`, () => {
      // The tokeniser does these two itself.
      const folded = sample.replace('atob("aGVsbG8=")', '"hello"').replace("h=`plain`", 'h="plain"');
      assert.deepEqual(shapeOf(detokenise(pretokenise(sample)).text), shapeOf(folded));
    });
  }

  it("leaves plain source as it is", () => {
    const script = fixture("program.txt");
    assert.equal(detokenise(script).text, script);
  });

  it("keeps strings to the byte", () => {
    const bytes = Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join("");
    const { text } = detokenise(pretokenise(`var s=${JSON.stringify(bytes)};`));
    assert.equal(runInNewContext(`${text}s`), bytes);
  });

  it("tells which byte a char was made of", () => {
    const code = pretokenise('var a="two";throw a;');
    const { text, toCode } = detokenise(code);
    assert.equal(toCode(text.indexOf("throw")), code.length - 3);
    assert.equal(toCode(text.indexOf("two")), 3);
  });
});

describe("createProgram", () => {
  for (const [n, sample] of samples.entries()) {
    it(`finds each token of the script in the code, and back: sample ${n}`, () => {
      const script = `var w=()=>{${sample}};var end;`;
      const code = pretokenise(script);
      const program = createProgram(script, code);
      assert.ok(program);
      const names = [...tokenizer(script, { ecmaVersion: 2020 })].filter(({ type }) => type.label === "name");
      // What the tokeniser has a byte for is no name to it, and `atob("...")` is done by it.
      const kept = names
        .map(({ start, end }) => ({ start, end, value: script.slice(start, end) }))
        .filter(({ value }) => !["of", "static", "undefined", "atob"].includes(value));
      assert.ok(kept.length > 2);
      for (const { value, start, end } of kept) {
        const at = program.alignment.toCode(start);
        assert.equal(code.slice(at, program.alignment.toCodeEnd(end)), value);
        assert.equal(program.alignment.toScript(at), start);
      }
    });
  }

  it("is none for the code of another script", () => {
    assert.equal(createProgram("var a=1;", pretokenise("var a=b;")), undefined);
    assert.equal(createProgram("var a=1;", pretokenise("var a=1;a();")), undefined);
    assert.equal(createProgram("var a=1;b();", pretokenise("var a=1;")), undefined);
  });
});

describe("positions", () => {
  const text = "one\ntwo three\n\nfour";

  it("are found back, for any offset", () => {
    for (const positions of [plainPositions(text), interpreterPositions(text)]) {
      for (let offset = 0; offset <= text.length; offset++) {
        assert.deepEqual(positions.at(positions.of(offset)), [offset]);
      }
    }
  });

  it("count as the interpreter does when a line has the letters of Modules.addCached", () => {
    // Up to the last letter of it, the line is 1; from there on it is 0, and the next one 1.
    const positions = interpreterPositions("xModules.addCachedy\nnext");
    assert.deepEqual(positions.of(1), { line: 1, column: 2 });
    assert.deepEqual(positions.of(17), { line: 0, column: 18 });
    assert.deepEqual(positions.of(21), { line: 1, column: 2 });
    assert.deepEqual(positions.at({ line: 1, column: 2 }), [1, 21]);
  });

  it("are none outside of the text", () => {
    const positions = plainPositions(text);
    assert.deepEqual(positions.at({ line: 9, column: 1 }), []);
    assert.deepEqual(positions.at({ line: 1, column: 9 }), []);
    assert.deepEqual(positions.at({ line: 0, column: 1 }), []);
  });
});
