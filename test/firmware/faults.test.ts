/** The built bundle against everything that goes wrong on the way: met and overcome, or refused and said why. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FaultName, FaultOptions } from "../../tools/virtual-modem/index.ts";
import { type FirmwareOptions, type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };
/** Shorter waits than in the field, so that a run is seconds. */
const QUICK = { backoffMaxS: 4, keepalive: 20, intervalS: 5, registrationS: 60 };
const connects = (rig: FirmwareRig): number => rig.console.filter((line) => line === "link connected").length;
const failures = (rig: FirmwareRig): string[] =>
  rig.console.flatMap((line) => /^link \w+ ! (\w+)/.exec(line)?.[1] ?? []);

async function start(options: FirmwareOptions = {}): Promise<FirmwareRig> {
  const config = { ...QUICK, ...(typeof options.config === "object" ? options.config : {}) };
  return startFirmware({ ...options, config });
}

interface Overcome {
  readonly says: string;
  readonly fault: FaultName;
  readonly options?: FaultOptions;
  /** Codes of which one must have been told; none: nothing need be. */
  readonly codes?: readonly string[];
  /** The fault strikes before the first connection. */
  readonly atStart?: boolean;
}

const OVERCOME: readonly Overcome[] = [
  { says: "the connection is dropped", fault: "drop", codes: ["SOCKET_CLOSED", "AT_ERROR"] },
  { says: "the connection dies in silence", fault: "drop", options: { silent: true } },
  { says: "the modem reboots", fault: "reset", codes: ["MODEM_RESET"] },
  { says: "the modem loses power", fault: "power-cut", codes: ["MODEM_DEAF", "AT_DEAF", "AT_TIMEOUT"] },
  {
    says: "the modem loses power in the handshake",
    fault: "power-cut",
    options: { on: "+QSSLOPEN" },
    codes: ["MODEM_DEAF"],
    atStart: true,
  },
  { says: "the modem goes deaf", fault: "deaf", codes: ["MODEM_DEAF", "AT_DEAF", "AT_TIMEOUT"] },
  { says: "the context is taken away", fault: "pdp-lost", codes: ["NET_PDP"] },
  { says: "garbage on the wire", fault: "garbage", options: { bytes: 400 } },
  { says: "garbage in front of answers", fault: "garbage", options: { where: "before", bytes: 30, times: 5 } },
  { says: "a URC in front of each answer", fault: "urc", options: { where: "before", times: 20 } },
  { says: "a URC inside each answer", fault: "urc", options: { where: "inside", times: 20 } },
  { says: "a URC in a header", fault: "urc", options: { where: "header", on: "+QSSLRECV" } },
  {
    says: "a URC with its front cut off",
    fault: "urc",
    options: { where: "before", on: "+QSSLRECV", text: '+QSSLURC: "recv",1', cut: 14 },
  },
  { says: "an answer that comes too late", fault: "late-answer", options: { on: "+QSSLSEND", delayMs: 20_000 } },
  { says: "an answer that stops half-way", fault: "partial-answer", options: { on: "+QSSLRECV" } },
  { says: "SEND FAIL", fault: "send-fail", options: { times: 2 } },
  { says: "no prompt, command lost", fault: "no-prompt", options: { mode: "swallow" } },
  { says: "no prompt, modem waits", fault: "no-prompt", options: { mode: "hang" } },
  {
    says: "a worn-out data stack",
    fault: "wear-552",
    options: { on: "+QSSLCFG" },
    codes: ["SOCKET_WORN"],
    atStart: true,
  },
  { says: "URCs all the way up", fault: "urc", options: { where: "before", times: 40 }, atStart: true },
  { says: "URCs inside answers all the way up", fault: "urc", options: { where: "inside", times: 40 }, atStart: true },
  { says: "garbage at power-on", fault: "garbage", options: { where: "before", bytes: 60, times: 3 }, atStart: true },
  { says: "a late PDP activation", fault: "late-answer", options: { on: "+QICSGP", delayMs: 20_000 }, atStart: true },
  {
    says: "a reset in the handshake",
    fault: "reset",
    options: { on: "+QSSLOPEN" },
    codes: ["MODEM_RESET"],
    atStart: true,
  },
];

describe("met and overcome", { concurrency: 4 }, () => {
  for (const { says, fault, options, codes, atStart } of OVERCOME) {
    test(says, LIMIT, async () => {
      const strike = (rig: FirmwareRig): void => rig.modem.fault(fault, options);
      const rig = await start(atStart === true ? { prepare: strike } : {});
      if (atStart !== true) {
        await rig.until("reported", () => rig.telemetry().length > 0, 30_000);
        strike(rig);
      }
      const before = rig.telemetry().length;
      // Three reports more: the way is open again, or never was shut.
      await rig.until("reported again", () => rig.telemetry().length >= before + 3, 30_000);
      if (codes !== undefined) {
        assert.ok(
          failures(rig).some((code) => codes.includes(code)),
          failures(rig).join(),
        );
      }
      const { state, crashes, flags } = rig.status();
      assert.equal(crashes.count, 0, crashes.last);
      assert.deepEqual(flags, []);
      assert.notEqual(state, "off");
      assert.ok(connects(rig) >= 1);
      assert.deepEqual(rig.alarms, []);
      await rig.stop();
    });
  }
});

interface Refused {
  readonly says: string;
  readonly options: FirmwareOptions;
  readonly code: string;
  readonly cause?: unknown;
  /** What the virtual modem knows beyond the number. */
  readonly truth?: string;
}

