import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BluetoothError, BluetoothErrorCode, BluetoothOptions } from "../../tools/virtual-board/bluetooth.ts";
import { FlashMemory } from "../../tools/virtual-board/flash.ts";
import { type Central, connectCentral, evaluation } from "./link.ts";
import { createRig, type Rig, settle } from "./rig.ts";

const XON = "\x11";
const XOFF = "\x13";

function connected(options: BluetoothOptions = {}, image?: string): Omit<Rig, "send"> & Central {
  const rig = createRig(image === undefined ? {} : { image });
  rig.board.start();
  rig.clock.advance(1000);
  return { ...rig, ...connectCentral(rig.board, rig.clock, options) };
}

const refusal =
  (code: BluetoothErrorCode) =>
  (error: BluetoothError): boolean =>
    error.code === code;

const ONE = Uint8Array.of(10);

describe("virtual board: a Bluetooth link to the console", () => {
  it("carries packets and typed lines", async () => {
    const { send } = connected();
    assert.equal(await send("\x05"), "Espruino 2v29 RAK5010\r\n");
    assert.equal(await send(evaluation('{a:"b",c:[1,2]}')), '\x06\x10\x01\x00\x0f{a:"b",c:[1,2]}');
    assert.equal(await send("\x10print(6*7)\n"), "42\r\n>");
    assert.equal(await send("6*7\n"), "6*7\r\n=42\r\n>");
  });

  it("cuts what the board sends into its chunks, and takes no longer ones", async () => {
    const { link, send, sizes } = connected({ chunkBytes: 20 });
    assert.equal(link.chunkBytes, 20);
    const answer = await send(evaluation('"x".repeat(95)'));
    assert.equal(answer.length, 1 + 4 + 97);
    assert.deepEqual(sizes(), [20, 20, 20, 20, 20, 2]);
    await assert.rejects(link.write(new Uint8Array(21)), refusal("length"));
  });

  it("has at most the chunk that fits into the board's input events", () => {
    assert.equal(connected({ chunkBytes: 244 }).link.chunkBytes, 58);
  });

  it("is lost to the board's XOFF by who does not mind it, and to nobody who does", async () => {
    for (const minds of [true, false]) {
      const { board, clock, link, heard } = connected({ chunkBytes: 20, intervalMs: 7.5 }, "got=0");
      const flags: string[] = [];
      board.on("overflow", (flag) => flags.push(flag));
      board.stall(400);
      const line = `\x10got++//${"x".repeat(10)}\n`.padEnd(20, " ");
      let left = 100;
      for (let turn = 0; turn < 4000 && left > 0; turn++) {
        const isPaused = heard().lastIndexOf(XOFF) > heard().lastIndexOf(XON);
        if (!minds || !isPaused) {
          void link.write(Uint8Array.from(line, (char) => char.charCodeAt(0)));
          left--;
        }
        await settle();
        clock.advance(1);
      }
      clock.advance(1000);
      const flow = [...heard()].filter((char) => char === XOFF || char === XON);
      assert.deepEqual(flow, [XOFF, XON], "one pause, and its end");
      const got = Number(board.evaluate("got"));
      assert.equal(got === 100, minds, `${got} lines of 100`);
      assert.equal(flags.includes("FIFO_FULL"), !minds);
    }
  });

  it("keeps its pace in both directions", async () => {
    const { clock, link, heard, send } = connected({ chunkBytes: 20, intervalMs: 15, chunksPerInterval: 4 });
    await send(evaluation("a='x'.repeat(1000),0"));
    clock.advance(100);
    const before = heard().length;
    const asked = clock.now();
    await send(evaluation("a"));
    for (let turn = 0; turn < 1000 && heard().length < before + 1007; turn++) clock.advance(1);
    const downMs = clock.now() - asked;
    // 1,007 bytes at 80 in 15 ms.
    assert.ok(downMs >= 12 * 15 && downMs <= 16 * 15, `${downMs} ms`);

    const start = clock.now();
    let taken = 0;
    for (let i = 0; i < 40; i++) void link.write(new Uint8Array(20)).then(() => taken++);
    for (let turn = 0; turn < 1000 && taken < 40; turn++) {
      clock.advance(1);
      await settle();
    }
    // The central's own buffer takes 8 of them.
    const upMs = clock.now() - start;
    assert.ok(upMs >= 7 * 15 && upMs <= 9 * 15, `${upMs} ms`);
  });

  it("makes the interpreter wait for room to print", () => {
    const { board, clock } = connected({ chunkBytes: 20, intervalMs: 10, chunksPerInterval: 1 });
    board.evaluate("setTimeout(function(){print('x'.repeat(1255))},1);ticks=0;setInterval(function(){ticks++},50)");
    clock.advance(480);
    assert.equal(board.evaluate("ticks"), 0, "the transmit buffer is full");
    clock.advance(200);
    assert.ok(Number(board.evaluate("ticks")) > 0);
  });

  it("loses what was sent before the central listens to it", async () => {
    const { board, clock } = createRig({ board: "nrf52840dk", serial: { paced: false } });
    board.start();
    clock.advance(1000);
    const { heard, send } = connectCentral(board, clock);
    clock.advance(5);
    assert.equal(heard(), "", "no `<- Serial1`");
    assert.equal(board.consoleDevice, "Bluetooth");
    assert.equal(await send("1\n"), "1\r\n=1\r\n>");
  });
});

