/** The built bundle, the whole path: comes up, publishes, executes commands, refuses what is wrong. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../tools/build/paths.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };
const connected = (rig: FirmwareRig) => rig.until("connected", () => rig.console.includes("link connected"));

/** Numbers that docs/exchanges.md promises. */
function promised(what: string): number {
  const text = readFileSync(join(root, "docs", "exchanges.md"), "utf8");
  const row = text.split("\n").find((line) => line.includes(what));
  return Number(row?.split("|")[2]);
}

test("from power-on to the first acknowledged publish, over mutual TLS with proved time", LIMIT, async () => {
  const rig = await startFirmware();
  await connected(rig);
  await rig.until("a report", () => rig.telemetry().length > 0);
  await rig.until("acknowledged", () => rig.board.evaluate("godwit.client.queued()") === 0);
  const states = rig.console.filter((line) => /^link \w+$/.test(line));
  assert.deepEqual(
    states,
    ["ready", "registered", "active", "timed", "secured", "connected"].map((state) => `link ${state}`),
  );
  const status = rig.status();
  assert.equal(status.state, "connected");
  assert.equal(status.error, undefined);
  assert.equal(status.config, undefined);
  assert.equal(status.crashes.count, 0);
  assert.equal(status.link.connects, 1);
  assert.deepEqual(status.flags, []);
  assert.equal(status.tls.host, "yes", "the modem has taken the order to compare it, and says so");
  assert.ok(!rig.console.some((line) => line.includes("unproved")));
  assert.notEqual(status.clock.source, "none");
  const accepted = rig.brokerEvents.find((event) => event.type === "accepted");
  assert.deepEqual(accepted?.type === "accepted" && [accepted.protocol, accepted.client], ["TLSv1.2", "unit"]);
  const [report] = rig.telemetry();
  const telemetry = JSON.parse(report?.payload ?? "{}") as Record<string, unknown>;
  assert.deepEqual(Object.keys(telemetry).sort(), [
    "battery",
    "free",
    "rat",
    "rsrpDbm",
    "rssiDbm",
    "temperature",
    "time",
    "uptimeS",
  ]);
  assert.ok(rig.published.some(({ topic, payload }) => topic === "godwit/unit/status" && payload === "online"));
  assert.deepEqual(rig.alarms, []);
  // Nothing of TLS before the time was proved.
  const lines = rig.commands();
  const clockAt = lines.findIndex((line) => line.startsWith("+QLTS"));
  const openAt = lines.findIndex((line) => line.startsWith("+QSSLOPEN"));
  assert.ok(clockAt >= 0 && openAt > clockAt);
  await rig.stop();
});

