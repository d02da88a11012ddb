/** What the interpreter (2v29.277, 12,500 JsVars of 14 bytes, no Unicode) answered; both boards have to answer so. */
import { readFileSync } from "node:fs";

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8"));

/** Expressions and their values as text, by topic. They build on each other: run them in order, on one board. */
export const expressions = fixture("expressions.json") as Readonly<Record<string, readonly [string, string][]>>;

export interface Script {
  readonly name: string;
  readonly script: string;
  /** What it prints within `SCRIPT_MS`, without stack traces. */
  readonly prints: readonly string[];
}

export const scripts = fixture("scripts.json") as readonly Script[];
export const SCRIPT_MS = 150;

/** Makes a string of any outcome, on whichever interpreter runs it. */
export const probe = (expression: string): string =>
  `(function(){try{return ""+eval(${JSON.stringify(expression)})}` +
  `catch(e){return "throws "+(e&&e.message!==undefined?e.message:e)}})()`;

/** Console output as `prints` has it: no prompts, no stack traces, no carriage returns. */
export function normalise(text: string): string[] {
  return (
    text
      .replaceAll("\r", "")
      .replaceAll(">\x1b[J", "")
      // The interpreter shows the source line and a caret below each frame, the virtual board does not.
      .replace(/\n\s+at [^\n]*(\n[^\n]*\n\s*\^)?/g, "")
      .trim()
      .split("\n")
      .map((line) => line.trimEnd())
  );
}
