import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./paths.ts";

export interface TypeCheck {
  isOk: boolean;
  /** What the compiler printed. */
  output: string;
}

/**
 * Type-checks the device project in a process of its own, beside the bundling: the compiler keeps what it found out in
 * .cache, so that a second run looks at changed files only.
 */
export function typecheckDevice(): Promise<TypeCheck> {
  return new Promise((resolve, reject) => {
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const child = spawn(process.execPath, [tsc, "-b", "tsconfig.json", "--pretty", "false"], { cwd: root });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ isOk: code === 0, output }));
  });
}
