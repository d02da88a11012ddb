/** The clock gate: sources in order, each wrong in turn; the modem's own clock set and compared. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type SntpBehaviour, startSntpServer } from "../../tools/demo/sntp-server.ts";
import {
  bringUp,
  FLOOR_S,
  failureOf,
  REAL_SOCKETS,
  type RigOptions,
  type ScriptedRig,
  startEngine,
  startScripted,
} from "../support/engine-rig.ts";
import type { Reply } from "../support/scripted-modem.ts";

const LIMIT = { timeout: 20_000 };
/** 2026-08-07 13:54:02 UTC, when the rig starts. */
const START_S = 1_786_110_842;
const TO_1900_S = 2_208_988_800;
const OLD_S = FLOOR_S - 86_400;

interface World {
  /** What AT+QLTS=1 tells in quotes. */
  nitz: string;
  /** What stands behind +QNTP:, undefined: no result. */
  ntp: string | undefined;
  /** The reply to a datagram with this request. */
  sntp: ((request: string) => Buffer) | undefined;
  /** Seconds that the modem's clock is ahead, and whether it can be set. */
  rtcAheadS: number;
  rtcSets: boolean;
  /** Zone in which +CCLK answers. */
  rtcZone: number;
}

function text(unixS: number, digits: 2 | 4 = 4): string {
  const iso = new Date(unixS * 1000).toISOString();
  return `${iso.slice(4 - digits, 10).replaceAll("-", "/")},${iso.slice(11, 19)}`;
}

function sntpReply(request: string, unixS: number, change: (packet: Buffer) => void = () => undefined): Buffer {
  const packet = Buffer.alloc(48);
  packet[0] = 0x24;
  packet[1] = 2;
  packet.write(request.slice(40, 48), 24, "latin1");
  packet.writeUInt32BE(Math.floor(unixS) + TO_1900_S, 40);
  packet.writeUInt32BE(Math.floor((unixS % 1) * 2 ** 32), 44);
  change(packet);
  return packet;
}

interface ClockRig extends ScriptedRig {
  readonly world: World;
  nowS(): number;
  /** Synchronises; the code and cause of the failure, if any. */
  synchronise(): Promise<{ code: string; cause?: unknown }>;
  /** Calls of setTime so far, with what they set. */
  set(): number[];
  /** What the device's clock is ahead of the true time. */
  deviceAheadS(): number;
}

async function startClock(changes: Partial<World> = {}, options: RigOptions = {}): Promise<ClockRig> {
  const world: World = {
    nitz: "",
    ntp: undefined,
    sntp: undefined,
    rtcAheadS: -(START_S - 315_964_800),
    rtcSets: true,
    rtcZone: 0,
    ...changes,
  };
  const nowS = (): number => START_S + rig.hostClock.now() / 1000;
  const script = (part: string): Reply | undefined => {
    if (part.startsWith("+QLTS")) {
      const isNow = world.nitz === "now";
      return { lines: [`+QLTS: "${isNow ? `${text(nowS())}+08,0` : world.nitz}"`] };
    }
    if (part.startsWith("+QNTP")) {
      if (world.ntp === undefined) return {};
      return { behind: [`+QNTP: ${world.ntp === "now" ? `0,"${text(nowS())}+00"` : world.ntp}`] };
    }
    if (part === "+CCLK?") {
      const zone = world.rtcZone;
      const digits = text(nowS() + world.rtcAheadS + zone * 900, 2);
      return { lines: [`+CCLK: "${digits}${zone < 0 ? "-" : "+"}${String(Math.abs(zone)).padStart(2, "0")}"`] };
    }
    const setTo = /^\+CCLK="(.*)([+-]\d\d)"$/.exec(part);
    if (setTo !== null) {
      if (!world.rtcSets) return { result: "+CME ERROR: 4" };
      const iso = `20${setTo[1]?.replaceAll("/", "-").replace(",", "T")}Z`;
      world.rtcAheadS = Date.parse(iso) / 1000 - Number(setTo[2]) * 900 - nowS();
      return {};
    }
    if (part.startsWith("+QIOPEN")) return { behind: [`+QIOPEN: ${part.split(",")[1]},0`] };
    const size = /^\+QISEND=\d+,(\d+)/.exec(part)?.[1];
    if (size !== undefined) {
      const behind = world.sntp === undefined ? [] : ['+QIURC: "recv",0'];
      return { prompt: ">", bytes: Number(size), result: "SEND OK", behind };
    }
    if (part.startsWith("+QIRD")) {
      const request = rig.far.written.filter((line) => line.startsWith("<")).pop() ?? "";
      const packet = world.sntp?.(request.slice(1, -1));
      if (packet === undefined) return { lines: ["+QIRD: 0"] };
      return { lines: [`+QIRD: ${packet.length}`], raw: packet.toString("latin1") };
    }
    return undefined;
  };
  const rig = await startScripted(script, options);
  rig.evaluate("var calls=[],native=setTime;global.setTime=function(t){calls.push(t);native(t)}");
  return Object.assign(rig, {
    world,
    nowS,
    async synchronise() {
      const error = await failureOf((done) => rig.clock.synchronise(done));
      return error === undefined ? { code: "" } : { code: error.code, cause: error.cause };
    },
    set: () => [...(rig.evaluate("calls") as number[])],
    deviceAheadS: () => Number(rig.evaluate("getTime()")) - nowS(),
  });
}

