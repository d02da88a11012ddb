/** Certificates into the store of a virtual modem, by the image that would be flashed. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createPki } from "../../tools/pki/set.ts";
import { SCRUB } from "../../tools/provision/device-code.ts";
import { prepare } from "../../tools/provision/inspect.ts";
import { rules } from "../../tools/provision/rules/quectel-bg9x.ts";
import { listStore, type Progress, ProvisionError, provision, removeFile } from "../../tools/provision/write.ts";
import { ReplError } from "../../tools/repl/session.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { type StandIn, standIn } from "../provision/stand-in.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };

interface Bench {
  readonly rig: FirmwareRig;
  readonly session: StandIn;
  readonly store: Map<string, Buffer>;
}

async function bench(): Promise<Bench> {
  const store = new Map<string, Buffer>();
  const rig = await startFirmware({ modem: { files: store } });
  await rig.until("registered", () => rig.console.includes("link registered"));
  return { rig, session: standIn(rig.board), store };
}

const failing = async (code: string, work: Promise<unknown>): Promise<ProvisionError> => {
  const error = await work.then(
    () => assert.fail(`no ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProvisionError, String(error));
  assert.equal(error.code, code);
  return error;
};

/** Any 16 chars of the key in a row, in whatever form they travel. */
function assertSecret(key: string, text: string, where: string): void {
  const body = key.split("\n").slice(1, -2).join("");
  for (let at = 0; at + 16 <= body.length; at += 4) assert.ok(!text.includes(body.slice(at, at + 16)), where);
}

const pki = await createPki({ hosts: ["broker.test"], client: "unit", keyKind: "rsa-2048" });
const files = await prepare({ ca: pki.ca, cert: pki.client?.chain, key: pki.client?.key }, rules);
const key = files.key ?? "";
const longCa = { ca: Array.from({ length: 8 }, () => pki.ca).join("") };

