import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { isFresh, newestMs } from "../../tools/build-web/build-web.ts";

let folder: string;

/** A file that was changed at second `at`. */
function file(at: number, ...path: string[]): void {
  const full = join(folder, ...path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, "");
  utimesSync(full, at, at);
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), "godwit-web-"));
  file(100, "web", "src", "deep", "a.ts");
  file(50, "web", "index.html");
  file(900, "web", "node_modules", "x", "index.js");
  file(900, "web", ".cache", "x");
  file(70, "lock.json");
});

after(() => rmSync(folder, { recursive: true }));

test("the newest change is found at any depth, without what is installed or hidden", () => {
  assert.equal(newestMs(join(folder, "web")), 100_000);
  assert.equal(newestMs(join(folder, "lock.json")), 70_000);
  assert.equal(newestMs(join(folder, "nothing")), 0);
});

test("a build is fresh until one of its sources is changed", () => {
  const sources = [join(folder, "web"), join(folder, "lock.json")];
  assert.equal(isFresh(join(folder, "dist"), sources), false);
  file(200, "dist", "index.html");
  assert.equal(isFresh(join(folder, "dist"), sources), true);
  file(201, "web", "src", "new.ts");
  assert.equal(isFresh(join(folder, "dist"), sources), false);
});
