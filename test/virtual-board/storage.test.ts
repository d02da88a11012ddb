import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRig } from "./rig.ts";

describe("virtual board: Storage", () => {
  it("has the board's size, and a deleted file takes room until compaction", () => {
    const { board, ask } = createRig({ board: "nrf52840dk" });
    board.start();
    assert.equal(ask("s=require('Storage');s.getFree()"), "40960");
    board.evaluate("s.write('a','x',0,20000);s.erase('a')");
    assert.equal(ask("s.getFree()"), String(40960 - 20032));
    assert.equal(ask("s.getStats().trashBytes"), "20032");
    // 25,000 bytes only fit after compaction, which happens by itself.
    assert.equal(ask("s.write('b','x',0,25000)"), "true");
    assert.equal(board.storage.compactions, 1);
    assert.equal(ask("try{s.write('c','x',0,20000)}catch(e){e.message}"), "Unable to find or create file");
  });

  it("does not write what is there already", () => {
    const { board, ask } = createRig();
    board.start();
    board.evaluate("s=require('Storage');s.write('f','same');n=s.getFree();s.write('f','same')");
    assert.equal(ask("n-s.getFree()"), "0");
    board.evaluate("s.write('f','diff')");
    assert.equal(ask("n-s.getFree()"), "36");
  });

  it("keeps its files, and the room that deleted ones take, for the next board", () => {
    const storage = new Map<string, string>();
    const one = createRig({ storage });
    one.board.start();
    one.board.evaluate("s=require('Storage');s.write('f','1');s.write('f','2')");
    const two = createRig({ storage });
    two.board.start();
    assert.equal(two.ask("s=require('Storage');s.read('f')+s.getStats().trashCount"), "21");
    assert.equal(storage.get("f"), "2");
  });

  it("holds the image, which must fit", () => {
    const { board, ask } = createRig({ image: "x=1" });
    board.start();
    assert.equal(ask("require('Storage').read('.bootcde')"), "x=1");
    assert.throws(() => createRig({ image: "x".repeat(90_000) }), /Unable to find or create file/);
  });
});
