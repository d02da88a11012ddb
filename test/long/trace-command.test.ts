/** `godwit trace` and `godwit status` as a user runs them, at a TCP port that leads to the console of the virtual board. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "../../tools/build/paths.ts";
import type { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { type FirmwareRig, startFirmware } from "../support/firmware-rig.ts";

const LIMIT = { timeout: 60_000 };

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs until it ends, or is interrupted as by Ctrl-C once `isEnough` of its output. */
function godwit(args: readonly string[], isEnough: (stdout: string) => boolean = () => false): Promise<Ended> {
  const entry = join(root, "tools", "cli", "godwit.mjs");
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const child = spawn(process.execPath, [entry, ...args], { cwd: root, env, timeout: 50_000 });
    let stdout = "";
    let stderr = "";
    let isInterrupted = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (isInterrupted || !isEnough(stdout)) return;
      isInterrupted = true;
      child.kill("SIGINT");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** A bridge from TCP to the board's Bluetooth: a client at a time. */
function bridge(board: VirtualBoard): Promise<Server> {
  const server = createServer((socket) => {
    const link = board.bluetooth({ chunkBytes: 20 });
    link.onData((bytes) => void socket.write(bytes));
    link.onClose(() => socket.destroy());
    socket.on("data", async (data) => {
      socket.pause();
      for (let at = 0; at < data.length; at += 20) await link.write(data.subarray(at, at + 20));
      socket.resume();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => link.close());
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("at a board that is connected", () => {
  let rig: FirmwareRig;
  let server: Server;
  let port = "";
  let directory = "";

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "godwit-trace-"));
    rig = await startFirmware({ config: { intervalS: 20, username: "mqttUser7", password: "s3cretMqtt" } });
    await rig.until("connected", () => rig.console.includes("link connected"));
    server = await bridge(rig.board);
    const address = server.address();
    port = `tcp:127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  });
  after(async () => {
    server?.close();
    await rig?.stop();
    rmSync(directory, { recursive: true });
  });

  test("trace: PUBLISH and PUBACK as JSON lines, and the export", LIMIT, async () => {
    const path = join(directory, "trace.txt");
    const { code, stdout, stderr } = await godwit(
      ["trace", "--port", port, "--json", "--export", path],
      (text) => text.includes('"cmd":"publish"') && text.includes('"text":"PUBACK') && text.endsWith("\n"),
    );
    assert.equal(code, 0, stderr);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string; text: string; packet?: { topic?: string } });
    assert.ok(
      events.some(({ kind, packet }) => kind === "mqtt" && packet?.topic === "godwit/unit/telemetry"),
      stdout,
    );
    assert.ok(events.some(({ text }) => text.startsWith("PUBACK")));
    assert.ok(events.some(({ kind }) => kind === "at-command"));
    const text = readFileSync(path, "utf8");
    assert.match(text, /^# Godwit trace, exported .*\n# board RAK5010, interpreter 2v29, firmware 0\.1\.0\n/);
    assert.equal(text.trimEnd().split("\n").length, events.length + 5);
    assert.equal(rig.board.evaluate("godwit.trace"), 0, "and it is off again");
  });

  test("trace for people: only what was asked for", LIMIT, async () => {
    const { code, stdout, stderr } = await godwit(
      ["trace", "--port", port, "--topic", "godwit/+/telemetry"],
      (text) => text.split("\n").length > 2,
    );
    assert.equal(code, 0, stderr);
    const lines = stdout.trim().split("\n");
    assert.ok(lines.length > 0);
    for (const line of lines)
      assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} tls0 > PUBLISH godwit\/unit\/telemetry QoS 1 id \d+, \d+ bytes \{/);
  });

  test("status: the ladder, the rows, and the same as JSON", LIMIT, async () => {
    const { code, stdout, stderr } = await godwit(["status", "--port", port]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Connected: TLS and MQTT are up\.\n\n◉ connected {3}TLS and MQTT are up\n● secured/);
    for (const row of [/^TLS +CA yes {2}host name yes/m, /^clock +proved by /m, /^variables +\d+ of 12500/m])
      assert.match(stdout, row);
    const json = await godwit(
      ["status", "--port", port, "--json", "--watch", "--every", "0.5"],
      (text) => text.split("\n").length > 2,
    );
    assert.equal(json.code, 0, json.stderr);
    const readings = json.stdout
      .trim()
      .split("\n")
      .map(
        (line) => JSON.parse(line) as { ok: boolean; status: { link: { state: string } }; report: { verdict: string } },
      );
    assert.ok(readings.length >= 2, json.stderr);
    for (const { ok, status, report } of readings)
      assert.deepEqual([ok, status.link.state, report.verdict], [true, "connected", "good"]);
  });
});

test("asked wrongly, or a port where nobody is: a code and its exit code", LIMIT, async () => {
  const cases: readonly [readonly string[], number, RegExp][] = [
    [["trace"], 2, /required option '-p, --port/],
    [["trace", "--port", "nonsense:x"], 2, /PORT_UNSUPPORTED/],
    [["status", "--port", "tcp:127.0.0.1:1"], 1, /PORT_[A-Z]+/],
    [["trace", "--port", "tcp:127.0.0.1:1", "--for", "-1"], 2, /seconds/],
    [["trace", "--port", "tcp:127.0.0.1:1", "--topic", "a/#/b"], 2, /Topic Filter/],
    // Before the port is tried: not after an hour.
    [
      ["trace", "--port", "tcp:127.0.0.1:1", "--export", join(tmpdir(), "none", "x.txt")],
      2,
      /cannot write .*ENOENT.*NO_FILE/,
    ],
  ];
  const ended = await Promise.all(cases.map(([args]) => godwit(args)));
  for (const [index, [args, code, message]] of cases.entries()) {
    assert.equal(ended[index]?.code, code, args.join(" "));
    assert.match(ended[index]?.stderr ?? "", message);
  }
});
