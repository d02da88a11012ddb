/**
 * The built bundle on a board where something outside it, a line typed at the console say, gave one of its globals another
 * value. What it needs is broken then until it starts anew, and it has to find out by itself: too many exceptions, or no
 * progress. GODWIT_GLOBALS sets how many of the globals (each on a board of its own), GODWIT_SEED which.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { createRandom } from "../../tools/virtual-board/random.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const GLOBALS = Number(process.env["GODWIT_GLOBALS"] ?? 4);
const SEED = Number(process.env["GODWIT_SEED"] ?? Date.now() % 1_000_000);
const SPEED = 150;
/** Three hours of the device's time: 250 exceptions take that long where a minute brings two. */
const LIMIT_MS = 3 * 3_600_000;
const ASK_MS = 20_000;

const { code } = await bundleFirmware({ board: "rak5010", buildTime: Math.floor(Date.now() / 1000) - 3600 });

async function connect(): Promise<FirmwareRig> {
  const config = { backoffMaxS: 4, keepalive: 20, intervalS: 60, registrationS: 60, watchdogS: 600 };
  const rig = await startFirmware({ image: () => code, speed: SPEED, config });
  await rig.until("connected", () => rig.console.includes("link connected"), 60_000);
  return rig;
}

/** Until a command is answered by way of modem and broker; virtual milliseconds. Asks again while nobody answers. */
async function answered(rig: FirmwareRig): Promise<number> {
  const { clock } = rig.board;
  const results = (): number => rig.published.filter(({ topic }) => topic.endsWith("/result")).length;
  const since = clock.now();
  const before = results();
  let askedAt = Number.NEGATIVE_INFINITY;
  await rig.until(
    "answered",
    () => {
      if (clock.now() - askedAt > ASK_MS) {
        askedAt = clock.now();
        void rig.command('{"cmd":"report"}');
      }
      return results() > before;
    },
    (2 * LIMIT_MS) / SPEED,
  );
  return clock.now() - since;
}

/** Names of the image that the console can reach, in an order of chance. */
async function namesOf(rig: FirmwareRig): Promise<string[]> {
  const random = createRandom(SEED);
  const found = new Set([...code.matchAll(/[ ,]([A-Za-z_$]{1,2})=/g)].map(([, name]) => name as string));
  return [...found]
    .filter((name) => rig.board.evaluate(`global.${name}!==undefined`))
    .map((name) => ({ name, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ name }) => name);
}

test(`what was overwritten, seed ${SEED}`, { timeout: 60_000 + GLOBALS * 100_000 }, async (t) => {
  const first = await connect();
  const names = (await namesOf(first)).slice(0, GLOBALS);
  await first.stop();
  assert.ok(names.length > 0, "the image has globals");
  const work = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const rig = await connect();
      await answered(rig);
      rig.board.evaluate(`global.${name}=0`);
      // Also what only coming back needs.
      rig.modem.fault("drop");
      const ms = await answered(rig);
      t.diagnostic(`${name}: answered after ${Math.round(ms / 1000)} s, ${rig.reboots()} restarts`);
      assert.ok(ms < LIMIT_MS, `${name}: answered after ${ms} ms`);
      assert.ok(rig.reboots() < 3, `${name}: ${rig.reboots()} restarts`);
      await rig.stop();
    }
  };
  await Promise.all([work(), work()]);
});
