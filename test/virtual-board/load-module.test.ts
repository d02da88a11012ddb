import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";

interface Sample {
  shape(value: number): { list: number[]; text: string };
  later(done: (value: string) => void): void;
  fail(): void;
  outside(): unknown;
  hasMap(): boolean;
}

const SOURCE = `
declare const extra: { given: number[] };
export function shape(value: number) { return { list: [value, value + 1], text: E.toString(65, 66) }; }
export function later(done: (value: string) => void): void { setTimeout(() => done("at " + getTime()), 2000); }
export function fail(): void { const error = new Error("no"); throw error; }
export function outside(): unknown { return extra.given instanceof Array ? extra.given.join() : "foreign"; }
export function hasMap(): boolean { return typeof (global as unknown as { Map?: unknown }).Map !== "undefined"; }
`;

describe("loadModule", () => {
  let directory = "";
  let entry = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "godwit-module-"));
    entry = join(directory, "sample.ts");
    writeFileSync(entry, SOURCE);
  });
  after(() => rmSync(directory, { recursive: true }));

  it("runs a module on a board, on the clock that it is given", async () => {
    const clock = createManualClock();
    const sample = await loadModule<Sample>(entry, { clock, globals: { extra: { given: [1, 2] } } });
    assert.deepEqual(toHost(sample.shape(4)), { list: [4, 5], text: "AB" });
    assert.equal(sample.hasMap(), false);
    assert.equal(sample.outside(), "1,2");
    assert.throws(() => sample.fail(), /Error: no/);
    const answers: string[] = [];
    sample.later((answer) => answers.push(answer));
    clock.advance(1999);
    assert.deepEqual(answers, []);
    clock.advance(1);
    assert.deepEqual(answers, ["at 2"]);
  });

  it("shares a board that runs already", async () => {
    const board = new VirtualBoard({ board: "nrf52840dk", clock: createManualClock() });
    board.start();
    const sample = await loadModule<Sample>(entry, { board });
    assert.equal(board.realm.isFunction(sample.shape), true);
    assert.equal(Object.getPrototypeOf(sample.shape(1).list), board.realm.prototypeOf("Array"));
  });
});
