import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseErrorTable } from "../../tools/errors/error-table.ts";
import { durationText, explainStatus } from "../../tools/status/explain.ts";
import { createStatusHistory, sparkline } from "../../tools/status/history.ts";
import { signalQuality } from "../../tools/status/signal.ts";
import { parseSignal, parseStatus, type StatusView } from "../../tools/status/view.ts";

const AT = Date.UTC(2026, 7, 7, 12, 0, 0);
const ERRORS = parseErrorTable(
  "| code | meaning | likely causes | what to do |\n|---|---|---|---|\n| TLS_REFUSED | The handshake failed | 1. expired<br>2. unknown CA | Look at the clock |\n",
);

/** As a board answers; the fields are those of src/device.ts. */
function answer(changes: Record<string, unknown> = {}, beside: Record<string, unknown> = {}): unknown {
  return {
    s: {
      version: "0.1.0",
      state: "connected",
      link: { connects: 2, failures: 1, rungs: [1, 0, 0, 0, 0, 0] },
      registration: "roaming",
      ip: "10.1.2.3",
      at: { exchanges: 41, timeouts: 0, orphans: 0, lost: 0 },
      clock: {
        source: "nitz",
        syncedS: AT / 1000 - 3600,
        rtcErrorS: 1,
        driftPpm: 12,
        startedS: AT / 1000 - 7200,
        refused: "",
      },
      tls: { ca: "yes", host: "unproved", dates: "yes", sni: "yes", readBack: "yes", maxVersion: "1.2" },
      crashes: { count: 0, last: "" },
      flags: [],
      memory: 1450,
      queued: 1,
      outbox: { bytes: 96, erased: 2 },
      ...changes,
    },
    t: 0,
    m: { free: 11_050, usage: 1450, total: 12_500 },
    v: "2v29",
    b: "RAK5010",
    w: AT / 1000,
    ...beside,
  };
}

const rowsOf = (view: StatusView, flags: readonly string[] = []): Map<string, string> =>
  new Map(explainStatus(view, ERRORS, flags).rows.map(({ id, value, verdict }) => [id, `${verdict}: ${value}`]));

test("a healthy board", () => {
  const view = { ...parseStatus(answer(), AT), signal: parseSignal(['+QCSQ: "CAT-M1",-61,-88,152,-10']) };
  const report = explainStatus(view, ERRORS);
  assert.deepEqual([report.summary, report.verdict], ["Connected: TLS and MQTT are up.", "good"]);
  assert.deepEqual(
    report.ladder.map(({ mark }) => mark),
    ["reached", "reached", "reached", "reached", "reached", "reached", "here"],
  );
  assert.deepEqual(Object.fromEntries(rowsOf(view)), {
    registration: "good: roaming",
    signal: "good: CAT-M1, RSRP -88 dBm, RSSI -61 dBm, good",
    ip: "info: 10.1.2.3",
    clock: "good: proved by nitz, set 1 h ago",
    time: "info: 2026-08-07 12:00:00 UTC",
    rtc: "good: 1 s off the board's",
    drift: "info: 12 ppm",
    uptime: "info: 2 h",
    mqtt: "good: connected",
    connects: "info: 2, failures: 1",
    rungs: "info: socket 1",
    queued: "info: 1 packet",
    outbox: "info: 96 bytes, pages erased: 2",
    memory: "good: 1450 of 12500 (12 %)",
    crashes: "good: 0",
    flags: "good: none",
    at: "info: exchanges: 41, time-outs: 0",
    trace: "info: off",
    versions: "info: firmware 0.1.0, RAK5010, interpreter 2v29",
  });
  assert.deepEqual(
    report.tls.map(({ check, answer: said, verdict }) => `${check} ${said} ${verdict}`),
    ["ca yes good", "host unproved warning", "dates yes good", "sni yes good", "readBack yes good"],
  );
  assert.match(report.tls[1]?.says ?? "", /take it for no/);
});