describe("one board after the other", () => {
  let kept: Bench | undefined;
  const shared = async (): Promise<Bench> => {
    kept ??= await bench();
    return kept;
  };
  after(() => kept?.rig.stop());

  test("writes, compares, lists, replaces, removes", LIMIT, async () => {
    const { rig, session, store } = await shared();
    assert.deepEqual(await listStore(session, rules), []);
    const progress: Progress[] = [];
    const result = await provision(session, files, { rules }, (step) => progress.push(step));
    assert.deepEqual(
      result.written,
      (["ca", "cert", "key"] as const).map((role, index) => ({
        role,
        name: ["ca.pem", "client.pem", "client.key"][index],
        bytes: files[role]?.length,
        isReplaced: false,
        isListed: true,
      })),
    );
    assert.equal(result.isScrubbed, true);
    for (const role of ["ca", "cert", "key"] as const)
      assert.equal(
        store.get({ ca: "ca.pem", cert: "client.pem", key: "client.key" }[role])?.toString("latin1"),
        files[role],
      );
    assert.deepEqual(
      progress.map((step) =>
        step.step === "write" ? `${step.step} ${step.name} ${step.file}/${step.files}` : step.step,
      ),
      ["ask", "write ca.pem 1/3", "write client.pem 2/3", "write client.key 3/3", "scrub", "compare", "done"],
    );
    const again = await provision(session, { ca: files.ca ?? "" }, { rules, names: { ca: "ca.pem" } });
    assert.equal(again.written[0]?.isReplaced, true);
    assert.equal(again.isScrubbed, false);
    assert.equal(again.stored.length, 3);
    const rest = await removeFile(session, "client.key", rules);
    assert.deepEqual(rest.map(({ name }) => name).sort(), ["ca.pem", "client.pem"]);
    assert.equal(store.has("client.key"), false);
    assert.deepEqual(rig.alarms, []);
  });

  test("the key is in no packet by itself, and in nothing that stays", LIMIT, async () => {
    const { rig, session } = await shared();
    rig.board.evaluate("godwit.trace=true");
    session.sent.length = 0;
    await provision(session, files, { rules });
    for (const text of session.sent) {
      const decoded = (text.match(/[A-Za-z0-9+/=]{40,}/g) ?? []).map((half) =>
        Buffer.from(half, "base64").toString("latin1"),
      );
      assertSecret(key, [text, ...decoded].join(), "in a packet");
      assert.doesNotMatch([text, ...decoded].join(), /PRIVATE KEY/);
    }
    const halves = session.sent.filter((text) => text.includes("xFFhalf"));
    assert.equal(halves.length, 2);
    assert.ok(session.sent.includes(SCRUB));
    const left = JSON.stringify([
      rig.console,
      rig.status(),
      rig.board.evaluate("Object.keys(global).map(function(k){return k+global[k]}).join()"),
      rig.board.evaluate('require("Storage").list().map(function(f){return require("Storage").read(f)}).join()'),
    ]);
    assertSecret(key, left, "on the console, in a global, in Storage");
    assert.ok(
      rig.console.some((line) => line.includes("QFUPL")),
      "the trace is on",
    );
  });

  test("names of one's own", LIMIT, async () => {
    const { session, store } = await shared();
    const { written } = await provision(session, files, { rules, names: { ca: "root-2026.pem", key: "d_1.key" } });
    assert.deepEqual(
      written.map(({ name }) => name),
      ["root-2026.pem", "client.pem", "d_1.key"],
    );
    assert.equal(store.get("d_1.key")?.toString("latin1"), key);
  });

  test("a file that is longer than a packet goes in parts, and nothing of it stays", LIMIT, async () => {
    const { rig, session, store } = await shared();
    assert.ok(longCa.ca.length > 8191);
    await provision(session, longCa, { rules });
    assert.equal(store.get("ca.pem")?.toString("latin1"), longCa.ca);
    assert.equal(rig.board.evaluate('global["\\xFFpem"]===undefined&&global["\\xFFhalf"]===undefined'), true);
  });

  test("what cannot be written is refused before anything is sent", LIMIT, async () => {
    const { session } = await shared();
    session.sent.length = 0;
    await failing("PROVISION_NOTHING", provision(session, {}, { rules }));
    for (const name of ["", "a b", '"', "../a", ".boot0", "UFS:a", "a\r", "x".repeat(81), "a,1"])
      await failing("PROVISION_NAME", provision(session, files, { rules, names: { ca: name } }));
    await failing("PROVISION_NAME", provision(session, files, { rules, names: { ca: "client.pem" } }));
    await failing("PROVISION_NAME", removeFile(session, '*"', rules));
    await failing("PROVISION_SIZE", provision(session, { ca: "" }, { rules }));
    await failing("PROVISION_SIZE", provision(session, { ca: "x".repeat(10_241) }, { rules }));
    await failing("PROVISION_SIZE", provision(session, { key: "x".repeat(4501) }, { rules }));
    assert.deepEqual(session.sent, []);
  });

  test("too little memory on the board", LIMIT, async () => {
    const { session } = await shared();
    const { evaluate } = session;
    try {
      session.evaluate = (text) => (text.includes("memory") ? Promise.resolve(250) : evaluate(text));
      const error = await failing("PROVISION_MEMORY", provision(session, files, { rules }));
      assert.match(error.message, /250 free variables/);
    } finally {
      session.evaluate = evaluate;
    }
  });

  test("an exception that repeats the code with the key in it says nothing of it", LIMIT, async () => {
    const { session } = await shared();
    session.intercept = (text) => {
      if (text.includes("client.key")) throw new ReplError("REPL_EXCEPTION", `Uncaught ${text}`, `at ${text}`);
    };
    try {
      const error = await failing("REPL_EXCEPTION", provision(session, files, { rules }));
      assertSecret(key, `${error.message}${error.stack}${JSON.stringify(error)}`, "in the error");
      assert.equal(error.isUnscrubbed, false);
      assert.equal(session.sent[session.sent.length - 1], SCRUB, "overwritten nevertheless");
    } finally {
      session.intercept = undefined;
    }
  });

  test("a lost connection: the key may still be there, and that is said", LIMIT, async () => {
    const { session } = await shared();
    let isLost = false;
    session.intercept = (text) => {
      isLost ||= text.includes("client.key");
      if (isLost) throw new ReplError("REPL_CLOSED", "gone");
    };
    try {
      const error = await failing("REPL_CLOSED", provision(session, files, { rules }));
      assert.equal(error.isUnscrubbed, true);
      assert.match(error.message, /Reboot the board/);
    } finally {
      session.intercept = undefined;
    }
  });

  test("what the board says is not trusted", LIMIT, async () => {
    const { session } = await shared();
    const { call } = session;
    const answers: readonly [answer: unknown[], code: string][] = [
      [[{ code: "x\x1b[2J" }], "PROVISION_BOARD"],
      [["no"], "PROVISION_BOARD"],
      [[{ code: "AT_ERROR", cause: "\x1b" }], "AT_ERROR"],
      [[{ code: "AT_ERROR", cause: 403 }], "AT_ERROR"],
    ];
    try {
      for (const [answer, code] of answers) {
        session.call = () => Promise.resolve(answer);
        const error = await failing(code, listStore(session, rules));
        assert.match(error.message, /^[ -~]+$/);
      }
      session.call = () =>
        Promise.resolve([null, ["x", 5, '+QFLST: "a.pem",x', '+QFLST: "UFS:b.pem",7', '+QFLST: "c.pem",8\r']]);
      assert.deepEqual(await listStore(session, rules), [
        { name: "b.pem", bytes: 7 },
        { name: "c.pem", bytes: 8 },
      ]);
      session.call = () => Promise.resolve([null, ['+QFLST: "ca.pem",7']]);
      await failing("PROVISION_VERIFY", provision(session, { ca: files.ca ?? "" }, { rules }));
      await failing("PROVISION_VERIFY", removeFile(session, "ca.pem", rules));
      session.call = () => Promise.resolve([null, ['+QFLST: "b.pem",7']]);
      await failing("PROVISION_VERIFY", provision(session, { ca: files.ca ?? "" }, { rules }));
      // EC25 lists nothing: only its checksum vouches.
      session.call = () => Promise.resolve([null, []]);
      const { written } = await provision(session, { ca: files.ca ?? "" }, { rules });
      assert.equal(written[0]?.isListed, false);
    } finally {
      session.call = call;
    }
  });
});

