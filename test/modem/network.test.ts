/** Registration, PDP context and command line parts: the engine against a virtual BG96. */
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

const LIMIT = { timeout: 20_000 };

async function withEngine(options: RigOptions, run: (rig: EngineRig) => Promise<void>): Promise<void> {
  const rig = await startEngine(options);
  try {
    await run(rig);
  } finally {
    rig.stop();
  }
}

const powerOn = (rig: EngineRig): Promise<string> => codeOf((done) => rig.modem.powerOn(done));
const register = (rig: EngineRig, ms = 300_000): Promise<string> => codeOf((done) => rig.modem.register(ms, done));
const activate = (rig: EngineRig): Promise<string> => codeOf((done) => rig.modem.activate(done));

function script(rig: Pick<EngineRig, "modem">, parts: string[], timeoutMs?: number): Promise<[string, string[]]> {
  return new Promise((resolve) =>
    rig.modem.script(parts, (error, lines) => resolve([error ? error.code : "", [...lines]]), timeoutMs),
  );
}

test("registration that takes minutes is waited for without asking again", LIMIT, () =>
  withEngine({ modem: { network: { registrationMs: 1_200_000 } } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    const before = rig.modem.channel.counters.exchanges;
    assert.equal(await register(rig), "");
    assert.equal(rig.modem.state, "registered");
    assert.equal(rig.modem.registration, "registered");
    assert.ok(rig.modem.channel.counters.exchanges - before <= 1, "URCs tell the rest");
    assert.ok(rig.hostClock.now() > 100_000);
  }),
);

test("already registered: the answer to the question is enough", LIMIT, () =>
  withEngine({}, async (rig) => {
    rig.virtual.powerOn();
    await rig.wait(10_000);
    assert.equal(await powerOn(rig), "");
    assert.equal(await register(rig), "");
  }),
);

test("roaming is as good as home", LIMIT, () =>
  withEngine({ modem: { network: { roaming: true } } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    assert.equal(await register(rig), "");
    assert.equal(rig.modem.registration, "roaming");
  }),
);

test("a network that refuses is NET_REGISTRATION with what it said, after the wait", LIMIT, () =>
  withEngine({ modem: { network: { denied: true } } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    const error = await failureOf((done) => rig.modem.register(60_000, done));
    assert.deepEqual([error?.code, error?.cause], ["NET_REGISTRATION", "denied"]);
    assert.equal(rig.modem.state, "ready");
  }),
);

test("no network in time is NET_REGISTRATION, and the next try may find one", LIMIT, () =>
  withEngine({ modem: { network: { registrationMs: 600_000 } } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    const error = await failureOf((done) => rig.modem.register(20_000, done));
    assert.deepEqual([error?.code, error?.cause], ["NET_REGISTRATION", "searching"]);
    assert.equal(await register(rig), "");
  }),
);

test("registration lost and regained is followed by URCs", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    await script(rig, ["+COPS=2"]);
    await rig.wait(1000);
    assert.equal(rig.modem.registration, "off");
    assert.deepEqual(
      rig.down.map((error) => error.code),
      ["NET_PDP"],
      "with it goes the context",
    );
    await script(rig, ["+COPS=0"]);
    assert.equal(await register(rig), "");
    assert.equal(await activate(rig), "");
  }),
);

test("a reset during the search ends the wait at once, with its cause", LIMIT, () =>
  withEngine({ modem: { network: { registrationMs: 1_000_000 } } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    const pending = register(rig);
    await rig.wait(1000);
    rig.virtual.fault("reset");
    assert.equal(await pending, "MODEM_RESET");
    assert.ok(rig.hostClock.now() < 60_000);
  }),
);

