import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { lowerFunctions } from "../../tools/build/arrows.ts";
import { lowerDeclarations } from "../../tools/build/lower.ts";

/** Before and after; where both are the same, lowering would be seen. */
const cases: [name: string, before: string, after: string][] = [
  ["the top level", "const a = 1; let b;", "var a = 1; var b;"],
  ["a function", "function f() { const a = 1; let b; return a }", "function f() { var a = 1; var b; return a }"],
  ["a block", "if (1) { const a = 1; print(a) }", "if (1) { var a = 1; print(a) }"],
  ["the head of a loop", "for (let i = 0; i < 3; i++) print(i)", "for (var i = 0; i < 3; i++) print(i)"],
  ["for-of", "for (const x of [1]) print(x)", "for (var x of [1]) print(x)"],
  [
    "two loops with one name",
    "for (const x of [1]) print(x); for (const x of [2]) print(x)",
    "for (var x of [1]) print(x); for (var x of [2]) print(x)",
  ],
  [
    "a loop variable that a closure keeps",
    "for (const x of [1]) { const y = x; setTimeout(() => print(y)) }",
    "for (var x of [1]) { const y = x; setTimeout(() => print(y)) }",
  ],
  ["a variable that starts undefined on every turn", "for (;;) { let a; print(a) }", "for (;;) { let a; print(a) }"],
  ["a name inside that hides one outside", "let a = 1; { let a = 2; print(a) } print(a)", ""],
  [
    "a name inside a function that hides one outside, used later",
    "var a = 1; function f() { { const a = 2; print(a) } return a }",
    "",
  ],
  ["a name that is a parameter", "function f(a) { { const a = 2; print(a) } return a }", ""],
  ["a name that catch has too", "function f() { try {} catch (a) { const b = a; return b } }", null as never],
  ["two blocks, one of which a closure keeps", "{ let a = 1; f = () => a } { let a = 2; print(a) }", ""],
  ["two blocks, one without a value", "{ let a = 1; print(a) } { let a; print(a) }", ""],
  ["several in one statement", "const a = 1, b = 2;", "var a = 1, b = 2;"],
  [
    "a closure that is made once",
    "function f() { let n = 0; return () => n++ }",
    "function f() { var n = 0; return () => n++ }",
  ],
];

describe("lowering", () => {
  for (const [name, before, after] of cases) {
    it(name, () => {
      const { code } = lowerDeclarations(before);
      if (after === null) assert.equal(code.includes("var b"), true);
      else assert.equal(code, after === "" ? before : after);
    });
  }

  it("changes nothing that a program can see", () => {
    const program = `
      const out = [];
      function run(list) {
        let total = 0;
        for (const item of list) { const twice = item * 2; total += twice; out.push(() => twice) }
        for (let i = 0; i < 2; i++) { let seen; if (i === 0) seen = 1; out.push(seen) }
        { const total = "inner"; out.push(total) }
        return total;
      }
      out.push(run([1, 2]));
      out.map((x) => (typeof x === "function" ? x() : x)).join()`;
    assert.equal(runInNewContext(lowerDeclarations(program).code), runInNewContext(program));
  });
});

describe("functions", () => {
  const functionCases: [name: string, before: string, after: string][] = [
    ["become arrows", "function f(a, b) { return a }", "const f = (a, b) => { return a };"],
    ["inside functions too", "function f() { function g() {} }", "const f = () => { const g = () => {}; };"],
    ["stay with `this`", "function F() { this.a = 1 }", ""],
    ["stay with `this` in an arrow", "function f() { return () => this }", ""],
    ["stay with `arguments`", "function f() { return arguments[0] }", ""],
    [
      "become arrows around a method with `this`",
      "function f() { return { m() { return this } } }",
      "const f = () => { return { m() { return this } } };",
    ],
  ];
  for (const [name, code, after] of functionCases) {
    it(name, () => assert.equal(lowerFunctions(code).code, after === "" ? code : after));
  }
});
