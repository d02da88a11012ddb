/** The modem's file store: put, list, remove, and nothing half-written left behind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  codeOf,
  type EngineRig,
  failureOf,
  type RigOptions,
  type ScriptedRig,
  startEngine,
  startScripted,
} from "../support/engine-rig.ts";
import type { Reply } from "../support/scripted-modem.ts";

const LIMIT = { timeout: 20_000 };
const ALL_BYTES = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
const SECRET = "-----BEGIN EC PRIVATE KEY-----\r\nMHcCAQEEIBx\r\n-----END EC PRIVATE KEY-----\r\n";

async function withStore(options: RigOptions, run: (rig: EngineRig) => Promise<void>): Promise<void> {
  const rig = await startEngine(options);
  try {
    assert.equal(await codeOf((done) => rig.modem.powerOn(done)), "");
    await run(rig);
  } finally {
    rig.stop();
  }
}

const put = (rig: Pick<EngineRig, "files">, name: string, bytes: string): Promise<string> =>
  codeOf((done) => rig.files.put(name, bytes, done));
const stored = (rig: EngineRig, name: string): string | undefined => rig.virtual.files.get(name)?.toString("latin1");

for (const [says, bytes] of [
  ["one byte", "\0"],
  ["an odd number of bytes", "abc"],
  ["all values of a byte", ALL_BYTES],
  ["line ends, results and prompts", "\r\nOK\r\n\r\nERROR\r\n> \r\nCONNECT\r\n+CME ERROR: 3\r\n"],
  ["20 KB", ALL_BYTES.repeat(80)],
] as const) {
  test(`put: ${says}`, LIMIT, () =>
    withStore({}, async (rig) => {
      assert.equal(await put(rig, "a.bin", bytes), "");
      assert.equal(stored(rig, "a.bin"), bytes);
    }),
  );
}

test("put replaces, list shows, remove removes", LIMIT, () =>
  withStore({}, async (rig) => {
    assert.equal(await put(rig, "ca.pem", "old"), "");
    assert.equal(await put(rig, "ca.pem", "newer"), "");
    assert.equal(stored(rig, "ca.pem"), "newer");
    const lines = await new Promise<string[]>((resolve) => rig.files.list((_, found) => resolve([...found])));
    assert.deepEqual(lines, ['+QFLST: "ca.pem",5']);
    assert.equal(await codeOf((done) => rig.files.remove("ca.pem", done)), "");
    assert.equal(stored(rig, "ca.pem"), undefined);
    const error = await failureOf((done) => rig.files.remove("ca.pem", done));
    assert.deepEqual([error?.code, error?.cause], ["AT_ERROR", "405"]);
  }),
);

test("what is stored never reaches a trace", LIMIT, () =>
  withStore({}, async (rig) => {
    assert.equal(await put(rig, "client.key", SECRET), "");
    assert.equal(stored(rig, "client.key"), SECRET);
    assert.ok(!rig.trace.join("\n").includes("MHcCAQEEIBx"));
  }),
);

test("an upload that stops half-way fails and leaves nothing of the file", LIMIT, () =>
  withStore({}, async (rig) => {
    rig.virtual.fault("file-timeout");
    const error = await failureOf((done) => rig.files.put("ca.pem", ALL_BYTES, done));
    assert.ok(error?.cause === "421" || error?.code === "AT_TIMEOUT", JSON.stringify(error));
    await rig.wait(30_000);
    assert.equal(stored(rig, "ca.pem"), undefined);
    assert.equal(await put(rig, "ca.pem", ALL_BYTES), "", "and can be done again");
    assert.equal(stored(rig, "ca.pem"), ALL_BYTES);
  }),
);

test("a URC beside an upload is no part of it", LIMIT, () =>
  withStore({}, async (rig) => {
    rig.virtual.fault("urc", { where: "before", on: "+QFUPL", text: '+QIURC: "recv",0' });
    rig.virtual.fault("urc", { where: "inside", on: "+QFUPL" });
    assert.equal(await put(rig, "ca.pem", ALL_BYTES), "");
    assert.equal(stored(rig, "ca.pem"), ALL_BYTES);
  }),
);

test("a name that is no name is refused before anything is sent", LIMIT, () =>
  withStore({}, async (rig) => {
    for (const name of ['a"b', 'x";+QFDEL="*', "a\rAT+QPOWD", "a\\b"]) {
      const before = rig.commands().length;
      assert.equal(await put(rig, name, "x"), "AT_TEXT", JSON.stringify(name));
      assert.equal(rig.commands().length, before);
    }
  }),
);

test("a full store is the modem's own cause, and nothing stays behind", LIMIT, () =>
  withStore({ modem: { model: "EG800K", files: new Map([["big", Buffer.alloc(280 * 1024)]]) } }, async (rig) => {
    const error = await failureOf((done) => rig.files.put("ca.pem", "x", done));
    assert.deepEqual([error?.code, error?.cause], ["AT_ERROR", "403"]);
    assert.deepEqual([...rig.virtual.files.keys()], ["big"]);
  }),
);

interface AnswerCase {
  readonly says: string;
  /** To `put("ca.pem", "\x12\x34\x56")`, whose checksum is 4434. */
  readonly reply: Reply;
  readonly code: string;
}