test("the PDP context: APN, login and address in one exchange", LIMIT, () =>
  withEngine(
    { modem: { network: { apn: "iot.example" } }, access: { apnUser: "u", apnPassword: "s3cret" } },
    async (rig) => {
      assert.equal(await powerOn(rig), "");
      assert.equal(await register(rig), "");
      const before = rig.modem.channel.counters.exchanges;
      assert.equal(await activate(rig), "");
      assert.equal(rig.modem.channel.counters.exchanges - before, 1);
      assert.equal(rig.modem.state, "active");
      assert.equal(rig.modem.ip, "10.187.7.8");
      assert.ok(!rig.trace.join("\n").includes("s3cret"), "a password is no business of a trace");
    },
  ),
);

test("a context that is active already is found to be", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    assert.equal(await activate(rig), "");
    assert.equal(rig.modem.ip, "10.187.7.8");
  }),
);

test("an APN that the network refuses is NET_PDP, and no address is left over", LIMIT, () =>
  withEngine({ modem: { network: { apn: "other.example" } } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    assert.equal(await register(rig), "");
    const error = await failureOf((done) => rig.modem.activate(done));
    assert.equal(error?.code, "NET_PDP");
    assert.equal(rig.modem.ip, "");
    assert.equal(rig.modem.state, "registered");
  }),
);

test("an APN that is no text of a command is AT_TEXT before anything is sent", LIMIT, () =>
  withEngine({ access: { apn: 'a";+CFUN=0;"' } }, async (rig) => {
    assert.equal(await powerOn(rig), "");
    assert.equal(await register(rig), "");
    assert.notEqual(await activate(rig), "");
    assert.ok(!rig.commands().join("\n").includes("CFUN=0"));
  }),
);

test("the network takes the context away: NET_PDP once, and it can be activated again", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    rig.virtual.fault("pdp-lost");
    await rig.wait(100);
    assert.deepEqual(
      rig.down.map((error) => error.code),
      ["NET_PDP"],
    );
    assert.equal(rig.modem.state, "registered");
    assert.equal(await activate(rig), "");
    assert.equal(rig.modem.state, "active");
  }),
);

test(
  "the context goes because the radio was switched off: no news, and the way starts where it was said to",
  LIMIT,
  () =>
    withEngine({ modem: { sim: { pin: "4711" } }, access: { pin: "4711" } }, async (rig) => {
      assert.equal(await bringUp(rig.modem), "");
      const off = codeOf((done) => rig.modem.script(["+CFUN=0", "+CFUN=1"], (error) => done(error), 40_000));
      rig.modem.state = "off";
      assert.equal(await off, "");
      assert.ok(rig.trace.includes('<+QIURC: "pdpdeact",1'), rig.trace.join("\n"));
      assert.deepEqual(rig.down, []);
      assert.equal(rig.modem.state, "off");
      assert.equal(await bringUp(rig.modem), "", "a card that was off asks for its PIN again");
    }),
);

test("the context goes while commands wait: each ends once, and none gets another's answer", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    rig.virtual.fault("late-answer", { on: "+CSQ", delayMs: 2000 });
    const results = [script(rig, ["+CSQ"], 10_000), script(rig, ["+QLTS=1"], 10_000)];
    await rig.wait(100);
    rig.virtual.fault("pdp-lost");
    const asked = script(rig, ["+CCLK?"], 10_000);
    const settled = await Promise.all([...results, asked]);
    for (const [index, [code, lines]] of settled.entries()) {
      const own = ["+CSQ:", "+QLTS:", "+CCLK:"][index] ?? "";
      for (const line of lines) assert.ok(line.startsWith(own), `${own} got ${line}`);
      assert.ok(code !== "" || lines.length > 0, `${own} succeeded with nothing`);
    }
    const [code, lines] = await script(rig, ["+CCLK?"], 10_000);
    assert.equal(code, "");
    assert.match(lines.join(), /^\+CCLK: /);
  }),
);

test("parts go as one line, and what each answers comes back in order", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await powerOn(rig), "");
    const before = rig.modem.channel.counters.exchanges;
    const [code, lines] = await script(rig, ["+CEREG?", "+CCLK?", "+CFUN?"]);
    assert.equal(code, "");
    assert.deepEqual(
      lines.map((line) => line.split(":")[0]).filter((name) => name !== "+CEREG"),
      ["+CCLK", "+CFUN"],
    );
    assert.equal(rig.modem.channel.counters.exchanges - before, 1);
  }),
);

