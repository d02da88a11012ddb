import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConsoleTakeover } from "../../tools/virtual-board/board.ts";
import { createRig, type Rig, settle } from "./rig.ts";

function takeovers({ board }: Rig): ConsoleTakeover[] {
  const list: ConsoleTakeover[] = [];
  board.on("console-takeover", (takeover) => list.push(takeover));
  return list;
}

/** How a terminal's line is taken away. */
const ERASE = "\r\x1b[J";
const FORCE = 'E.setConsole("Bluetooth",{force:true})';

describe("virtual board: where the console is", () => {
  it("on the nRF52840 DK, moves to Serial1 a second after boot and executes what a modem says", async () => {
    const rig = createRig({ board: "nrf52840dk", image: "Serial1.setup(115200)" });
    const { board, clock, send } = rig;
    const list = takeovers(rig);
    board.start();
    clock.advance(999);
    assert.equal(board.consoleDevice, "Limbo");
    clock.advance(1);
    assert.equal(board.consoleDevice, "Serial1");
    assert.deepEqual(list, [{ device: "Serial1" }]);
    send("hacked=1\r\n");
    await settle();
    clock.advance(10);
    assert.equal(board.evaluate("hacked"), 1);
    assert.deepEqual(list[1], { device: "Serial1", executed: "hacked=1" });
  });

  it("prints to the modem then, and data listeners get nothing", async () => {
    const { board, clock, send, sent, ask } = createRig({ board: "nrf52840dk", serial: { paced: false } });
    board.start();
    board.evaluate("got='';Serial1.on('data',function(d){got+=d});print('early')");
    clock.advance(1000);
    board.evaluate("print('hello')");
    clock.advance(1);
    await settle();
    const shown = sent();
    assert.ok(shown.endsWith(`espruino.com/Donate\r\n\r\nearly\r\n>${ERASE}hello\r\n>`), shown);
    send("1+1\n");
    await settle();
    clock.advance(100);
    assert.equal(ask("got"), "");
    assert.match(sent(), /hello\r\n>1\+1\r\n=2\r\n>$/);
  });

  it("says goodbye where it was and hello where it is now", async () => {
    const { board, clock, sent } = createRig({ board: "nrf52840dk", serial: { paced: false } });
    board.start();
    clock.advance(1000);
    let shown = "";
    board.serial("Bluetooth").on("data", (bytes: Buffer) => {
      shown += bytes.toString("latin1");
    });
    board.connect("Bluetooth");
    clock.advance(1);
    await settle();
    assert.ok(sent().endsWith(`>${ERASE}-> Bluetooth\r\n`), sent());
    assert.equal(shown, "<- Serial1\r\n>");
    board.evaluate("E.setConsole(null)");
    clock.advance(1);
    await settle();
    assert.equal(shown, `<- Serial1\r\n>${ERASE}-> \r\n`);
    board.evaluate("print('nobody hears this')");
    clock.advance(1);
    assert.doesNotMatch(sent() + shown, /nobody/);
  });

  it("stays where it is put by force", () => {
    const rig = createRig({ board: "nrf52840dk", image: FORCE });
    const list = takeovers(rig);
    rig.board.start();
    rig.clock.advance(5000);
    rig.board.connect("Bluetooth");
    rig.board.disconnect("Bluetooth");
    assert.equal(rig.board.consoleDevice, "Bluetooth");
    assert.deepEqual(list, []);
  });

  it("goes to Serial1 on a BLE disconnect when it is not forced", () => {
    const rig = createRig({ board: "nrf52840dk", image: 'E.setConsole("Bluetooth")' });
    const list = takeovers(rig);
    rig.board.start();
    rig.clock.advance(5000);
    assert.deepEqual(list, []);
    rig.board.connect("Bluetooth");
    rig.board.disconnect("Bluetooth");
    assert.deepEqual(list, [{ device: "Serial1" }]);
  });

  it("can be nowhere", () => {
    const { board, clock, ask } = createRig({ board: "nrf52840dk", image: "E.setConsole(null,{force:true})" });
    board.start();
    clock.advance(5000);
    assert.equal(ask("E.getConsole()"), "null");
  });

  it("loses the force in load(), so boot code has to say it again", () => {
    const { board, clock } = createRig({ board: "nrf52840dk" });
    board.start();
    board.evaluate(FORCE);
    board.evaluate("reset()");
    clock.advance(1);
    board.connect("USB");
    board.disconnect("USB");
    assert.equal(board.consoleDevice, "Serial1");
  });

  it("is Bluetooth on the RAK5010, which no modem can reach", async () => {
    const rig = createRig({ image: "Serial1.setup(115200)" });
    const list = takeovers(rig);
    rig.board.start();
    rig.clock.advance(2000);
    rig.send("x=1\r\n");
    await settle();
    rig.clock.advance(100);
    assert.equal(rig.ask("typeof x"), "undefined");
    assert.deepEqual(list, []);
  });

  it("takes REPL lines over Bluetooth while something is connected", async () => {
    const { board, clock, ask } = createRig();
    let answer = "";
    board.serial("Bluetooth").on("data", (bytes: Buffer) => {
      answer += bytes.toString("latin1");
    });
    board.start();
    clock.advance(1000);
    board.evaluate("print('to nobody')");
    board.connect("Bluetooth");
    board.serial("Bluetooth").write("a=6*7\r\n");
    board.serial("Bluetooth").write("\x10print('quiet')\n");
    await settle();
    clock.advance(10);
    assert.equal(ask("a"), "42");
    assert.equal(answer, ">a=6*7\r\n=42\r\n>quiet\r\n>");
  });
});
