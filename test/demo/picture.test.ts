import assert from "node:assert/strict";
import { test } from "node:test";
import { createColors } from "picocolors";
import { drawTerminal, readRuns } from "../../tools/demo/picture.ts";

const paint = createColors(true);

test("colours, weight and columns are read from the escape sequences", () => {
  const runs = readRuns(`  ${paint.red("!")} ${paint.bold("tls")}  ${paint.dim("a  b")} end`);
  assert.deepEqual(
    runs.map(({ column, text, bold, dim }) => [column, text, bold, dim]),
    [
      [2, "!", false, false],
      [4, "tls", true, false],
      [9, "a  b", false, true],
      [14, "end", false, false],
    ],
  );
  assert.notEqual(runs[0]?.colour, runs[3]?.colour);
});

test("the picture holds the text, escaped, and nothing of the sequences", () => {
  const svg = drawTerminal(`${paint.green("a < b & c")}\n\nlast\n`, "npm start");
  assert.ok(svg.includes("a &lt; b &amp; c"));
  assert.ok(svg.includes("last"));
  assert.ok(!svg.includes(String.fromCharCode(27)));
  assert.equal(svg.match(/<text y=/g)?.length, 2);
});
