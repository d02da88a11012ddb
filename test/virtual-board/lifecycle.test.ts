import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRig } from "./rig.ts";

describe("virtual board: boot, reset, watchdog", () => {
  it("runs .boot0 to .boot3, then the image, then init and onInit", () => {
    const storage = new Map([
      [".boot1", "print(1)"],
      [".boot0", "print(0)"],
    ]);
    const { board, text } = createRig({
      storage,
      image: "print('image');E.on('init',function(){print('init')});function onInit(){print('onInit')}",
    });
    board.start();
    assert.deepEqual(text().split("\r\n"), ["0", "1", "image", "init", "onInit", ""]);
  });

  it("reports an error in boot code and stays usable", () => {
    const { board, text, ask } = createRig({ image: "nope()" });
    const errors: string[] = [];
    board.on("error", (error) => errors.push(error.message));
    board.start();
    assert.deepEqual(errors, ["ReferenceError: nope is not defined"]);
    assert.match(text(), /^Uncaught ReferenceError: nope is not defined\r\n {4}at \.bootcde:1:1/);
    assert.equal(ask("1+1"), "2");
  });

  it("begins at 1970 with power, keeps its time through reboots and loses it with the power", () => {
    const { board, clock, ask } = createRig();
    clock.advance(5000);
    board.start();
    assert.equal(ask("getTime()"), "0");
    board.evaluate("setTime(1e9)");
    clock.advance(2000);
    board.reboot();
    assert.equal(ask("getTime()"), "1000000002");
    board.stop();
    board.start();
    assert.equal(ask("new Date().toISOString()"), "1970-01-01T00:00:00.000Z");
  });

  it("loses RAM and timers in a reboot and keeps Storage", () => {
    const { board, clock, text, ask } = createRig();
    board.start();
    board.evaluate("left=1;setInterval(function(){print('tick')},100);require('Storage').write('f','kept')");
    board.reboot();
    clock.advance(500);
    assert.equal(ask("typeof left"), "undefined");
    assert.equal(ask("require('Storage').read('f')"), "kept");
    assert.equal(text(), "");
  });

  it("tells `kill` listeners of E.reboot, and nothing behind E.reboot has an effect", () => {
    const { board, clock, text, sent, ask } = createRig();
    let reboots = 0;
    board.on("reboot", () => reboots++);
    board.start();
    board.evaluate("E.on('kill',function(){print('kill')});Serial1.setup(9600)");
    board.evaluate(
      "setTimeout(function(){E.reboot();try{Serial1.write('late')}catch(e){}setTimeout(print,1,'late');print('late')},10)",
    );
    clock.advance(1000);
    assert.equal(reboots, 1);
    assert.equal(text(), "kill\r\n");
    assert.equal(sent(), "");
    assert.equal(ask("1"), "1");
  });

  it("resets when the watchdog is not fed, without `kill`", () => {
    const { board, clock, text } = createRig({ image: "print('boot')" });
    const events: string[] = [];
    board.on("watchdog", () => events.push("watchdog"));
    board.on("reboot", () => events.push("reboot"));
    board.start();
    board.evaluate("E.on('kill',function(){print('kill')});E.enableWatchdog(5,false)");
    clock.advance(4900);
    board.evaluate("E.kickWatchdog()");
    clock.advance(4900);
    assert.deepEqual(events, []);
    clock.advance(200);
    assert.deepEqual(events, ["watchdog", "reboot"]);
    assert.equal(text(), "boot\r\nboot\r\n");
    clock.advance(60_000);
    assert.equal(events.length, 2, "after the reset the watchdog is off");
  });

  it("feeds the watchdog itself when told to, unless the processor hangs", () => {
    const { board, clock } = createRig();
    let resets = 0;
    board.on("watchdog", () => resets++);
    board.start();
    board.evaluate("E.enableWatchdog(2)");
    clock.advance(60_000);
    assert.equal(resets, 0);
    board.stall(10_000);
    clock.advance(5000);
    assert.equal(resets, 1);
  });

  it("starts anew without the image on reset(), with it on load()", () => {
    const { board, clock, ask } = createRig({ image: "loaded=1" });
    board.start();
    board.evaluate("reset();still=1");
    assert.equal(ask("still"), "1");
    clock.advance(1);
    assert.equal(ask("typeof still+typeof loaded"), "undefinedundefined");
    board.evaluate("load()");
    clock.advance(1);
    assert.equal(ask("loaded"), "1");
  });

  it("is silent and deaf when it is off", () => {
    const { board, clock, text } = createRig({ image: "setInterval(function(){print('tick')},10)" });
    board.start();
    clock.advance(15);
    board.stop();
    clock.advance(1000);
    assert.equal(text(), "tick\r\n");
    assert.throws(() => board.evaluate("1"), /the board is off/);
  });

  it("isolates two boards and the host", () => {
    const one = createRig();
    const two = createRig();
    one.board.start();
    two.board.start();
    one.board.evaluate("Array.prototype.mine=1;x=5");
    assert.equal(two.ask("typeof x+typeof [].mine"), "undefinedundefined");
    assert.equal(Reflect.has([], "mine"), false);
    assert.equal(
      one.ask("typeof process.exit+typeof require('Storage').constructor.constructor('return this')().setImmediate"),
      "undefinedundefined",
    );
  });

  it("gives values that are of its realm", () => {
    const { board, ask } = createRig();
    board.start();
    assert.equal(ask("E.toUint8Array(1) instanceof Uint8Array"), "true");
    assert.equal(ask("require('Storage').list() instanceof Array"), "true");
    assert.equal(ask("process.memory() instanceof Object"), "true");
    assert.equal(ask("try{Serial1.setup(1)}catch(e){e instanceof Error}"), "true");
    assert.equal(ask("setTimeout instanceof Function"), "true");
  });
});
