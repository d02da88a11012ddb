/** The virtual board's engine shows no source below a frame, and counts in the text that it was given to run. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import { createSymbols } from "../../tools/symbols/create-symbols.ts";
import { detokenise } from "../../tools/symbols/detokenise.ts";
import type { SymbolImage } from "../../tools/symbols/symbols.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { describePlace, fixture, framesOf, imageOf, textOf } from "./support.ts";

/** What needs no more memory than there is, and no text of its own. */
const script = fixture("program.txt")
  .split("\n")
  .filter((line) => !/of a text|deep\(|viaReturn\(9|JSON|Promise/.test(line))
  .join("\n");

function placesOn(image: SymbolImage, bootCode: string, files: Map<string, string> = new Map()): string[] {
  const clock = createManualClock();
  const board = new VirtualBoard({ board: "rak5010", clock, image: bootCode, storage: files });
  let text = "";
  board.on("console", (more) => {
    text += more;
  });
  board.start();
  for (let n = 0; n < 20; n++) clock.advance(10);
  const symbols = createSymbols([image], new Set());
  const found = [...symbols.feed(text), ...symbols.flush()];
  assert.equal(textOf(found), text);
  return framesOf(found)
    .map(({ source }) => describePlace(source))
    .filter((place) => place !== "?"); // the computer's own, and what evaluates the image
}

const lineOf = (text: string): number => script.split("\n").findIndex((line) => line.includes(text)) + 1;
const chain = ["1 fail", "3 viaReturn", "4 viaExpression", "7 method"];
const shown = (title: string, ...frames: string[]): string[] => {
  const line = `${lineOf(`show("${title}"`)}`;
  return [...frames, line, "2 show", line];
};

describe("stack traces of the virtual board", () => {
  const begin = [
    ...shown("chain", ...chain),
    ...shown("getter", "8 broken"),
    ...shown("static", "1 fail", "9 make"),
    ...shown("closure", "1 fail", "14 inner", "15 go"),
    ...shown("long", "1 fail", "20 long"),
  ];
  const end = [...chain, `${lineOf("thing.method(2)")}`, "1 fail", "3 viaReturn"];
  const tokens = imageOf(script);
  const source = detokenise(tokens.code).text;

  const runs: [string, () => string[]][] = [
    ["that runs the script", () => placesOn(imageOf(script, script), script)],
    ["that runs the script of an image of tokens", () => placesOn(tokens, script)],
    ["that runs tokens made source again", () => placesOn(tokens, source)],
    [
      "that evaluates them",
      () => placesOn(tokens, 'eval(require("Storage").read("image"))', new Map([["image", source]])),
    ],
  ];
  for (const [how, run] of runs) {
    it(`have file and line on one ${how}`, () => {
      const places = run();
      assert.deepEqual(places.slice(0, begin.length), begin);
      assert.deepEqual(places.slice(-end.length), end);
    });
  }
});