test("exchanges: 2 for a QoS 1 publish and its PUBACK, and no more than promised until the first", LIMIT, async () => {
  let first = -1;
  const rig = await startFirmware({ modem: { latency: 1, network: { nitzMs: 0 } } });
  // Up to the read that brings the first PUBACK.
  await rig.until("a PUBACK", () => {
    const puback = rig.brokerEvents.some(
      (event) => event.type === "packet" && event.direction === "out" && event.packet.cmd === "puback",
    );
    if (puback && first < 0) first = rig.status().at.exchanges;
    return puback;
  });
  const limit = promised("power-on to the first acknowledged publish");
  console.log(`exchanges until the first PUBACK: ${first}, promised ${limit}`);
  assert.ok(first <= limit, `${first} exchanges, docs/exchanges.md says ${limit}`);
  await rig.until("quiet", () => rig.board.evaluate("godwit.client.queued()") === 0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = rig.status().at.exchanges;
  const acknowledged = rig.commands().length;
  rig.board.evaluate('global.acked=0;godwit.client.publish("t","x",{qos:1},function(){acked=1})');
  await rig.until("acknowledged", () => rig.board.evaluate("acked") === 1);
  const used = rig.status().at.exchanges - before;
  assert.equal(used, promised("QoS 1 publish"), rig.commands().slice(acknowledged).join(" "));
  await rig.stop();
});

describe("commands on the topic", () => {
  const HOSTILE: readonly [string, string, string?][] = [
    ["", "COMMAND_FORMAT"],
    ["dance", "COMMAND_FORMAT"],
    ["null", "COMMAND_FORMAT"],
    ["5", "COMMAND_FORMAT"],
    ['"reboot"', "COMMAND_FORMAT"],
    ["{", "COMMAND_FORMAT"],
    ["\0\xff\xfe", "COMMAND_FORMAT"],
    ["{}", "COMMAND_UNKNOWN"],
    ["[]", "COMMAND_UNKNOWN"],
    ['{"cmd":5}', "COMMAND_UNKNOWN"],
    ['{"cmd":{"toString":1}}', "COMMAND_UNKNOWN"],
    ['{"cmd":"dance"}', "COMMAND_UNKNOWN"],
    ['{"cmd":"__proto__"}', "COMMAND_UNKNOWN"],
    ['{"cmd":"toString"}', "COMMAND_UNKNOWN"],
    [`{"cmd":"${"x".repeat(500)}"}`, "COMMAND_UNKNOWN"],
    ['{"cmd":"interval"}', "COMMAND_RANGE"],
    ['{"cmd":"interval","seconds":0}', "COMMAND_RANGE"],
    ['{"cmd":"interval","seconds":-1}', "COMMAND_RANGE"],
    ['{"cmd":"interval","seconds":"9"}', "COMMAND_RANGE"],
    ['{"cmd":"interval","seconds":null}', "COMMAND_RANGE"],
    ['{"cmd":"interval","seconds":1e9}', "COMMAND_RANGE"],
  ];

  test("each mistake is answered with its code; the link goes on", LIMIT, async () => {
    const rig = await startFirmware();
    await connected(rig);
    await rig.until("subscribed", () => rig.telemetry().length > 0);
    for (const [index, [payload, code]] of HOSTILE.entries()) {
      await rig.command(payload);
      const { cmd, error } = await rig.result(index + 1);
      assert.equal(error, code, payload);
      assert.ok(String(cmd).length <= 32);
    }
    const before = rig.telemetry().length;
    await rig.command('{"cmd":"report"}');
    assert.deepEqual(await rig.result(HOSTILE.length + 1), { cmd: "report" });
    await rig.until("reported", () => rig.telemetry().length > before);
    await rig.command('{"cmd":"interval","seconds":5}');
    assert.deepEqual(await rig.result(HOSTILE.length + 2), { cmd: "interval" });
    const count = rig.telemetry().length;
    await rig.until("the new interval", () => rig.telemetry().length > count + 1);
    const { state, link, crashes } = rig.status();
    assert.deepEqual([state, link.connects, crashes.count], ["connected", 1, 0]);
    assert.deepEqual(rig.alarms, []);
    await rig.stop();
  });

  test("a retained reboot is refused; one that is not is acknowledged, then done once", LIMIT, async () => {
    const rig = await startFirmware({ config: { keepalive: 30 } });
    await connected(rig);
    await rig.command('{"cmd":"reboot"}', true);
    await rig.until("subscribed", () => rig.telemetry().length > 0);
    await rig.command('{"cmd":"reboot"}');
    await rig.until("rebooted", () => rig.reboots() === 1);
    await rig.until("connected again", () => rig.console.filter((line) => line === "link connected").length === 2);
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(rig.reboots(), 1, "the retained one comes again and is refused again");
    const results = rig.published.filter(({ topic }) => topic.endsWith("/result")).map(({ payload }) => payload);
    for (const result of results.slice(1)) assert.match(result, /reboot/);
    assert.deepEqual(rig.alarms, []);
    await rig.stop();
  });
});

describe("godwit.json", () => {
  const WRONG: readonly [string, string, string][] = [
    ["{", "CONFIG_JSON", "undefined"],
    ['{"hots":"a"}', "CONFIG_UNKNOWN", "hots"],
    ['{"port":"8883"}', "CONFIG_TYPE", "port"],
    ['{"port":0}', "CONFIG_RANGE", "port"],
    ['{"host":"a\\"b"}', "CONFIG_TEXT", "host"],
    ['{"cert":""}', "CONFIG_PAIR", ""],
    ['{"__proto__":{"on":1},"on":"x"}', "CONFIG_UNKNOWN", "on"],
  ];
  for (const [text, code, cause] of WRONG) {
    test(`${text} is ${code} at boot, in status(), and the defaults run`, LIMIT, async () => {
      const rig = await startFirmware({ config: text });
      await rig.until("registered", () => rig.console.includes("link registered"));
      assert.ok(
        rig.console.some((line) => line.startsWith(`config ! ${code} ${cause}`)),
        rig.console.join("\n"),
      );
      const { config } = rig.status();
      assert.equal(config?.code, code);
      assert.deepEqual(rig.alarms, []);
      await rig.stop();
    });
  }

  test("what is insecure is said at boot, each time", LIMIT, async () => {
    for (const config of [{ verify: false }, { checkHost: false }, { clockGate: false }]) {
      const rig = await startFirmware({ config });
      await rig.until("booted", () => rig.console.some((line) => line.startsWith("godwit ")));
      assert.ok(
        rig.console.some((line) => line.startsWith("INSECURE")),
        rig.console.join("\n"),
      );
      await rig.stop();
    }
    const rig = await startFirmware();
    await rig.until("booted", () => rig.console.some((line) => line.startsWith("godwit ")));
    assert.ok(!rig.console.some((line) => line.startsWith("INSECURE")));
    await rig.stop();
  });
});

test("no secret on the console, in a trace or in status()", LIMIT, async () => {
  const rig = await startFirmware({
    config: { pin: "4711", apnUser: "u", apnPassword: "s3cretApn", username: "u", password: "s3cretMqtt" },
    modem: { sim: { pin: "4711" } },
    prepare: (made) => void made.board.once("console", () => made.board.evaluate("godwit.trace=true")),
  });
  await connected(rig);
  const all = `${rig.console.join("\n")}\n${JSON.stringify(rig.status())}`;
  assert.match(all, />AT/, "the trace is on");
  for (const secret of ["4711", "s3cretApn", "s3cretMqtt", "PRIVATE KEY"]) assert.ok(!all.includes(secret), secret);
  await rig.stop();
});
