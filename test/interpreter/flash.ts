import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { literal } from "./frames.ts";

/** A script of one chunk is about four times as long as the chunk and has to fit the variables of a small board. */
const CHUNK = 4096;

/** Writes files into the interpreter's Storage, by the interpreter itself: the format is its own affair. */
export function writeStorage(binary: string, directory: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    for (let at = 0; at < content.length; at += CHUNK) {
      const chunk = literal(content.slice(at, at + CHUNK));
      const call = `require("Storage").write(${literal(name)},${chunk},${at},${content.length})`;
      runScript(binary, directory, `if(!${call})throw new Error("Storage.write failed");quit();`);
    }
  }
}

function runScript(binary: string, directory: string, script: string): void {
  const file = join(directory, "write-storage.js");
  writeFileSync(file, script, "latin1");
  // A script argument keeps the interpreter from running what is in its flash already.
  const result = spawnSync(binary, [file], { cwd: directory, input: "", encoding: "latin1", timeout: 30_000 });
  rmSync(file);
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`the interpreter could not write its Storage: ${result.stdout}`);
}
