/**
 * What MQTT costs on the interpreter, in instructions, beside Espruino's own client and in the same run:
 *
 *   ESPRUINO_COUNT=<command> ESPRUINO_MQTT=<MQTT.js> npx tsx bench/mqtt.ts
 *
 * `ESPRUINO_COUNT <script> [<name>=<file> ...]` boots the script from Storage, with the files in Storage too, and ends its
 * output with a line that is the number of instructions of the whole run; it has to be the same every time. The figures in
 * docs/adr/0005-mqtt.md are from a Thumb-2 build, 12,500 variables of 14 bytes, soft float, in user-mode emulation. MQTT.js is
 * Espruino's module (EspruinoDocs, modules/MQTT.js), minified here by the same minifier.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { minify } from "terser";
import { bundleFirmware } from "../tools/build/firmware.ts";
import { root } from "../tools/build/paths.ts";
import { pretokenise } from "../tools/build/pretokenise.ts";

/** Few, so that nothing has to wait for the in-flight window. */
const ROUNDS = 3;

const steps = ["publish, QoS 1, 100 bytes to an 18-byte topic", "its PUBACK", "hear such a PUBLISH and answer it"];

const theirs = `
var wrote, socket = {
  write: function (bytes) { wrote = bytes; },
  on: function (event, listener) { this["#" + event] = listener; },
  end: function () {}
};
var client = require("MQTT").create("x", { client_id: "bench" });
client.on("message", function () {});
client.connect(socket);
socket["#data"]("\\x20\\x02\\0\\0");
var TOPIC = "godwit/bench/topic", PAYLOAD = "0123456789".repeat(10), QOS1 = { qos: 1 };
setTimeout(function () {
  print("JsVars " + process.memory().usage);
  for (var round = 0; round < ROUNDS; round++) {
    if (STEP == 1 || STEP == 2) client.publish(TOPIC, PAYLOAD, QOS1);
    if (STEP == 2) socket["#data"]("@\\x02" + wrote.slice(22, 24));
    if (STEP == 3) socket["#data"]("2z\\0\\x12" + TOPIC + "\\0\\x09" + PAYLOAD);
  }
  clearInterval();
}, 1);
`;

interface Count {
  instructions: number;
  variables: number;
}

interface Contestant {
  name: string;
  script: string;
  files: string[];
}

function count(command: string, directory: string, one: Contestant, step: number, rounds: number): Count {
  const file = join(directory, "script.js");
  writeFileSync(file, `var ROUNDS=${rounds},STEP=${step};${one.script}`, "latin1");
  const result = spawnSync(command, [file, ...one.files], { encoding: "latin1", shell: true, timeout: 60_000 });
  const last = result.stdout.trim().split("\n").at(-1) ?? "";
  const variables = /JsVars (\d+)/.exec(result.stdout + result.stderr)?.[1];
  if (result.status !== 0 || !/^\d+$/.test(last) || variables === undefined) {
    throw new Error(`${command} did not count ${one.name}: ${result.stdout.slice(-500)} ${result.stderr.slice(-500)}`);
  }
  return { instructions: Number(last), variables: Number(variables) };
}

/** Instructions of one round of each step, and variables in use once connected. */
function measure(command: string, directory: string, one: Contestant): { steps: number[]; variables: number } {
  const perRound = (step: number) =>
    (count(command, directory, one, step, 2 * ROUNDS).instructions -
      count(command, directory, one, step, ROUNDS).instructions) /
    ROUNDS;
  const loop = perRound(0);
  const [publish, both, hear] = [1, 2, 3].map(perRound) as [number, number, number];
  return {
    steps: [publish - loop, both - publish, hear - loop].map(Math.round),
    variables: count(command, directory, one, 0, 1).variables,
  };
}

async function main(): Promise<void> {
  const command = process.env["ESPRUINO_COUNT"];
  const peer = process.env["ESPRUINO_MQTT"];
  if (!command || !peer) {
    console.log("skipped: ESPRUINO_COUNT names no counter, or ESPRUINO_MQTT no MQTT.js of Espruino");
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "godwit-bench-"));
  try {
    const source = await minify(readFileSync(peer, "utf8"), {
      ecma: 2015,
      toplevel: true,
      compress: { passes: 2, keep_fargs: true },
      mangle: { reserved: ["of"] },
      format: { keep_numbers: true },
    });
    const module = join(directory, "MQTT.min.js");
    writeFileSync(module, source.code ?? "", "latin1");
    const entry = join(root, "bench", "device", "mqtt.ts");
    const build = (features: Record<string, boolean>) => bundleFirmware({ board: "rak5010", entry, features });
    const plain = await build({ MQTT5: false, OUTBOX: false });
    const five = await build({ MQTT5: true, OUTBOX: false });
    const contestants: Contestant[] = [
      { name: "Espruino's MQTT.js", script: theirs, files: [`MQTT=${module}`] },
      { name: "godwit", script: plain.code, files: [] },
      { name: "godwit, pretokenised", script: pretokenise(plain.code), files: [] },
      { name: "godwit with MQTT 5, speaking 3.1.1", script: five.code, files: [] },
    ];
    const bare = { name: "the bare interpreter", script: 'print("JsVars "+process.memory().usage)', files: [] };
    const unused = count(command, directory, bare, 0, 0).variables;
    const rows = contestants.map((one) => ({ name: one.name, ...measure(command, directory, one) }));
    const [reference] = rows as [(typeof rows)[number]];
    for (const [index, what] of [...steps, "JsVars above the bare interpreter, connected"].entries()) {
      console.log(`\n${what}`);
      for (const row of rows) {
        const value = (of: typeof row) => of.steps[index] ?? of.variables - unused;
        const share = ((100 * value(row)) / value(reference)).toFixed(0);
        console.log(`  ${row.name.padEnd(36)} ${value(row).toLocaleString("en").padStart(9)}  ${share.padStart(4)} %`);
      }
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

await main();
