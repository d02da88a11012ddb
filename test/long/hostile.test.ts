/**
 * The firmware as it is flashed, on its way to a broker, and a stranger at its Bluetooth: whatever he sends, the firmware lives,
 * or is back by itself. And what comes by the modem's wire reaches the interpreter's console in no case.
 *
 * What an open console executes is not looked at: who has it may do anything. Bytes that are no code, however, do nothing.
 */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import type { Image } from "../../tools/flash/image.ts";
import { CODE_OFFSET, encodeHeader, SLOT_BYTES, SLOTS } from "../../tools/flash/layout.ts";
import { type Lock, lockScript } from "../../tools/flash/lock.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { detokenise } from "../../tools/symbols/detokenise.ts";
import type { BluetoothLink, BluetoothOptions } from "../../tools/virtual-board/bluetooth.ts";
import { createRandom } from "../../tools/virtual-board/random.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };
const SEED = Number(process.env["GODWIT_SEED"] ?? Date.now() % 1_000_000);
/** The least that a central may ask for, and what passes in one: 16 kB a second, more than any phone brings. */
const FASTEST: BluetoothOptions = { intervalMs: 7.5, chunksPerInterval: 6 };
/** Bytes of one attack. */
const FLOOD = 24_000;
/** Virtual milliseconds from the end of an attack in which a command must have been answered. */
const RECOVERED_MS = 180_000;
/** Virtual seconds of the long attack. */
const LONG_S = Number(process.env["GODWIT_HOSTILE_S"] ?? 10);

const images = new Map<string, Image>();

async function build(): Promise<void> {
  if (images.size > 0) return;
  console.log(`seed ${SEED}: GODWIT_SEED repeats it`);
  const buildTime = Math.floor(Date.now() / 1000) - 3600;
  for (const board of ["rak5010", "nrf52840dk"])
    images.set(board, await imageOf(await bundleFirmware({ board, buildTime })));
}

/** As `godwit flash` leaves a board: the loader in Storage, the image in the first slot, and a lock. */
async function start(board: string, lock?: Lock): Promise<FirmwareRig> {
  const image = images.get(board);
  if (image === undefined) throw new Error(`${board} was not built`);
  const rig = await startFirmware({
    board,
    image: () => image.loader,
    config: { backoffMaxS: 4, keepalive: 20, intervalS: 3600, registrationS: 60 },
    ...(lock === undefined ? {} : { storage: { ".boot0": lockScript(lock, image) } }),
    prepare({ board: { flash, profile } }) {
      const slot = profile.freeFlash.address + profile.freeFlash.length - SLOTS * SLOT_BYTES;
      flash.write(slot + CODE_OFFSET, Buffer.from(image.code, "latin1"));
      flash.write(slot, Buffer.from(encodeHeader({ ...image, number: 1 }), "latin1"));
    },
  });
  await rig.until("connected", () => rig.console.includes("link connected"), 30_000);
  return rig;
}

let random = createRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
/**
 * Nothing that assigns or declares, as a sign or as one of the interpreter's tokens: a line of chance that gives a global of the
 * image another value is code, and does what code does.
 */
const HARMLESS = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return /[=+-]|var|let|const|function|class|for|delete|catch/.test(detokenise(char).text) ? "~" : char;
});
const harmless = (byte: number): string => HARMLESS[byte] ?? "~";
const noise = (length: number): string => Array.from({ length }, () => harmless(below(256))).join("");
const printable = (length: number): string => Array.from({ length }, () => harmless(32 + below(224))).join("");
const packet = (type: number, length: number): string =>
  `\x10\x01${String.fromCharCode((type << 5) | (length >> 8), length & 255)}`;
const filled = (make: () => string): string => {
  let text = "";
  while (text.length < FLOOD) text += make();
  return text;
};

