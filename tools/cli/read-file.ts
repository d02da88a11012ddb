/** Files that a user names on the command line. */
import { readFileSync, statSync } from "node:fs";

/**
 * The text of a file of at most `most` bytes, one char a byte with `latin1`. A device file, a pipe or a file of gigabytes is
 * refused before a byte of it is read. Throws an `Error` with a sentence that follows "cannot read <path>: ".
 */
export function readSmallFile(path: string, most: number, encoding: "latin1" | "utf8"): string {
  const stats = statSync(path);
  if (!stats.isFile()) throw new Error("it is no file");
  if (stats.size > most) throw new Error(`it has more than ${most.toLocaleString("en-US")} bytes`);
  return readFileSync(path, encoding);
}
