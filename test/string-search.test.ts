import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deviceProgram } from "../tools/build/naming.ts";
import { checkSearches } from "../tools/build/string-search.ts";

/** Searches that are right on the interpreter though their types do not say so; each with its reason. */
const proved = [
  // The MQTT client's table ends in the first byte of an UNSUBACK, which never waits for an acknowledgement itself.
  "PAIRS.includes(",
  // Properties of MQTT 5: a row never ends the table, and what is not in it is refused whatever was found.
  'TABLE.indexOf("," + id)',
];

const searchesIn = (text: string) =>
  checkSearches(deviceProgram({ "/x/probe.ts": `${text}\nexport {};\n` })).map((problem) => problem.text);

describe("searches in strings", () => {
  it("of the project are for one character, or by means that are right at the end of the text", () => {
    const found = checkSearches(deviceProgram()).filter(({ text }) => !proved.some((call) => text.startsWith(call)));
    assert.deepEqual(found, []);
  });

  const wrong = [
    "s.indexOf(t)",
    "s.includes(t, 2)",
    "s.replace(t, '')",
    "s.replaceAll(t, '')",
    "s.includes(s[0] + t)",
    "s.includes('OK')",
    "s.includes(mode)",
    "s.includes(list[0] as string)",
    "maybe?.includes(t)",
    "generic.includes(t)",
    "s.indexOf(String.fromCharCode(13, 10))",
  ];
  const right = [
    "list.indexOf(t)",
    "list.includes('OK')",
    "[1, 2].includes(n)",
    "s.includes(',')",
    "s.includes(sign)",
    "s.includes(s[0] as string)",
    "s.includes(s.charAt(n))",
    "s.indexOf(String.fromCharCode(n))",
    "s.replace(/OK/, t)",
    "s.lastIndexOf(t)",
    "s.startsWith(t)",
    "other.includes(t)",
  ];
  const probe = (calls: string[]) =>
    "function probe<T extends string>(s: string, t: string, n: number, list: string[], maybe: string | undefined, " +
    `generic: T, mode: "on" | "x", sign: "+" | "-", other: { includes(name: string): boolean }) { ${calls.join(";")} }\n` +
    "print(probe);";
  it("are found when the needle may be longer than one character", () => {
    assert.deepEqual(searchesIn(probe(wrong)), wrong);
  });
  it("are let be when they are right", () => assert.deepEqual(searchesIn(probe(right)), []));
});
