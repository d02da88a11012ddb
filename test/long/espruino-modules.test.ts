/** The files that plain `require()` loads: each by itself, and together from the modem to an acknowledged publish. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { buildModule, moduleNames } from "../../tools/build/espruino-modules.ts";
import { root } from "../../tools/build/paths.ts";
import { checkProfile } from "../../tools/build/profile.ts";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { startFirmware } from "../support/firmware-rig.ts";

const built = await Promise.all(moduleNames().map((name) => buildModule(name)));
const files = Object.fromEntries(built.map(({ name, code }) => [name, code]));

/** As a user writes it who has read the pages and nothing else. */
const application = (ports: { broker: number; sntp: number }): string => `
E.setConsole("Bluetooth", { force: true });
var m = require("GodwitModem");
var port = {
  uart: Serial1, baud: 115200, wires: { tx: D6, rx: D8, cts: D7 },
  powerKey: D2, powerKeyPressed: false, resetKey: D28, resetKeyPressed: false, statusPin: D18, receiveBytes: 768
};
var modem = m.createModem(port, { apn: "iot", apnUser: "", apnPassword: "", pin: "" });
var sockets = m.createSockets(modem);
var options = {
  host: "broker.test", port: ${ports.broker}, ca: "ca.pem", cert: "client.pem", key: "client.key", verify: true, sni: true,
  ntpHost: "ntp.test", ntpPort: ${ports.sntp}, resyncS: 86400, clockGate: true,
  registrationS: 300, backoffMaxS: 900, watchdogS: 0
};
var clock = require("GodwitClock").createClock(modem, sockets, options, 1700000000);
var client = require("GodwitMQTT").createClient({ clientId: "unit", clean: false });
var link = require("GodwitLink").createLink(modem, sockets, clock, client, options, function(state, error) {
  print("link " + state + (error ? " ! " + error.code + " " + error.cause : ""));
});
client.publish("unit/hello", "from modules", { qos: 1 }, function(e) { print(e ? "failed " + e.code : "acknowledged"); });
link.start();
`;

describe("modules for Espruino", { timeout: 60_000 }, () => {
  for (const { name, page, findings } of built) {
    it(`${name} loads by require() and has what its page says`, () => {
      assert.deepEqual(findings, []);
      const board = new VirtualBoard({
        board: "rak5010",
        clock: createManualClock(),
        storage: new Map(Object.entries(files)),
      });
      const errors: string[] = [];
      board.on("error", ({ message }) => errors.push(message));
      board.start();
      const text = readFileSync(join(root, "modules", "espruino", `${name}.ts`), "utf8");
      const wanted = [...text.matchAll(/^export \{ (.*) \} from/gm)].flatMap(([, list = ""]) => list.split(", "));
      assert.ok(wanted.length > 0);
      const has = String(board.evaluate(`Object.keys(require("${name}")).join()`)).split(",");
      assert.deepEqual(errors, []);
      assert.deepEqual(has.sort(), wanted.sort());
      for (const each of wanted.filter((other) => other !== "driver")) assert.match(page, new RegExp(`\\b${each}\\b`));
      board.stop();
    });

    it(`${name}: the example of its page is a script that Espruino can run`, () => {
      const [, example = ""] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
      assert.match(example, new RegExp(`require\\("${name}"\\)`));
      // What another page's example has made.
      const others = ["modem", "sockets", "port", "access"];
      const found = checkProfile(example, undefined).filter(
        ({ rule, text }) => !(rule === "unknown-global" && others.includes(text)),
      );
      assert.deepEqual(found, []);
    });
  }

  it("are found and sent by EspruinoTools as they are: what its minifier would make of them is no JavaScript", async () => {
    const directory = mkdtempSync(join(tmpdir(), "godwit-modules-"));
    for (const { name, code } of built) writeFileSync(join(directory, `${name}.js`), code, "latin1");
    const script = built.map(({ name }) => `print(Object.keys(require("${name}")).length);`).join("");
    const tools = join(root, "test", "support", "espruino-tools.cjs");
    const { stdout } = await promisify(execFile)(process.execPath, [tools, directory, script]);
    rmSync(directory, { recursive: true });
    for (const { code } of built) assert.ok(stdout.includes(code.trimEnd()));
    const board = new VirtualBoard({ board: "rak5010", clock: createManualClock() });
    const shown: string[] = [];
    board.on("console", (text) => shown.push(...text.trim().split(/\s+/)));
    board.start();
    board.evaluate(stdout);
    board.stop();
    assert.equal(shown.length, built.length);
    for (const count of shown) assert.ok(Number(count) > 0, count);
  });

  it("carry a publish from the modem over mutual TLS to a broker, together", async () => {
    const rig = await startFirmware({ image: application, storage: files, config: null });
    await rig.until("acknowledged", () => rig.console.includes("acknowledged"));
    assert.deepEqual(
      rig.published.map(({ topic, payload }) => [topic, payload]),
      [["unit/hello", "from modules"]],
    );
    assert.deepEqual(rig.alarms, []);
    await rig.stop();
  });
});
