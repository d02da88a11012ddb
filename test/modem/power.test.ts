/** Power, boot, SIM, and what the engine says when the modem goes by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bringUp,
  codeOf,
  type EngineRig,
  failureOf,
  type RigOptions,
  startEngine,
  startScripted,
} from "../support/engine-rig.ts";
import type { Reply } from "../support/scripted-modem.ts";

const LIMIT = { timeout: 20_000 };

async function withEngine(options: RigOptions, run: (rig: EngineRig) => Promise<void>): Promise<void> {
  const rig = await startEngine(options);
  try {
    await run(rig);
  } finally {
    rig.stop();
  }
}

const powerOn = (rig: Pick<EngineRig, "modem">): Promise<string> => codeOf((done) => rig.modem.powerOn(done));
const powerOff = (rig: EngineRig): Promise<string> => codeOf((done) => rig.modem.powerOff(done));
const states = (rig: EngineRig): string[] =>
  rig.events.flatMap((event) => (event.type === "power" ? [`${event.state} ${event.reason}`] : []));

test("a modem that is off is switched on by PWRKEY and set up in three exchanges", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(rig.modem.state, "off");
    assert.equal(await powerOn(rig), "");
    assert.equal(rig.modem.state, "ready");
    assert.deepEqual(states(rig), ["booting PWRKEY", "ready PWRKEY"]);
    assert.equal(rig.level("D2"), 1, "the key is released");
    // ATE0, the settings in one line, AT+CPIN?.
    assert.ok(rig.modem.channel.counters.exchanges <= 3, rig.commands().join(" "));
    assert.deepEqual(rig.down, []);
  }),
);

test("a modem that is on already is not pressed: that would switch it off", LIMIT, () =>
  withEngine({}, async (rig) => {
    rig.virtual.powerOn();
    await rig.wait(3000);
    assert.equal(await powerOn(rig), "");
    assert.deepEqual(states(rig).length, 2);
  }),
);

test("without STATUS the modem is asked first, and pressed only when it is silent", LIMIT, async () => {
  const port = { statusPin: undefined } as unknown as NonNullable<RigOptions["port"]>;
  await withEngine({ port }, async (rig) => {
    rig.virtual.powerOn();
    await rig.wait(3000);
    assert.equal(await powerOn(rig), "");
    assert.deepEqual(states(rig).length, 2, "was on: not pressed");
  });
  await withEngine({ port }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    assert.deepEqual(states(rig), ["booting PWRKEY", "ready PWRKEY"]);
  });
});

test("a model that never says APP RDY is taken after the longest boot time", LIMIT, () =>
  withEngine({ modem: { model: "EC25" } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    assert.equal(rig.modem.state, "ready");
  }),
);

test("a modem that answers nothing is MODEM_DEAF, and can be tried again", LIMIT, () =>
  withEngine({}, async (rig) => {
    rig.virtual.fault("deaf", { on: "E0" });
    assert.equal(await powerOn(rig), "MODEM_DEAF");
    assert.equal(rig.modem.state, "off");
    assert.deepEqual(rig.down, [], "the caller has the error already");
    rig.virtual.clearFaults();
    assert.equal(await powerOn(rig), "");
  }),
);

test("garbage and a half-typed line at power-on do no harm", LIMIT, () =>
  withEngine({}, async (rig) => {
    rig.virtual.powerOn();
    await rig.wait(3000);
    rig.virtual.uart.write("AT+CSQ");
    rig.virtual.fault("garbage", { bytes: 300 });
    rig.virtual.fault("garbage", { where: "before", bytes: 40, nth: 2 });
    assert.equal(await powerOn(rig), "");
  }),
);

test("the PIN is entered when the SIM asks, and never shown", LIMIT, () =>
  withEngine({ modem: { sim: { pin: "4711" } }, access: { pin: "4711" } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    assert.ok(!rig.trace.join("\n").includes("4711"), rig.trace.join("\n"));
    assert.equal(await bringUp(rig.modem), "");
  }),
);

test("a wrong PIN is tried once, not twice, at the next power-on neither", LIMIT, () =>
  withEngine({ modem: { sim: { pin: "4711" } }, access: { pin: "1111" } }, async (rig) => {
    const tries = (): number => rig.commands().filter((line) => line.startsWith("+CPIN=")).length;
    const error = await failureOf((done) => rig.modem.powerOn(done));
    assert.equal(error?.code, "SIM_LOCKED");
    assert.match(String(error?.cause), /SIM PIN/);
    assert.equal(tries(), 1);
    assert.equal(await powerOff(rig), "");
    assert.equal(await powerOn(rig), "SIM_LOCKED");
    assert.equal(tries(), 1);
  }),
);

test("a SIM that asks for a PIN nobody gave is SIM_LOCKED", LIMIT, () =>
  withEngine({ modem: { sim: { pin: "4711" } } }, async (rig) => {
    assert.equal(await powerOn(rig), "SIM_LOCKED");
    assert.ok(!rig.commands().some((line) => line.startsWith("+CPIN=")));
  }),
);

test("no SIM is SIM_ABSENT with the modem's cause", LIMIT, () =>
  withEngine({ modem: { sim: { absent: true } } }, async (rig) => {
    const error = await failureOf((done) => rig.modem.powerOn(done));
    assert.deepEqual({ code: error?.code, cause: error?.cause }, { code: "SIM_ABSENT", cause: "10" });
  }),
);

interface SimCase {
  readonly says: string;
  readonly pin?: string;
  /** Answers to AT+CPIN?, the last one for ever. */
  readonly answers: readonly Reply[];
  /** What AT+QPINC="SC" tells. */
  readonly tries?: string;
  readonly code: string;
  readonly cause?: unknown;
  /** PINs that reached the SIM. */
  readonly entered?: number;
}

