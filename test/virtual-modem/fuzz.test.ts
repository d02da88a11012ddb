/** Whatever comes over the wire, the modem neither breaks nor hangs nor grows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createClock } from "../../tools/clock.ts";
import { createReadyHost } from "./host.ts";

const NAMES = (
  "I E Q V S3 &F Z +CMEE +CPIN +CLCK +CREG +CEREG +COPS +CGATT +QICSGP +QIACT +QIDEACT +CGDCONT +CGPADDR +CCLK +CTZU " +
  "+QLTS +QNTP +QFUPL +QFDWL +QFLST +QFDEL +QFLDS +QFOPEN +QFREAD +QFWRITE +QFSEEK +QIOPEN +QISEND +QISENDEX +QIRD " +
  "+QICLOSE +QISTATE +QIDNSCFG +QICFG +QSSLCFG +QSSLOPEN +QSSLSEND +QSSLRECV +QSSLCLOSE +QSSLSTATE +QCFG +CPSMS +NONE"
).split(" ");

const argument = fc.oneof(
  fc.integer({ min: -2, max: 70_000 }).map(String),
  fc.constantFrom(
    '""',
    '"*"',
    '"UFS:a"',
    '"seclevel"',
    '"TCP"',
    '"UDP"',
    '"::"',
    '"__proto__"',
    '"26/01/01,00:00:00+00"',
    "",
  ),
  fc.string({ maxLength: 12 }),
);
const command = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom("", "?", "=?", "="), fc.array(argument, { maxLength: 7 }))
  .map(([name, sign, args]) => `AT${name}${sign}${sign === "=" ? args.join(",") : ""}\r`);
const noise = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("latin1"));

test("no input breaks it", async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", onWarning);
  // Names are answered here, so that nothing leaves this computer.
  const host = await createReadyHost({ clock: createClock(1000), resolve: () => "127.0.0.1" });
  await host.at("AT+QIACT=1");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(command, noise), { maxLength: 12 }), async (inputs) => {
      for (const input of inputs) {
        host.write(input);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.deepEqual(warnings, []);
    }),
    { numRuns: 300, seed: 20_261_123 },
  );
  // Out of any data mode that is still open, then as new.
  host.modem.powerCut();
  host.modem.powerOn();
  await host.expect(/RDY[\s\S]*SMS DONE\r\n/);
  host.write("AT\r");
  await host.expect(/OK\r\n/);
  assert.deepEqual(warnings, []);
  process.off("warning", onWarning);
  host.end();
});
