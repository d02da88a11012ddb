import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import MagicString from "magic-string";
import { pretokenise } from "../../tools/build/pretokenise.ts";
import type { Annotation, SourcePlace, SymbolImage } from "../../tools/symbols/symbols.ts";

const fixtures = join(dirname(fileURLToPath(import.meta.url)), "fixtures");

export function fixture(name: string): string {
  return readFileSync(join(fixtures, name), "latin1");
}

/** A script that is its own source: each char of it is mapped to itself. */
export function imageOf(script: string, code = pretokenise(script)): SymbolImage {
  const map = new MagicString(script).generateMap({ hires: true, source: "program.txt" }).toString();
  return { code, symbols: { script, map, names: {} } };
}

export function framesOf(annotations: readonly Annotation[]): { text: string; source: SourcePlace | undefined }[] {
  return annotations.flatMap((annotation) => (annotation.kind === "frame" ? [annotation.frame] : []));
}

/** `7 method`, `7` for a function without a name, `?` for what is in no image, with `perhaps` in front of a guess. */
export function describePlace(source: SourcePlace | undefined): string {
  if (source === undefined) return "?";
  return `${source.isGuess ? "perhaps " : ""}${source.line}${source.name === undefined ? "" : ` ${source.name}`}`;
}

export function textOf(annotations: readonly Annotation[]): string {
  return annotations.map(({ text }) => text).join("");
}
