/** The page as files: `dist/web`, built when it is not there or older than what it is made of. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { cacheDir, distDir, root } from "../build/paths.ts";

/** What the page is made of: its own files, the parts that it shares with the command line, and the names of the boards. */
const SOURCES = ["web", "tools", "boards", "package-lock.json"].map((name) => join(root, name));

export const webDir = join(distDir, "web");

/** Newest change of a file, or of all below a folder; 0 where there is none. Milliseconds since 1970. */
export function newestMs(path: string): number {
  if (!existsSync(path)) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = readdirSync(path).filter((name) => name !== "node_modules" && !name.startsWith("."));
  return Math.max(0, ...inside.map((name) => newestMs(join(path, name))));
}

/** Whether a build is there and none of `sources` was changed after it. */
export function isFresh(built: string, sources: readonly string[]): boolean {
  const index = join(built, "index.html");
  return existsSync(index) && sources.every((source) => newestMs(source) <= statSync(index).mtimeMs);
}

async function build(directory: string): Promise<void> {
  const vite = await import("vite");
  // Beside its place, so that a server that reads the old one never meets half a page, and two builds never mix.
  for (const parent of [cacheDir, dirname(directory)]) mkdirSync(parent, { recursive: true });
  const fresh = mkdtempSync(join(cacheDir, "web-"));
  try {
    // What is wrong is in the error; the bundler would print it a second time, into somebody else's output.
    await vite.build({ root: join(root, "web"), logLevel: "silent", build: { outDir: fresh, emptyOutDir: true } });
    rmSync(directory, { recursive: true, force: true });
    renameSync(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/**
 * The folder of the page; undefined: there is none. Says by `note` that it is being built, which takes some seconds, and why
 * it could not be. A page that was packaged without its sources is taken as it is, and so is an old one rather than none.
 */
export async function readyWeb(note: (text: string) => void, directory = webDir): Promise<string | undefined> {
  const hasPage = existsSync(join(directory, "index.html"));
  const hasSources = existsSync(join(root, "web", "index.html"));
  if (hasPage && (!hasSources || isFresh(directory, SOURCES))) return directory;
  if (!hasSources) {
    note("no page: neither web/ nor dist/web is there");
    return undefined;
  }
  note("building the page, which takes a few seconds the first time");
  try {
    await build(directory);
    return directory;
  } catch (error) {
    note(`${hasPage ? "the page is an older one" : "no page"}: ${firstLines(error)}`);
    return hasPage ? directory : undefined;
  }
}

/** The bundler's message has colours and a picture of the place; what and where is in its first lines. */
function firstLines(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lines = stripVTControlCharacters(text).split("\n");
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, 2)
    .join(" ");
}