describe("what is wrong", () => {
  test("a refused handshake: where the ladder breaks, what it means, what to do", () => {
    const view = parseStatus(
      answer({ state: "secured", error: { code: "TLS_REFUSED", cause: 566, command: 'tls "broker.test":8883' } }),
      AT,
    );
    const report = explainStatus(view, ERRORS);
    assert.equal(report.summary, "Not connected: TLS_REFUSED (566); the TLS settings are written and read back.");
    assert.deepEqual([report.ladder.at(-2)?.mark, report.ladder.at(-1)?.mark], ["here", "failed"]);
    assert.deepEqual(report.error?.explanation?.causes, ["expired", "unknown CA"]);
    assert.equal(report.error?.isPresent, true);
  });

  test("the link falls back when a step fails: the code tells which it was", () => {
    const marks = (state: string, code: string): string =>
      explainStatus(parseStatus(answer({ state, error: { code } }), AT), ERRORS)
        .ladder.map(({ mark }) => mark[0])
        .join("");
    // off ready registered active timed secured connected
    assert.equal(marks("active", "TLS_REFUSED"), "rrrhaaf");
    assert.equal(marks("active", "TLS_READBACK"), "rrrhafa");
    assert.equal(marks("active", "CLOCK_UNPROVED"), "rrrhfaa");
    assert.equal(marks("registered", "NET_PDP"), "rrhfaaa");
    assert.equal(marks("ready", "NET_REGISTRATION"), "rhfaaaa");
    assert.equal(marks("off", "SIM_LOCKED"), "hfaaaaa");
    assert.equal(marks("registered", "AT_TIMEOUT"), "rrhfaaa");
    assert.equal(marks("secured", "NET_REGISTRATION"), "rrrrrha", "it is beyond that again");
    assert.equal(marks("connected", "TLS_REFUSED"), "rrrrrrh");
  });

  test("a failure that is over is said to be over", () => {
    const report = explainStatus(parseStatus(answer({ error: { code: "MQTT_TIMEOUT" } }), AT), ERRORS);
    assert.deepEqual([report.error?.isPresent, report.error?.explanation, report.verdict], [false, undefined, "good"]);
  });

  test("no firmware, no state, an unproved clock, crashes, flags of earlier readings, little memory", () => {
    assert.match(
      explainStatus(parseStatus({ s: null, v: "2v29", b: "RAK5010" }, AT), ERRORS).summary,
      /no Godwit firmware/,
    );
    const view = parseStatus(
      answer(
        {
          state: "active",
          registration: "denied",
          clock: {
            source: "none",
            syncedS: 0,
            rtcErrorS: 0,
            driftPpm: 0,
            startedS: 946684800,
            refused: "nitz:CLOCK_NONE sntp:SNTP_TIMEOUT ",
          },
          crashes: { count: 2, last: "Error: boo\n at line 1" },
          flags: ["FIFO_FULL"],
        },
        { m: { usage: 12_300, total: 12_500 }, w: 946684900, t: true },
      ),
      AT,
    );
    const rows = rowsOf(view, ["CALLBACK"]);
    assert.equal(rows.get("registration"), "fault: denied");
    assert.equal(rows.get("clock"), "warning: not proved");
    assert.equal(rows.get("crashes"), "fault: 2");
    assert.equal(rows.get("flags"), "warning: CALLBACK, FIFO_FULL");
    assert.equal(rows.get("memory"), "fault: 12300 of 12500 (98 %)");
    assert.equal(rows.get("trace"), "info: AT traffic");
    assert.equal(rows.get("uptime"), "info: 1 min 40 s");
    assert.ok(!rows.has("time") && !rows.has("rtc"), "a clock that was not set tells no time");
    const clock = explainStatus(view, ERRORS).rows.find(({ id }) => id === "clock");
    assert.equal(clock?.hint, "passed over: nitz (CLOCK_NONE), sntp (SNTP_TIMEOUT)");
  });
});

