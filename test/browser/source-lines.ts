import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The lines of source to which the frames of a stack trace point that are in `file`, from the inside out. */
export function sourceLines(trace: string, file: string): string[] {
  const lines = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8").split("\n");
  const frames = trace.matchAll(/<- (?:perhaps )?([\w./-]+):(\d+)/g);
  return [...frames].filter(([, at]) => at === file).map(([, , line]) => lines[Number(line) - 1]?.trim() ?? "");
}