const goodSntp = (rig: () => ClockRig) => (request: string) => sntpReply(request, rig().nowS());

interface SourceCase {
  readonly says: string;
  readonly world: Partial<World>;
  readonly source: string;
  readonly refused: string;
}

const OLD = text(OLD_S);
const NONE = "nitz:CLOCK_NONE";
const CASES: readonly SourceCase[] = [
  { says: "NITZ", world: { nitz: "now" }, source: "nitz", refused: "" },
  { says: "no NITZ", world: { ntp: "now" }, source: "modem-ntp", refused: NONE },
  {
    says: "NITZ before the build",
    world: { nitz: `${OLD}+08,0`, ntp: "now" },
    source: "modem-ntp",
    refused: "nitz:CLOCK_FLOOR",
  },
  {
    says: "NITZ of 1980",
    world: { nitz: "1980/01/06,00:00:00+00,0", ntp: "now" },
    source: "modem-ntp",
    refused: "nitz:CLOCK_FLOOR",
  },
  { says: "NITZ garbage", world: { nitz: "2026/99/99,99:99:99", ntp: "now" }, source: "modem-ntp", refused: NONE },
  { says: "NTP fails", world: { ntp: "569" }, source: "sntp", refused: `${NONE} modem-ntp:CLOCK_NONE` },
  {
    says: "NTP before the build",
    world: { ntp: `0,"${OLD}+00"` },
    source: "sntp",
    refused: `${NONE} modem-ntp:CLOCK_FLOOR`,
  },
  { says: "NTP garbage", world: { ntp: '0,"now"' }, source: "sntp", refused: `${NONE} modem-ntp:CLOCK_NONE` },
  {
    says: "NTP with a zone beside it",
    world: { ntp: `0,"${text(START_S)}+08"` },
    source: "sntp",
    refused: `${NONE} modem-ntp:CLOCK_ZONE`,
  },
];

for (const { says, world, source, refused } of CASES) {
  test(`source: ${says} -> ${source}`, LIMIT, async () => {
    const rig: ClockRig = await startClock({ sntp: (request) => goodSntp(() => rig)(request), ...world });
    assert.equal(rig.clock.isValid(), false);
    assert.deepEqual(await rig.synchronise(), { code: "" });
    const { status } = rig.clock;
    assert.equal(status.source, source);
    assert.equal(status.refused.trim(), refused);
    assert.equal(rig.clock.isValid(), true);
    assert.ok(Math.abs(rig.deviceAheadS()) <= 1, `device ${rig.deviceAheadS()} s`);
    assert.ok(Math.abs(rig.world.rtcAheadS) <= 2, `modem ${rig.world.rtcAheadS} s`);
    assert.ok(Math.abs(status.rtcErrorS) <= 2);
    assert.equal(rig.set().length, 1, "setTime once");
    rig.stop();
  });
}

