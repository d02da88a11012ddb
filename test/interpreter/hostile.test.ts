/**
 * A stranger at the console of the real interpreter, with the real image behind it: floods, half packets and random bytes, and
 * then it still answers, and the image still lives.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { detokenise } from "../../tools/symbols/detokenise.ts";
import { createRandom } from "../../tools/virtual-board/random.ts";
import { ConsoleRig, silence } from "./console-rig.ts";
import { sensors } from "./field.ts";
import { interpreterPath } from "./harness.ts";
import { boardPrelude } from "./prelude.ts";

const binary = interpreterPath();
const SEED = Number(process.env["GODWIT_SEED"] ?? Date.now() % 1_000_000);
/** Bytes of one attack. */
const FLOOD = 4000;
/** From the end of an attack to an answer: a half packet is dropped after 5 s. */
const RECOVERED_MS = 12_000;

const random = createRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
/**
 * Nothing that assigns, declares, calls, halts or goes on, as a sign or as one of the interpreter's tokens: by chance it would be code. A build
 * for Linux ends at Ctrl-C on an empty line, which the chip does not, and can crash at one in the middle of what its other thread takes
 * in: it is left to the virtual board.
 */
const HARMLESS = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  const isCode = /[=+\-()`]|var|let|const|function|class|for|delete|catch|debugger/.test(detokenise(char).text);
  return isCode || byte === 3 || byte === 4 ? "~" : char;
});
const harmless = (byte: number): string => HARMLESS[byte] ?? "~";
const noise = (length: number): string => Array.from({ length }, () => harmless(below(256))).join("");
const packet = (type: number, length: number): string =>
  `\x10\x01${String.fromCharCode((type << 5) | (length >> 8), length & 255)}`;
const filled = (make: () => string): string => {
  let text = "";
  while (text.length < FLOOD) text += make();
  return text;
};

const ATTACKS: Readonly<Record<string, () => string>> = {
  "random bytes": () => noise(FLOOD),
  "half packets": () =>
    filled(() => `${packet(1 + below(5), 256 * (1 + below(30)) + 5 + below(250))}${noise(below(200))}`),
  "a packet of the largest size": () => packet(1, 8190) + noise(8190),
  "packets of no known type": () => filled(() => packet([0, 6, 7][below(3)] ?? 7, 40) + noise(40)),
  "files that no packet opened": () => filled(() => packet(4, 64) + noise(64)),
  "Ctrl-E": () => "\x05".repeat(FLOOD / 20),
  "a line without end": () => "a".repeat(2 * FLOOD),
  "brackets without end": () => "({[".repeat(FLOOD / 3),
  "escape sequences": () => filled(() => `\x1b[${below(9)}${"~ABCDH"[below(6)]}`),
  "XON and XOFF": () => filled(() => "\x11\x13"),
};

describe("a stranger at the real interpreter's console", {
  skip: binary === undefined && "ESPRUINO names no interpreter",
  timeout: 180_000,
}, () => {
  let rig: ConsoleRig;

  before(async () => {
    console.log(`seed ${SEED}: GODWIT_SEED repeats it`);
    const image = await imageOf(await bundleFirmware({ board: "rak5010", features: { OUTBOX: false } }));
    const prelude = boardPrelude("./uart") + sensors.replaceAll("\n", "");
    const storage = { ".bootcde": image.code, "godwit.json": '{"host":"broker.test","backoffMaxS":2}' };
    rig = await new ConsoleRig({ prelude, uart: silence(), storage }).prepare();
    rig.start();
    await rig.up();
  });
  after(() => rig.stop());

  const ask = (expression: string): Promise<unknown> => rig.with((session) => session.evaluate(expression));

  for (const [name, make] of Object.entries(ATTACKS)) {
    it(name, async () => {
      const before = Number(await ask("process.memory().usage"));
      const bytes = make();
      await rig.send(bytes);
      const end = Date.now();
      const answers = (): Promise<boolean> =>
        rig.with(async (session) => {
          await session.identify();
          return (await session.evaluate("6*7")) === 42;
        });
      while (!(await answers().catch(() => false))) {
        assert.ok(
          Date.now() - end < RECOVERED_MS,
          `no answer ${RECOVERED_MS} ms after; the end of what it sent: ${JSON.stringify(rig.shown.slice(-200))}`,
        );
        await sleep(50);
      }
      const recoveredMs = Date.now() - end;
      assert.deepEqual(rig.ends, [], rig.shown.slice(-300));
      const after = Number(await ask("process.memory().usage"));
      const flags = await ask("E.getErrorFlags()");
      const crashes = await ask("godwit.status().crashes");
      console.log(
        `${name}: answers after ${recoveredMs} ms, ${after - before} variables more, ${JSON.stringify(flags)} ${JSON.stringify(crashes)}`,
      );
      // Of what was typed the interpreter keeps a history, 12 chars in a variable, which it gives up when memory is short.
      assert.ok(after - before < 150 + bytes.length / 8, `${after - before} variables more`);
      assert.equal((crashes as { count: number }).count, 0);
      assert.equal(await ask("typeof godwit.client"), "object");
    });
  }

  it("and the image goes on trying to reach its modem", async () => {
    const failures = Number(await ask("godwit.status().link.failures"));
    for (let look = 0; Number(await ask("godwit.status().link.failures")) === failures; look++) {
      assert.ok(look < 200, "it no longer tries");
      await sleep(200);
    }
    assert.deepEqual(rig.ends, []);
  });
});
