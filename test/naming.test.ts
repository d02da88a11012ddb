import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { checkNaming, deviceProgram } from "../tools/build/naming.ts";
import { root } from "../tools/build/paths.ts";
import { deviceNames, publicNames } from "../tools/build/property-names.ts";

const problemsIn = (text: string) =>
  checkNaming(deviceProgram({ "/x/probe.ts": `${text}\nexport {};\n` }), deviceNames.properties).map((p) => p.message);

describe("property names", () => {
  it("of the project never become text where the build renames them", async () => {
    const folders = ["modules", "src", "boards"].map((folder) => join(root, folder)).filter(existsSync);
    const kept = new Set([...deviceNames.properties, ...(await publicNames(folders))]);
    assert.deepEqual(checkNaming(deviceProgram(), kept), []);
  });

  const wrong: [string, string][] = [
    ["a table with plain keys", "const t: { [name: string]: number } = { apple: 1 }; print(t);"],
    ["a Record with plain keys", "const t: Record<string, number> = { apple: 1 }; print(t);"],
    ["a key from a set", "const o = { apple: 1, pear: 2 }; for (const k of ['apple'] as 'apple'[]) print(o[k]);"],
    ["written as JSON", "interface A { apple: number } const a: A = { apple: 1 }; print(JSON.stringify(a));"],
    [
      "written as JSON, deeper",
      "interface A { list: { apple: number }[] } const a: A = { list: [] }; JSON.stringify(a);",
    ],
    ["read from JSON", "interface A { apple: number } const a = JSON.parse('{}') as A; print(a.apple);"],
    ["read from Storage", "interface A { apple: 1 } const a = require('Storage').readJSON('a') as A; print(a.apple);"],
  ];
  for (const [name, text] of wrong) it(`${name} is found`, () => assert.equal(problemsIn(text).length, 1));

  const right: [string, string][] = [
    ["a table with quotes", "const t: { [name: string]: number } = { 'apple': 1 }; print(t);"],
    ["a record", "interface A { apple: number } const a: A = { apple: 1 }; print(a.apple);"],
    ["numbers as keys", "const t: { [code: number]: string } = { 552: 'a' }; print(t[552]);"],
    ["quoted members", "const o = { 'apple': 1 }; for (const k of ['apple'] as 'apple'[]) print(o[k]);"],
    ["text", "print(JSON.stringify('apple'), JSON.stringify([1]));"],
  ];
  for (const [name, text] of right) it(`${name} is fine`, () => assert.deepEqual(problemsIn(text), []));
});
