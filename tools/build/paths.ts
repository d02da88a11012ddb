import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const cacheDir = join(root, ".cache");
export const distDir = join(root, "dist");
/** What the interpreter has, as we say it. */
export const declarationFiles = ["language.d.ts", "espruino.d.ts"].map((file) => join(root, "types", file));
