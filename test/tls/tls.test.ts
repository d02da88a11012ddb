/** TLS policy: what is written is read back and compared, and a refusal is narrowed down. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../../modules/failure.ts";
import type { TlsProfile } from "../../modules/tls/profile.ts";
import {
  bringUp,
  failureOf,
  REAL_SOCKETS,
  type ScriptedRig,
  startEngine,
  startScripted,
} from "../support/engine-rig.ts";
import type { Script } from "../support/scripted-modem.ts";
import { resolveTest, startTcp, startTls } from "../support/servers.ts";

const LIMIT = { timeout: 20_000 };
const PROFILE: TlsProfile = {
  host: "broker.test",
  port: 8883,
  ca: "ca.pem",
  cert: "client.pem",
  key: "client.key",
  verify: true,
  sni: true,
};
const REFUSAL: Failure = { code: "TLS_REFUSED", cause: 566 };

/** A modem that keeps settings; `shows` changes what it reads back. */
function keeping(shows: (key: string, value: string) => string | undefined = (_, value) => value): Script {
  const settings = new Map<string, string>();
  return (part) => {
    const [, key = "", value] = /^\+QSSLCFG="(\w+)",1(?:,(.*))?$/.exec(part) ?? [];
    if (key === "") return undefined;
    if (value !== undefined) {
      settings.set(key, value);
      return {};
    }
    const shown = shows(key, settings.get(key) ?? "");
    return shown === undefined ? {} : { lines: [`+QSSLCFG: "${key}",1,${shown}`] };
  };
}

const configure = (rig: ScriptedRig, profile = PROFILE): Promise<Failure | undefined> =>
  failureOf((done) => rig.device.configureTls(rig.modem, profile, done));

test("settings that read back as they were written are in force; none is left out", LIMIT, async () => {
  const rig = await startScripted(keeping());
  assert.equal(await configure(rig), undefined);
  const asked = rig.far.parts.map((part) => /"(\w+)",1(,?)/.exec(part)).filter((match) => match !== null);
  const written = asked.filter((match) => match[2] === ",").map((match) => match[1]);
  const read = asked.filter((match) => match[2] === "").map((match) => match[1]);
  assert.deepEqual(written.sort(), read.sort(), "each is asked for");
  for (const key of ["sslversion", "seclevel", "ignorelocaltime", "sni", "cacert", "clientcert", "clientkey"]) {
    assert.ok(written.includes(key), key);
  }
  rig.stop();
});

const SAME: readonly [string, (key: string, value: string) => string][] = [
  ["the store's name in front", (key, value) => (key.endsWith("cert") ? value.replace('"', '"UFS:') : value)],
  ["blanks", (_, value) => ` ${value}`],
  ["no quotes", (_, value) => value.replaceAll('"', "")],
  ["lower case", (_, value) => value.toLowerCase()],
  ["upper case", (_, value) => value.toUpperCase()],
];

for (const [says, shows] of SAME) {
  test(`the same value in another form: ${says}`, LIMIT, async () => {
    const rig = await startScripted(keeping(shows));
    assert.equal(await configure(rig), undefined);
    rig.stop();
  });
}

const KEYS = ["sslversion", "ciphersuite", "seclevel", "ignorelocaltime", "sni", "cacert", "clientcert", "clientkey"];

for (const key of KEYS) {
  test(`${key} reads back as another value: TLS_READBACK names it`, LIMIT, async () => {
    const rig = await startScripted(keeping((name, value) => (name === key ? (value === "0" ? "1" : "0") : value)));
    const error = await configure(rig);
    assert.equal(error?.code, "TLS_READBACK");
    assert.ok(String(error?.cause).includes(`"${key}"`), String(error?.cause));
    rig.stop();
  });

  test(`${key} is not told: TLS_READBACK`, LIMIT, async () => {
    const rig = await startScripted(keeping((name, value) => (name === key ? undefined : value)));
    assert.equal((await configure(rig))?.code, "TLS_READBACK");
    rig.stop();
  });

  test(`${key} is refused: TLS_SETTING with the command`, LIMIT, async () => {
    const keep = keeping();
    const rig = await startScripted((part) => {
      if (part.startsWith(`+QSSLCFG="${key}",1,`)) return { result: "+CME ERROR: 50" };
      return keep(part);
    });
    const error = await configure(rig);
    assert.deepEqual([error?.code, error?.cause], ["TLS_SETTING", "50"]);
    assert.ok(error?.command?.includes(`"${key}"`), error?.command);
    rig.stop();
  });
}

