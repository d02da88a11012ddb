/** The session with the real interpreter, whose console is on a UART, so that any byte can be sent. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { makePort } from "../../tools/port/make-port.ts";
import { PortError } from "../../tools/port/port.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import { MAX_EXPRESSION } from "../../tools/repl/packet.ts";
import { quote } from "../../tools/repl/quote.ts";
import type { ReplError, Session } from "../../tools/repl/session.ts";
import { writeStorage } from "./flash.ts";
import { interpreterPath } from "./harness.ts";
import { ended, openWire, type Wire } from "./wire.ts";

const binary = interpreterPath();
const CONSOLE = 'Serial1.setup(115200,{path:"./uart"});E.setConsole("Serial1",{force:true})';

class Uart extends Duplex {
  onBytes: ((bytes: Buffer) => void) | undefined;
  constructor() {
    super({ read() {} });
  }
  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.onBytes?.(bytes);
    done();
  }
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `value ${JSON.stringify(value)}`,
    (error: ReplError) => error.code,
  );

describe("a session with the real interpreter", {
  skip: binary === undefined && "ESPRUINO names no interpreter",
}, () => {
  let directory: string;
  let wire: Wire;
  let child: ChildProcess;
  let session: Session;
  let text = "";

  before(async () => {
    if (binary === undefined) return;
    directory = mkdtempSync(join(tmpdir(), "godwit-session-"));
    const uart = new Uart();
    wire = await openWire(directory, uart);
    writeStorage(binary, directory, { ".boot0": CONSOLE });
    child = spawn(binary, [], { cwd: directory, stdio: ["pipe", "ignore", "ignore"] });
    const end = makePort({
      name: "interpreter",
      chunkBytes: 20,
      send: async (chunk) => void uart.push(Buffer.from(chunk)),
      close: async () => undefined,
    });
    uart.onBytes = (bytes) => end.receive(bytes);
    child.once("exit", () => end.lost(new PortError("PORT_LOST", "the interpreter has ended")));
    session = openSession(end.port);
    session.onText((more) => {
      text += more;
    });
    // Input that arrives before the boot code runs can be lost.
    while (!text.includes("\n>")) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  after(async () => {
    if (binary === undefined) return;
    await ended(child);
    await wire.close();
    rmSync(directory, { recursive: true });
  });

  it("knows it, with and without a half typed line", async () => {
    const { version, board } = await session.identify();
    assert.match(version, /^2v/);
    await session.type("1+'ha");
    assert.deepEqual(await session.identify(), { version, board });
    await session.type("lf'\n");
    await session.evaluate("0");
    assert.match(text, /="1half"/);
  });

  it("evaluates what is data, and says what is not", async () => {
    const expressions = [
      "undefined",
      "null",
      "1/3",
      "[1,{a:'x\"'},undefined]",
      "'\\xff\\0'",
      "print",
      "E",
      "(1,2)",
      "1,2",
    ];
    assert.deepEqual(await Promise.all(expressions.map((expression) => code(session.evaluate(expression)))), [
      "value undefined",
      "value null",
      "value 0.33333333333",
      'value [1,{"a":"x\\""},null]',
      'value "ÿ\\u0000"',
      "value undefined",
      "value undefined",
      "value 2",
      "value 2",
    ]);
    for (const wrong of ["1;2", "1)", "1})", "(", "foo()", "throw 1"]) {
      assert.equal(await code(session.evaluate(wrong)), "REPL_EXCEPTION", wrong);
    }
    assert.equal(Number.isNaN(await session.evaluate("NaN")), true);
    assert.equal(text.includes("Uncaught"), false);
  });

  it("says what was thrown, and where", async () => {
    const expression = "(function(){function beta(x){return x.y.z}return beta({})})()";
    await assert.rejects(session.evaluate(expression), (error: ReplError) => {
      assert.equal(error.message, "Uncaught Error: Can't read property 'z' of undefined");
      assert.match(error.detail ?? "", /^ {4}at beta \(:1:\d+\)$/m);
      assert.match(error.detail ?? "", /\^$/);
      return true;
    });
    await assert.rejects(session.evaluate("(function(){throw 'x'})()"), { detail: "Uncaught x" });
  });

  it("answers each its own, with exceptions in between", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, n) => code(session.evaluate(n % 3 === 1 ? `foo${n}()` : `${n}`))),
    );
    assert.deepEqual(
      outcomes,
      outcomes.map((_, n) => (n % 3 === 1 ? "REPL_EXCEPTION" : `value ${n}`)),
    );
  });

  it("carries any bytes both ways", async () => {
    const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
    assert.equal(await session.evaluate(quote(all)), all);
    const seed = Date.now() & 0x7fffffff;
    const bytes = fc.string({
      maxLength: 400,
      unit: fc.oneof(
        fc.nat({ max: 255 }).map((byte) => String.fromCharCode(byte)),
        fc.constantFrom(..."\0\x03\x04017\\\"'`${}\n\r"),
      ),
    });
    await fc.assert(
      fc.asyncProperty(bytes, async (string) => {
        assert.equal(await session.evaluate(quote(string)), string);
      }),
      { seed, numRuns: 30 },
    );
  });

  it("sends no length that is a Ctrl-C, and answers of lengths that look like XON and XOFF", async () => {
    const lengths = Array.from({ length: 40 }, (_, length) => length).concat([250, 260, 500, 520]);
    const values = await Promise.all(lengths.map((length) => session.evaluate(quote("x".repeat(length)))));
    assert.deepEqual(
      values,
      lengths.map((length) => "x".repeat(length)),
    );
    assert.equal(text.includes("Ctrl-C"), false);
  });

  it("fills a packet, and refuses an answer that is too long for one", async () => {
    const longest = `${quote("y".repeat(MAX_EXPRESSION - 9))}.length`;
    assert.equal(longest.length, MAX_EXPRESSION);
    assert.equal(await session.evaluate(longest), MAX_EXPRESSION - 9);
    assert.equal(await code(session.evaluate("E.toString(new Uint8Array(9000).fill(65))")), "REPL_LENGTH");
    assert.equal(await session.evaluate("1"), 1);
  });

  it("waits for callbacks, without a trace on the console", async () => {
    text = "";
    const values = await Promise.all([
      session.call("setTimeout(function(){done(1,'\\xff')},50)"),
      session.call("done()"),
      session.call("setTimeout(done,20,{a:[2]})"),
    ]);
    assert.deepEqual(values, [[1, "\xff"], [], [{ "a": [2] }]]);
    assert.equal(text, "");
  });

  it("keeps every line that the firmware prints", async () => {
    text = "";
    await session.evaluate("tick=0,timer=setInterval(function(){print('tick '+(tick++))},5)");
    for (let n = 0; n < 20; n++) assert.equal(await session.evaluate(quote("z".repeat(n * 7))), "z".repeat(n * 7));
    await session.evaluate("clearInterval(timer)");
    const ticks = [...text.matchAll(/tick (\d+)\r\n/g)].map(([, n]) => Number(n));
    assert.ok(ticks.length > 5);
    assert.deepEqual(
      ticks,
      ticks.map((_, n) => n),
    );
  });

  it("knows a locked console, and leaves its line clean for the password", async () => {
    await session.evaluate("E.setPassword('pw'),E.lockConsole()");
    assert.equal(await code(session.identify()), "REPL_LOCKED");
    await session.type("pw\n");
    assert.match((await session.identify()).version, /^2v/);
  });

  it("rejects what is under way when the board is gone", async () => {
    const pending = [code(session.evaluate("1")), code(session.call("never(done)")), code(session.evaluate("2"))];
    child.kill("SIGKILL");
    for (const outcome of await Promise.all(pending))
      assert.match(outcome, /^(REPL_CLOSED|REPL_EXCEPTION|value [12])$/);
    assert.equal(await code(session.evaluate("3")), "REPL_CLOSED");
  });
});
