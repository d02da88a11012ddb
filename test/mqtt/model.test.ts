/**
 * The client, with and without its store, against a broker that keeps a session, while connections break, the device is
 * reset and its power fails: nothing is lost or doubled. GODWIT_RUNS and GODWIT_SEED choose; test/chaos has more of it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadModules, World } from "../support/mqtt-model.ts";
import { perform, scenarios } from "../support/mqtt-model-commands.ts";
import { runs, seed } from "../support/mqtt-packets.ts";

const durable = await loadModules(true);
const plain = await loadModules(false);

for (const [name, modules] of [
  ["with the store", durable],
  ["without it", plain],
] as const) {
  const isDurable = modules === durable;
  const numRuns = Math.ceil(runs / 10);
  test(`${name}: nothing is lost or doubled, ${numRuns} runs (seed ${seed})`, (t) => {
    let faults = 0;
    let messages = 0;
    let boots = 0;
    fc.assert(
      fc.property(scenarios(isDurable), ({ maxInflight, flash, commands }) => {
        const world = new World(modules, isDurable, maxInflight, flash);
        perform(world, commands);
        world.settle();
        const verdict = world.verdict();
        assert.deepEqual(verdict.problems, []);
        faults += world.faults;
        messages += verdict.messages;
        boots += world.boots - 1;
        world.boot.client.end(true);
      }),
      { seed, numRuns },
    );
    t.diagnostic(`${faults} faults, ${boots} boots, ${messages} messages`);
  });
}

for (const [name, modules] of [
  ["with the store", durable],
  ["without it", plain],
] as const) {
  test(`${name}: the client holds no more after many connections than after a few (seed ${seed})`, () => {
    const world = new World(modules, modules === durable, 3);
    const { realm } = modules.board;
    realm.define(realm.global, "probe", world.boot.client);
    const usage: number[] = [];
    for (let round = 0; round < 4; round++) {
      for (const { commands } of fc.sample(scenarios(false), { seed: seed + round, numRuns: 20 }))
        perform(world, commands);
      // Whatever the last connection left: the same everywhere.
      world.restart(false);
      world.settle();
      usage.push(Number(modules.board.evaluate("process.memory().usage")));
    }
    assert.deepEqual(world.verdict().problems, []);
    // A topic heard last, identifiers of another length: no more than that.
    assert.ok(Math.max(...usage) - Math.min(...usage) < 20, `variables in use: ${usage.join()}`);
    assert.ok((usage[0] as number) > 200, `variables in use: ${usage.join()}`);
    world.boot.client.end(true);
  });
}