const SNTP_WRONG: readonly [string, ((packet: Buffer) => void) | undefined, string][] = [
  ["no reply", undefined, "SNTP_TIMEOUT"],
  ["kiss-o'-death", (packet) => packet.writeUInt8(0, 1), "SNTP_KISS"],
  ["not synchronised", (packet) => packet.writeUInt8(0xe4, 0), "SNTP_UNSYNCHRONISED"],
  ["a forged reply", (packet) => packet.writeUInt8(packet.readUInt8(31) ^ 1, 31), "SNTP_TIMEOUT"],
  ["no server", (packet) => packet.writeUInt8(0x23, 0), "SNTP_FORMAT"],
  ["before the build", (packet) => packet.writeUInt32BE(OLD_S + TO_1900_S, 40), "CLOCK_FLOOR"],
];

for (const [says, change, code] of SNTP_WRONG) {
  test(`nothing but SNTP, and it is wrong: ${says}`, LIMIT, async () => {
    const rig: ClockRig = await startClock({
      ntp: "565",
      sntp: change && ((request) => sntpReply(request, rig.nowS(), change)),
    });
    const error = await rig.synchronise();
    assert.equal(error.code, "CLOCK_UNPROVED");
    assert.equal(String(error.cause).trim(), `${NONE} modem-ntp:CLOCK_NONE sntp:${code}`);
    assert.equal(rig.clock.isValid(), false);
    assert.equal(rig.clock.status.source, "none");
    assert.deepEqual(rig.set(), [], "no clock was touched");
    assert.ok(!rig.far.parts.some((part) => part.startsWith("+CCLK=")));
    rig.stop();
  });
}

test("half of what the way took is added to SNTP's time", LIMIT, async () => {
  const rig: ClockRig = await startClock({ ntp: "565", sntp: (request) => sntpReply(request, rig.nowS()) });
  assert.deepEqual(await rig.synchronise(), { code: "" });
  assert.ok(Math.abs(rig.deviceAheadS()) < 0.5);
  rig.stop();
});

test("an RTC that runs 3 s off is corrected, one that is 1 s off is left", LIMIT, async () => {
  for (const [aheadS, writes] of [
    [3, 1],
    [-3, 1],
    [1, 0],
    [-1, 0],
  ] as const) {
    const rig = await startClock({ nitz: "now", rtcAheadS: aheadS });
    assert.deepEqual(await rig.synchronise(), { code: "" });
    assert.equal(rig.far.parts.filter((part) => part.startsWith("+CCLK=")).length, writes, `${aheadS} s`);
    assert.ok(Math.abs(rig.world.rtcAheadS) <= 2);
    rig.stop();
  }
});

test("an RTC that answers in local time is right in any zone", LIMIT, async () => {
  for (const zone of [8, -16, 22]) {
    const rig = await startClock({ nitz: "now", rtcAheadS: 0, rtcZone: zone });
    assert.deepEqual(await rig.synchronise(), { code: "" });
    assert.ok(!rig.far.parts.some((part) => part.startsWith("+CCLK=")), `zone ${zone}`);
    rig.stop();
  }
});

test("an RTC that refuses to be set is CLOCK_RTC with what it is off, and the gate stays shut", LIMIT, async () => {
  const rig = await startClock({ nitz: "now", rtcAheadS: 3600, rtcSets: false });
  const error = await rig.synchronise();
  assert.equal(error.code, "CLOCK_RTC");
  assert.ok(Math.abs(Number(error.cause) - 3600) <= 2, String(error.cause));
  assert.equal(rig.clock.isValid(), false);
  assert.equal(rig.clock.status.source, "none");
  rig.world.rtcSets = true;
  assert.deepEqual(await rig.synchronise(), { code: "" });
  assert.equal(rig.clock.isValid(), true);
  rig.stop();
});

test("an RTC that cannot be read is CLOCK_RTC, never agreement", LIMIT, async () => {
  const rig = await startClock({ nitz: "now" });
  const { script } = rig.far;
  for (const answer of [{ result: "+CME ERROR: 3" }, { lines: ['+CCLK: ""'] }, { lines: ["+CCLK:"] }, { lines: [] }]) {
    rig.far.script = (part) => (part === "+CCLK?" ? answer : script(part));
    assert.equal((await rig.synchronise()).code, "CLOCK_RTC", JSON.stringify(answer));
    assert.equal(rig.clock.isValid(), false);
  }
  rig.stop();
});

test("silence is no wrong RTC: the time-out is told as it is", LIMIT, async () => {
  const rig = await startClock({ nitz: "now" });
  const { script } = rig.far;
  rig.far.script = (part) => (part === "+CCLK?" ? { silent: true } : script(part));
  assert.match((await rig.synchronise()).code, /^(AT|MODEM)_/);
  assert.equal(rig.clock.isValid(), false);
  rig.stop();
});

