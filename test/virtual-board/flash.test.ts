import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { createRig } from "./rig.ts";

const FREE = "f=require('Flash');a=f.getFree()[0].addr;";

/** A board that runs, with the first free page of its flash at `a`. */
function createFlashRig(options: Parameters<typeof createRig>[0] = {}): ReturnType<typeof createRig> {
  const rig = createRig(options);
  rig.board.start();
  rig.board.evaluate(FREE);
  return rig;
}

// No interpreter on a computer has this flash: the lines are those of Espruino at c5ff787b.
describe("virtual board: Flash", () => {
  it("writes ones to zeros only, until the page is erased", () => {
    const { board, ask } = createFlashRig();
    board.evaluate("f.write([0xF0,0xFF],a);f.write([0x0F],a)");
    assert.equal(ask("f.read(3,a).join()"), "0,255,255");
    board.evaluate("f.erasePage(a+100)");
    assert.equal(ask("f.read(2,a).join()"), "255,255");
  });

  it("takes any address and length, and leaves the other bytes of the words alone", () => {
    // jshardware_common.c:56, jshFlashWriteAligned.
    for (let offset = 0; offset < 5; offset++) {
      for (let length = 1; length < 10; length++) {
        const { board, ask } = createFlashRig();
        board.evaluate(`f.write(new Uint8Array(16).fill(0x7f),a);f.write(new Uint8Array(${length}),a+${offset})`);
        const expected = Array.from({ length: 16 }, (_, i) => (i >= offset && i < offset + length ? 0 : 0x7f));
        assert.equal(ask("f.read(16,a).join()"), expected.join());
        assert.equal(board.flash.wear()[0]?.wordWrites, 4 + Math.ceil(((offset % 4) + length) / 4));
      }
    }
  });

  it("writes across the end of a page", () => {
    const { ask } = createFlashRig();
    assert.equal(ask("f.write('abcdef',a+4093);E.toString(f.read(6,a+4093))"), "abcdef");
    assert.equal(ask("f.erasePage(a+4096);f.read(6,a+4093).join()"), "97,98,99,255,255,255");
  });

  it("takes all that can be made bytes of, and nothing that is nothing", () => {
    const { ask } = createFlashRig();
    assert.equal(ask("f.write(['a',98,[99],{data:'d',count:2}],a);E.toString(f.read(5,a))"), "abcdd");
    assert.equal(ask("f.write('',a);f.write([],a);E.toString(f.read(5,a))"), "abcdd");
  });

  it("reads into a Uint8Array, from any address", () => {
    const { ask } = createFlashRig();
    assert.equal(ask("f.write('abcdefgh',a);r=f.read(3,a+3);(r instanceof Uint8Array)+E.toString(r)"), "truedef");
    // jswrap_flash.c:159
    assert.equal(ask("f.read(0,a)"), "undefined");
    assert.equal(ask("f.read(-1,a)"), "undefined");
  });

  it("has one free region, from the end of the interpreter to Storage", () => {
    // boards/*.py, saved_code: pages 226 and 236; the beginning depends on the build.
    for (const [name, storage] of [
      ["rak5010", 0xe2000],
      ["nrf52840dk", 0xec000],
    ] as const) {
      const { ask } = createFlashRig({ board: name });
      assert.equal(ask("f.getFree().length"), "1");
      assert.equal(ask("r=f.getFree()[0];r.addr+r.length"), String(storage));
      assert.equal(ask("r.addr%4096+r.length%4096"), "0");
    }
  });

  it("finds the page of an address, the end of the flash included", () => {
    const { ask } = createFlashRig();
    assert.equal(ask("JSON.stringify(f.getPage(0x93ABC))"), '{"addr":602112,"length":4096}');
    // jshardware.c:2394 compares with >.
    assert.equal(ask("f.getPage(0x100000).addr"), String(0x100000));
    assert.equal(ask("f.getPage(0x100001)"), "undefined");
    assert.equal(ask("f.getPage(-1)"), "undefined");
  });

  it("erases by an integer only", () => {
    // jswrap_flash.c:107. What getPage gives is no address.
    const { ask } = createFlashRig();
    assert.match(
      ask("try{f.erasePage(f.getPage(a))}catch(e){e.message}"),
      /^Address should be an integer, got Object$/,
    );
    assert.match(ask("try{f.erasePage(a+0.5)}catch(e){e.message}"), /^Address should be an integer/);
    assert.match(ask("try{f.erasePage()}catch(e){e.message}"), /^Address should be an integer, got undefined$/);
  });

  it("outlives the power, on the same FlashMemory", () => {
    const flash = new FlashMemory();
    const one = createFlashRig({ flash });
    one.board.evaluate("f.write('mark',a)");
    one.board.stop();
    const two = createFlashRig({ flash });
    assert.equal(two.ask("E.toString(f.read(4,a))"), "mark");
  });

  it("refuses what would damage the interpreter or Storage, and what is not there to read", () => {
    const { ask } = createFlashRig();
    assert.match(ask("try{f.erasePage(0)}catch(e){e.message}"), /would damage the interpreter/);
    assert.match(ask("try{f.write('x',0xE2000)}catch(e){e.message}"), /would damage Storage/);
    assert.match(ask("try{f.write('12345678',0xE2000-4)}catch(e){e.message}"), /would damage/);
    assert.match(ask("try{f.read(4,0)}catch(e){e.message}"), /no flash to read at 0x0/);
  });

  it("stops the processor while a page is erased and while words are written", () => {
    const { board, clock, ask } = createFlashRig();
    board.evaluate("t=0;setTimeout(function(){t=getTime()},10);f.erasePage(a)");
    clock.advance(200);
    assert.equal(ask("t"), "0.085");
    board.evaluate("s=getTime();setTimeout(function(){t=getTime()},1);f.write(new Uint8Array(4000),a)");
    clock.advance(200);
    assert.equal(ask("Math.round((t-s)*1000)"), "41");
  });
});

