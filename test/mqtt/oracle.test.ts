/**
 * The codec against npm `mqtt-packet`, byte for byte, with generated packets; oracle5.test.ts does the same for MQTT 5. At
 * night GODWIT_RUNS=40000: 100,000 packets that are right and 80,000 that are not. GODWIT_SEED gives a run again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCodec } from "../support/mqtt.ts";
import { runs, seed } from "../support/mqtt-packets.ts";
import { compareWithOracle, mutate, noise } from "../support/oracle.ts";

const codec = await loadCodec();

for (const side of ["client", "server"] as const) {
  test(`packets of a ${side}: the same bytes, and the same packets from them (${runs} runs, seed ${seed})`, () => {
    compareWithOracle(codec, side, false, Math.ceil(runs / 4));
  });

  test(`changed packets of a ${side}: packets or a failure, nothing else (seed ${seed})`, () => {
    mutate(codec, side, false, Math.ceil(runs / 2));
  });

  test(`any bytes in place of those of a ${side} (seed ${seed})`, () => noise(codec, side, false, Math.ceil(runs / 2)));
}

test("a CONNECT of MQTT 5 says so itself", () => {
  const cmds: string[] = [];
  const feed = codec.createParser("client", (packet) => cmds.push(packet.cmd), 4096);
  const connect = codec.encode({ cmd: "connect", protocolVersion: 5, clientId: "d" });
  const bye = codec.encode({ cmd: "disconnect", reasonCode: 4 }, true);
  assert.equal(feed(connect + bye), undefined);
  assert.deepEqual(cmds, ["connect", "disconnect"]);
});