const CHECK = '+QSSLCFG="checkhost",1';

test("a modem that knows the host check is told to make it, and is asked whether it will", LIMIT, async () => {
  const rig = await startScripted(keeping());
  assert.equal(await configure(rig), undefined);
  assert.equal(rig.modem.checksHost, true);
  assert.ok(rig.far.parts.includes(`${CHECK},1`) && rig.far.parts.includes(CHECK));
  assert.equal(rig.far.written.filter((line) => line.includes("QSSLCFG")).length, 3, "in the lines of the others");
  rig.stop();
});

for (const cert of [true, false]) {
  const says = `a modem that lacks the host check ${cert ? "" : "and needs no client certificate "}`;
  test(`${says}takes everything else, and nothing is claimed`, LIMIT, async () => {
    const keep = keeping();
    const rig = await startScripted((part) => (part.startsWith(CHECK) ? { result: "ERROR" } : keep(part)));
    const profile = cert ? PROFILE : { ...PROFILE, cert: "", key: "" };
    assert.equal(await configure(rig, profile), undefined);
    assert.equal(rig.modem.checksHost, false);
    assert.ok(!rig.far.parts.includes(CHECK), "not asked for what it has refused");
    // docs/exchanges.md: two more, or eight.
    assert.equal(rig.far.written.filter((line) => line.includes("QSSLCFG")).length, cert ? 3 + 2 : 2 + 8);
    for (const setting of rig.device.driver.tlsSettings(profile)) {
      assert.ok(rig.far.parts.includes(setting), setting);
      assert.ok(rig.far.parts.includes(setting.slice(0, setting.lastIndexOf(","))), setting);
    }
    rig.stop();
  });
}

for (const [says, shown] of [
  ["reads back as off", "0"],
  ["is not told", undefined],
] as const) {
  test(`a host check that ${says} is not in force, and nothing is claimed`, LIMIT, async () => {
    const rig = await startScripted(keeping((name, value) => (name === "checkhost" ? shown : value)));
    assert.equal(await configure(rig), undefined);
    assert.equal(rig.modem.checksHost, false);
    rig.stop();
  });
}

for (const off of [{ verify: false }, { checkHost: false }]) {
  test(`${JSON.stringify(off)} takes the host check back, and it is not claimed`, LIMIT, async () => {
    const rig = await startScripted(keeping());
    await configure(rig);
    assert.ok(!rig.far.parts.includes(`${CHECK},0`));
    assert.equal(await configure(rig, { ...PROFILE, ...off }), undefined);
    // A modem keeps its settings while the board alone starts anew.
    assert.ok(rig.far.parts.includes(`${CHECK},0`));
    assert.equal(rig.modem.checksHost, false);
    rig.stop();
  });
}

test("silence where the host check was asked for is a time-out, and no lack", LIMIT, async () => {
  const keep = keeping();
  const rig = await startScripted((part) => (part === `${CHECK},1` ? { silent: true } : keep(part)));
  assert.equal((await configure(rig))?.code, "AT_TIMEOUT");
  rig.stop();
});

test("a URC beside the answers is no setting", LIMIT, async () => {
  const keep = keeping();
  const rig = await startScripted((part) => {
    const reply = keep(part);
    return reply?.lines === undefined ? reply : { lines: ['+QIND: "csq",24,99', ...reply.lines] };
  });
  assert.equal(await configure(rig), undefined);
  rig.stop();
});

test("silence is no wrong setting: the time-out is told as it is", LIMIT, async () => {
  const keep = keeping();
  const rig = await startScripted((part) => (/"\w+",1$/.test(part) ? { silent: true } : keep(part)));
  assert.match((await configure(rig))?.code ?? "", /^(AT|MODEM)_/);
  rig.stop();
});

test("a value that begins like the right one is another value", LIMIT, async () => {
  for (const [key, shown] of [
    ["cacert", '"ca.pem2"'],
    ["seclevel", "21"],
    ["cacert", '"xca.pem"'],
  ] as const) {
    const rig = await startScripted(keeping((name, value) => (name === key ? shown : value)));
    assert.equal((await configure(rig))?.code, "TLS_READBACK", shown);
    rig.stop();
  }
});

test("file names that would be commands never leave the device", LIMIT, async () => {
  const rig = await startScripted(keeping());
  const error = await configure(rig, { ...PROFILE, ca: 'x";+CFUN=0;"' });
  assert.equal(error?.code, "TLS_SETTING");
  assert.ok(!rig.far.written.join("\n").includes("CFUN"));
  rig.stop();
});