const REFUSED: readonly Refused[] = [
  { says: "expired", options: { pki: { fault: "expired" } }, code: "TLS_REFUSED", cause: 566, truth: "expired" },
  {
    says: "unknown CA",
    options: { pki: { fault: "unknown-ca" } },
    code: "TLS_REFUSED",
    cause: 566,
    truth: "unknown-ca",
  },
  {
    says: "wrong host, on a modem that compares it when it is told to",
    options: { pki: { fault: "wrong-host" } },
    code: "TLS_REFUSED",
    cause: 566,
    truth: "wrong-host",
  },
  {
    says: "wrong host, on a modem that compares it unasked",
    options: { pki: { fault: "wrong-host" }, modem: { model: "EG800K" } },
    code: "TLS_REFUSED",
    cause: 566,
    truth: "wrong-host",
  },
  {
    says: "no client certificate in the store",
    options: { pki: { fault: "no-client-cert" } },
    code: "TLS_FILE",
    cause: "client.pem",
  },
  {
    says: "no client certificate configured",
    options: { config: { cert: "", key: "" } },
    code: "TLS_REFUSED",
    truth: "client-cert-required",
  },
  { says: "no such host", options: { config: { host: "no-such-host.invalid" } }, code: "NET_DNS", cause: 565 },
  { says: "a closed port", options: { config: { port: 1 } }, code: "NET_CONNECT", cause: 566 },
  { says: "no SIM", options: { modem: { sim: { absent: true } } }, code: "SIM_ABSENT", cause: "10" },
  { says: "a locked SIM", options: { modem: { sim: { pin: "1234" } } }, code: "SIM_LOCKED" },
  {
    says: "a network that denies",
    options: { modem: { network: { denied: true } } },
    code: "NET_REGISTRATION",
    cause: "denied",
  },
  { says: "a wrong APN", options: { modem: { network: { apn: "other" } } }, code: "NET_PDP" },
  {
    says: "no source of time",
    options: { sntp: "kiss", modem: { network: { nitz: false } } },
    code: "CLOCK_UNPROVED",
  },
];

describe("refused, and said why", { concurrency: 4 }, () => {
  for (const { says, options, code, cause, truth } of REFUSED) {
    test(says, LIMIT, async () => {
      const rig = await start(options);
      await rig.until("failed", () => failures(rig).length > 0, 30_000);
      const { error, clock } = rig.status();
      assert.equal(error?.code, code);
      if (cause !== undefined) assert.equal(error?.cause, cause);
      if (truth !== undefined) {
        const failed = rig.events.find((event) => event.type === "socket" && event.action === "failed");
        assert.ok(failed?.type === "socket" && failed.action === "failed");
        assert.match(failed.cause, new RegExp(truth === "client-cert-required" ? "client-cert|handshake" : truth));
      }
      // A second attempt changes nothing.
      await rig.until("failed again", () => failures(rig).length > 1, 30_000);
      assert.equal(connects(rig), 0, "never a connection that should have been refused");
      assert.equal(rig.published.length, 0);
      if (code === "CLOCK_UNPROVED") {
        assert.ok(!rig.commands().some((line) => line.startsWith("+QSSLOPEN")), "no TLS while the gate is shut");
        assert.match(clock.refused, /sntp:SNTP_KISS/);
      }
      assert.equal(rig.status().crashes.count, 0);
      assert.deepEqual(rig.alarms, []);
      await rig.stop();
    });
  }
});

test("a wrong clock: the network's time is passed over, another source proves it", LIMIT, async () => {
  const rig = await start({ modem: { network: { nitzMs: 0 }, wallClock: () => Date.UTC(2019, 3, 7) } });
  await rig.until("connected", () => connects(rig) === 1, 30_000);
  const { clock } = rig.status();
  assert.notEqual(clock.source, "nitz");
  assert.ok(Math.abs(rig.modem.rtc - Date.now()) < 600_000, "the modem's clock was put right");
  await rig.stop();
});

test(
  "wrong host on a modem that cannot compare: connected, and the device says what it cannot check",
  LIMIT,
  async () => {
    const rig = await start({ pki: { fault: "wrong-host" }, modem: { model: "EC25" } });
    await rig.until("connected", () => connects(rig) === 1, 30_000);
    assert.equal(rig.status().tls.host, "unproved");
    assert.ok(rig.console.includes("host name unproved"));
    await rig.stop();
  },
);

test(
  "a modem that reboots and never says APP RDY is found out by its echo: no socket without its settings",
  LIMIT,
  async () => {
    const rig = await start({ modem: { model: "EC25" } });
    await rig.until("connected", () => connects(rig) === 1, 30_000);
    const before = rig.commands().length;
    rig.modem.fault("reset");
    await rig.until("connected again", () => connects(rig) === 2, 30_000);
    // A send that was under way when it happened is told first.
    assert.match(failures(rig).join(), /^(AT_TIMEOUT|MODEM_RESET)$/);
    const lines = rig.commands().slice(before);
    const settings = lines.findIndex((line) => line.includes('"seclevel",1,2'));
    const opened = lines.findIndex((line) => line.startsWith("+QSSLOPEN"));
    assert.ok(settings >= 0 && settings < opened, lines.join("\n"));
    await rig.stop();
  },
);

test("the modem's clock jumps: the refusal makes the device prove the time again", LIMIT, async () => {
  const rig = await start();
  await rig.until("connected", () => connects(rig) === 1, 30_000);
  rig.modem.fault("rtc-wrong", { utcMs: Date.UTC(1980, 0, 6) });
  rig.modem.fault("drop");
  await rig.until("connected again", () => connects(rig) === 2, 30_000);
  assert.ok(Math.abs(rig.modem.rtc - Date.now()) < 600_000);
  await rig.stop();
});
