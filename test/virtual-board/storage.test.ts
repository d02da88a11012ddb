import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { createRig } from "./rig.ts";

const FREE = "f=require('Flash');a=f.getFree()[0].addr;";

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

describe("virtual board: Flash", () => {
  it("writes ones to zeros only, until the page is erased", () => {
    const { board, ask } = createRig();
    board.start();
    board.evaluate(`${FREE}f.write([0xF0,0xFF],a);f.write([0x0F],a)`);
    assert.equal(ask("f.read(3,a).join()"), "0,255,255");
    board.evaluate("f.erasePage(a+100)");
    assert.equal(ask("f.read(2,a).join()"), "255,255");
    assert.equal(ask("f.getPage(a+5000).length"), "4096");
  });

  it("outlives the power, on the same FlashMemory", () => {
    const flash = new FlashMemory();
    const one = createRig({ flash });
    one.board.start();
    one.board.evaluate(`${FREE}f.write('mark',a)`);
    one.board.stop();
    const two = createRig({ flash });
    two.board.start();
    assert.equal(two.ask(`${FREE}E.toString(f.read(4,a))`), "mark");
  });

  it("tells when a word is written more often than the chip allows", () => {
    const { board } = createRig();
    const abuse: string[] = [];
    board.on("flash-abuse", (message) => abuse.push(message));
    board.start();
    board.evaluate(`${FREE}for(var i=0;i<4;i++)f.write([255>>i],a)`);
    assert.equal(abuse.length, 1);
    assert.match(abuse[0] ?? "", /^flash word 0x[0-9a-f]+ written more than 2 times/);
  });

  it("refuses what would damage the interpreter or Storage", () => {
    const { board, ask } = createRig();
    board.start();
    assert.match(ask("try{require('Flash').erasePage(0)}catch(e){e.message}"), /would damage the interpreter/);
    assert.match(ask("try{require('Flash').write('x',0xE2000)}catch(e){e.message}"), /would damage Storage/);
  });

  it("stops the processor while a page is erased", () => {
    const { board, clock, ask } = createRig();
    board.start();
    board.evaluate(`${FREE}t=0;setTimeout(function(){t=getTime()},10);f.erasePage(a)`);
    clock.advance(200);
    assert.equal(ask("t"), "0.085");
  });
});