interface RefusalCase {
  readonly says: string;
  readonly list: readonly string[];
  /** What a plain TCP socket to the port gives. */
  readonly tcp: number;
  readonly code: string;
  readonly cause?: unknown;
}

const ALL = ['+QFLST: "ca.pem",1200', '+QFLST: "client.pem",800', '+QFLST: "client.key",227'];
const REFUSALS: readonly RefusalCase[] = [
  { says: "all files, open port", list: ALL, tcp: 0, code: "TLS_REFUSED", cause: 566 },
  { says: "names with their drive", list: ALL.map((line) => line.replace('"', '"UFS:')), tcp: 0, code: "TLS_REFUSED" },
  { says: "no CA", list: ALL.slice(1), tcp: 0, code: "TLS_FILE", cause: "ca.pem" },
  { says: "no client certificate", list: [ALL[0] ?? "", ALL[2] ?? ""], tcp: 0, code: "TLS_FILE", cause: "client.pem" },
  { says: "no key", list: ALL.slice(0, 2), tcp: 0, code: "TLS_FILE", cause: "client.key" },
  { says: "a list that tells nothing", list: [], tcp: 0, code: "TLS_REFUSED" },
  { says: "a closed port", list: ALL, tcp: 566, code: "NET_CONNECT", cause: 566 },
  { says: "no name", list: ALL, tcp: 565, code: "NET_DNS" },
  { says: "a worn-out stack", list: ALL, tcp: 552, code: "SOCKET_WORN" },
];

for (const { says, list, tcp, code, cause } of REFUSALS) {
  test(`refused handshake with ${says}: ${code}`, LIMIT, async () => {
    const rig = await startScripted((part) => {
      if (part.startsWith("+QFLST")) return { lines: list };
      if (part.startsWith("+QIOPEN")) return { behind: [`+QIOPEN: ${part.split(",")[1]},${tcp}`] };
      return undefined;
    });
    const error = await new Promise<Failure>((resolve) =>
      rig.device.explainRefusal(rig.modem, rig.sockets, PROFILE, REFUSAL, (found) => resolve({ ...found })),
    );
    assert.equal(error.code, code);
    if (cause !== undefined) assert.equal(error.cause, cause);
    if (code === "TLS_FILE")
      assert.ok(!rig.far.parts.some((part) => part.startsWith("+QIOPEN")), "not asked for nothing");
    await rig.wait(100);
    if (tcp === 0 && code === "TLS_REFUSED") assert.ok(rig.far.parts.some((part) => part.startsWith("+QICLOSE")));
    rig.stop();
  });
}

test("virtual BG96: verified against a real server, refused by the wrong year", LIMIT, async (context) => {
  const server = await startTls();
  const plain = await startTcp();
  context.after(() => {
    server.close();
    plain.close();
  });
  const rig = await startEngine({
    speed: REAL_SOCKETS,
    modem: { files: server.files, resolve: resolveTest, network: { nitz: false } },
  });
  assert.equal(await bringUp(rig.modem), "");
  const profile = { ...PROFILE, port: server.port };
  assert.equal(await failureOf((done) => rig.device.configureTls(rig.modem, profile, done)), undefined);
  const open = (): Promise<Failure | undefined> =>
    new Promise((resolve) =>
      rig.sockets.open("tls", "broker.test", server.port, (error, socket) => {
        socket?.close();
        resolve(error && { ...error });
      }),
    );
  const refusal = await open();
  assert.deepEqual([refusal?.code, refusal?.cause], ["TLS_REFUSED", 566], "1980: not yet valid");
  const explained = await new Promise<Failure>((resolve) =>
    rig.device.explainRefusal(rig.modem, rig.sockets, profile, refusal ?? REFUSAL, resolve),
  );
  assert.equal(explained.code, "TLS_REFUSED");
  rig.virtual.fault("rtc-wrong", { utcMs: Date.now() });
  assert.equal(await open(), undefined);
  const connected = rig.events.find(
    (event) => event.type === "socket" && event.action === "connected" && event.kind === "tls",
  );
  assert.ok(connected?.type === "socket" && connected.action === "connected");
  assert.equal(connected.tls?.seclevel, 2);
  assert.equal(connected.tls?.datesChecked, true);
  assert.equal(connected.tls?.sni, "broker.test");
  rig.stop();
});
