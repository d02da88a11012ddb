#!/usr/bin/env node
// The one entry of everything in tools/: makes Node read TypeScript, then goes on in main.ts.
import module from "node:module";
import { register } from "tsx/esm/api";

module.enableCompileCache?.(); // Node 22 and later keep what they compiled
register();
const { main } = await import("./main.ts");
await main(process.argv);
