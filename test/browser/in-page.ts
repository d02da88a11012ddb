/** Scripts of test/browser/page/, which run in the page and not in Node. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The script as the browser takes it. Each is a whole: it imports nothing, and uses the DOM and nothing of Node. */
export function inPageScript(name: string): string {
  const path = fileURLToPath(new URL(`page/${name}.ts`, import.meta.url));
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
    fileName: path,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
  });
  // A scope of its own: what a script declares is not the page's. `export {}` only made it a module for the compiler.
  return `{${outputText.replace(/^export \{\};$/m, "")}}`;
}

/** An expression that calls a function of an in-page script; arguments travel as JSON, so that a byte stays a char. */
export function callInPage(name: string, ...args: readonly unknown[]): string {
  return `${name}(${args.map((arg) => JSON.stringify(arg)).join(",")})`;
}
