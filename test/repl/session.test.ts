import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ReplError } from "../../tools/repl/session.ts";
import { fakeBoard, response, settle } from "./fake-board.ts";

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `value ${JSON.stringify(value)}`,
    (error: ReplError) => error.code,
  );

const TRACE = 'Uncaught ReferenceError: "foo" is not defined\r\n    at :1:10\r\n{Abc:0,v:foo()}\r\n         ^\r\n';

describe("evaluate", () => {
  it("gives the value and hides the packet", async () => {
    const board = fakeBoard();
    const value = board.session.evaluate("1+1");
    const packet = await board.packet(1);
    assert.equal(packet.expression, "1+1");
    board.say(`before${response(packet.id, "2")}behind`);
    assert.equal(await value, 2);
    assert.equal(board.text(), "beforebehind");
  });

  it("keeps three packets on the way and answers each its own", async () => {
    const board = fakeBoard();
    const values = [1, 2, 3, 4, 5].map((n) => board.session.evaluate(`f(${n})`));
    await board.packet(3);
    await settle();
    assert.equal(board.packets.length, 3);
    board.say(board.packets.map(({ id }, n) => response(id, String(n * 10))).join(""));
    await board.packet(5);
    board.answer(board.packets[3], "30");
    board.answer(board.packets[4]);
    assert.deepEqual(await Promise.all(values), [0, 10, 20, 30, undefined]);
  });

  it("fills the link's chunks across packets", async () => {
    const chunks: number[] = [];
    const board = fakeBoard();
    const { port } = board.session;
    const write = port.write.bind(port);
    port.write = (bytes) => {
      chunks.push(bytes.length);
      return write(bytes);
    };
    const values = ["first(1)", "second(2)", "third(3)"].map((text) => board.session.evaluate(text));
    await board.packet(3);
    for (const packet of board.packets) board.answer(packet);
    await Promise.all(values);
    assert.ok(
      chunks.slice(0, -1).every((length) => length === 20),
      chunks.join(),
    );
  });

  it("gives the interpreter's words when it throws, and no more of the console than that", async () => {
    const board = fakeBoard();
    const value = board.session.evaluate("foo()");
    await board.packet(1);
    board.say(`\r\x1b[J\x15${TRACE}New interpreter error: LOW_MEMORY\r\n>`);
    await assert.rejects(value, {
      code: "REPL_EXCEPTION",
      message: 'Uncaught ReferenceError: "foo" is not defined',
      detail: 'Uncaught ReferenceError: "foo" is not defined\n    at :1:10\n{Abc:0,v:foo()}\n         ^',
    });
    assert.equal(board.text(), "\r\x1b[JNew interpreter error: LOW_MEMORY\r\n>");
  });

  it("knows the end of an exception by the next answer, by the prompt, or by silence", async () => {
    for (const end of ["answer", "prompt", "silence"]) {
      const board = fakeBoard();
      const first = code(board.session.evaluate("foo()"));
      const second = code(board.session.evaluate("2"));
      const packet = await board.packet(2);
      board.say(`\x15${TRACE}`);
      if (end === "prompt") board.say(">");
      if (end === "silence") board.clock.advance(500);
      if (end !== "answer") assert.equal(await first, "REPL_EXCEPTION", end);
      board.answer(packet, "2");
      assert.deepEqual([await first, await second], ["REPL_EXCEPTION", "value 2"], end);
    }
  });

  it("takes a NAK that was only printed for text, when the answer comes", async () => {
    const board = fakeBoard();
    const value = board.session.evaluate("1");
    const packet = await board.packet(1);
    board.say(`noise \x15 more ${response(packet.id, "1")}`);
    assert.equal(await value, 1);
    assert.equal(board.text(), "noise \x15 more ");
  });

  it("says that the board refused without a word", async () => {
    const board = fakeBoard();
    const value = code(board.session.evaluate("1"));
    await board.packet(1);
    board.say("\x15>");
    assert.equal(await value, "REPL_REFUSED");
    assert.equal(board.text(), ">");
  });

  it("refuses what no packet can carry, without sending", async () => {
    const board = fakeBoard();
    assert.equal(await code(board.session.evaluate("x".repeat(9000))), "REPL_LENGTH");
    assert.equal(await code(board.session.evaluate("'\x03'")), "REPL_TEXT");
    assert.equal(board.received(), "");
  });

  it("refuses an answer that is no value, and one that is too long", async () => {
    const board = fakeBoard();
    const values = ["a", "b", "c"].map((text) => code(board.session.evaluate(text)));
    await board.packet(3);
    board.answer(board.packets[0], "*");
    const [, second, third] = board.packets;
    board.say(response(second?.id ?? "", `"${"x".repeat(9000)}"`));
    board.answer(third, "3");
    assert.deepEqual(await Promise.all(values), ["REPL_ANSWER", "REPL_LENGTH", "value 3"]);
    assert.equal(board.text(), "");
  });
});