const asks = { lines: ["+CPIN: SIM PIN"] };
const READY = { lines: ["+CPIN: READY"] };
const busy = { result: "+CME ERROR: 14" };
const SIM_CASES: readonly SimCase[] = [
  { says: "busy for a while", answers: [busy, busy, busy, READY], code: "" },
  { says: "not ready for a while", answers: [{ lines: ["+CPIN: NOT READY"] }, READY], code: "" },
  { says: "not ready for ever", answers: [{ lines: ["+CPIN: NOT READY"] }], code: "SIM_LOCKED", cause: "NOT READY" },
  { says: "busy for ever", answers: [busy], code: "SIM_ABSENT", cause: "14" },
  { says: "SIM failure", answers: [{ result: "+CME ERROR: 13" }], code: "SIM_ABSENT", cause: "13" },
  { says: "a PUK is asked for", pin: "1234", answers: [{ lines: ["+CPIN: SIM PUK"] }], code: "SIM_LOCKED" },
  { says: "a personalisation code", pin: "1234", answers: [{ lines: ["+CPIN: PH-NET PIN"] }], code: "SIM_LOCKED" },
  { says: "a URC beside the answer", answers: [{ lines: ["+QIND: SMS DONE", "+CPIN: READY"] }], code: "" },
  { says: "a URC behind the answer", answers: [{ lines: ["+CPIN: READY", '+QIND: "csq",24,99'] }], code: "" },
  {
    says: "a URC beside a request",
    pin: "1234",
    answers: [{ lines: ["+QUSIM: 1", "+CPIN: SIM PIN"] }, READY],
    code: "",
  },
  { says: "three tries left", pin: "1234", answers: [asks, READY], tries: "3,10", code: "", entered: 1 },
  { says: "two tries left", pin: "1234", answers: [asks, READY], tries: "2,10", code: "", entered: 1 },
  { says: "the last try", pin: "1234", answers: [asks], tries: "1,10", code: "SIM_PIN_LAST", cause: 1, entered: 0 },
  { says: "no try left", pin: "1234", answers: [asks], tries: "0,10", code: "SIM_PIN_LAST", cause: 0, entered: 0 },
  { says: "tries not told", pin: "1234", answers: [asks], tries: "", code: "SIM_PIN_LAST", entered: 0 },
  {
    says: "a PIN that would be a command",
    pin: '1";+CFUN=0',
    answers: [asks],
    tries: "3,10",
    code: "SIM_LOCKED",
    entered: 0,
  },
];

for (const { says, pin = "", answers, tries = "3,10", code, cause, entered } of SIM_CASES) {
  test(`SIM: ${says}`, LIMIT, async () => {
    const left = [...answers];
    const rig = await startScripted(
      (part) => {
        if (part === "+CPIN?") return left.length > 1 ? left.shift() : left[0];
        if (part.startsWith("+QPINC")) return tries === "" ? {} : { lines: [`+QPINC: "SC",${tries}`] };
        return undefined;
      },
      { access: { pin } },
    );
    const error = await failureOf((done) => rig.modem.powerOn(done));
    assert.equal(error?.code ?? "", code);
    if (cause !== undefined) assert.equal(error?.cause, cause);
    const sent = rig.far.parts.filter((part) => part.startsWith("+CPIN=")).length;
    if (entered !== undefined) assert.equal(sent, entered);
    assert.ok(!rig.far.written.some((line) => line.includes("CFUN=0")));
    rig.stop();
  });
}

test(
  "a PIN that went unanswered, as when the supply breaks down under the radio, is there for the next time",
  LIMIT,
  async () => {
    let entered = 0;
    const rig = await startScripted(
      (part) => {
        if (part === "+CPIN?") return entered > 1 ? READY : asks;
        if (part.startsWith("+QPINC")) return { lines: ['+QPINC: "SC",3,10'] };
        if (part.startsWith("+CPIN=")) return ++entered === 1 ? { silent: true } : {};
        return undefined;
      },
      { access: { pin: "1234" } },
    );
    assert.equal(await powerOn(rig), "");
    assert.equal(entered, 2);
    rig.stop();
  },
);

