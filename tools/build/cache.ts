import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDir, root } from "./paths.ts";

export function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** What is in the cache under a key, or undefined; half a file, or one that is gone, counts as nothing. */
export function readCache<T>(kind: string, key: string): T | undefined {
  try {
    return JSON.parse(readFileSync(cacheFile(kind, key), "utf8")) as T;
  } catch {
    return undefined;
  }
}

export function writeCache(kind: string, key: string, value: unknown): void {
  const file = cacheFile(kind, key);
  mkdirSync(dirname(file), { recursive: true });
  // Processes that run in parallel want the same things: a reader sees all of a file or none.
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(value));
  renameSync(`${file}.${process.pid}`, file);
}

/** Computes something once for every key. */
export async function cached<T>(kind: string, key: string, compute: () => Promise<T>): Promise<T> {
  const known = readCache<T>(kind, key);
  if (known !== undefined) return known;
  const value = await compute();
  writeCache(kind, key, value);
  return value;
}

function cacheFile(kind: string, key: string): string {
  return join(cacheDir, kind, `${key}.json`);
}

let version: string | undefined;

/** Changes whenever something that makes bundles changes, so that what is cached is never an old compiler's. */
export function pipelineVersion(): string {
  const folder = join(root, "tools", "build");
  version ??= hash(
    readdirSync(folder)
      .sort()
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .concat(readFileSync(join(root, "package-lock.json"), "utf8"))
      .join("\0"),
  );
  return version;
}
