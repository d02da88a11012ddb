/** The device's half of bench/mqtt.ts, which puts `ROUNDS` and `STEP` in front of it: 0 nothing, 1 publish, 2 and its PUBACK, 3 hear. */
import type { Done } from "../../modules/failure.ts";
import { createClient } from "../../modules/mqtt/client.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";

declare const ROUNDS: number;
declare const STEP: number;

let wrote = "";
let written: Done = () => {};
const transport: Transport = {
  write(bytes, done) {
    wrote = bytes;
    written = done;
  },
  close() {},
  poll() {},
};
const receive = (bytes: string) => (transport.onData as (bytes: string) => void)(bytes);

const client = createClient({ clientId: "bench" });
client.on("message", () => {});
client.attach(transport);
written();
receive("\x20\x02\0\0");

const TOPIC = "godwit/bench/topic";
const PAYLOAD = "0123456789".repeat(10);
const QOS1 = { qos: 1 as const };
print(`JsVars ${process.memory().usage}`);
for (let round = 0; round < ROUNDS; round++) {
  if (STEP === 1 || STEP === 2) {
    client.publish(TOPIC, PAYLOAD, QOS1);
    written();
  }
  if (STEP === 2) receive(`@\x02${wrote.slice(22, 24)}`);
  if (STEP === 3) {
    receive(`2z\0\x12${TOPIC}\0\x09${PAYLOAD}`);
    written();
  }
}
// Nothing is left to do, so that the run ends; `end` would mark what is in flight, and be counted.
(clearInterval as unknown as () => void)();
