import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/build/paths.ts";

interface Line {
  t: number;
  topic: string;
  mark: string;
  text: string;
  exitCode?: number;
  publishes?: number;
}

function godwit(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, "tools/cli/godwit.mjs"), ...args], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "" },
  });
}

test("--once ends with 0 and --json prints one object a line", () => {
  const { status, stdout, stderr } = godwit("demo", "--once", "1", "--speed", "6", "--json");
  assert.equal(status, 0, stdout + stderr);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  for (const { t, topic, mark, text } of lines) {
    assert.ok(t >= 0 && topic !== "" && text !== "" && ["info", "good", "fault", "trace"].includes(mark));
  }
  const last = lines.at(-1);
  assert.equal(last?.exitCode, 0);
  assert.ok(Number(last?.publishes) >= 1);
  assert.ok(!stdout.includes("PRIVATE KEY"));
});

test("--help teaches every fault and every exit code", () => {
  const { status, stdout } = godwit("demo", "--help");
  assert.equal(status, 0);
  for (const word of ["wrong-clock", "drop", "reset", "expired", "unknown-ca", "wrong-host", "no-client-cert"]) {
    assert.ok(stdout.includes(word), word);
  }
  assert.match(stdout, /Exit codes: 0 .* 1 .* 2 .* 3 /);
});

const WRONG: [string[], RegExp][] = [
  [["--once", "0"], /from 1 to 1000/],
  [["--once", "1.5"], /whole number/],
  [["--speed", "fast"], /from 0\.1 to 50/],
  [["--page-port", "65536"], /from 0 to 65535/],
  [["--console-port", "4401", "--once", "1"], /until it is stopped/],
  [["--console-port", "4401", "--fault", "expired"], /until it is stopped/],
  [["--fault", "gremlins"], /Allowed choices/],
  [["--broker", "mqtt://broker.test"], /no way without TLS/],
  [["--broker", "mqtts://broker.test"], /needs --ca/],
  [["--ca", "ca.pem"], /go with --broker/],
  [["--broker", "mqtts://b.test", "--ca", "ca.pem", "--key", "k"], /go together/],
  [["--broker", "mqtts://b.test", "--ca", "ca.pem", "--fault", "expired"], /leave --broker out/],
];

test("what cannot work is refused with 2, before anything is built", { concurrency: true }, () => {
  for (const [args, message] of WRONG) {
    const { status, stderr, stdout } = godwit("demo", ...args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, message);
    assert.equal(stdout, "");
  }
});