describe("what comes is not believed", () => {
  const hostile: readonly [string, Record<string, unknown>, (view: StatusView) => unknown][] = [
    ["an unknown state", { state: "constructor" }, ({ link }) => link.state],
    ["a state that is no text", { state: { toString: 1 } }, ({ link }) => link.state],
    ["a code that is none", { error: { code: "<b>" } }, ({ link }) => link.error],
    ["an error that is a text", { error: "TLS_REFUSED" }, ({ link }) => link.error],
    ["counts below nothing", { queued: -1 }, ({ mqtt }) => mqtt.queued],
    ["a list in place of an object", { link: [1, 2, 3] }, ({ link }) => link.connects],
  ];
  for (const [name, changes, of] of hostile)
    test(name, () => assert.equal(of(parseStatus(answer(changes), AT)), undefined));

  test("long, coloured and secret text", () => {
    const view = parseStatus(
      answer({
        ip: "\x1b[2J10.1.2.3",
        version: "x".repeat(10_000),
        error: { code: "AT_ERROR", command: 'AT+CPIN="4711"', cause: "y".repeat(10_000) },
      }),
      AT,
    );
    assert.equal(view.ip, "\\x1b[2J10.1.2.3");
    assert.ok((view.firmware ?? "").length < 100 && (view.link.error?.cause ?? "").length < 300);
    assert.ok(!JSON.stringify(view).includes("4711"));
  });

  test("anything at all: no exception, and a report of bounded size", () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 3 }), fc.anything({ maxDepth: 3 }), (status, beside) => {
        const view = parseStatus({ s: status, m: beside, v: beside, b: status, w: beside, t: status }, AT);
        const report = explainStatus(view, ERRORS, []);
        assert.equal(report.ladder.length, view.hasFirmware ? 7 : 0);
        assert.ok(JSON.stringify([view, report]).length < 20_000);
      }),
      { numRuns: 300 },
    );
    const keys = Object.keys((answer() as { s: object }).s);
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 2 }), (key, value) => {
        explainStatus(parseStatus(answer({ [key]: value }), AT), ERRORS);
      }),
      { numRuns: 300 },
    );
  });
});

test("the signal, as the modem tells it", () => {
  const told: readonly [unknown, unknown][] = [
    [['+QCSQ: "CAT-NB1",-70,-95,100,-11'], { rat: "CAT-NB1", rsrpDbm: -95, rssiDbm: -70 }],
    [['+QCSQ: "GSM",-71'], { rat: "GSM", rsrpDbm: undefined, rssiDbm: -71 }],
    [['+QCSQ: "WCDMA",-71,-80,-5'], { rat: "WCDMA", rsrpDbm: undefined, rssiDbm: -71 }],
    [['+QCSQ: "NOSERVICE"'], { rat: "NOSERVICE", rsrpDbm: undefined, rssiDbm: undefined }],
    [['+QCSQ: "LTE",5,-999,x'], { rat: "LTE", rsrpDbm: undefined, rssiDbm: undefined }],
    [["+CSQ: 20,99"], undefined],
    [["+QCSQ: "], undefined],
    ["+QCSQ: 1", undefined],
    [undefined, undefined],
  ];
  for (const [lines, expected] of told) assert.deepEqual(parseSignal(lines), expected);
});

test("quality of a signal in a word", () => {
  const words: readonly [number | undefined, number | undefined, string][] = [
    [-70, -50, "excellent"],
    [-88, -61, "good"],
    [-105, undefined, "fair"],
    [-118, undefined, "weak"],
    [-130, -90, "very weak"],
    [undefined, -80, "good"],
    [undefined, -110, "very weak"],
    [undefined, undefined, "not known"],
    [Number.NaN, undefined, "not known"],
  ];
  for (const [rsrpDbm, rssiDbm, word] of words) assert.equal(signalQuality({ rsrpDbm, rssiDbm }).word, word);
});

test("history: points are bounded, flags that one reading took away stay", () => {
  const history = createStatusHistory(3);
  for (let index = 0; index < 5; index++)
    history.add(
      parseStatus(
        answer({ flags: index === 1 ? ["FIFO_FULL"] : [] }, { m: { usage: 1000 + index, total: 12_500 } }),
        AT + index,
      ),
    );
  assert.deepEqual(
    history.memory.map(({ used }) => used),
    [1002, 1003, 1004],
  );
  assert.deepEqual(history.flags, ["FIFO_FULL"]);
  assert.equal(history.newest?.atMs, AT + 4);
  history.clear();
  assert.deepEqual([history.memory.length, history.flags.length, history.newest], [0, 0, undefined]);
});

test("sparkline and durations", () => {
  assert.equal(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8), "▁▂▃▄▅▆▇█");
  assert.equal(sparkline([5, 5, 5], 2), "▁▁");
  assert.equal(sparkline([], 5), "");
  assert.deepEqual([0.2, 7, 61, 7200, 90_061].map(durationText), ["0 s", "7 s", "1 min 1 s", "2 h", "1 d 1 h"]);
});
