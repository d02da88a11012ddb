#!/usr/bin/env node
// The one entry of everything in tools/: makes Node read TypeScript, then goes on in main.ts.
import { register } from "tsx/esm/api";

register();
const { main } = await import("./main.ts");
await main(process.argv);
