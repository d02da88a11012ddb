/** The image that would be flashed, on the real interpreter, over real TLS. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { DEVICE_TOPIC, type Field, sensors, startField } from "./field.ts";
import { bareUsage, interpreterPath } from "./harness.ts";

/** docs/adr/0004-budgets.md. */
const MOST_VARIABLES = 1400;

async function until(condition: () => boolean, what: string, field: Field): Promise<void> {
  const start = Date.now();
  while (!condition()) {
    if (Date.now() - start > 60_000) assert.fail(`waited 60 s for ${what}; console: ${field.interpreter.console()}`);
    await sleep(20);
  }
}

function suite(): void {
  let field: Field;
  const published = (topic: string) =>
    field.packets("in").filter((packet) => packet.cmd === "publish" && packet.topic === `${DEVICE_TOPIC}/${topic}`);

  before(async () => {
    const { code } = await bundleFirmware({ board: "rak5010", features: { OUTBOX: false } });
    field = await startField({ board: "rak5010", image: code, intervalS: 2 });
  });
  after(() => field?.stop());

  it("connects with mutual TLS and publishes at QoS 1", async () => {
    await until(() => published("telemetry").length >= 2, "telemetry", field);
    assert.equal(field.seen[0]?.type, "accepted");
    assert.ok(field.packets("out").some((packet) => packet.cmd === "puback"));
  });

  it("executes a command", async () => {
    await field.broker.publish(`${DEVICE_TOPIC}/command`, '{"cmd":"report"}');
    await until(() => published("result").length > 0, "the result", field);
  });

  it("stays within its variables, on a board-like build", async (context) => {
    let { usage, blocksize, total } = await field.interpreter.memory();
    if (blocksize !== 14 || total !== 12_500) return context.skip("not 12,500 variables of 14 bytes");
    // Idle is between two reports, with nothing under way: the least of some looks.
    for (let look = 0; look < 30; look++) {
      await sleep(100);
      usage = Math.min(usage, (await field.interpreter.memory()).usage);
    }
    const above = usage - (await bareUsage({ boardPrelude: sensors }));
    assert.ok(above <= MOST_VARIABLES, `${above} JsVars above the bare interpreter, connected and idle`);
  });

  it("lost no byte, caught no exception and raised no error flag", async () => {
    const status = await field.status();
    assert.equal(status.state, "connected");
    assert.equal(status.crashes.count, 0, JSON.stringify(status.crashes));
    assert.deepEqual(status.flags, []);
    assert.doesNotMatch(field.interpreter.console(), /Uncaught|ERROR/);
  });
}

/** The image with its outbox: other variables, and the plug is pulled. */
function durable(): void {
  let field: Field;
  before(async () => {
    const { code } = await bundleFirmware({ board: "rak5010", features: { OUTBOX: true } });
    field = await startField({ board: "rak5010", image: code, intervalS: 3600 });
  });
  after(() => field?.stop());

  it("delivers what was accepted in the moment before the power went", async (context) => {
    const { outbox } = await field.status();
    if (outbox === undefined) return context.skip("this interpreter has no free flash pages");
    const accepted = await field.interpreter.evaluate(
      '[1,2,3].map(function(i){return godwit.client.publish("field/kept","message "+i,{qos:1})}).join()',
    );
    assert.equal(accepted, "true,true,true");
    await field.interpreter.powerCycle();
    const kept = () =>
      field
        .packets("in")
        .flatMap((packet) =>
          packet.cmd === "publish" && packet.topic === "field/kept" ? [String(packet.payload)] : [],
        );
    await until(() => new Set(kept()).size === 3, "three messages", field);
    assert.deepEqual([...new Set(kept())], ["message 1", "message 2", "message 3"]);
    for (let look = 0; (await field.status()).outbox?.bytes !== 0; look++) {
      assert.ok(look < 300, "acknowledged, and still kept");
      await sleep(100);
    }
  });
}

if (interpreterPath() === undefined) console.log("interpreter: skipped, ESPRUINO is not set");
else {
  describe("the firmware on the real interpreter", { timeout: 180_000 }, suite);
  describe("the firmware with its outbox", { timeout: 120_000 }, durable);
}
