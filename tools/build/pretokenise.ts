import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import * as acorn from "acorn";
import { root } from "./paths.ts";

interface Espruino {
  Plugins: { Pretokenise?: { tokenise(code: string): string; untokenise(code: string): string } };
}

let plugin: Espruino["Plugins"]["Pretokenise"];

/**
 * The image as the interpreter's own tokens, one char a byte: smaller, faster, and binary, so it has to be uploaded by
 * packets. The work is done by the plugin of EspruinoTools, which wants an Espruino around it.
 */
export function pretokenise(code: string): string {
  return load().tokenise(code);
}

export function untokenise(code: string): string {
  return load().untokenise(code);
}

function load(): NonNullable<Espruino["Plugins"]["Pretokenise"]> {
  if (plugin) return plugin;
  const espruino = {
    Plugins: {} as Espruino["Plugins"],
    Config: { PRETOKENISE: 2 }, // 2: strings and numbers too, which 2v26 and later read
    Core: { Env: { getBoardData: () => ({}) }, Utils: { toJSONishString: JSON.stringify, atob } },
  };
  const source = readFileSync(join(root, "node_modules", "espruino", "plugins", "pretokenise.js"), "utf8");
  runInNewContext(source, { Espruino: espruino, acorn, console });
  if (!espruino.Plugins.Pretokenise) throw new Error("the pretokenise plugin of EspruinoTools did not load");
  plugin = espruino.Plugins.Pretokenise;
  return plugin;
}
