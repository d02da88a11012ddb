import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRig } from "./rig.ts";

/** All that device code may find in `global`; a name that V8 gains must not turn up here. */
const LANGUAGE =
  "Array ArrayBuffer Boolean DataView Date E Error Float32Array Float64Array Function HIGH Infinity Int16Array " +
  "Int32Array Int8Array InternalError JSON LOW Math Modules NRF NaN Number Object Pin Promise ReferenceError RegExp " +
  "Serial Serial1 Serial2 String SyntaxError TypeError USB Bluetooth LoopbackA LoopbackB Uint16Array Uint32Array " +
  "Uint8Array Uint8ClampedArray analogRead analogWrite atob btoa changeInterval clearInterval clearTimeout clearWatch " +
  "console decodeURIComponent digitalPulse digitalRead digitalWrite dump echo edit encodeURIComponent eval getPinMode " +
  "getSerial getTime global globalThis isFinite isNaN load parseFloat parseInt pinMode print process require reset save " +
  "setBusyIndicator setInterval setSleepIndicator setTime setTimeout setWatch trace undefined LED1";

describe("virtual board: what device code can reach", () => {
  it("is exactly this list of globals, and 48 pins", () => {
    const { board, ask } = createRig();
    board.start();
    const pins = Array.from({ length: 48 }, (_, pin) => `D${pin}`);
    const names = ask("Object.getOwnPropertyNames(global).join(' ')").split(" ");
    assert.deepEqual(names.sort(), [...LANGUAGE.split(" "), ...pins].sort());
  });

  it("has no way round to what was taken out", () => {
    const { board, ask } = createRig();
    board.start();
    for (const name of ["Map", "Symbol", "Proxy", "Reflect", "WebAssembly", "SharedArrayBuffer", "Intl", "escape"]) {
      assert.equal(ask(`typeof ${name}+typeof global[${JSON.stringify(name)}]`), "undefinedundefined", name);
    }
    assert.equal(ask("typeof new Function('return this')().process.binding"), "undefined");
    assert.equal(ask("typeof setTimeout.constructor('return setImmediate')"), "function");
    assert.match(ask("try{setTimeout.constructor('return setImmediate')()}catch(e){e.message}"), /not defined/);
  });

  it("throws where the interpreter's replaceAll would never end", () => {
    const { board, ask } = createRig();
    board.start();
    for (const call of ['"abcb".replaceAll("bcd","b")', '"aaa".replaceAll("aa","aa")', '"abc".replaceAll("","-")']) {
      assert.match(ask(`try{${call}}catch(e){e.message}`), /does not end/, call);
    }
  });

  it("reports errors with the device's frames only", () => {
    const { board, clock } = createRig({ image: "function f(){nope()}\nsetTimeout(function(){f()},1)" });
    const stacks: (string | undefined)[] = [];
    board.on("error", ({ stack }) => stacks.push(stack));
    board.start();
    clock.advance(5);
    assert.deepEqual(stacks, ["ReferenceError: nope is not defined\n    at f (.bootcde:1:14)\n    at .bootcde:2:23"]);
  });

  it("gives repeatable randomness", () => {
    const draw = (seed: number): string => {
      const { board, ask } = createRig({ seed });
      board.start();
      return ask("Math.random()+' '+E.hwRand()");
    };
    assert.equal(draw(7), draw(7));
    assert.notEqual(draw(7), draw(8));
  });

  it("records what the code wants of Bluetooth", () => {
    const { board } = createRig();
    board.start();
    board.evaluate("NRF.setSecurity({passkey:'123456',mitm:1,display:1})");
    assert.deepEqual(
      board.radio.calls.map(({ name }) => name),
      ["setSecurity"],
    );
  });

  it("counts JsVars near to what the interpreter counts", () => {
    const { board, ask } = createRig();
    board.start();
    const before = Number(ask("process.memory().usage"));
    // On the interpreter: 10 objects of 5 JsVars in an array and its name are 63.
    board.evaluate("list=[];for(var i=0;i<10;i++)list.push({a:1,b:'text',c:true})");
    const used = Number(ask("process.memory().usage")) - before;
    assert.ok(used > 55 && used < 95, String(used));
    assert.equal(ask("process.memory().total"), "12500");
    board.evaluate("make=function(){var kept='0123456789'.repeat(100);return function(){return kept}};keep=make()");
    assert.ok(Number(ask("process.memory().usage")) - before - used > 100, "a closure's variables count");
  });
});
