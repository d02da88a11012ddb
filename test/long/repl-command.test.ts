/** `godwit repl` and `godwit logs` as a user runs them, on a TCP port behind which a test plays the board. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const GODWIT = fileURLToPath(new URL("../../tools/cli/godwit.mjs", import.meta.url));
const LIMIT = { timeout: 30_000 };

interface Result {
  code: number | null;
  out: string;
  err: string;
}

function godwit(args: string[], input = ""): Promise<Result> {
  const child = spawn(process.execPath, [GODWIT, ...args], { stdio: "pipe" });
  let out = "";
  let err = "";
  child.stdout.on("data", (bytes: Buffer) => {
    out += bytes.toString("latin1");
  });
  child.stderr.on("data", (bytes: Buffer) => {
    err += bytes.toString("latin1");
  });
  child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

async function withBoard(
  onData: (socket: Socket, text: string) => void,
  run: (port: string) => Promise<void>,
  onConnect: (socket: Socket) => void = () => undefined,
): Promise<void> {
  const server = createServer((socket) => {
    socket.on("data", (bytes) => onData(socket, bytes.toString("latin1")));
    socket.on("error", () => undefined);
    onConnect(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  try {
    await run(`tcp:127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

describe("godwit repl", () => {
  it("types what comes, shows what the board says, and tames it", LIMIT, () =>
    withBoard(
      (socket, text) => {
        if (text.includes("\x05")) socket.write("Espruino 2v29 RAK5010\r\n>");
        if (text.includes("1+1\n")) socket.write("1+1\r\n=2\x1b]0;evil\x07\r\n>");
      },
      async (port) => {
        const { code, out, err } = await godwit(["repl", "--port", port], "1+1\n");
        assert.equal(code, 0);
        assert.equal(out, ">1+1\r\n=2?]0;evil?\r\n>");
        assert.match(err, /Espruino 2v29 on RAK5010/);
      },
    ),
  );

  it("says that the link was lost", LIMIT, () =>
    withBoard(
      (socket) => socket.destroy(),
      async (port) => {
        const { code, err } = await godwit(["repl", "--port", port], "1\n");
        assert.equal(code, 1);
        assert.match(err, /^godwit: the link to tcp:127\.0\.0\.1:\d+ was lost/);
      },
    ),
  );

  it("knows a port from what is none", LIMIT, async () => {
    const { code, err } = await godwit(["repl", "--port", "nonsense"]);
    assert.equal(code, 2);
    assert.match(err, /"nonsense" is no port.*\n.*ble:<name>/);
  });
});

describe("godwit logs", () => {
  it("prints lines with their time as JSON, until the time is over", LIMIT, () =>
    withBoard(
      () => assert.fail("nothing is sent to the board"),
      async (port) => {
        const { code, out } = await godwit(["logs", "--port", port, "--json", "--for", "1"]);
        assert.equal(code, 0);
        const lines = out
          .trim()
          .split("\n")
          .map((line): unknown => JSON.parse(line));
        assert.deepEqual(
          lines.map((line) => typeof line === "object" && line !== null && "text" in line && line.text),
          ["tick 1", "tick 2", "half"],
        );
        for (const line of lines) assert.match(JSON.stringify(line), /^\{"at":"\d{4}-\d\d-\d\dT[\d:.]+Z",/);
      },
      (socket) => socket.write("\r\x1b[Jtick 1\r\n>\r\x1b[Jtick 2\r\n>\r\x1b[Jhalf"),
    ),
  );
});
