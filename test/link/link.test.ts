/** The link, with doubles for everything beneath and above it, on a clock that does not wait. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMIT, startLink } from "../support/link-rig.ts";

const ALL = ["powerOn", "register", "activate", "clock", "tlsWrite", "tlsRead", "open tls", "mqtt"];

test("from off to connected, each step once and in order", LIMIT, async () => {
  const rig = await startLink();
  assert.equal(rig.link.state, "off");
  rig.link.start();
  await rig.until("connected");
  assert.deepEqual(rig.steps, ALL);
  assert.deepEqual(
    rig.logged.map(({ state }) => state),
    ["ready", "registered", "active", "timed", "secured", "connected"],
  );
  assert.equal(rig.link.counters.connects, 1);
  assert.equal(rig.link.counters.failures, 0);
  assert.equal(rig.link.error, undefined);
});

test("no TLS is configured or opened while the gate is shut", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["clock"] = Array.from({ length: 5 }, () => "CLOCK_UNPROVED");
  rig.link.start();
  await rig.until("connected");
  const opens = rig.steps.indexOf("open tls");
  assert.equal(rig.steps.slice(0, opens).filter((step) => step === "clock").length, 6);
  assert.ok(rig.steps.indexOf("tlsWrite") > rig.steps.lastIndexOf("clock"));
});

test("with the gate switched off time is not asked for; without a watchdog nothing feeds one", LIMIT, async () => {
  const rig = await startLink({ clockGate: false, watchdogS: 0 });
  rig.link.start();
  await rig.until("connected");
  assert.ok(!rig.steps.includes("clock"));
  assert.equal(rig.kicks(), 0);
});

for (const [step, code] of [
  ["powerOn", "SIM_ABSENT"],
  ["register", "NET_REGISTRATION"],
  ["activate", "NET_PDP"],
  ["clock", "CLOCK_UNPROVED"],
  ["tlsWrite", "AT_ERROR"],
  ["tlsRead", "AT_ERROR"],
  ["open tls", "NET_DNS"],
  ["open tls", "TLS_REFUSED"],
  ["mqtt", "MQTT_REFUSED"],
] as const) {
  test(`${step} fails three times with ${code}: waits, climbs, comes up`, LIMIT, async () => {
    const rig = await startLink();
    rig.fails[step] = [code, code, code];
    rig.link.start();
    await rig.until("connected");
    const failures = rig.logged.filter((entry) => entry.code !== "");
    assert.equal(rig.link.counters.failures, 3);
    assert.equal(failures.length, 3);
    assert.equal(
      rig.link.counters.rungs.reduce((sum, count) => sum + count, 0),
      3,
    );
    const waits = failures.map(({ retryS }) => retryS);
    for (const [index, wait] of waits.entries())
      assert.ok(wait >= 2 ** index / 2 && wait <= 2 ** index * 1.5, `${waits}`);
    assert.ok(rig.nowS() >= waits.reduce((sum, wait) => sum + wait, 0));
    assert.equal(rig.link.counters.connects, 1);
    assert.notEqual(rig.link.error, undefined, "kept after recovery");
  });
}

test("a modem that is deaf is reset by its pin at once", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["powerOn"] = ["MODEM_DEAF"];
  rig.link.start();
  await rig.until("connected");
  assert.deepEqual(rig.steps.slice(0, 3), ["powerOn", "reset", "register"]);
  assert.deepEqual([...rig.link.counters.rungs], [0, 0, 0, 1, 0, 0]);
});

test("a refused login stays on the lowest rung, and the modem stays as it is", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["mqtt"] = Array.from({ length: 12 }, () => "MQTT_REFUSED");
  rig.link.start();
  await rig.until("connected");
  assert.deepEqual([...rig.link.counters.rungs], [12, 0, 0, 0, 0, 0]);
  assert.equal(rig.steps.filter((step) => step === "powerOn").length, 1);
});

test("other failures climb: context, radio, reset, power, MCU", LIMIT, async () => {
  const rig = await startLink({ backoffMaxS: 4 });
  rig.fails["open tls"] = Array.from({ length: 11 }, () => "SOCKET_OPEN");
  rig.link.start();
  while (rig.reboots() === 0) await rig.wait(1);
  assert.deepEqual([...rig.link.counters.rungs], [2, 2, 2, 2, 2, 1]);
  assert.ok(
    rig.steps.some((step) => step.startsWith("+QIDEACT")),
    "pdp",
  );
  assert.ok(rig.steps.includes("+CFUN=0;+CFUN=1"), "radio");
  assert.equal(rig.steps.filter((step) => step === "reset").length, 2);
  assert.equal(rig.steps.filter((step) => step === "powerOff").length, 2);
});

const explained = (steps: string[]): number => steps.filter((step) => step.startsWith("+QFLST")).length;

test("an explanation stands for four refusals: what is in the store may change meanwhile", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["open tls"] = Array.from({ length: 9 }, () => "TLS_REFUSED");
  rig.link.start();
  await rig.until("connected");
  assert.equal(explained(rig.steps), 3);
});

test("a setting that would not read back is no explanation of a refusal", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["tlsWrite"] = ["AT_ERROR"];
  rig.fails["open tls"] = ["TLS_REFUSED"];
  rig.link.start();
  await rig.until("connected");
  assert.deepEqual(rig.logged.map(({ code }) => code).filter(Boolean), ["TLS_SETTING", "TLS_REFUSED"]);
  assert.equal(explained(rig.steps), 1);
});

test("a refusal is explained once in a row, and the time proved again", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["open tls"] = ["TLS_REFUSED", "TLS_REFUSED", "TLS_REFUSED"];
  rig.link.start();
  await rig.until("connected");
  assert.equal(rig.steps.filter((step) => step.startsWith("+QFLST")).length, 1);
  assert.equal(rig.steps.filter((step) => step === "open tcp").length, 1);
  assert.equal(rig.steps.filter((step) => step === "clock").length, 4);
});

test("the connection ends: opened again, without what is still true", LIMIT, async () => {
  const rig = await startLink();
  rig.link.start();
  await rig.until("connected");
  rig.steps.length = 0;
  rig.close("SOCKET_CLOSED");
  await rig.until("connected");
  assert.deepEqual(rig.steps, ["open tls", "mqtt"]);
  assert.equal(rig.link.error?.code, "SOCKET_CLOSED");
});

test("a connection that holds for a while sets the ladder back; one that dies at once does not", LIMIT, async () => {
  const rig = await startLink();
  rig.link.start();
  for (let round = 1; round <= 3; round++) {
    await rig.until("connected");
    rig.close("SOCKET_CLOSED");
    assert.equal(rig.link.failed, round);
  }
  await rig.until("connected");
  await rig.wait(600);
  rig.close("SOCKET_CLOSED");
  assert.equal(rig.link.failed, 1);
});

test(
  "two devices with one client id: each connection ends when the other comes back, and both slow down",
  LIMIT,
  async () => {
    const rig = await startLink();
    rig.link.start();
    // Each lasts as long as the other waits, which is as long as our own last wait at most: no success, however long it was.
    for (let round = 1; round <= 10; round++) {
      await rig.until("connected");
      await rig.wait(Math.max(61, rig.logged.findLast(({ code }) => code !== "")?.retryS ?? 0));
      rig.close("SOCKET_CLOSED");
    }
    const waits = rig.logged.filter(({ code }) => code === "SOCKET_CLOSED").map(({ retryS }) => retryS);
    assert.equal(rig.link.failed, 10);
    assert.ok((waits.at(-1) ?? 0) >= 256, waits.join());
  },
);

test("taken over, in the words of MQTT 5: the longest wait at once, and nothing is reset for it", LIMIT, async () => {
  const rig = await startLink({ backoffMaxS: 100 }, true);
  rig.link.start();
  await rig.until("connected");
  rig.close("MQTT_TAKEN_OVER");
  const [{ retryS, rung } = { retryS: 0, rung: -1 }] = rig.logged.filter(({ code }) => code === "MQTT_TAKEN_OVER");
  assert.ok(retryS >= 50 && retryS <= 150, String(retryS));
  assert.equal(rung, 0);
});

test("the context is lost: sockets end, and it is activated anew", LIMIT, async () => {
  const rig = await startLink();
  rig.link.start();
  await rig.until("connected");
  rig.steps.length = 0;
  rig.modem.state = "registered";
  rig.modem.onDown?.({ code: "NET_PDP" });
  rig.close("NET_PDP");
  await rig.until("connected");
  assert.equal(rig.steps[0], "dropAll NET_PDP");
  assert.deepEqual(
    rig.steps.filter((step) => step === "activate"),
    ["activate"],
  );
  assert.ok(!rig.steps.includes("powerOn"));
  assert.equal(rig.link.counters.failures, 1, "one failure, told twice");
});

test("the modem resets: everything from the start, the clock too", LIMIT, async () => {
  const rig = await startLink();
  rig.link.start();
  await rig.until("connected");
  rig.steps.length = 0;
  rig.modem.state = "off";
  rig.modem.onDown?.({ code: "MODEM_RESET" });
  rig.close("MODEM_RESET");
  await rig.until("connected");
  assert.deepEqual(rig.steps, ["dropAll MODEM_RESET", ...ALL]);
  assert.equal(rig.link.counters.failures, 1);
});

test("the modem resets during a step: the step's own error is the only failure", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["register"] = ["MODEM_RESET"];
  rig.link.start();
  while (!rig.steps.includes("register")) await rig.wait(0.001);
  rig.modem.state = "off";
  rig.modem.onDown?.({ code: "MODEM_RESET" });
  await rig.until("connected");
  assert.equal(rig.link.counters.failures, 1);
  assert.equal(rig.steps.filter((step) => step === "powerOn").length, 2);
});

test("the watchdog is fed by steps and by what is heard, by no timer", LIMIT, async () => {
  const rig = await startLink();
  rig.link.start();
  await rig.until("connected");
  const before = rig.kicks();
  assert.ok(before >= 6);
  await rig.wait(3000);
  assert.equal(rig.kicks(), before, "silence feeds nothing");
  rig.sockets.onHeard?.();
  assert.equal(rig.kicks(), before + 1);
});

test("time is proved anew when it falls due; a failure leaves the connection alone", LIMIT, async () => {
  const rig = await startLink({ resyncS: 1000 });
  rig.link.start();
  await rig.until("connected");
  await rig.wait(1001);
  assert.equal(rig.steps.filter((step) => step === "clock").length, 2);
  rig.fails["clock"] = ["CLOCK_UNPROVED"];
  await rig.wait(1001);
  assert.equal(rig.steps.filter((step) => step === "clock").length, 3);
  assert.equal(rig.link.counters.failures, 0);
  assert.equal(rig.link.state, "connected");
  await rig.wait(3601);
  assert.ok(rig.steps.filter((step) => step === "clock").length >= 4, "again in an hour");
});

test("stop says goodbye, switches off, and stays off", LIMIT, async () => {
  const rig = await startLink();
  rig.link.start();
  await rig.until("connected");
  rig.steps.length = 0;
  await new Promise<void>((resolve) => rig.link.stop(() => resolve()));
  assert.deepEqual(rig.steps, ["disconnect", "powerOff"]);
  await rig.wait(5000);
  assert.deepEqual(rig.steps, ["disconnect", "powerOff"]);
  rig.link.start();
  await rig.until("connected");
});

test(
  "a modem that the ladder reset has forgotten its settings and perhaps the time: both anew before TLS",
  LIMIT,
  async () => {
    const rig = await startLink({ backoffMaxS: 4 });
    rig.fails["open tls"] = Array.from({ length: 7 }, () => "SOCKET_OPEN");
    rig.link.start();
    await rig.until("connected");
    const after = rig.steps.slice(rig.steps.indexOf("reset"));
    assert.deepEqual(after, ["reset", "register", "activate", "clock", "tlsWrite", "tlsRead", "open tls", "mqtt"]);
  },
);

for (const [failed, rung] of [
  [5, "radio"],
  [7, "reset"],
  [9, "power"],
  [11, "mcu"],
] as const) {
  test(
    `stop while it waits for the rung ${rung}: the modem stays off, the board up, and start begins anew`,
    LIMIT,
    async () => {
      const rig = await startLink({ backoffMaxS: 4 });
      rig.fails["open tls"] = Array.from({ length: failed }, () => "SOCKET_OPEN");
      rig.link.start();
      while (rig.link.counters.failures < failed) await rig.wait(0.5);
      await new Promise<void>((resolve) => rig.link.stop(() => resolve()));
      const before = [...rig.steps];
      await rig.wait(100);
      assert.deepEqual(rig.steps, before);
      assert.equal(rig.reboots(), 0);
      rig.link.start();
      await rig.until("connected");
    },
  );
}

test("stop while it waits for the next attempt: the attempt does not come", LIMIT, async () => {
  const rig = await startLink();
  rig.fails["open tls"] = ["NET_DNS"];
  rig.link.start();
  while (rig.link.counters.failures === 0) await rig.wait(0.01);
  await new Promise<void>((resolve) => rig.link.stop(() => resolve()));
  const before = [...rig.steps];
  await rig.wait(5000);
  assert.deepEqual(rig.steps, before);
});
