/** What the parts of the firmware cost that a board may leave out: differences of whole images, against docs/sizes.md. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type Features, featuresOf } from "../../tools/build/bundle.ts";
import { boardIds, bundleFirmware, type Firmware } from "../../tools/build/firmware.ts";
import { readBudgets } from "../../tools/build/sizes.ts";

const allowed = (feature: string) => readBudgets().find(({ row, addsTo }) => addsTo && row === feature)?.bytes ?? 0;

describe("features", { timeout: 80_000 }, () => {
  const image = (features: Partial<Features>) => bundleFirmware({ board: "rak5010", features, buildTime: 1 });
  let plain: Firmware;
  before(async () => {
    plain = await image({ MQTT5: false, OUTBOX: false });
  });

  it("are said by every board", () => {
    for (const board of boardIds()) {
      const { MQTT5, OUTBOX } = featuresOf(board);
      assert.equal(typeof MQTT5, "boolean");
      assert.equal(typeof OUTBOX, "boolean");
    }
    assert.deepEqual(featuresOf("rak5010", { MQTT5: true }).MQTT5, true);
  });

  for (const name of ["MQTT5", "OUTBOX"] as const) {
    it(`${name}: nothing of it is in an image without, and it adds no more than its row`, async () => {
      const { modules, total, findings } = await image({ MQTT5: false, OUTBOX: false, [name]: true });
      const part = name === "MQTT5" ? "modules/mqtt/properties.ts" : "modules/mqtt/outbox.ts";
      assert.ok(modules.some(({ path }) => path === part));
      assert.ok(!plain.modules.some(({ path }) => path === part));
      assert.deepEqual(findings, []);
      const row = allowed(name.toLowerCase());
      assert.ok(row > 0, `docs/sizes.md has no row for ${name}`);
      assert.ok(total - plain.total <= row, `${name} adds ${total - plain.total} bytes, its row says ${row}`);
    });
  }
});
