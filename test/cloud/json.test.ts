/** What comes from outside: JSON that is bounded before it is parsed, and property bags. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as BagModule from "../../modules/cloud/bag.ts";
import type * as JsonModule from "../../modules/cloud/json.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";

const { parseObject, own, ownObject } = await loadModule<typeof JsonModule>("modules/cloud/json.ts");
const { encodeBag, decodeBag, valueIn } = await loadModule<typeof BagModule>("modules/cloud/bag.ts");

const nested = (depth: number): string => `{"a":${"[".repeat(depth - 1)}1${"]".repeat(depth - 1)}}`;

const good: [string, string, unknown][] = [
  ["an object", '{"a":1,"b":[true,null]}', { a: 1, b: [true, null] }],
  ["blanks and line ends between", '{\r\n\t"a" : -1.5e2 }', { a: -150 }],
  ["brackets in texts", '{"a":"[[[[[{{{{{"}', { a: "[[[[[{{{{{" }],
  ["escaped quotation marks", '{"a":"\\"[[[[[","b":"\\\\"}', { a: '"[[[[[', b: "\\" }],
  ["a quotation mark behind three backslashes", '{"a":"\\\\\\"[[[[["}', { a: '\\"[[[[[' }],
  ["as deep as allowed", nested(4), { a: [[[1]]] }],
  ["nothing in it", "{}", {}],
];
for (const [name, text, value] of good) {
  test(`${name} is taken`, () => assert.deepEqual(toHost(parseObject(text, 4)), value));
}

const bad: [string, string][] = [
  ["nothing", ""],
  ["a list", "[1]"],
  ["a number", "1"],
  ["null", "null"],
  ["a text", '"a"'],
  ["too deep", nested(5)],
  ["half of it", '{"a":[1'],
  ["a text without an end", '{"a":"b'],
  ["a text with an escaped end", '{"a":"b\\"}'],
  ["single quotes, which the interpreter takes", "{'a':1}"],
  ["brackets that single quotes would hide", `{"a":['"',${"[".repeat(50)}1${"]".repeat(50)},'"']}`],
  ["brackets that a comment would hide", `{"a":[/*"*/${"[".repeat(50)}1${"]".repeat(50)}/*"*/]}`],
  ["brackets that a template would hide", `{"a":[\`"\`,${"[".repeat(50)}1]}`],
  ["a line end in a text", '{"a":"b\n"}'],
  ["a backslash outside of texts", '{\\"a":1}'],
  ["more ends than beginnings", '{"a":1}}'],
];
for (const [name, text] of bad) {
  test(`${name} is not taken`, () => assert.equal(parseObject(text, 4), undefined));
}

test("names that objects inherit are not there", () => {
  const object = parseObject('{"a":{"b":1}}', 4);
  for (const name of ["toString", "on", "emit", "constructor", "__proto__"]) {
    assert.equal(own(object, name), undefined, name);
  }
  assert.equal(own(undefined, "a"), undefined);
  assert.deepEqual(toHost(ownObject(object, "a")), { b: 1 });
  assert.equal(own(parseObject('{"hasOwnProperty":1}', 4), "hasOwnProperty"), 1);
});

test("any JSON object is read as it was written, to the depth that is allowed", () => {
  const name = fc.stringMatching(/^[a-z]{1,6}$/);
  // Texts as bytes, numbers that the interpreter keeps exactly.
  const leaf = fc.oneof(
    fc.boolean(),
    fc.constant(null),
    fc.integer({ min: -9999, max: 9999 }),
    fc.stringMatching(/^[ -~]*$/),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.dictionary(name, fc.oneof({ maxDepth: 4 }, leaf, tie("tree"), fc.array(leaf, { maxLength: 3 })), {
      noNullPrototype: true,
    }),
  }));
  const depthOf = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  fc.assert(
    fc.property(tree, fc.integer({ min: 1, max: 6 }), (value, most) => {
      const read = toHost(parseObject(JSON.stringify(value), most));
      assert.deepEqual(read, depthOf(value) <= most ? value : undefined);
    }),
    { numRuns: 300 },
  );
});

test("any text: an object or nothing, and never an exception", () => {
  const noise = fc
    .array(fc.constantFrom(..."{}[]\"',:\\/*`01 eatru\n\0\xff"), { maxLength: 30 })
    .map((chars) => chars.join(""));
  fc.assert(
    fc.property(noise, (text) => {
      const value = parseObject(text, 3);
      assert.ok(value === undefined || typeof value === "object");
    }),
    { numRuns: 2000 },
  );
});

test("a property bag: null, nothing and a value, as in the documentation", () => {
  assert.deepEqual(toHost(decodeBag("?prop1&prop2=&prop3=a%20string")), [
    ["prop1", null],
    ["prop2", ""],
    ["prop3", "a string"],
  ]);
  assert.deepEqual(toHost(decodeBag("")), []);
  assert.deepEqual(toHost(decodeBag("%24.to=%2Fdevices%2Fa&x=100%&toString")), [
    ["$.to", "/devices/a"],
    ["x", "100%"],
    ["toString", null],
  ]);
  assert.equal(valueIn(decodeBag("a=1&a=2"), "a"), "1");
  assert.equal(valueIn(decodeBag("a=1"), "toString"), undefined);
});

test("what is put into a bag comes out of it, and leaves the topic whole", () => {
  const text = fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 12 })
    .map((codes) => String.fromCharCode(...codes));
  const pair = fc.tuple(text, fc.option(text, { nil: null }));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 4 }), (bag) => {
      const encoded = encodeBag(bag);
      assert.match(encoded, /^[\x21-\x7e]*$/);
      assert.doesNotMatch(encoded, /[+#/]/);
      assert.deepEqual(toHost(decodeBag(encoded)), bag);
    }),
    { numRuns: 300 },
  );
});
