import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { type ModemInput, wire } from "../../tools/virtual-board/connect.ts";
import type { Level } from "../../tools/virtual-board/pins.ts";
import { createRig, settle } from "./rig.ts";

describe("virtual board: pins", () => {
  it("drives what it writes, floats what it reads", () => {
    const { board, ask } = createRig();
    const levels: unknown[] = [];
    board.onPin("D2", (level) => levels.push(level));
    board.start();
    board.evaluate("D2.reset();digitalWrite(D2,1);D2.write(0)");
    board.setPin("D2", 1);
    assert.equal(ask("D2.read()"), "true");
    // Reading made it an input again, as jshPinInput does.
    assert.deepEqual(levels, [0, 1, 0, undefined]);
    board.evaluate("pinMode(D2,'output');D2.set();D2.read()");
    assert.equal(board.getPin("D2"), 1);
    board.reboot();
    assert.deepEqual(levels.slice(4), [0, 1, undefined]);
  });

  it("reads pulls, open drain and several pins at once", () => {
    const { board, ask } = createRig();
    board.start();
    assert.equal(ask("pinMode(D3,'input_pullup');D3.read()"), "true");
    assert.equal(ask("pinMode(D4,'opendrain');D4.write(1);D4.read()"), "false");
    board.setPin("D4", 1);
    assert.equal(ask("D4.read()"), "true");
    assert.equal(ask("D4.write(0);D4.read()"), "false");
    assert.equal(
      ask("digitalWrite([D5,D6,D7],6);[D5,D6,D7].map(function(p){return p.getInfo().mode}).join()"),
      "output,output,output",
    );
    assert.deepEqual([board.getPin("D5"), board.getPin("D6"), board.getPin("D7")], [1, 1, 0]);
  });

  it("negates the DK's LEDs and buttons in software", () => {
    const { board, ask } = createRig({ board: "nrf52840dk" });
    board.start();
    board.evaluate("LED1.set()");
    assert.equal(board.getPin("D13"), 0);
    board.setPin("D11", 0);
    assert.equal(ask("BTN1.read()"), "true");
  });

  it("pulses for as long as it is told", () => {
    const { board, clock } = createRig();
    const seen: [number, unknown][] = [];
    board.onPin("D2", (level) => seen.push([clock.now(), level]));
    board.start();
    board.evaluate("digitalPulse(D2,0,[200,100,50])");
    clock.advance(1000);
    assert.deepEqual(seen, [
      [0, 0],
      [200, 1],
      [300, 0],
      [350, 1],
    ]);
  });

  it("watches edges, once or repeatedly, with times", () => {
    const { board, clock, ask } = createRig();
    board.start();
    board.evaluate(
      "log=[];setWatch(function(e){log.push(['r',e.state,e.time,e.pin==18])},D18,{repeat:true,edge:'rising'});" +
        "setWatch(function(e){log.push(['once',e.state])},D18)",
    );
    for (const level of [1, 0, 1] as const) {
      clock.advance(500);
      board.setPin("D18", level);
    }
    clock.advance(1);
    assert.equal(ask("JSON.stringify(log)"), '[["r",true,0.5,true],["once",true],["r",true,1.5,true]]');
  });

  it("debounces", () => {
    const { board, clock, ask } = createRig();
    board.start();
    board.evaluate("n=0;setWatch(function(){n++},D18,{repeat:true,edge:'both',debounce:50})");
    for (const level of [1, 0, 1, 0, 1] as const) {
      board.setPin("D18", level);
      clock.advance(5);
    }
    clock.advance(200);
    assert.equal(ask("n"), "1");
    board.evaluate("clearWatch()");
    board.setPin("D18", 0);
    clock.advance(200);
    assert.equal(ask("n"), "1");
  });

  it("reads analog values that the host sets", () => {
    const { board, ask } = createRig();
    board.setAnalog("D4", 0.25);
    board.start();
    assert.equal(ask("analogRead(D4)"), "0.25");
  });

  it("knows no other pins", () => {
    const { board } = createRig();
    assert.throws(() => board.setPin("D48", 1), /no such pin: D48/);
    assert.throws(() => board.onPin("A0", () => {}), /no such pin/);
    assert.throws(() => board.serial("Serial9"), /the board has no Serial9/);
  });
});

/** A modem that writes down what is done to its pins and answers each byte by the next one. */
function createProbe() {
  const pins: [ModemInput, Level][] = [];
  let status: (level: Level) => void = () => {};
  const uart = new Duplex({
    read: () => {},
    write(chunk: Buffer, _encoding, done) {
      uart.push(Buffer.from(chunk.map((byte) => byte + 1)));
      done();
    },
  });
  return {
    pins,
    uart,
    setStatus: (level: Level) => status(level),
    setPin: (name: ModemInput, level: Level) => void pins.push([name, level]),
    onPin(_: "status", listener: (level: Level) => void) {
      status = listener;
    },
  };
}

describe("virtual board: wiring to a modem", () => {
  it("joins UART, PWRKEY, RESET, DTR and STATUS of the RAK5010", async () => {
    const { board, clock, ask } = createRig({ serial: { paced: false } });
    const modem = createProbe();
    wire(board, modem);
    board.start();
    board.evaluate("Serial1.setup(115200);got='';Serial1.on('data',function(d){got+=d})");
    board.evaluate("D2.reset();D2.set();D28.write(0);D26.write(0);Serial1.write('HAL')");
    modem.setStatus(1);
    await settle();
    await settle();
    clock.advance(1);
    assert.deepEqual(modem.pins, [
      ["pwrkey", 0],
      ["pwrkey", 1],
      ["reset", 0],
      ["dtr", 0],
    ]);
    assert.equal(ask("got+D18.read()"), "IBMtrue");
    board.stop();
    assert.deepEqual(modem.pins.slice(4), [
      ["pwrkey", 1],
      ["dtr", 1],
      ["reset", 1],
    ]);
  });

  it("turns levels round where a transistor does", () => {
    const { board } = createRig({ board: "nrf52840dk" });
    const modem = createProbe();
    wire(board, modem);
    board.start();
    board.evaluate("D36.set();D36.reset();D37.set()");
    assert.deepEqual(modem.pins, [
      ["pwrkey", 0],
      ["pwrkey", 1],
      ["reset", 0],
    ]);
  });
});