const ATTACKS: Readonly<Record<string, () => string>> = {
  "random bytes": () => noise(FLOOD),
  "random text, line by line": () => filled(() => `${printable(below(60))}\n`),
  "half packets": () => filled(() => `${packet(1 + below(5), 1 + below(8191))}${noise(below(200))}`),
  "packets of the largest size": () => filled(() => packet(1, 8191) + noise(8191).replace(/[();]/g, "~")),
  "packets of no known type": () => filled(() => packet([0, 6, 7][below(3)] ?? 7, 40) + noise(40)),
  "files that no packet opened": () => filled(() => packet(4, 64) + noise(64)),
  "headers that are no JSON": () => filled(() => packet(3, 20) + noise(20)),
  "Ctrl-C": () => "\x03".repeat(FLOOD),
  "Ctrl-C and Ctrl-E within lines": () => filled(() => `${noise(5)}\x03\x05`),
  "a line without end": () => "a".repeat(2 * FLOOD),
  "brackets without end": () => "({[".repeat(FLOOD / 3),
  "lines that go on in the next": () => filled(() => "(\n"),
  "escape sequences": () => filled(() => `\x1b[${below(9)}${"~ABCDH"[below(6)]}`),
  "XON and XOFF": () => filled(() => "\x11\x13"),
};

/** Sends until the link ends; the link says when it has taken a chunk, so that it is never idle. */
async function flood(link: BluetoothLink, bytes: string): Promise<void> {
  const writes: Promise<void>[] = [];
  for (let at = 0; at < bytes.length && !link.closed; at += link.chunkBytes) {
    writes.push(link.write(Buffer.from(bytes.slice(at, at + link.chunkBytes), "latin1")).catch(() => undefined));
    if (writes.length >= 32) await writes.shift();
  }
  await Promise.all(writes);
}

/** Errors of lines that were executed are the stranger's own; nothing else may have gone wrong. */
const alarmsOf = (rig: FirmwareRig): string[] => rig.alarms.filter((alarm) => !alarm.startsWith("uncaught"));

const results = (rig: FirmwareRig): number => rig.published.filter(({ topic }) => topic.endsWith("/result")).length;

/** Until a command is answered by way of modem and broker; virtual milliseconds. Asks again while nobody has subscribed. */
async function answered(rig: FirmwareRig): Promise<number> {
  const { clock } = rig.board;
  const since = clock.now();
  const before = results(rig);
  let askedAt = Number.NEGATIVE_INFINITY;
  await rig.until("answered", () => {
    if (clock.now() - askedAt > 5000) {
      askedAt = clock.now();
      void rig.command('{"cmd":"report"}');
    }
    return results(rig) > before;
  });
  return clock.now() - since;
}

const wait = (rig: FirmwareRig, ms: number): Promise<void> =>
  new Promise((resolve) => rig.board.clock.setTimeout(resolve, ms));

/** Nothing of the stranger's is kept: variables are as they were at idle, give or take a timer and an answer. */
const forgotten = (rig: FirmwareRig, before: number): Promise<void> =>
  rig.until(`back at ${before} variables`, () => rig.status().memory < before + 60);

/** The virtual board's interpreter takes no time; the chip's does, and bytes go on arriving meanwhile. Returns what ends it. */
function slow(rig: FirmwareRig): () => void {
  const busy = setInterval(() => rig.board.running && rig.board.stall(60), 4);
  return () => clearInterval(busy);
}

