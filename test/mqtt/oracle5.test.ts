/** MQTT 5: the codec against npm `mqtt-packet`, as oracle.test.ts does it for 3.1.1. */
import { test } from "node:test";
import { loadCodec } from "../support/mqtt.ts";
import { runs, seed } from "../support/mqtt-packets.ts";
import { compareWithOracle, mutate, noise } from "../support/oracle.ts";

const codec = await loadCodec();

for (const side of ["client", "server"] as const) {
  test(`packets of a ${side}: the same bytes, and the same packets from them (${runs} runs, seed ${seed})`, () => {
    compareWithOracle(codec, side, true, Math.ceil(runs / 4));
  });

  test(`changed packets of a ${side}: packets or a failure, nothing else (seed ${seed})`, () => {
    mutate(codec, side, true, Math.ceil(runs / 2));
  });

  test(`any bytes in place of those of a ${side} (seed ${seed})`, () => noise(codec, side, true, Math.ceil(runs / 2)));
}
