/** The page as `npm run build:web` makes it: tests run what is shipped. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir } from "../../tools/build/paths.ts";
import { readyWeb } from "../../tools/build-web/build-web.ts";

/** A build takes seconds; a lock that is older was left behind by a process that was killed. */
const STALE_MS = 60_000;

/**
 * A folder with a copy of it, which goes with this process: whoever builds the page meanwhile does not take it away from a
 * browser. Test files run side by side, and only one of them may build.
 */
export async function builtPage(): Promise<string> {
  const lock = join(cacheDir, "page.lock");
  mkdirSync(cacheDir, { recursive: true });
  while (!taken(lock)) await sleep(100);
  try {
    const notes: string[] = [];
    const directory = await readyWeb((note) => notes.push(note));
    // An older page would be tested in its place.
    assert.ok(directory !== undefined && notes.every((note) => note.startsWith("building")), notes.join("\n"));
    return copyOf(directory);
  } finally {
    rmdirSync(lock);
  }
}

function copyOf(directory: string): string {
  const copy = mkdtempSync(join(tmpdir(), "godwit-page-"));
  process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
  cpSync(directory, copy, { recursive: true });
  return copy;
}

function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const age = statSync(lock, { throwIfNoEntry: false });
    if (age !== undefined && Date.now() - age.mtimeMs > STALE_MS) rmdirSync(lock);
    return false;
  }
}