describe("a stranger at an open console", { concurrency: 3 }, () => {
  before(build);

  for (const [name, make] of Object.entries(ATTACKS)) {
    it(name, LIMIT, async () => {
      const rig = await start("rak5010");
      await answered(rig);
      const before = rig.status().memory;
      const flags: string[] = [];
      rig.board.on("overflow", (flag) => flags.push(flag));
      const link = rig.board.bluetooth(FASTEST);
      const fast = slow(rig);
      const commanded = rig.command('{"cmd":"report"}');
      // The same bytes whatever else runs.
      random = createRandom(SEED);
      await flood(link, make());
      await commanded;
      fast();
      link.close();
      const recoveredMs = await answered(rig);
      assert.ok(recoveredMs < RECOVERED_MS, `answered after ${recoveredMs} ms only`);
      await forgotten(rig, before);
      assert.deepEqual(alarmsOf(rig), []);
      assert.equal(rig.reboots(), 0);
      const { crashes } = rig.status();
      assert.equal(crashes.count, 0, crashes.last);
      console.log(`${name}: FIFO_FULL ${flags.length}x, answered ${Math.round(recoveredMs)} ms after`);
      await rig.stop();
    });
  }

  it("all of it in turns, commands in between", LIMIT, async () => {
    const rig = await start("rak5010");
    await answered(rig);
    const before = rig.status().memory;
    let full = 0;
    rig.board.on("overflow", () => full++);
    const link = rig.board.bluetooth(FASTEST);
    const fast = slow(rig);
    const { clock } = rig.board;
    const began = clock.now();
    const makers = Object.values(ATTACKS);
    let turns = 0;
    while (clock.now() - began < 1000 * LONG_S) {
      await rig.command('{"cmd":"report"}');
      await flood(link, makers[turns++ % makers.length]?.() ?? "");
    }
    fast();
    link.close();
    const recoveredMs = await answered(rig);
    await forgotten(rig, before);
    assert.deepEqual(alarmsOf(rig), []);
    assert.equal(rig.reboots(), 0);
    console.log(
      `${LONG_S} s: FIFO_FULL ${full}x, answered ${Math.round(recoveredMs)} ms after, ${JSON.stringify(rig.status().link)}`,
    );
    await rig.stop();
  });

  it("who comes and goes", LIMIT, async () => {
    const rig = await start("rak5010");
    await answered(rig);
    const before = rig.status().memory;
    for (let visit = 0; visit < 150; visit++) {
      const link = rig.board.bluetooth(FASTEST);
      const sent = flood(link, noise(below(300)));
      await wait(rig, below(40));
      link.close();
      await sent;
    }
    assert.ok((await answered(rig)) < RECOVERED_MS);
    await forgotten(rig, before);
    assert.deepEqual(alarmsOf(rig), []);
    assert.equal(rig.reboots(), 0);
    await rig.stop();
  });

  it("in whose flood the memory runs out: the board starts anew, each time", LIMIT, async () => {
    const rig = await start("rak5010");
    const link = rig.board.bluetooth(FASTEST);
    const sent = flood(link, noise(FLOOD / 2));
    for (let time = 0; time < 5; time++) {
      rig.board.failNextDataHandler();
      await rig.command('{"cmd":"report"}');
      await wait(rig, 500);
    }
    await sent;
    link.close();
    const recoveredMs = await answered(rig);
    console.log(`out of memory: answered ${Math.round(recoveredMs)} ms after, ${JSON.stringify(rig.status().link)}`);
    assert.ok(recoveredMs < RECOVERED_MS, `answered after ${recoveredMs} ms only`);
    assert.deepEqual(alarmsOf(rig), []);
    // The board may be starting when the next byte comes.
    assert.ok(rig.reboots() >= 1 && rig.reboots() <= 5, `${rig.reboots()} restarts`);
    await rig.stop();
  });
});

const LOCKS: readonly (readonly [string, string, Lock, string])[] = [
  ["passkey", "rak5010", { mode: "passkey", passkey: "118202" }, "locked"],
  ["button", "nrf52840dk", { mode: "button" }, "absent"],
  ["off", "rak5010", { mode: "off" }, "absent"],
];

describe("a stranger at a closed console", { concurrency: 3 }, () => {
  before(build);
  for (const [name, board, lock, refusal] of LOCKS) {
    it(`${name}: none of his bytes reach the input queue`, LIMIT, async () => {
      const rig = await start(board, lock);
      await answered(rig);
      let full = 0;
      rig.board.on("overflow", () => full++);
      const codes = new Set<string>();
      for (let visit = 0; visit < 60; visit++) {
        const link = rig.board.bluetooth({ ...FASTEST, passkey: String(below(100_000)).padStart(6, "0") });
        for (const make of Object.values(ATTACKS)) {
          const bytes = Buffer.from(make().slice(0, 20), "latin1");
          await link.write(bytes).catch((error: { code: string }) => codes.add(error.code));
        }
        await wait(rig, below(40));
        link.close();
      }
      assert.deepEqual([...codes], [refusal]);
      assert.equal(rig.board.uart("Bluetooth").received, 0);
      assert.equal(full, 0);
      await answered(rig);
      assert.deepEqual(rig.alarms, []);
      assert.deepEqual([rig.status().flags, rig.reboots(), rig.status().crashes.count], [[], 0, 0]);
      await rig.stop();
    });
  }
});

