import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../../tools/demo/entry.ts";
import { createPrinter, toJsonLine, wrap } from "../../tools/demo/print.ts";

const ENTRY: Entry = {
  atMs: 11_320,
  topic: "tls",
  mark: "good",
  text: "connected",
  details: [{ label: "host name", text: "not compared by this modem", mark: "fault" }],
  data: { protocol: "TLSv1.2" },
};

test("columns stand below each other, without colours where none are wanted", () => {
  const print = createPrinter({ colour: false, columns: 80 });
  assert.equal(
    print(ENTRY),
    ["     11.32  tls      connected", `${" ".repeat(21)}host name     not compared by this modem`].join("\n"),
  );
});

test("colours change no column", () => {
  const plain = createPrinter({ colour: false, columns: 80 })(ENTRY);
  const colourful = createPrinter({ colour: true, columns: 80 })(ENTRY);
  assert.notEqual(colourful, plain);
  assert.equal(colourful.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g"), ""), plain);
});

test("long lines are broken at blanks and keep their margin", () => {
  const print = createPrinter({ colour: false, columns: 60 });
  const lines = print({ ...ENTRY, text: "word ".repeat(30).trim() }).split("\n");
  assert.ok(lines.length > 3);
  for (const line of lines) assert.ok(line.length <= 60, line);
  assert.ok(lines[1]?.startsWith(`${" ".repeat(21)}word`));
});

test("a word that fits nowhere is cut, and nothing of it is lost", () => {
  assert.deepEqual(wrap("a bbbbbbbbbb c", 5), ["a bbb", "bbbbb", "bb c"]);
  assert.deepEqual(wrap("", 5), [""]);
});

test("faults begin with an exclamation mark", () => {
  const print = createPrinter({ colour: false, columns: 80 });
  assert.ok(print({ ...ENTRY, mark: "fault" }).startsWith("!    11.32  tls"));
});

test("JSON has the fields beside the sentence", () => {
  assert.deepEqual(JSON.parse(toJsonLine(ENTRY)), {
    t: 11.32,
    topic: "tls",
    mark: "good",
    text: "connected",
    details: ENTRY.details,
    protocol: "TLSv1.2",
  });
});