describe("a timeout", () => {
  it("counts from when those before are answered", async () => {
    const board = fakeBoard();
    const slow = code(board.session.evaluate("slow", { timeoutMs: 10_000 }));
    const quick = code(board.session.evaluate("quick", { timeoutMs: 1000 }));
    await board.packet(2);
    board.clock.advance(9000);
    board.answer(board.packets[0], "1");
    board.clock.advance(900);
    board.answer(board.packets[1], "2");
    assert.deepEqual([await slow, await quick], ["value 1", "value 2"]);
  });

  it("sends nothing new before a marker is answered, and drops the late answer", async () => {
    const board = fakeBoard();
    const first = code(board.session.evaluate("first", { timeoutMs: 1000 }));
    await board.packet(1);
    board.clock.advance(1000);
    assert.equal(await first, "REPL_TIMEOUT");
    const next = code(board.session.evaluate("next"));
    const marker = await board.packet(2);
    assert.equal(marker.expression, "0");
    board.answer(board.packets[0], '"late"');
    await settle();
    assert.equal(board.packets.length, 2);
    board.answer(marker, "0");
    const packet = await board.packet(3);
    assert.equal(packet.expression, "next");
    board.answer(packet, "3");
    assert.equal(await next, "value 3");
    assert.equal(board.text(), "");
  });

  it("gives those behind a lost packet their own answers", async () => {
    const board = fakeBoard();
    const lost = code(board.session.evaluate("lost", { timeoutMs: 1000 }));
    const behind = code(board.session.evaluate("behind"));
    await board.packet(2);
    board.answer(board.packets[1], "2");
    assert.deepEqual([await lost, await behind], ["REPL_REFUSED", "value 2"]);
  });

  it("erases the line when the board does not answer, and gives up in the end", async () => {
    const board = fakeBoard();
    const first = code(board.session.evaluate("first", { timeoutMs: 1000 }));
    const waiting = [1, 2, 3, 4].map((n) => code(board.session.evaluate(`w${n}`)));
    await board.packet(3);
    board.clock.advance(1000);
    assert.equal(await first, "REPL_TIMEOUT");
    board.clock.advance(6000);
    await settle();
    assert.equal(board.keys(), "\x1b[2H\n");
    board.clock.advance(6000);
    assert.deepEqual(await Promise.all(waiting), Array(4).fill("REPL_TIMEOUT"));
    // And it lives again as soon as the board does.
    const again = code(board.session.evaluate("again"));
    await settle();
    board.answer(board.packets.at(-1), "0");
    await settle();
    const packet = board.packets.at(-1);
    assert.equal(packet?.expression, "again");
    board.answer(packet, "7");
    assert.equal(await again, "value 7");
  });
});

describe("call", () => {
  it("resolves with what the callback was called with", async () => {
    const board = fakeBoard();
    const values = board.session.call("setTimeout(done,10,1)");
    const packet = await board.packet(1);
    const mark = /\\x1e(\w{3})/.exec(packet.expression)?.[1] ?? "";
    assert.ok(packet.expression.startsWith("(function(done){setTimeout(done,10,1)})("));
    board.answer(packet);
    board.say(`tick\r\n\x1e${mark}[1,"\\xFF",{a:null}]\x1e>`);
    assert.deepEqual(await values, [1, "\xff", { "a": null }]);
    assert.equal(board.text(), "tick\r\n>");
    board.say(`\x1e${mark}[2]\x1e`);
    assert.equal(board.text(), "tick\r\n>", "what it says once more is hidden, too");
  });

  it("takes the callback's frame before the answer", async () => {
    const board = fakeBoard();
    const values = board.session.call("done()");
    const packet = await board.packet(1);
    const mark = /\\x1e(\w{3})/.exec(packet.expression)?.[1] ?? "";
    board.say(`\x1e${mark}[]\x1e`);
    board.answer(packet);
    assert.deepEqual(await values, []);
  });

  it("rejects by exception, by time, and by a frame that cannot be read", async () => {
    const board = fakeBoard();
    const thrown = code(board.session.call("foo(done)"));
    await board.packet(1);
    board.say(`\x15${TRACE}>`);
    assert.equal(await thrown, "REPL_EXCEPTION");
    const late = code(board.session.call("never(done)", { timeoutMs: 500 }));
    board.answer(await board.packet(2));
    await settle();
    board.clock.advance(500);
    assert.equal(await late, "REPL_TIMEOUT");
    const odd = code(board.session.call("odd(done)"));
    const packet = await board.packet(3);
    board.answer(packet);
    board.say(`\x1e${/\\x1e(\w{3})/.exec(packet.expression)?.[1]}{1\x1e`);
    assert.equal(await odd, "REPL_ANSWER");
  });
});