describe("virtual board: who may connect", () => {
  it("is one central at a time", async () => {
    const { board, clock, link, send } = connected();
    assert.throws(() => board.bluetooth(), refusal("in-use"));
    let closed = 0;
    link.onClose(() => closed++);
    link.close();
    link.close();
    assert.equal(closed, 1);
    await assert.rejects(link.write(ONE), refusal("closed"));
    await assert.rejects(send("1\n"), refusal("closed"));
    assert.equal(await connectCentral(board, clock).send("1\n"), "1\r\n=1\r\n>");
  });

  it("finds nothing when the board is off or its radio sleeps", () => {
    const { board, link } = connected();
    board.evaluate("NRF.sleep()");
    link.close();
    assert.throws(() => board.bluetooth(), refusal("unreachable"));
    board.evaluate("NRF.wake()");
    board.bluetooth();
    board.stop();
    assert.throws(() => board.bluetooth(), refusal("unreachable"));
  });

  it("clears the line of the one before", async () => {
    const { board, clock, link, send } = connected();
    assert.equal(await send("half a li"), "half a li");
    link.close();
    assert.equal(await connectCentral(board, clock).send("7\n"), "7\r\n=7\r\n>");
  });

  it("ends with the board: E.reboot(), power, power cut, NRF.disconnect()", async () => {
    const ways: Record<string, (rig: ReturnType<typeof connected>) => void> = {
      reboot: ({ board }) => board.evaluate("E.reboot()"),
      stop: ({ board }) => board.stop(),
      watchdog({ board, clock }) {
        board.evaluate("E.enableWatchdog(1,false)");
        clock.advance(1500);
      },
      "NRF.disconnect": ({ board }) => void board.evaluate("NRF.disconnect()"),
      disconnect: ({ board }) => board.disconnect("Bluetooth"),
    };
    for (const [name, end] of Object.entries(ways)) {
      const rig = connected({ intervalMs: 10 });
      let closed = 0;
      rig.link.onClose(() => closed++);
      // More than the link takes before its next interval.
      const writes = Array.from({ length: 30 }, () => rig.link.write(ONE));
      const outcomes = Promise.allSettled(writes);
      end(rig);
      assert.equal(closed, 1, name);
      assert.ok(rig.link.closed);
      assert.ok((await outcomes).some(({ status }) => status === "rejected") || name === "watchdog");
      await assert.rejects(rig.link.write(ONE), refusal("closed"));
    }
  });

  it("ends when the power fails in an access to the flash", () => {
    const flash = new FlashMemory();
    const { board } = createRig({ flash });
    board.start();
    const link = board.bluetooth();
    flash.powerFailsAfter(0);
    board.evaluate("require('Flash').erasePage(require('Flash').getFree()[0].addr)");
    assert.equal(board.running, false);
    assert.equal(link.closed, true);
  });

  it("outlives reset() and load(), whose banner it gets", async () => {
    const { link, send } = connected({}, "print('image')");
    const banner = await send("reset()\n");
    assert.ok(banner.startsWith("reset()\r\n=undefined\r\n\x1b[?7l\r\n ____ "), banner);
    assert.match(banner, /\r\n 2v29 \(c\) .*Donate\r\n\r\n>$/s);
    assert.equal(await send("load()\n"), "load()\r\n=undefined\r\nimage\r\n>");
    assert.equal(link.closed, false);
  });

  it("is told to the device code", () => {
    const { board, clock, link } = connected(
      {},
      "seen=[];NRF.on('connect',function(a){seen.push(a)});NRF.on('disconnect',function(r){seen.push(r)})",
    );
    link.close();
    clock.advance(1);
    assert.equal(String(board.evaluate("seen")), "c0:ff:ee:00:00:01 random,19");
  });
});