test("more parts than fit one line go in several, none too long, none left out", LIMIT, async () => {
  const rig = await startScripted((part) => ({ lines: [`+X: ${part}`] }));
  const parts = Array.from({ length: 40 }, (_, index) => `+QSSLCFG="setting${index}",1,"value${index}"`);
  const [code, lines] = await script(rig, parts);
  assert.equal(code, "");
  assert.deepEqual(
    lines,
    parts.map((part) => `+X: ${part}`),
  );
  const { lineLength } = rig.device.driver;
  assert.ok(rig.far.written.every((line) => line.length <= lineLength));
  assert.ok(rig.far.written.length <= Math.ceil(parts.join(";").length / (lineLength - 40)));
  rig.stop();
});

test("a part longer than a line goes alone", LIMIT, async () => {
  const rig = await startScripted(() => undefined);
  assert.equal((await script(rig, ["+A", `+QX="${"x".repeat(300)}"`, "+B"]))[0], "");
  assert.equal(rig.far.parts.length, 3);
  rig.stop();
});

for (const guilty of [0, 1, 2, 3]) {
  test(`of four parts in one line number ${guilty} fails: the error names it and no other`, LIMIT, async () => {
    const parts = ["+A=1", "+B=2", "+C=3", "+D=4"];
    const rig = await startScripted((part) => (part === parts[guilty] ? { result: "+CME ERROR: 50" } : undefined));
    const error = await failureOf((done) => rig.modem.script(parts, (failed) => done(failed)));
    assert.deepEqual([error?.code, error?.cause, error?.command], ["AT_ERROR", "50", `AT${parts[guilty]}`]);
    rig.stop();
  });
}

test("a command that stands alone is not repeated when it fails", LIMIT, async () => {
  const rig = await startScripted(() => ({ result: "ERROR" }));
  assert.equal((await script(rig, ["+CPIN=1"]))[0], "AT_ERROR");
  assert.deepEqual(rig.far.written, ["AT+CPIN=1"]);
  rig.stop();
});

test("a refusal in which the parts come through one by one is no failure", LIMIT, async () => {
  let lines = 0;
  const rig = await startScripted(() => (lines++ === 0 ? { result: "ERROR" } : undefined));
  assert.equal((await script(rig, ["+A", "+B"]))[0], "");
  rig.stop();
});

test("a URC between command and answer, or inside it, is no part of the answer", LIMIT, () =>
  withEngine({}, async (rig) => {
    assert.equal(await bringUp(rig.modem), "");
    for (const where of ["before", "inside", "header"] as const) {
      rig.virtual.fault("urc", {
        where,
        on: "+CCLK",
        text: `+C${where === "inside" ? "E" : "G"}REG: 5,"1A2B","01A2D05",8`,
      });
      const [code, lines] = await script(rig, ["+CCLK?"]);
      assert.equal(code, "", where);
      const clocks = lines.filter((line) => line.startsWith("+CCLK: "));
      assert.ok(clocks.length === 1 || where === "header", `${where}: ${lines}`);
    }
    assert.equal(rig.modem.registration, "roaming", "it was heard all the same");
  }),
);

for (const fault of ["partial-answer", "late-answer"] as const) {
  test(`${fault}: the command times out, the next one gets its own answer`, LIMIT, () =>
    withEngine({}, async (rig) => {
      assert.equal(await bringUp(rig.modem), "");
      rig.virtual.fault(fault, { on: "+CSQ", bytes: 6, delayMs: 7000 });
      const both = await Promise.all([script(rig, ["+CSQ"]), script(rig, ["+CCLK?"])]);
      assert.equal(both[0][0], "AT_TIMEOUT");
      assert.equal(both[1][0], "", "resynchronised");
      assert.match(both[1][1].join(), /^\+CCLK: /);
      assert.deepEqual(rig.down, []);
    }),
  );
}
