/** The demo as the command runs it, on a faster clock: the whole path with each fault. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { Demo } from "../../tools/demo/demo.ts";
import type { Entry } from "../../tools/demo/entry.ts";
import type { DemoFault } from "../../tools/demo/faults.ts";
import type { Verdict } from "../../tools/demo/referee.ts";
import { readErrorTable } from "../../tools/errors/read-error-table.ts";
import type { Image } from "../../tools/flash/image.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { createSteadyClock } from "../support/steady-clock.ts";

const SPEED = 15;
const LIMIT_S = 30;

let image: Image;

before(async () => {
  image = await imageOf(await bundleFirmware({ board: "rak5010" }));
});

interface Outcome {
  verdict: Verdict;
  entries: Entry[];
  text: string;
}

async function play(fault: DemoFault | undefined, once: number | undefined): Promise<Outcome> {
  const entries: Entry[] = [];
  const clock = createSteadyClock(SPEED);
  const demo = new Demo({
    board: "rak5010",
    image,
    errors: readErrorTable(),
    clock,
    once,
    fault,
    ownBroker: undefined,
    trace: false,
    limitS: LIMIT_S,
    settings: { intervalS: 4 },
    onEntry: (entry) => entries.push(entry),
  });
  await demo.start();
  const verdict = await demo.verdict;
  await demo.stop();
  clock.stop();
  const lines = entries.map(({ topic, text, details }) =>
    [`${topic} ${text}`, ...(details ?? []).map((detail) => `  ${detail.label ?? ""}: ${detail.text}`)].join("\n"),
  );
  return { verdict, entries, text: lines.join("\n") };
}

/** What is told of `topic`, in order. */
const told = ({ entries }: Outcome, topic: Entry["topic"]): string[] =>
  entries.filter((entry) => entry.topic === topic).map(({ text }) => text);

test("three reports and a command: every step is told, in order", async () => {
  const outcome = await play(undefined, 3);
  assert.equal(outcome.verdict.exitCode, 0, outcome.text);
  const order = ["power", "sim", "network", "pdp", "clock", "tls", "mqtt", "publish", "command"] as const;
  const firsts = order.map((topic) =>
    outcome.entries.findIndex((entry) => entry.topic === topic && entry.mark !== "fault"),
  );
  assert.ok(
    firsts.every((index) => index >= 0),
    outcome.text,
  );
  assert.match(outcome.text, /clock the modem's clock stands at 1980-01-06/);
  assert.match(outcome.text, /clock modem clock .* -> 20\d\d-\d\d-\d\d .* UTC, set by/);
  assert.match(outcome.text, /clock proved: source (nitz|modem-ntp|sntp)/);
  assert.match(outcome.text, /CA: verified: .* ca\.pem/);
  assert.match(outcome.text, /dates: verified by the modem's clock/);
  assert.match(outcome.text, /host name: verified: broker\.test/);
  assert.match(outcome.text, /mqtt connected as godwit-demo: new session/);
  assert.match(outcome.text, /command executed: interval/);
  assert.match(outcome.text, /device [\d,]+ of 12,500 variables in use; UART [\d,]+ bytes in/);
  const reports = outcome.entries.filter(
    ({ data }) => data?.["acknowledged"] === true && /telemetry/.test(String(data["name"])),
  );
  assert.ok(reports.length >= 3);
  for (const { data } of reports) assert.ok(Number(data?.["roundTripMs"]) > 0 && Number(data?.["exchanges"]) >= 2);
  assert.ok(!outcome.entries.some(({ mark }) => mark === "fault"), outcome.text);
});

describe("faults that are met and overcome", () => {
  test("drop: the session is resumed and brings what was sent meanwhile", async () => {
    const outcome = await play("drop", 3);
    assert.equal(outcome.verdict.exitCode, 0, outcome.text);
    // By the URC, or by a send that came before it.
    assert.match(outcome.text, /link (SOCKET_CLOSED|AT_ERROR)/);
    assert.match(outcome.text, /session resumed/);
  });

  test("reset: everything comes up again", async () => {
    const outcome = await play("reset", 2);
    assert.equal(outcome.verdict.exitCode, 0, outcome.text);
    assert.equal(told(outcome, "power").filter((text) => text.includes("starts")).length, 2);
    assert.equal(told(outcome, "mqtt").filter((text) => text.startsWith("connected")).length, 2);
  });

  test("wrong-clock: the network's time is passed over", async () => {
    const outcome = await play("wrong-clock", 2);
    assert.equal(outcome.verdict.exitCode, 0, outcome.text);
    assert.match(outcome.text, /2019-04-07 .* UTC, set by the network/);
    assert.match(outcome.text, /passed over: nitz:CLOCK_FLOOR/);
  });
});

describe("faults that must be refused", () => {
  const cases: [DemoFault, string, RegExp][] = [
    ["expired", "TLS_REFUSED", /in truth: expired: .* until /],
    ["unknown-ca", "TLS_REFUSED", /in truth: unknown-ca: /],
    ["wrong-host", "TLS_REFUSED", /in truth: wrong-host: broker\.test is not among DNS:some-other-host\.test/],
    ["no-client-cert", "TLS_FILE", /in truth: client-cert-missing: /],
  ];
  for (const [fault, code, truth] of cases) {
    test(`${fault}: never connects, and says why and what to do`, async () => {
      const outcome = await play(fault, undefined);
      assert.equal(outcome.verdict.exitCode, 1, outcome.text);
      assert.equal(outcome.verdict.failure?.code, code);
      const last = outcome.entries.at(-1);
      assert.ok(last?.text.includes(code));
      const labels = last?.details?.map(({ label }) => label) ?? [];
      for (const label of ["in truth", "meaning", "likely causes", "what to do"])
        assert.ok(labels.includes(label), label);
      assert.match(outcome.text, truth);
      assert.deepEqual(told(outcome, "mqtt"), []);
      assert.deepEqual(told(outcome, "publish"), []);
    });
  }
});
