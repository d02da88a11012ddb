import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../../tools/build/paths.ts";

function godwit(...args: string[]) {
  const entry = join(root, "tools", "cli", "godwit.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { cwd: root, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("godwit", () => {
  let directory = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "godwit-cli-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  it("shows its commands", () => {
    const { status, stdout } = godwit("--help");
    assert.equal(status, 0);
    assert.match(stdout, /build[\s\S]*lint-device/);
  });

  it("ends with 2 when it is asked wrongly", () => {
    const cases: [string[], RegExp][] = [
      [["bild"], /unknown command/],
      [["build", "--bord", "x"], /unknown option[\s\S]*--board/],
      [["build"], /which board\? .*rak5010/],
      [["build", "--board", "toaster"], /there is no board "toaster"; there are: .*rak5010/],
      [["lint-device", join(directory, "none.js")], /there is no file/],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = godwit(...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(stderr, message);
    }
  });

  it("gives errors as JSON", () => {
    const { status, stdout } = godwit("build", "--board", "toaster", "--json");
    assert.equal(status, 2);
    const { ok, code } = JSON.parse(stdout) as { ok: boolean; code: string };
    assert.deepEqual({ ok, code }, { ok: false, code: "UNKNOWN_BOARD" });
  });

  it("ends with 1 when a script would not run, and says why", () => {
    const script = join(directory, "a.js");
    writeFileSync(script, "print(E?.on)\n");
    const { status, stdout, stderr } = godwit("lint-device", script);
    assert.equal(status, 1);
    assert.match(stderr, /a\.js:1:7 optional-chaining/);
    assert.match(stdout, /1 found/);
    writeFileSync(script, "print(E.on)\n");
    assert.equal(godwit("lint-device", script).status, 0);
  });
});
