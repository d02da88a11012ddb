/**
 * The client and its store under ten thousand faults: connections that break at any packet, a broker that comes up with its
 * session or without, resets at any write, and power that fails at any step of the flash. GODWIT_MQTT_FAULTS sets how many,
 * GODWIT_SEED which.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadModules, World } from "../support/mqtt-model.ts";
import { perform, scenarios } from "../support/mqtt-model-commands.ts";

const FAULTS = Number(process.env["GODWIT_MQTT_FAULTS"] ?? 10_000);
const SEED = Number(process.env["GODWIT_SEED"] ?? Date.now() % 1_000_000);
const modules = await loadModules(true);

test(`MQTT: ${FAULTS} faults, seed ${SEED}`, { timeout: 60_000 + FAULTS * 60 }, (t) => {
  console.log(`chaos: GODWIT_SEED=${SEED} GODWIT_MQTT_FAULTS=${FAULTS}`);
  const total = { faults: 0, messages: 0, lost: 0, doubled: 0, boots: 0, cuts: 0, abuses: 0 };
  for (let round = 0; total.faults < FAULTS; round++) {
    fc.assert(
      fc.property(scenarios(true, 200), ({ maxInflight, flash, commands }) => {
        const world = new World(modules, true, maxInflight, flash);
        perform(world, commands);
        world.settle();
        const verdict = world.verdict();
        total.lost += verdict.lost;
        total.doubled += verdict.doubled;
        assert.deepEqual(verdict.problems, []);
        total.faults += world.faults;
        total.messages += verdict.messages;
        total.boots += world.boots - 1;
        total.cuts += world.cuts;
        total.abuses += modules.flash.abuses.length;
        world.boot.client.end(true);
      }),
      { seed: SEED + round, numRuns: 20 },
    );
  }
  const { faults, messages, lost, doubled, boots, cuts, abuses } = total;
  t.diagnostic(`${faults} faults, ${messages} messages, ${lost} lost, ${doubled} doubled`);
  t.diagnostic(`among them ${boots} boots, ${cuts} of these by a cut in the middle of the flash's work`);
  // Two cuts in a row that leave the first word of a record as it was: the third write of it is one too many.
  assert.ok(abuses <= cuts / 50, `${abuses} abuses of the flash`);
});