test("a question about the SIM that is not answered says nothing about the SIM", LIMIT, async () => {
  const rig = await startScripted((part) => (part === "+CPIN?" ? { silent: true } : undefined));
  assert.match(await powerOn(rig), /^(AT|MODEM)_/);
  rig.stop();
});

test("a modem that reboots by itself is MODEM_RESET, once, and what was under way fails with it", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    rig.virtual.fault("late-answer", { on: "+CSQ" });
    const pending = codeOf((done) => rig.modem.script(["+CSQ"], (error) => done(error), 60_000));
    await rig.wait(100);
    rig.virtual.fault("reset");
    assert.equal(await pending, "MODEM_RESET");
    await rig.wait(5000);
    assert.deepEqual(rig.down, [{ code: "MODEM_RESET", cause: undefined, command: undefined }]);
    assert.equal(rig.modem.state, "off");
    assert.equal(rig.modem.registration, "off");
    assert.equal(await bringUp(rig.modem), "");
  }),
);

test("a modem that falls silent is MODEM_DEAF at the next command; a reset by pin brings it back", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    rig.virtual.fault("deaf");
    const codes = await Promise.all([
      codeOf((done) => rig.modem.script(["+CSQ"], (error) => done(error))),
      codeOf((done) => rig.modem.script(["+CCLK?"], (error) => done(error))),
    ]);
    assert.equal(codes[0], "AT_TIMEOUT");
    assert.match(codes[1] ?? "", /^(AT|MODEM)_DEAF$/);
    await rig.wait(20_000);
    assert.deepEqual(
      rig.down.map((error) => error.code),
      ["MODEM_DEAF"],
    );
    assert.equal(rig.modem.state, "off");
    assert.equal(await codeOf((done) => rig.modem.powerOn(done, true)), "");
    assert.equal(rig.modem.state, "ready");
    assert.equal(rig.level("D28"), 1, "RESET_N is released");
    assert.ok(states(rig).includes("booting RESET_N"));
    assert.equal(rig.down.length, 1, "a reset that was wanted is no news");
  }),
);

test("power off in order: goodbye, silence, UART closed; and on again", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    assert.equal(await powerOff(rig), "");
    assert.equal(rig.modem.state, "off");
    assert.equal(rig.virtual.powered, false);
    assert.ok(states(rig).includes("shutting-down QPOWD=1"));
    assert.deepEqual(rig.down, []);
    assert.equal(await bringUp(rig.modem), "");
    assert.equal(rig.modem.state, "active");
  }),
);

test("a deaf modem is switched off by its key, one that is off stays off", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await powerOff(rig), "");
    assert.deepEqual(states(rig), [], "off: not pressed");
    assert.equal(await powerOn(rig), "");
    rig.virtual.fault("deaf");
    assert.equal(await powerOff(rig), "");
    assert.equal(rig.virtual.powered, false);
    assert.ok(states(rig).includes("shutting-down PWRKEY"));
    assert.equal(await powerOn(rig), "");
  }),
);

test("power lost while a command may take minutes: STATUS ends the wait in seconds", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    rig.virtual.fault("late-answer", { on: "+CSQ" });
    const pending = codeOf((done) => rig.modem.script(["+CSQ"], (error) => done(error), 150_000));
    await rig.wait(1000);
    const cutMs = rig.hostClock.now();
    rig.virtual.powerCut();
    assert.equal(await pending, "MODEM_DEAF");
    assert.ok(rig.hostClock.now() - cutMs <= 5500, `${rig.hostClock.now() - cutMs} ms`);
    assert.deepEqual(
      rig.down.map((error) => error.code),
      ["MODEM_DEAF"],
    );
    assert.equal(await bringUp(rig.modem), "");
  }),
);

test("a reset by pin of a modem that has lost its power switches it on", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    rig.virtual.powerCut();
    assert.equal(await codeOf((done) => rig.modem.powerOn(done, true)), "");
    assert.ok(states(rig).includes("booting PWRKEY"));
    assert.ok(!states(rig).includes("booting RESET_N"));
  }),
);

test("the SIM's owner can cut the power at any time: nothing hangs", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    const pending = codeOf((done) => rig.modem.script(["+CSQ"], (error) => done(error)));
    rig.virtual.powerCut();
    assert.notEqual(await pending, "");
    await rig.wait(20_000);
    assert.deepEqual(
      rig.down.map((error) => error.code),
      ["MODEM_DEAF"],
    );
    assert.equal(await bringUp(rig.modem), "");
  }),
);
