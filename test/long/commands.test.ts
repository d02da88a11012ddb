import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/build/paths.ts";

const entry = join(root, "tools/cli/godwit.mjs");

function godwit(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [entry, ...args], { encoding: "utf8", env: { ...process.env, ...env } });
}

async function end(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; stderr: string }> {
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += String(text);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr };
}

const REFUSED: [args: string[], env: NodeJS.ProcessEnv, code: string, exit: number][] = [
  [["build", "--bord", "x"], {}, "USAGE", 2],
  [["lint-device", root], {}, "NO_FILE", 2],
  [["pki", "--out", join(entry, "x")], {}, "ENOTDIR", 1],
  [["build", "--board", "rak5010", "--no-typecheck"], { SOURCE_DATE_EPOCH: "99999999999" }, "BAD_EPOCH", 2],
];

test("every refusal has its code on the screen, and no stack", () => {
  for (const [args, env, code, exit] of REFUSED) {
    const { status, stdout, stderr } = godwit(args, env);
    assert.equal(status, exit, args.join(" "));
    assert.match(stderr, /^godwit: /);
    assert.match(stderr, new RegExp(`\\b${code}\\b`));
    assert.doesNotMatch(stderr, /^\s+at /m);
    assert.equal(stdout, "");
  }
});

test("with --json the refusal of an option is one object, too", () => {
  const { status, stdout } = godwit(["build", "--bord", "x", "--json"]);
  assert.equal(status, 2);
  const { ok, code, message } = JSON.parse(stdout) as { ok: boolean; code: string; message: string };
  assert.deepEqual({ ok, code }, { ok: false, code: "USAGE" });
  assert.match(message, /^unknown option '--bord'/);
});

test("a reader that goes away ends a command without a word", async () => {
  const child = spawn(process.execPath, [entry, "--help"]);
  child.stdout.destroy();
  assert.deepEqual(await end(child), { code: 0, stderr: "" });
});

test("a reader that goes away is Ctrl-C for a command that runs on", async () => {
  const child = spawn(process.execPath, [entry, "modem", "--tcp", "0", "--trace", "--latency", "0.1"]);
  child.stdout.once("data", () => child.stdout.destroy());
  assert.deepEqual(await end(child), { code: 0, stderr: "" });
});