const EVIL = "global.pwned=1";
/** What a console would execute, in every way that it has. */
const CODE: readonly string[] = [
  `${EVIL}\n`,
  `\n${EVIL}\n`,
  `\r\n\x10${EVIL}\n`,
  `\x03\x03\n\x10${EVIL}\n`,
  `${packet(1, EVIL.length)}${EVIL}`,
  `\x03${packet(1, EVIL.length)}${EVIL}`,
  `\x1b[2H\n\x10${EVIL}\n`,
  `\x1b\n${EVIL}\n`,
  `\x05\n\x10${EVIL}\r`,
  `${packet(3, 24)}{"fn":"pwned","s":4}      `,
  `{"cmd":"report\n${EVIL}\n"}`,
  `");${EVIL};("`,
  `\${${EVIL}}`,
];

/** Shapes of what a modem says by itself, with code where a number or a name should be. */
const LINES: readonly string[] = [
  ...CODE.map((code) => `\r\n${code}\r\n`),
  ...CODE.map((code) => `\r\n+QSSLURC: "recv",${code}\r\n`),
  ...CODE.map((code) => `\r\n+CREG: ${code}\r\n`),
  ...CODE.map((code) => `\r\n+CME ERROR: ${code}\r\n`),
  ...CODE.map((code) => `\r\n+QIURC: "pdpdeact",${code}\r\nRDY\r\n${code}`),
];

describe("what comes by the modem", { concurrency: 3 }, () => {
  before(build);

  /** Bluetooth comes and goes, at which a console that is not forced would move to the modem's wire. */
  async function visits(rig: FirmwareRig, ms: number): Promise<void> {
    const end = rig.board.clock.now() + ms;
    while (rig.board.clock.now() < end) {
      const link = rig.board.bluetooth(FASTEST);
      await wait(rig, 20 + below(200));
      link.close();
      await wait(rig, below(100));
    }
  }

  function unharmed(rig: FirmwareRig): void {
    assert.equal(rig.board.evaluate("typeof global.pwned"), "undefined");
    assert.equal(rig.board.storage.read("pwned"), undefined);
    assert.deepEqual(rig.alarms, [], "no takeover, nothing thrown");
    assert.equal(rig.reboots(), 0);
    assert.equal(rig.board.consoleDevice, "Bluetooth");
  }

  for (const board of ["rak5010", "nrf52840dk"]) {
    it(`${board}: payloads that look like the REPL's are not executed`, LIMIT, async () => {
      const rig = await start(board);
      await answered(rig);
      const busy = visits(rig, 20_000);
      const before = results(rig);
      for (const payload of CODE) {
        await rig.command(payload);
        await rig.broker.publish(`godwit/unit/${EVIL}`, payload, { qos: 0 });
      }
      await rig.until("each answered", () => results(rig) >= before + CODE.length);
      await busy;
      unharmed(rig);
      assert.equal(rig.status().crashes.count, 0);
      await rig.stop();
    });

    it(`${board}: lines from the modem's UART are not executed`, LIMIT, async () => {
      const rig = await start(board);
      await answered(rig);
      const busy = visits(rig, 20_000);
      for (const line of LINES) {
        rig.board.serial("Serial1").write(Buffer.from(line, "latin1"));
        await wait(rig, 200);
      }
      for (let burst = 0; burst < 40; burst++) {
        rig.board.serial("Serial1").write(Buffer.from(noise(below(400)) + (CODE[burst % CODE.length] ?? ""), "latin1"));
        await wait(rig, 100);
      }
      await busy;
      const recoveredMs = await answered(rig);
      assert.ok(recoveredMs < RECOVERED_MS, `${recoveredMs} ms`);
      unharmed(rig);
      await rig.stop();
    });
  }
});
