/** The error table from this checkout. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../build/paths.ts";
import { type ErrorTable, parseErrorTable } from "./error-table.ts";

export function readErrorTable(path = join(root, "docs", "errors.md")): ErrorTable {
  return parseErrorTable(readFileSync(path, "utf8"));
}
