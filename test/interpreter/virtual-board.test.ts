/** The same tables as test/virtual-board/quirks.test.ts on the real interpreter: the virtual board may not lag behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { expressions, normalise, probe, SCRIPT_MS, scripts } from "../virtual-board/quirks.ts";
import { interpreterPath } from "./harness.ts";

const BEGIN = "\x01";
const END = "\x02";
const RUN_LIMIT_MS = 30_000;

/** Runs a script and gives what it printed before `END`. */
function run(script: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "godwit-quirks-"));
  writeFileSync(join(directory, "script.js"), script, "latin1");
  const child = spawn(interpreterPath() as string, ["script.js"], { cwd: directory });
  return new Promise((resolve, reject) => {
    let text = "";
    const finish = (): void => {
      clearTimeout(limit);
      child.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    };
    const limit = setTimeout(() => {
      finish();
      reject(new Error(`the interpreter did not come to an end; it said: ${text.slice(-500)}`));
    }, RUN_LIMIT_MS);
    child.on("error", reject);
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      if (!text.includes(END)) return;
      finish();
      resolve(text.slice(text.indexOf(BEGIN) + 1, text.indexOf(END)));
    });
  });
}

const print = (char: string): string => `print("\\x0${char.charCodeAt(0)}");`;

describe("interpreter: the tables of the virtual board", {
  skip: interpreterPath() ? false : "ESPRUINO is not set",
}, () => {
  const answers = new Map<number, string>();
  const all = Object.values(expressions).flat();
  let isClockSet = false;
  before(async () => {
    // A build for Linux may leave the computer's clock alone.
    const now = await run(`${print(BEGIN)}setTime(1.2e9);print(Math.round(getTime()/1e7));${print(END)}`);
    isClockSet = now.trim() === "120";
    const memory = 'print("\\x03-1 "+process.memory().total+" "+process.memory().blocksize+"\\x04");';
    const lines = all.map(([expression], index) => `print("\\x03${index} "+${probe(expression)}+"\\x04");`);
    const text = await run([print(BEGIN), memory, ...lines, print(END)].join("\n"));
    for (const part of text.replaceAll("\r", "").split("\x03").slice(1)) {
      const at = part.indexOf(" ");
      // The interpreter's own remarks stand behind the mark.
      answers.set(Number(part.slice(0, at)), part.slice(at + 1).split("\x04")[0] ?? "");
    }
    assert.equal(answers.get(-1), "12500 14", "the tables are those of a board-like build: 12,500 JsVars of 14 bytes");
  });

  let index = 0;
  for (const [topic, table] of Object.entries(expressions)) {
    const first = index;
    index += table.length;
    it(topic, () => {
      assert.deepEqual(
        table.map(([expression], offset) => [expression, answers.get(first + offset)]),
        table,
      );
    });
  }

  for (const { name, script, prints } of scripts) {
    it(name, async (context) => {
      if (script.includes("setTime(") && !isClockSet) return context.skip("setTime does nothing in this build");
      const text = await run(`${print(BEGIN)}setTimeout(function(){${print(END)}},${SCRIPT_MS});\n${script}\n`);
      assert.deepEqual(normalise(text), prints);
    });
  }
});
