/** Faults switched on and off on one board that goes on running; all of them are in test/interop/playground.test.ts. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startPage } from "../../tools/demo/page.ts";
import { PLAYGROUND_FAULTS } from "../../tools/demo/playground-faults.ts";
import { LASTING_FAULTS } from "../../tools/demo/world.ts";
import { Client, until } from "../console/rig.ts";
import { type PlaygroundRig, SEEN, startPlayground, textOf } from "../support/playground-rig.ts";

let rig: PlaygroundRig;

before(async () => {
  rig = await startPlayground();
});

after(() => rig.stop());

test("every fault is offered, says what it does and what to expect, and is active only while it lasts", () => {
  const { faults } = rig.demo;
  assert.deepEqual(new Set(faults.map(({ name }) => name)), new Set(Object.keys(PLAYGROUND_FAULTS)));
  for (const { name, says, expect, once, active } of faults) {
    assert.ok(says.endsWith(".") && expect.endsWith("."), name);
    assert.equal(once, !LASTING_FAULTS.some((lasting) => lasting === name), name);
    assert.equal(active, false);
  }
  assert.deepEqual(Object.keys(SEEN).sort(), Object.keys(PLAYGROUND_FAULTS).sort());
});

test("a dropped connection, a certificate that ended and a missing SIM: seen, explained, overcome", async () => {
  const from = rig.entries.length;
  for (const name of ["drop", "expired", "no-sim"] as const) await rig.play(name);
  const told = rig.entries.slice(from).map(textOf).join("\n");
  assert.match(told, /fault expired: The broker shows a certificate that ended yesterday\.\n {2}expect: TLS_REFUSED/);
  assert.match(told, /link TLS_REFUSED \(566\)[\s\S]*?meaning: [\s\S]*?likely causes: 1\./);
  assert.match(told, /in truth: expired: /);
  assert.match(told, /fault expired: healed/);
  assert.match(told, /link SIM_ABSENT \(10\)[\s\S]*?what to do: /);
  assert.match(told, /session resumed/);
  assert.deepEqual(
    rig.demo.faults.filter(({ active }) => active),
    [],
  );
});

test("the page on it: documents, the story so far, a fault from the panel, the console through the board's Bluetooth", async () => {
  const web = mkdtempSync(join(tmpdir(), "godwit-page-"));
  writeFileSync(join(web, "index.html"), "<!doctype html>");
  const notes: string[] = [];
  const page = await startPage(rig.demo, rig.feed, {
    board: "rak5010",
    web,
    port: 0,
    consolePort: 0,
    opens: false,
    pace: { chunkBytes: 20, intervalMs: 15, chunksPerInterval: 6 },
    imageFile: "{}",
    note: (text) => notes.push(text),
  });
  try {
    const url = /^the page: (http:\S+)$/.exec(notes[0] ?? "")?.[1] ?? assert.fail(notes.join("\n"));
    assert.match(notes[1] ?? "", /repl --port tcp:127\.0\.0\.1:\d+$/);
    const pki = (await (await fetch(`${url}pki.json`)).json()) as Record<string, string>;
    assert.deepEqual(Object.keys(pki).sort(), ["ca", "cert", "key", "otherCa"]);
    assert.notEqual(pki["ca"], pki["otherCa"]);
    assert.equal(await (await fetch(`${url}image.json`)).text(), "{}");

    const { port } = new URL(url);
    const panel = await new Client(Number(port), "/panel").open();
    await until("hello", () => panel.texts.length > 2);
    const [hello, state, first] = panel.messages() as { type: string; faults?: unknown[]; state?: string }[];
    assert.equal(hello?.type, "hello");
    assert.equal(hello?.faults?.length, rig.demo.faults.length);
    assert.equal(state?.state, "on");
    assert.equal(first?.type, "entry");
    panel.socket.send('{"type":"fault","name":"unknown-ca","on":true}');
    await until("the fault is active", () => panel.texts.includes('{"type":"faults","active":["unknown-ca"]}'));
    panel.socket.send('{"type":"fault","name":"unknown-ca","on":false}');
    await until("it is healed", () => panel.texts.includes('{"type":"faults","active":[]}'));

    await until("AT traffic", () =>
      panel.texts.some((text) => text.includes('"topic":"at","mark":"trace","text":"> AT')),
    );
    assert.ok(!rig.entries.some(({ topic }) => topic === "at"), "not in the timeline of the terminal");

    const central = await new Client(Number(port), "/board").open();
    central.socket.send(Buffer.from("\x10print(2+godwit.x)\n"));
    await until("an answer", () => Buffer.concat(central.frames).toString("latin1").includes("NaN"));
    panel.socket.send('{"type":"cut-link"}');
    assert.equal(await central.closed(), 4410);
    // In its own time: what is published next.
    await rig.recovered("the other CA");
  } finally {
    await page.close();
    rmSync(web, { recursive: true });
  }
});

test("the supply off and on: nothing is heard of the device, then everything starts anew", async () => {
  const { demo, entries } = rig;
  rig.states.length = 0;
  demo.power(false);
  assert.equal(demo.board.running, false);
  // Faults and commands meanwhile are no harm.
  demo.strike("drop", true);
  demo.act("report");
  const from = entries.length;
  demo.power(true);
  await rig.until("the modem's start", from, (entry) => /^power BG96 starts/.test(textOf(entry)));
  await rig.recovered("the power failure");
  assert.deepEqual(rig.states, ["off", "on"]);
});

test("a board that somebody reboots says so, and what is no fault changes nothing", async () => {
  rig.states.length = 0;
  rig.demo.board.reboot();
  await rig.recovered("the reboot");
  assert.deepEqual(rig.states, ["rebooting", "on"]);
  const from = rig.entries.length;
  for (const name of ["gremlins", "constructor", "__proto__", ""]) rig.demo.strike(name, true);
  await rig.recovered("nothing");
  assert.ok(!rig.entries.slice(from).some(({ topic }) => topic === "fault"));
});

test("another program on the board: the story goes on without its status", async () => {
  const { demo } = rig;
  demo.board.evaluate("delete global.godwit");
  const from = rig.entries.length;
  demo.board.evaluate('print("link connected\\nlink timed\\nlink ready ! SIM_ABSENT 10 retry 1.0 s, socket")');
  const entry = await rig.until("the failure", from, ({ text }) => text === "SIM_ABSENT (10)");
  assert.equal(entry.topic, "link");
  assert.ok(rig.entries.slice(from).some(({ topic, text }) => topic === "device" && text === "link connected"));
});