describe("virtual board: the Nordic UART Service can be taken away", () => {
  it("is gone with uart:false, and the console cannot be reached", async () => {
    const { board, clock, link } = connected({}, "NRF.setServices({},{uart:false})");
    assert.equal(link.service, "absent");
    await assert.rejects(link.write(ONE), refusal("absent"));
    link.close();
    board.evaluate("NRF.setServices({})");
    assert.equal(connectCentral(board, clock).link.service, "open");
  });

  it("stays for a connection that stands, and says so", async () => {
    const { board, clock, link, send } = connected();
    assert.match(
      await send("\x10NRF.setServices({},{uart:false})\n"),
      /^BLE Connected, queueing BLE restart for later\r\n>$/,
    );
    assert.equal(await send("1\n"), "1\r\n=1\r\n>");
    link.close();
    assert.equal(connectCentral(board, clock).link.service, "absent");
  });

  it("is locked to whoever does not know the passkey", async () => {
    const security = (options: string): string => `NRF.setSecurity(${options})`;
    const cases: [options: string, passkey: string | undefined, service: string][] = [
      ['{passkey:"123456",mitm:1,display:1}', undefined, "locked"],
      ['{passkey:"123456",mitm:1,display:1}', "654321", "locked"],
      ['{passkey:"123456",mitm:1,display:1}', "123456", "open"],
      ['{passkey:"123456",display:1}', undefined, "locked"],
      // Without a display there is no way to prove that one knows it.
      ['{passkey:"123456"}', "123456", "locked"],
      ["{mitm:1,display:1}", "000000", "locked"],
      ["{encryptUart:1}", undefined, "open"],
      ["{encryptUart:1,pair:0}", undefined, "locked"],
      ["{}", undefined, "open"],
      ["undefined", undefined, "open"],
    ];
    for (const [options, passkey, service] of cases) {
      const { link, send } = connected(passkey === undefined ? {} : { passkey }, security(options));
      assert.equal(link.service, service, `${options} and ${passkey}`);
      if (service === "open") assert.equal(await send("1\n"), "1\r\n=1\r\n>");
      else await assert.rejects(link.write(ONE), refusal("locked"));
    }
  });

  it("tells a locked-out peer nothing of what is printed", () => {
    const { board, clock, heard } = connected({}, 'NRF.setSecurity({passkey:"123456",mitm:1,display:1})');
    board.evaluate("print('secret')");
    clock.advance(10);
    assert.equal(heard(), "");
  });
});
