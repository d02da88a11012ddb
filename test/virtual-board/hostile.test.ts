/** Whatever comes in at the console, the virtual board stands: no exception, no defect, and it answers afterwards. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { connectCentral, evaluation } from "./link.ts";
import { createRig } from "./rig.ts";

/** Longer than the timeouts of a packet and of a file. */
const ALL_TIMEOUTS_MS = 20_000;
const ANSWER = "\x06\x10\x01\x00\x012";

function rig() {
  const made = createRig();
  made.board.on("defect", (error) => {
    throw error;
  });
  made.board.start();
  made.clock.advance(1000);
  return { ...made, ...connectCentral(made.board, made.clock, { chunkBytes: 50 }) };
}

/** Ends whatever is under way, switches the echo on, and asks. */
async function answers({ send, clock }: ReturnType<typeof rig>): Promise<boolean> {
  clock.advance(ALL_TIMEOUTS_MS);
  await send("\x03");
  clock.advance(10);
  return (await send(evaluation("1+1"))).endsWith(ANSWER);
}

const byte = fc.integer({ min: 0, max: 255 });
const bytes = fc.array(byte, { maxLength: 120 }).map((list) => String.fromCharCode(...list));
/** Headers with lengths that do not fit what follows, and pieces of what the console knows. */
const pieces = fc.oneof(
  bytes,
  fc.tuple(byte, byte, bytes).map(([high, low, data]) => `\x10\x01${String.fromCharCode(high, low)}${data}`),
  fc.constantFrom(
    "\x10",
    "\x01",
    "\x03",
    "\x05",
    "\x1b[",
    "\x1b[A",
    "\x1b[D",
    "\x1b[3~",
    "\x1b[5~",
    "\x1b[2H",
    "\x1b\n",
    "\b",
    "\r\n",
    "\n",
    "{",
    "`",
    "/*",
    "}",
    "1+1\n",
    "nope\n",
    "echo(0)\n",
    '\x10\x01\x60\x0f{fn:"f",s:9000}',
    "\x10\x01\x80\x05hello",
    "\x10\x01\xa0\x08{fn:'f'}",
  ),
);

describe("virtual board: a hostile client at the console", () => {
  it("random bytes, packets that do not fit, keys in any order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 25 }), async (parts) => {
        const made = rig();
        for (const part of parts) await made.send(part);
        assert.ok(await answers(made));
      }),
      { numRuns: 60 },
    );
  });

  it("a line that never ends takes the memory there is, and no more", async () => {
    const made = rig();
    const flags: string[] = [];
    made.board.on("overflow", (flag) => flags.push(flag));
    const { board, clock } = made;
    for (let i = 0; i < 3000; i++) {
      board.uart("Bluetooth").receiveNow(new Uint8Array(50).fill(0x61));
      clock.advance(1);
    }
    assert.ok(flags.includes("MEMORY"));
    assert.ok(await answers(made));
  });

  it("a flood without a pause loses bytes and nothing else", async () => {
    const made = rig();
    made.board.stall(100);
    const writes = Array.from({ length: 200 }, () => made.link.write(new Uint8Array(50).fill(0x62)));
    made.clock.advance(50);
    await Promise.all(writes);
    assert.ok(made.board.uart("Bluetooth").dropped > 8000);
    assert.ok(made.board.inputQueue.peak <= 1024);
    assert.ok(await answers(made));
  });

  it("half a packet is refused after five seconds, and the line before it is still there", async () => {
    const { clock, send, heard } = rig();
    assert.equal(await send("ab"), "ab");
    await send("\x10\x01\x20\x09half");
    clock.advance(4990);
    assert.equal(heard(), "ab");
    clock.advance(20);
    assert.equal(heard(), "ab\x15");
    assert.match(await send("\n"), /ab is not defined/);
  });

  it("the largest packet is taken whole, and its answer comes back", async () => {
    const { send } = rig();
    const code = `"${"y".repeat(0x1fff - 9)}".length`;
    assert.equal(code.length, 0x1fff);
    assert.equal(await send(evaluation(code)), "\x06\x10\x01\x00\x048182");
  });

  it("a file that is left alone is closed after ten seconds", async () => {
    const { clock, send } = rig();
    assert.equal(await send('\x10\x01\x60\x0e{fn:"f",s:100}'), "\x06");
    clock.advance(9000);
    assert.equal(await send("\x10\x01\x80\x05hello"), "\x06");
    clock.advance(10_001);
    assert.equal(await send("\x10\x01\x80\x05hello"), "\x15");
  });
});
