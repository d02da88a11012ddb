import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createClock } from "../../tools/clock.ts";
import { createVirtualModem } from "../../tools/virtual-modem/index.ts";
import { loadFiles, saveFiles, serveModem } from "../../tools/virtual-modem/server.ts";

interface Client {
  readonly socket: Socket;
  expect(pattern: RegExp): Promise<string>;
  readonly closed: Promise<void>;
}

function plug(port: number): Client {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let wake: () => void = () => undefined;
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    wake();
  });
  socket.on("error", () => undefined);
  return {
    socket,
    closed: new Promise((resolve) => socket.once("close", () => resolve())),
    async expect(pattern) {
      const until = Date.now() + 5000;
      for (let match = pattern.exec(text); ; match = pattern.exec(text)) {
        if (match !== null) {
          const end = match.index + match[0].length;
          const taken = text.slice(0, end);
          text = text.slice(end);
          return taken;
        }
        if (Date.now() > until) throw new Error(`no ${String(pattern)} in ${JSON.stringify(text)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 20);
        });
      }
    },
  };
}

test("one client at a time; switched off, the next connection switches it on", async () => {
  const modem = createVirtualModem({ clock: createClock() });
  const served = await serveModem(modem, { port: 0, address: "127.0.0.1" });
  modem.powerOn();
  const first = plug(served.port);
  first.socket.write("ATI\r");
  await first.expect(/BG96[\s\S]*OK\r\n/);
  const second = plug(served.port);
  await second.closed;
  first.socket.write("AT+QPOWD=1\r");
  await first.expect(/POWERED DOWN/);
  first.socket.destroy();
  await first.closed;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(modem.powered, false);
  const third = plug(served.port);
  await third.expect(/RDY\r\n/);
  modem.fault("deaf");
  third.socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const fourth = plug(served.port);
  await fourth.expect(/RDY\r\n/);
  await served.close();
  await fourth.closed;
});

test("whoever unplugs and plugs in again at once finds the modem", async () => {
  const modem = createVirtualModem({ clock: createClock() });
  const served = await serveModem(modem, { port: 0, address: "127.0.0.1" });
  modem.powerOn();
  for (let visit = 0; visit < 20; visit++) {
    const client = plug(served.port);
    client.socket.write("ATI\r");
    await client.expect(/BG96[\s\S]*OK\r\n/);
    client.socket.destroy();
  }
  await served.close();
});

test("a client that floods a slow wire, or reads nothing, is unplugged; the next one finds a modem", async () => {
  const flood = Buffer.alloc(64_000_000, "x");
  for (const [baud, reads] of [
    [921_600, true],
    [0, false],
  ] as const) {
    const modem = createVirtualModem({ clock: createClock(), baud });
    const notes: string[] = [];
    const served = await serveModem(modem, { port: 0, address: "127.0.0.1", onNote: (text) => notes.push(text) });
    modem.powerOn();
    const client = plug(served.port);
    await client.expect(/SMS DONE\r\n/);
    if (!reads) client.socket.pause();
    client.socket.write(flood);
    for (let tries = 0; tries < 400 && !notes.some((note) => note.startsWith("unplugged")); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(notes.includes("unplugged: it sends more than the wire carries, or reads nothing"), `${baud} baud`);
    client.socket.destroy();
    await client.closed;
    modem.powerCut();
    const next = plug(served.port);
    await next.expect(/RDY\r\n/);
    await served.close();
    await next.closed;
  }
});

test("a port that is taken is said so", async () => {
  const modem = createVirtualModem({ clock: createClock() });
  const served = await serveModem(modem, { port: 0, address: "127.0.0.1" });
  await assert.rejects(serveModem(modem, { port: served.port, address: "127.0.0.1" }), /EADDRINUSE/);
  await served.close();
});

test("a folder is the file store", async () => {
  const folder = mkdtempSync(join(tmpdir(), "godwit-modem-"));
  writeFileSync(join(folder, "ca.pem"), "CA");
  const modem = createVirtualModem({ clock: createClock(), files: loadFiles(folder) });
  saveFiles(folder, modem);
  const served = await serveModem(modem, { port: 0, address: "127.0.0.1" });
  const client = plug(served.port);
  await client.expect(/SMS DONE\r\n/);
  client.socket.write('ATE0+QFLST="*"\r');
  await client.expect(/"ca\.pem",2\r\n\r\nOK\r\n/);
  client.socket.write('AT+QFUPL="../evil",3\r');
  await client.expect(/CME ERROR: 406\r\n/);
  client.socket.write('AT+QFUPL="k.pem",3\r');
  await client.expect(/CONNECT\r\n/);
  client.socket.write("KEY");
  await client.expect(/OK\r\n/);
  client.socket.write('AT+QFDEL="ca.pem"\r');
  await client.expect(/OK\r\n/);
  await served.close();
  assert.deepEqual(readdirSync(folder), ["k.pem"]);
  assert.equal(readFileSync(join(folder, "k.pem"), "utf8"), "KEY");
  rmSync(folder, { recursive: true });
});

test("the command line: listens, traces with masked secrets, ends on Ctrl-C", async () => {
  const script = `import { Command } from "commander"; import { register } from "./tools/virtual-modem/command.ts";
    const program = new Command(); register(program); await program.parseAsync(process.argv.slice(1), { from: "user" });`;
  const child = spawn(
    process.execPath,
    [
      "--import",
      "tsx",
      "--input-type=module",
      "-e",
      script,
      "modem",
      "--tcp",
      "0",
      "--latency",
      "0",
      "--json",
      "--pin",
      "4711",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const events: { type: string; port?: number; line?: string }[] = [];
  let rest = "";
  child.stdout.on("data", (bytes: Buffer) => {
    const lines = (rest + bytes.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) events.push(JSON.parse(line));
  });
  const until = async (type: string, line?: RegExp): Promise<(typeof events)[number]> => {
    for (let tries = 0; tries < 1000; tries++) {
      const found = events.find((event) => event.type === type && (line === undefined || line.test(event.line ?? "")));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no ${type} in ${JSON.stringify(events)}`);
  };
  const { port = 0 } = await until("listening");
  const client = plug(port);
  client.socket.write('AT+CPIN="4711"\r');
  await until("urc", /CPIN: READY/);
  assert.equal((await until("command", /CPIN/)).line, "AT+CPIN=***");
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
  child.kill("SIGINT");
  assert.equal(await ended, 0);
});