describe("virtual board: wear of the flash", () => {
  it("tells when a word is written more often than the chip allows, read-modify-write included", () => {
    const { board } = createFlashRig();
    const abuse: string[] = [];
    board.on("flash-abuse", (message) => abuse.push(message));
    board.evaluate("f.write([1],a);f.write([2],a+1)");
    assert.deepEqual(abuse, []);
    board.evaluate("f.write([3],a+2);f.write([4],a+3)");
    assert.equal(abuse.length, 1);
    assert.match(abuse[0] ?? "", /^flash word 0x[0-9a-f]+ written more than 2 times/);
    assert.deepEqual(
      board.flash.abuses.map(({ kind, address }) => [kind, address]),
      [["rewritten", board.profile.freeFlash.address]],
    );
    board.evaluate("f.erasePage(a);f.write([1],a);f.write([2],a+1)");
    assert.equal(abuse.length, 1);
  });

  it("counts erases and writes of a page, and tells when it is worn", () => {
    const flash = new FlashMemory();
    const [first, second] = [0x94000, 0x95000];
    flash.write(first, [1, 2, 3, 4, 5]);
    flash.write(second, [1]);
    for (let i = 0; i < 10_000; i++) flash.erase(first);
    assert.deepEqual(flash.wear(), [
      { address: first, erases: 10_000, wordWrites: 2 },
      { address: second, erases: 0, wordWrites: 1 },
    ]);
    assert.equal(flash.abuses.length, 0);
    flash.erase(first + 8);
    assert.equal(flash.abuses[0]?.message, "flash page 0x94000 erased more than 10000 times");
  });

  it("copies itself, with all that has been", () => {
    const flash = new FlashMemory();
    flash.write(0x94000, [1, 2, 3, 4]);
    const copy = new FlashMemory();
    copy.copyFrom(flash);
    copy.write(0x94000, [0]);
    assert.deepEqual([flash.read(0x94000, 1)[0], copy.read(0x94000, 1)[0]], [1, 0]);
    assert.deepEqual([flash.steps, copy.steps], [1, 2]);
    copy.copyFrom(new FlashMemory());
    assert.deepEqual([copy.read(0x94000, 1)[0], copy.steps, copy.wear()], [255, 0, []]);
  });
});

describe("virtual board: E.memoryArea", () => {
  it("gives a part of the flash as a string", () => {
    const { ask } = createFlashRig();
    assert.equal(ask("f.write('abcdefgh',a);E.memoryArea(a+2,3)"), "cde");
    assert.equal(ask("E.memoryArea(a,0)"), "");
    assert.equal(ask("f.write([0,200],a+8);E.memoryArea(a+9,2).charCodeAt(0)"), "200");
    // jswrap_espruino.c:1352
    assert.equal(ask("E.memoryArea(0,4)"), "undefined");
    assert.equal(ask("E.memoryArea(a,-1)"), "undefined");
  });

  it("refuses what is not modelled", () => {
    const { ask } = createFlashRig();
    assert.match(ask("try{E.memoryArea(0x20000000,4)}catch(e){e.message}"), /no flash to read/);
  });
});
