/** The recovery ladder: which rung, how long. Pure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as LadderModule from "../../modules/link/ladder.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";

const { rungFor, backoffS } = await loadModule<typeof LadderModule>("modules/link/ladder.ts", {
  features: { MQTT5: true },
});

/** socket 0, pdp 1, radio 2, modem reset 3, power 4, MCU 5; for the 1st to 12th failure in a row. */
const RUNGS: readonly [string, string][] = [
  ["SOCKET_CLOSED", "001122334455"],
  ["AT_ERROR", "001122334455"],
  ["AT_TIMEOUT", "001122334455"],
  ["NET_PDP", "001122334455"],
  ["NET_DNS", "001122334455"],
  ["NET_CONNECT", "001122334455"],
  ["CLOCK_UNPROVED", "001122334455"],
  ["MQTT_TIMEOUT", "001122334455"],
  ["MODEM_RESET", "001122334455"],
  // Asking the radio again is the least that may help.
  ["NET_REGISTRATION", "222222334455"],
  // What does not answer takes no command.
  ["MODEM_DEAF", "333333334455"],
  ["AT_DEAF", "001122334455"],
  // Only a power cycle cures it; one may be a bad parameter.
  ["SOCKET_WORN", "004444444455"],
  // A person has to mend these.
  ["TLS_REFUSED", "000000000000"],
  ["TLS_FILE", "000000000000"],
  ["TLS_READBACK", "000000000000"],
  ["TLS_SETTING", "000000000000"],
  ["SIM_ABSENT", "000000000000"],
  ["SIM_LOCKED", "000000000000"],
  ["SIM_PIN_LAST", "000000000000"],
  ["MQTT_REFUSED", "000000000000"],
  // A broker's own words.
  ["MQTT_TAKEN_OVER", "000000000000"],
  ["MQTT_MOVED", "000000000000"],
  ["MQTT_VERSION", "000000000000"],
  ["MQTT_DISCONNECTED", "000000000000"],
];

for (const [code, rungs] of RUNGS) {
  test(`${code}: ${rungs}`, () => {
    const found = [...rungs].map((_, index) => rungFor({ code }, index + 1)).join("");
    assert.equal(found, rungs);
  });
}

test("no failure goes above the MCU, and none below the socket", () => {
  for (const [code] of RUNGS) {
    for (const count of [1, 13, 100, 1e6]) {
      const rung = rungFor({ code }, count);
      assert.ok(Number.isInteger(rung) && rung >= 0 && rung <= 5, `${code} ${count} ${rung}`);
    }
  }
});

test("waits double from a second to the limit, spread by half to one and a half", () => {
  const middle = Array.from({ length: 12 }, (_, index) => backoffS(index + 1, 900, 0.5));
  assert.deepEqual(middle, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  assert.equal(backoffS(1, 900, 0), 0.5);
  assert.equal(backoffS(20, 900, 0.999999) < 1350, true);
});

test("a wait is always finite, never nothing and never beyond the limit", () => {
  const seed = Date.now();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 86_400 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, maxS, random) => {
        const waitS = backoffS(count, maxS, random);
        assert.ok(waitS >= 0.5 && waitS <= maxS * 1.5, `${waitS}`);
      },
    ),
    { seed },
  );
  console.log(`backoff: seed ${seed}`);
});