describe("identify", () => {
  it("asks by Ctrl-E, and hides the answer, in pieces too", async () => {
    const board = fakeBoard();
    const identity = board.session.identify();
    await settle();
    assert.equal(board.received(), "\x05");
    for (const byte of "boot\r\n>Espruino 2v29 RAK5010\r\nEspr") board.say(byte);
    assert.deepEqual(await identity, { version: "2v29", board: "RAK5010" });
    assert.equal(board.text(), "boot\r\n>Espr");
  });

  it("asks by a packet when something is typed", async () => {
    const board = fakeBoard();
    const identity = board.session.identify();
    await settle();
    board.clock.advance(1000);
    board.answer(await board.packet(1), '["2v29","RAK5010"]');
    assert.deepEqual(await identity, { version: "2v29", board: "RAK5010" });
  });

  it("says that nobody is there", async () => {
    const board = fakeBoard();
    const identity = code(board.session.identify());
    for (let i = 0; i < 20; i++) {
      board.clock.advance(500);
      await settle();
    }
    assert.equal(await identity, "REPL_SILENT");
  });

  it("says that the console is locked", async () => {
    const board = fakeBoard();
    const identity = code(board.session.identify());
    for (let i = 0; i < 20 && !board.keys().includes("\n"); i++) {
      board.clock.advance(500);
      await settle();
    }
    board.say("\r\n  Invalid password\r\npass");
    board.say("word>");
    assert.equal(await identity, "REPL_LOCKED");
    assert.equal(board.text(), "\r\n  Invalid password\r\npassword>");
  });
});

describe("the end", () => {
  it("rejects all that is under way, in whatever state", async () => {
    const board = fakeBoard();
    const causes: unknown[] = [];
    board.session.onClose((cause) => causes.push(cause?.message));
    const pending = [1, 2, 3, 4, 5].map((n) => code(board.session.evaluate(`f(${n})`)));
    pending.push(code(board.session.call("f(done)")), code(board.session.identify()));
    await board.packet(3);
    board.say("\x06\x10\x01\x00");
    board.lose();
    assert.deepEqual(await Promise.all(pending), Array(7).fill("REPL_CLOSED"));
    assert.deepEqual(causes, ["the link to fake was lost"]);
    assert.equal(await code(board.session.evaluate("1")), "REPL_CLOSED");
    assert.equal(await code(board.session.type("1")), "REPL_CLOSED");
    assert.equal(await code(board.session.interrupt()), "REPL_CLOSED");
    assert.equal(board.clock.nextDue(), undefined, "no timer is left");
    assert.equal(board.text(), "\x06\x10\x01\x00", "no byte of the console is lost");
  });

  it("comes by close() as well", async () => {
    const board = fakeBoard();
    const value = code(board.session.evaluate("1"));
    await board.session.close();
    assert.equal(await value, "REPL_CLOSED");
  });
});

it("no answer reaches another caller, whatever the board does", async () => {
  const seed = Date.now() & 0x7fffffff;
  const step = fc.oneof(
    fc.record({ do: fc.constant("ask"), n: fc.nat({ max: 3 }) }),
    fc.record({ do: fc.constantFrom("answer", "throw", "lose", "print", "wait", "late", "nak", "forge"), n: fc.nat() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const board = fakeBoard();
      const results: Promise<void>[] = [];
      let asked = 0;
      let done = 0;
      for (const { do: what, n } of steps) {
        await settle();
        const packet = board.packets[done];
        const value = packet?.expression.replace(/\D/g, "");
        if (what === "ask") {
          const number = ++asked;
          results.push(
            board.session.evaluate(`q(${number})`, { timeoutMs: 100 + n }).then(
              (got) => assert.equal(got, number),
              (error: ReplError) => assert.match(error.code, /^REPL_(TIMEOUT|EXCEPTION|REFUSED|CLOSED)$/),
            ),
          );
        } else if (what === "print") board.say("text \x06\x10 \x1e\r\n");
        else if (what === "nak") board.say("\x15");
        else if (what === "forge") board.say(response("Zzz", "666"));
        else if (what === "wait") board.clock.advance(n % 7000);
        else if (packet !== undefined) {
          done++;
          if (what === "answer") board.answer(packet, value);
          else if (what === "throw") board.say(`\x15${TRACE}>`);
          else if (what === "late") {
            board.clock.advance(300);
            board.answer(packet, value);
          }
        }
      }
      await board.session.close();
      await Promise.all(results);
    }),
    { seed, numRuns: 150 },
  );
});