test("a device that is refused for its files connects once they are right", LIMIT, async () => {
  const rig = await startFirmware({ pki: { keyKind: "rsa-2048" }, config: { backoffMaxS: 10 } });
  const { files: store } = rig.modem;
  const source = (name: string): Uint8Array => Uint8Array.from(store.get(name) ?? []);
  const right = await prepare({ ca: source("ca.pem"), cert: source("client.pem"), key: source("client.key") }, rules);
  store.delete("client.key");
  await rig.until("refused without its key", () => rig.console.some((line) => line.includes("TLS_FILE client.key")));
  await provision(standIn(rig.board), right, { rules });
  await rig.until("connected", () => rig.console.includes("link connected"));
  assert.deepEqual(rig.alarms, []);
  await rig.stop();
});

test("afterwards the board reboots, when that is wanted", LIMIT, async () => {
  const { rig, session } = await bench();
  const { isRebooting } = await provision(session, { ca: files.ca ?? "" }, { rules, reboot: true });
  assert.equal(isRebooting, true);
  await rig.until("rebooted", () => rig.reboots() === 1);
  await rig.stop();
});

test("bytes lost on the way to the modem: an error, nothing stays, and the next try works", LIMIT, async () => {
  const { rig, session, store } = await bench();
  rig.modem.fault("file-timeout");
  const error = await failing("AT_ERROR", provision(session, { key }, { rules }));
  assert.equal(error.reason, "421");
  assert.equal(store.has("client.key"), false);
  await provision(session, { key }, { rules });
  assert.equal(store.get("client.key")?.toString("latin1"), key);
  await rig.stop();
});

test("another firmware", LIMIT, async () => {
  const board = new VirtualBoard({ board: "rak5010", image: "global.godwit={version:1};" });
  board.start();
  await failing("PROVISION_NO_GODWIT", provision(standIn(board), files, { rules }));
  await failing("PROVISION_NO_GODWIT", listStore(standIn(board), rules));
  board.stop();
});
