/**
 * The built bundle under random faults, one after the other and some on top of each other: after each it has to come back
 * by itself, publish again, execute a command, and leave nothing behind. GODWIT_FAULTS sets how many, GODWIT_SEED which.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultName, FaultOptions } from "../../tools/virtual-modem/index.ts";
import { createRandom } from "../../tools/virtual-modem/random.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const FAULTS = Number(process.env["GODWIT_FAULTS"] ?? 25);
const SEED = Number(process.env["GODWIT_SEED"] ?? Date.now() % 1_000_000);
const SPEED = 60;
/** An hour of the device's time: the longest backoff is 15 minutes. */
const LIMIT_MS = 3_600_000 / SPEED;

const CHOICES: readonly (readonly [FaultName, FaultOptions])[] = [
  ["drop", {}],
  ["drop", { silent: true }],
  ["reset", {}],
  ["reset", { on: "+QSSLSEND" }],
  ["garbage", { bytes: 200 }],
  ["garbage", { bytes: 40, where: "before", on: "+QSSLRECV" }],
  ["urc", { where: "inside", on: "+QSSLRECV" }],
  ["urc", { where: "header", on: "+QSSLRECV", cut: 9 }],
  ["urc", { where: "before", on: "+QSSLSEND" }],
  ["late-answer", { on: "+QSSLSEND" }],
  ["late-answer", { on: "+QSSLRECV", delayMs: 12_000 }],
  ["late-answer", { on: "+QSSLOPEN", when: "result" }],
  ["partial-answer", { on: "+QSSLRECV", bytes: 7 }],
  ["partial-answer", { on: "+QCSQ", bytes: 3 }],
  ["send-fail", { on: "+QSSLSEND", times: 3 }],
  ["send-fail", { on: "+QSSLSEND", times: 9 }],
  ["no-prompt", { on: "+QSSLSEND", mode: "swallow" }],
  ["no-prompt", { on: "+QSSLSEND", mode: "hang" }],
  ["deaf", {}],
  ["pdp-lost", {}],
  ["wear-552", {}],
];

async function alive(rig: FirmwareRig, what: string): Promise<void> {
  const heard = rig.telemetry().length;
  await rig.until(`telemetry after ${what}`, () => rig.telemetry().length > heard + 1, LIMIT_MS);
}

test(`${FAULTS} faults, seed ${SEED}`, { timeout: FAULTS * 60_000 }, async () => {
  console.log(`chaos: GODWIT_SEED=${SEED} GODWIT_FAULTS=${FAULTS}`);
  const random = createRandom(SEED);
  const rig = await startFirmware({ speed: SPEED, config: { intervalS: 20, keepalive: 60 } });
  try {
    await alive(rig, "the start");
    const most = Number(rig.board.evaluate("process.memory(false).usage"));
    for (let count = 1; count <= FAULTS; count++) {
      const picked = [CHOICES[random.integer(CHOICES.length)]];
      if (random.integer(10) < 3) picked.push(CHOICES[random.integer(CHOICES.length)]);
      const what = picked.map((choice) => choice?.[0]).join(" and ");
      for (const [name, options] of picked as (typeof CHOICES)[number][]) rig.modem.fault(name, options);
      await alive(rig, `${what} (fault ${count})`);
      // What was never met would fall into the next one's time.
      rig.modem.clearFaults();
    }
    await alive(rig, "all");
    const results = rig.published.filter(({ topic }) => topic.endsWith("/result")).length;
    await rig.command('{"cmd":"report"}');
    await rig.result(results + 1);
    assert.deepEqual(rig.alarms, []);
    assert.equal(rig.status().crashes.count, 0, rig.status().crashes.last);
    // What was measured without a connection waits in the outbox, and takes variables until it has left.
    await rig.until("an empty queue", () => rig.board.evaluate("godwit.client.queued()") === 0, LIMIT_MS);
    const usage = Number(rig.board.evaluate("process.memory(false).usage"));
    assert.ok(usage < most + 150, `variables in use grew from ${most} to ${usage}`);
  } finally {
    await rig.stop();
  }
});
