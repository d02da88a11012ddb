import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PACKET_OVERHEAD } from "../../tools/repl/packet.ts";
import type { ReplError } from "../../tools/repl/session.ts";
import { fakeBoard, settle } from "./fake-board.ts";

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `value ${JSON.stringify(value)}`,
    (error: ReplError) => error.code,
  );

describe("flow", () => {
  it("pauses at XOFF, goes on at XON, and after 5 s without one", async () => {
    const board = fakeBoard();
    board.say("\x13");
    const value = code(board.session.evaluate("1"));
    await settle();
    assert.equal(board.received(), "");
    board.say("\x11");
    board.answer(await board.packet(1), "1");
    assert.equal(await value, "value 1");
    board.say("\x13");
    const second = code(board.session.evaluate("2"));
    board.clock.advance(4999);
    await settle();
    assert.equal(board.packets.length, 1);
    board.clock.advance(1);
    board.answer(await board.packet(2), "2");
    assert.equal(await second, "value 2");
    assert.equal(board.text(), "");
  });

  it("sends only so much behind a packet that is not answered", async () => {
    const board = fakeBoard({ aheadBytes: 100 });
    const first = board.session.evaluate("1");
    const second = board.session.evaluate(`"${"x".repeat(500)}"`);
    await settle();
    const sent = board.received().length;
    const first100 = PACKET_OVERHEAD + 1 + 100;
    assert.ok(sent >= first100 && sent < first100 + 20, String(sent));
    board.answer(board.packets[0], "1");
    board.answer(await board.packet(2), "2");
    assert.deepEqual([await first, await second], [1, 2]);
  });

  it("waits for a link that takes no more, within a window", async () => {
    const board = fakeBoard();
    board.hold(true);
    const value = board.session.evaluate(`"${"x".repeat(500)}"`);
    await settle();
    assert.ok(board.received().length <= 140, String(board.received().length));
    board.hold(false);
    board.answer(await board.packet(1), "1");
    assert.equal(await value, 1);
  });

  it("cuts off a packet that the board gave up, and erases what it took for a line", async () => {
    const board = fakeBoard();
    board.hold(true);
    const value = code(board.session.evaluate(`"${"x".repeat(500)}"`));
    await settle();
    board.say("\x15");
    board.clock.advance(500);
    assert.equal(await value, "REPL_REFUSED");
    board.hold(false);
    await settle();
    assert.ok(board.received().endsWith("x\x1b[2H"));
    assert.ok(board.received().length < 200);
  });
});

describe("keys", () => {
  it("go between packets, never into one", async () => {
    const board = fakeBoard();
    const value = board.session.evaluate(`"${"x".repeat(100)}"`);
    await board.session.type("abc\n");
    assert.equal(board.keys(), "abc\n");
    board.answer(await board.packet(1), "1");
    assert.equal(await value, 1);
  });

  it("are bytes", async () => {
    const board = fakeBoard();
    assert.equal(await code(board.session.type("€")), "REPL_TEXT");
    await board.session.type("\xe2\x82\xac");
    assert.equal(board.keys(), "\xe2\x82\xac");
  });

  it("Ctrl-C goes behind the packet that the board is reading", async () => {
    const board = fakeBoard();
    board.hold(true);
    const value = board.session.evaluate(`"${"x".repeat(300)}"`);
    await settle();
    const interrupted = board.session.interrupt();
    board.hold(false);
    await interrupted;
    assert.equal(board.keys(), "\x03");
    board.answer(await board.packet(1), "1");
    assert.equal(await value, 1);
  });

  it("Ctrl-C reaches a board that is busy, past everything that waits", async () => {
    const board = fakeBoard({ aheadBytes: 60 });
    const busy = code(board.session.evaluate("for(;;);"));
    const behind = code(board.session.evaluate(`"${"x".repeat(300)}"`));
    await settle();
    await board.session.interrupt();
    assert.ok(board.received().includes("x\x03"));
    assert.equal(await behind, "REPL_REFUSED");
    board.say("\x15Execution Interrupted\r\n");
    board.clock.advance(500);
    assert.equal(await busy, "REPL_EXCEPTION");
  });
});