const ANSWERS: readonly AnswerCase[] = [
  { says: "as it should be", reply: { lines: ["+QFUPL: 3,4434"] }, code: "" },
  { says: "another checksum", reply: { lines: ["+QFUPL: 3,4435"] }, code: "FILE_CHECKSUM" },
  { says: "another size", reply: { lines: ["+QFUPL: 2,4434"] }, code: "FILE_CHECKSUM" },
  { says: "no answer but OK", reply: {}, code: "FILE_CHECKSUM" },
  { says: "a refusal behind the data", reply: { result: "+CME ERROR: 421" }, code: "AT_ERROR" },
  { says: "a text for a refusal", reply: { result: "+CME ERROR: file already exist" }, code: "AT_ERROR" },
];

async function withAnswer(upload: Reply, run: (rig: ScriptedRig) => Promise<void>): Promise<void> {
  const rig = await startScripted((part) =>
    part.startsWith("+QFUPL") ? upload : part.startsWith("+QFDEL") ? { result: "+CME ERROR: 405" } : undefined,
  );
  try {
    await run(rig);
  } finally {
    rig.stop();
  }
}

for (const { says, reply, code } of ANSWERS) {
  test(`upload answered with ${says}: ${code || "stored"}`, LIMIT, () =>
    withAnswer({ prompt: "CONNECT", bytes: 3, ...reply }, async (rig) => {
      assert.equal(await put(rig, "ca.pem", "\x12\x34\x56"), code);
      assert.deepEqual(
        rig.far.written.filter((line) => line.startsWith("<")),
        ["<\x12\x34\x56>"],
      );
      const removals = rig.far.parts.filter((part) => part === '+QFDEL="ca.pem"').length;
      assert.equal(removals, code === "" ? 1 : 2, "before, and after a failure");
    }),
  );
}

test("upper and lower case, 430,846: as real modems write it", LIMIT, async () => {
  for (const sum of ["abcd", "ABCD", "AbCd"]) {
    await withAnswer({ prompt: "CONNECT", bytes: 2, lines: [`+QFUPL: 2,${sum}`] }, async (rig) => {
      assert.equal(await put(rig, "x", "\xab\xcd"), "");
    });
  }
  const bytes = `${"\0".repeat(428)}\x08\x46`;
  await withAnswer({ prompt: "CONNECT", bytes: 430, lines: ["+QFUPL: 430,846"] }, async (rig) => {
    assert.equal(await put(rig, "x", bytes), "");
  });
});

test("ERROR in place of CONNECT: not a byte of the file is sent, else it would run as commands", LIMIT, () =>
  withAnswer({ result: "+CME ERROR: 407" }, async (rig) => {
    assert.equal(await put(rig, "x", "AT+QPOWD\r"), "AT_ERROR");
    assert.ok(!rig.far.parts.includes("+QPOWD"));
  }),
);
