/** Files of the built page: which one a path means, and how it is sent. */
import { readFile, realpath, stat } from "node:fs/promises";
import { extname, join, resolve, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json; charset=utf-8",
  ".svg": "image/svg+xml; charset=utf-8",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

/** Larger than any file of the page; what is larger is not the page's. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface FoundFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly etag: string;
  /** The name has a hash of the content in it, so that it never changes. */
  readonly isImmutable: boolean;
}

export function contentType(path: string): string {
  return TYPES[extname(path).toLowerCase()] ?? "application/octet-stream";
}

/**
 * The parts of a request's path, decoded once; undefined for what no link of the page has: parts that lead up or are
 * hidden, separators of other systems, control characters, broken escapes.
 */
export function pathParts(target: string): string[] | undefined {
  const [path = ""] = target.split(/[?#]/);
  if (!path.startsWith("/")) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // A character that was escaped twice is none of the page's either.
  if (!/^[\w\-./@~+ ]*$/.test(decoded)) return undefined;
  const parts = decoded.split("/").filter((part) => part !== "");
  return parts.some((part) => part.startsWith(".")) ? undefined : parts;
}

/** `/` is index.html. Undefined: there is no such file in `root`. */
export async function findFile(root: string, target: string): Promise<FoundFile | undefined> {
  const parts = pathParts(target);
  if (parts === undefined) return undefined;
  const wanted = parts.length === 0 ? ["index.html"] : parts;
  try {
    const base = await realpath(resolve(root));
    // Also what a symbolic link leads to has to be inside.
    const path = await realpath(join(base, ...wanted));
    if (!path.startsWith(base + sep)) return undefined;
    const { size, mtimeMs } = await stat(path);
    if (size > MAX_BYTES) return undefined;
    return {
      bytes: await readFile(path),
      type: contentType(path),
      etag: `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`,
      isImmutable: wanted[0] === "assets" && /-[\w-]{8,}\.\w+$/.test(path),
    };
  } catch {
    // A folder, or nothing.
    return undefined;
  }
}