test("resynchronisation falls due, and tells the drift", LIMIT, async () => {
  const rig = await startClock({ nitz: "now" }, { clock: { resyncS: 10_000 } });
  assert.deepEqual(await rig.synchronise(), { code: "" });
  assert.equal(rig.clock.status.driftPpm, 0, "the first one knows no drift");
  await rig.wait(9_999_000);
  assert.equal(rig.clock.isValid(), true);
  // 10 s too fast in 10,000 s.
  rig.evaluate("native(getTime()+10)");
  await rig.wait(2000);
  assert.equal(rig.clock.isValid(), false, "due");
  assert.deepEqual(await rig.synchronise(), { code: "" });
  const { driftPpm } = rig.clock.status;
  // Network time has whole seconds.
  assert.ok(Math.abs(driftPpm - 1000) <= 110, String(driftPpm));
  assert.equal(rig.set().length, 2);
  rig.clock.status.source = "none";
  assert.equal(rig.clock.isValid(), false);
  rig.stop();
});

test("a second time a moment later, as behind a refused handshake, is no drift", LIMIT, async () => {
  const rig = await startClock({ nitz: "now" });
  for (const ms of [0, 200, 1500, 60_000]) {
    await rig.wait(ms);
    assert.deepEqual(await rig.synchronise(), { code: "" });
    assert.equal(rig.clock.status.driftPpm, 0, `${ms} ms`);
  }
  rig.stop();
});

test("when the device started is told in the time that was found later", LIMIT, async () => {
  const rig = await startClock({ nitz: "now" });
  await rig.wait(60_000);
  assert.deepEqual(await rig.synchronise(), { code: "" });
  const uptimeS = Number(rig.evaluate("getTime()")) - rig.clock.status.startedS;
  assert.ok(Math.abs(uptimeS - rig.hostClock.now() / 1000) < 1.5, `${uptimeS} s`);
  rig.stop();
});

test("virtual BG96: NITZ sets both clocks", LIMIT, async () => {
  const rig = await startEngine();
  assert.equal(await bringUp(rig.modem), "");
  await rig.wait(2000);
  assert.equal(await failureOf((done) => rig.clock.synchronise(done)), undefined);
  assert.equal(rig.clock.status.source, "nitz");
  assert.ok(Math.abs(Number(rig.evaluate("getTime()")) - rig.virtual.rtc / 1000) <= 2);
  rig.stop();
});

const SERVERS: readonly [SntpBehaviour, string][] = [
  ["good", ""],
  ["kiss", "CLOCK_UNPROVED"],
  ["silent", "CLOCK_UNPROVED"],
];

for (const [behaviour, code] of SERVERS) {
  test(`virtual BG96 without NITZ, a real time server that is ${behaviour}`, LIMIT, async (context) => {
    const server = await startSntpServer({ behaviour });
    context.after(() => server.close());
    const rig = await startEngine({
      speed: REAL_SOCKETS,
      modem: { network: { nitz: false } },
      clock: { ntpPort: server.port },
    });
    assert.equal(await bringUp(rig.modem), "");
    const error = await failureOf((done) => rig.clock.synchronise(done));
    assert.equal(error?.code ?? "", code);
    if (code === "") {
      assert.equal(rig.clock.status.source, "modem-ntp");
      assert.ok(Math.abs(rig.virtual.rtc - Number(rig.evaluate("getTime()*1000"))) <= 2000);
    } else assert.match(String(error?.cause), new RegExp(`sntp:SNTP_${behaviour === "kiss" ? "KISS" : "TIMEOUT"}`));
    rig.stop();
  });
}

test("virtual BG96 whose clock jumps: the next synchronisation puts it right", LIMIT, async () => {
  const rig = await startEngine();
  assert.equal(await bringUp(rig.modem), "");
  await rig.wait(2000);
  rig.virtual.fault("rtc-wrong", { utcMs: Date.UTC(1980, 0, 6) });
  assert.equal(await failureOf((done) => rig.clock.synchronise(done)), undefined);
  assert.ok(Math.abs(Number(rig.evaluate("getTime()")) - rig.virtual.rtc / 1000) <= 2);
  rig.stop();
});
