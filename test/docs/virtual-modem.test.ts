/** docs/virtual-modem.md lists the commands of the virtual modem, and no others. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/build/paths.ts";
import { createClock } from "../../tools/clock.ts";
import { createVirtualModem } from "../../tools/virtual-modem/index.ts";

const text = readFileSync(join(root, "docs", "virtual-modem.md"), "utf8");
const [, listed = ""] = /## Commands\n([\s\S]*?)\n## /.exec(text) ?? [];
const names = (source: string): string[] => [...new Set(source.match(/\+[A-Z]{3,}/g))].sort();

test("the table of commands has what the code has", () => {
  const folder = join(root, "tools", "virtual-modem", "quectel-bg9x");
  const source = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
  const handled = [...source.matchAll(/^ *"(\+[A-Z]{3,})": /gm)].map(([, name]) => name as string);
  assert.ok(handled.length > 80, `${handled.length} found`);
  assert.deepEqual(
    [...new Set(handled)].filter((name) => !names(listed).includes(name)),
    [],
  );
});

test("every command of the table is known to the modem: it says what it takes, or does it", async () => {
  const modem = createVirtualModem({ clock: createClock() });
  let heard = "";
  modem.uart.on("data", (bytes: Buffer) => {
    heard += bytes.toString("latin1");
  });
  modem.powerOn();
  const ask = async (line: string): Promise<string> => {
    heard = "";
    modem.uart.write(`${line}\r`);
    for (let turn = 0; turn < 500 && !/\r\n(OK|ERROR|\+CM[ES] ERROR: .*)\r\n$/.test(heard); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return heard;
  };
  while (!(await ask("ATE0")).includes("OK"));
  const unknown: string[] = [];
  for (const name of names(listed)) {
    if ((await ask(`AT${name}=?`)).includes("OK")) continue;
    // Those without a test form are read or run.
    if (!(await ask(`AT${name}?`)).includes("OK") && !(await ask(`AT${name}`)).includes("OK")) unknown.push(name);
  }
  modem.powerCut();
  assert.deepEqual(unknown, []);
});
