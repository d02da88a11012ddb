import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = `
import { Command } from "commander";
import { register } from "./tools/virtual-board/command.ts";
const program = new Command("godwit");
register(program);
program.parseAsync(process.argv.slice(1), { from: "user" }).catch((error) => {
  console.error(error.code + ": " + error.message);
  process.exitCode = error.exitCode;
});`;

const IMAGE =
  "Serial1.on('data',function(d){print('modem says '+d)});Serial1.setup(115200,{rx:D8,tx:D6});Serial1.write('AT\\r');" +
  "require('Storage').write('runs',(require('Storage').read('runs')||'')+'x')";

function start(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", PROGRAM, "board", ...args], {
    cwd: root,
  });
}

async function outcome(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: number | null; out: string; err: string }> {
  let out = "";
  let err = "";
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString("latin1");
  });
  child.stderr.on("data", (text: Buffer) => {
    err += text.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, out, err };
}

describe("godwit board", () => {
  let directory = "";
  let image = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "godwit-board-"));
    image = join(directory, "image.js");
    writeFileSync(image, IMAGE);
  });
  after(() => rmSync(directory, { recursive: true }));

  it("runs an image against a TCP port, takes REPL lines, keeps Storage", async () => {
    const storage = join(directory, "storage.json");
    writeFileSync(storage, JSON.stringify({ runs: "x" }));
    let heard = "";
    const server = createServer((socket) => {
      socket.on("data", (bytes) => {
        heard += bytes.toString("latin1");
        if (!heard.endsWith("\r")) return;
        socket.write("OK");
        child.stdin.write("40+2\n");
        setTimeout(() => child.stdin.end(), 500);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const child = start("--image", image, "--uart", `tcp:127.0.0.1:${port}`, "--storage", storage);
    const { code, out, err } = await outcome(child);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(code, 0, err);
    assert.equal(heard, "AT\r");
    assert.match(out, /=42\n/);
    assert.equal(out.replace(/modem says |\r\n|=42\n/g, ""), "OK");
    assert.deepEqual(JSON.parse(readFileSync(storage, "utf8")), { runs: "xx" });
  });

  it("says what is wrong with its arguments", async () => {
    const cases: [string[], RegExp][] = [
      [["--image", join(directory, "none.js")], /NO_IMAGE: no image .*none\.js/],
      [["--image", image, "--board", "nope"], /USAGE: no board nope; there are rak5010, nrf52840dk/],
      [["--image", image, "--uart", "COM1"], /USAGE: --uart COM1: write tcp:host:port/],
      [["--image", image, "--uart", "tcp:127.0.0.1:1"], /NO_UART: tcp:127\.0\.0\.1:1: /],
      [["--image", image, "--speed", "fast"], /USAGE: --speed fast: not a factor/],
    ];
    for (const [args, message] of cases) {
      const { code, err } = await outcome(start(...args));
      assert.match(err, message);
      assert.ok(code === 1 || code === 2);
    }
  });
});
