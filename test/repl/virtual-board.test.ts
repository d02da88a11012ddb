/** The session on the virtual board, over a Bluetooth link of 20 bytes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Clock, createClock } from "../../tools/clock.ts";
import { openSession, type SessionOptions } from "../../tools/repl/open-session.ts";
import { PACKET_OVERHEAD } from "../../tools/repl/packet.ts";
import { quote } from "../../tools/repl/quote.ts";
import type { ReplError, Session } from "../../tools/repl/session.ts";
import type { BluetoothOptions } from "../../tools/virtual-board/bluetooth.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { boardPort } from "./board-port.ts";

interface Rig {
  readonly board: VirtualBoard;
  readonly session: Session;
  readonly clock: Clock;
  text(): string;
  cut(): void;
}

const LIMIT = { timeout: 30_000 };

async function withBoard(
  options: BluetoothOptions & SessionOptions & { speed?: number },
  run: (rig: Rig) => Promise<void>,
): Promise<void> {
  const clock = createClock(options.speed ?? 20);
  const board = new VirtualBoard({ board: "rak5010", clock });
  await board.start();
  const { port, cut } = await boardPort(board, options);
  const session = openSession(port, { timers: clock, ...options });
  let text = "";
  session.onText((more) => {
    text += more;
  });
  try {
    await run({ board, session, clock, text: () => text, cut });
  } finally {
    await session.close();
    await board.stop();
  }
}

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `value ${JSON.stringify(value)}`,
    (error: ReplError) => error.code,
  );

describe("a session with the virtual board", () => {
  it("knows it, with and without a half typed line", LIMIT, () =>
    withBoard({}, async ({ session, text }) => {
      const { version, board } = await session.identify();
      assert.deepEqual([version, board], ["2v29", "RAK5010"]);
      await session.type("1+'ha");
      assert.equal((await session.identify()).board, "RAK5010");
      assert.equal(await session.evaluate("6*7"), 42);
      await session.type("lf'\n");
      await session.evaluate("0");
      assert.match(text(), /="1half"/);
    }),
  );

  it("evaluates what is data, and says what is not", LIMIT, () =>
    withBoard({}, async ({ session, text }) => {
      const expressions = [
        "undefined",
        "null",
        "NaN",
        "[1,{a:'x\"'}]",
        "'\\xff\\0'",
        "print",
        "foo()",
        "(function(){throw 'x'})()",
      ];
      const outcomes = await Promise.all(expressions.map((expression) => code(session.evaluate(expression))));
      assert.deepEqual(outcomes, [
        "value undefined",
        "value null",
        "value null",
        'value [1,{"a":"x\\""}]',
        'value "ÿ\\u0000"',
        "value undefined",
        "REPL_EXCEPTION",
        "REPL_EXCEPTION",
      ]);
      assert.equal(text().includes("Uncaught"), false);
    }),
  );

  it("carries any bytes both ways while the firmware prints", LIMIT, () =>
    withBoard({}, async ({ session, text }) => {
      await session.evaluate("tick=0,setInterval(function(){print('tick '+(tick++))},20)");
      const seed = Date.now() & 0x7fffffff;
      const bytes = fc.string({ maxLength: 300, unit: fc.nat({ max: 255 }).map((byte) => String.fromCharCode(byte)) });
      await fc.assert(
        fc.asyncProperty(fc.array(bytes, { maxLength: 5 }), async (strings) => {
          const got = await Promise.all(strings.map((string) => session.evaluate(quote(string))));
          assert.deepEqual(got, strings);
        }),
        { seed, numRuns: 12 },
      );
      const ticks = [...text().matchAll(/tick (\d+)\r\n/g)].map(([, n]) => Number(n));
      assert.ok(ticks.length > 5);
      assert.deepEqual(
        ticks,
        ticks.map((_, n) => n),
        "no line is lost or torn",
      );
    }),
  );

  it("waits for callbacks", LIMIT, () =>
    withBoard({}, async ({ session, text }) => {
      const shown = text();
      const values = await Promise.all([
        session.call("setTimeout(function(){done(1,'\\xff')},50)"),
        session.call("done()"),
        session.call("setTimeout(done,20,{a:[2]})"),
      ]);
      assert.deepEqual(values, [[1, "\xff"], [], [{ "a": [2] }]]);
      assert.equal(text().slice(shown.length).includes("\x1e"), false);
    }),
  );

  it("uploads at the rate of the link, without a loss", LIMIT, () =>
    withBoard({ intervalMs: 15, chunksPerInterval: 4, speed: 2 }, async ({ board, session, clock }) => {
      const part = "0123456789abcdef".repeat(32);
      const count = 16;
      const upload = (): Promise<unknown> => session.evaluate(`(all+=${quote(part)},0)`);
      await session.evaluate("(all='',0)");
      await upload();
      const startedAt = clock.now();
      await Promise.all(Array.from({ length: count }, upload));
      const tookMs = clock.now() - startedAt;
      assert.equal(await session.evaluate("all.length"), part.length * (count + 1));
      const bytes = count * (part.length + 2 + "(all+=,0)".length + PACKET_OVERHEAD);
      const linkMs = (Math.ceil(bytes / 20) / 4) * 15;
      assert.ok(linkMs / tookMs > 0.8, `${((100 * linkMs) / tookMs).toFixed(1)} % of the link's rate`);
      assert.ok(board.inputQueue.peak < 1023, `queue filled to ${board.inputQueue.peak}`);
    }),
  );

  it("loses nothing when the board is busy while more comes", LIMIT, () =>
    withBoard({}, async ({ board, session }) => {
      const values = Array.from({ length: 6 }, (_, n) => session.evaluate(`(${quote("x".repeat(600))},${n})`));
      board.stall(800);
      assert.deepEqual(await Promise.all(values), [0, 1, 2, 3, 4, 5]);
    }),
  );

  it("interrupts what runs too long", LIMIT, () =>
    withBoard({}, async ({ session }) => {
      await session.type("abc");
      await session.interrupt();
      assert.equal(await session.evaluate("1"), 1);
      assert.equal((await session.identify()).board, "RAK5010");
    }),
  );

  it("knows a locked console", LIMIT, () =>
    withBoard({}, async ({ session, text }) => {
      await session.evaluate("E.setPassword('pw'),E.lockConsole()");
      assert.equal(await code(session.identify()), "REPL_LOCKED");
      await session.type("pw\n");
      assert.equal((await session.identify()).board, "RAK5010");
      assert.match(text(), /Logged in/);
    }),
  );

  it("rejects all that is under way when the link is cut, at any moment", LIMIT, async () => {
    const seed = Date.now() & 0x7fffffff;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 120 }), async (afterMs) => {
        await withBoard({ intervalMs: 15, chunksPerInterval: 4 }, async ({ session, clock, cut }) => {
          const all = [1, 2, 3, 4, 5, 6].map((n) => code(session.evaluate(`(${quote("x".repeat(200))},${n})`)));
          all.push(code(session.call("never(done)")), code(session.call("setTimeout(done,1000)")));
          clock.setTimeout(cut, afterMs);
          const outcomes = await Promise.all(all);
          for (const [at, outcome] of outcomes.slice(0, 6).entries()) {
            assert.ok(outcome === "REPL_CLOSED" || outcome === `value ${at + 1}`, outcome);
          }
          assert.equal(outcomes.at(-1), "REPL_CLOSED");
        });
      }),
      { seed, numRuns: 8 },
    );
  });
});
