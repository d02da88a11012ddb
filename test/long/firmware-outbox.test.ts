/** The built bundle: what was accepted before the power went reaches the broker afterwards. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };
const TOPIC = "field/readings";

test(
  "accepted without a connection, then the plug is pulled, twice: all of it arrives, in its order",
  LIMIT,
  async () => {
    const rig = await startFirmware({ config: { intervalS: 3600 } });
    const accept = (from: number, to: number) => {
      for (let i = from; i <= to; i++)
        assert.equal(
          rig.board.evaluate(`godwit.client.publish("${TOPIC}","reading ${i}",{qos:${1 + (i % 2)}})`),
          true,
          `reading ${i}`,
        );
    };
    accept(1, 10);
    rig.board.stop();
    rig.board.start();
    accept(11, 20);
    rig.board.stop();
    rig.board.start();
    const arrived = () => rig.published.filter(({ topic }) => topic === TOPIC);
    await rig.until("delivered", () => arrived().length >= 20);
    await rig.until("done with", () => rig.board.evaluate("godwit.client.queued()") === 0);
    const first = [...new Set(arrived().map(({ payload }) => payload))];
    assert.deepEqual(
      first,
      Array.from({ length: 20 }, (_, i) => `reading ${i + 1}`),
    );
    assert.equal(rig.status().outbox?.bytes, 0);
    assert.deepEqual(rig.alarms, []);
  },
);

test("no room for the outbox is said at boot, and messages go as before", LIMIT, async () => {
  const rig = await startFirmware({ config: { outboxPages: 3 } });
  await rig.until("connected", () => rig.telemetry().length > 0);
  assert.ok(
    rig.console.some((line) => line === "outbox ! OUTBOX_FLASH"),
    rig.console.join("\n"),
  );
  assert.equal(rig.status().outbox, undefined);
});
