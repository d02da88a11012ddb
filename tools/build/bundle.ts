import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { OutputOptions, Plugin, SourceMap } from "rollup";
import { hash, pipelineVersion, readCache, writeCache } from "./cache.ts";
import { root } from "./paths.ts";

export interface Bundle {
  code: string;
  /** Source map, version 3, as JSON; its sources are paths relative to the project's root. */
  map: string;
}

export interface BundleOptions {
  /** The board that `godwit:board` gives; without it such an import fails. */
  board?: string;
  /** What `godwit:build` exports. */
  build?: BuildConstants;
  /** What `godwit:features` exports, in place of what the board says; without a board, nothing is on. */
  features?: Partial<Features>;
  /** `let` and `const` become `var` where that is safe, as in the firmware. Default true. */
  lower?: boolean;
}

/** Parts of the firmware that a board may leave out: constants, so that the bundler takes out what they switch off. */
export interface Features {
  /** MQTT 5 beside 3.1.1. */
  MQTT5: boolean;
  /** Accepted messages outlive a reset, in flash pages of their own. */
  OUTBOX: boolean;
}

export const featureNames = ["MQTT5", "OUTBOX"] as const satisfies (keyof Features)[];

/** What is on: what was asked for, else what the board's file says (`export const MQTT5 = false;`), else nothing. */
export function featuresOf(board: string | undefined, asked: Partial<Features> = {}): Features {
  const text = board === undefined ? "" : readFileSync(join(root, "boards", `${board}.ts`), "utf8");
  const isOn = (name: keyof Features): boolean => {
    const said = new RegExp(`^export const ${name} = (true|false);$`, "m").exec(text)?.[1];
    if (board !== undefined && said === undefined)
      throw new Error(`boards/${board}.ts does not say whether it has ${name}`);
    return asked[name] ?? said === "true";
  };
  return Object.fromEntries(featureNames.map((name) => [name, isOn(name)])) as Record<keyof Features, boolean>;
}

/** What a board's file says to tools: how the interpreter calls it, and the button that opens a locked console. */
export function boardFacts(board: string): { espruino: string; service: string | undefined } {
  const text = readFileSync(join(root, "boards", `${board}.ts`), "utf8");
  const said = (name: string) => new RegExp(`^export const ${name} = "(\\w+)";$`, "m").exec(text)?.[1];
  const espruino = said("ESPRUINO");
  if (espruino === undefined)
    throw new Error(`boards/${board}.ts does not say ESPRUINO, what the interpreter calls it`);
  return { espruino, service: said("SERVICE") };
}

export interface BuildConstants {
  /** Seconds since 1970: no clock may show less. */
  BUILD_TIME: number;
  VERSION: string;
  BOARD: string;
}

/** A module of the device as one script: its exports are put on the script's `exports`, as for a Storage module. */
export async function bundleModule(entry: string, options: BundleOptions = {}): Promise<Bundle> {
  const path = isAbsolute(entry) ? entry : join(root, entry);
  if (!existsSync(path)) throw new Error(`cannot bundle ${entry}: there is no such file`);
  const features = featuresOf(options.board, options.features);
  const key = hash(JSON.stringify([pipelineVersion(), relative(root, path), options, features]));
  const known = readCache<CacheEntry>("bundles", key);
  if (known && isFresh(known)) return { code: known.code, map: known.map };

  const files: Record<string, string> = {};
  const [bundle] = await rollupScript(path, options, {
    format: "cjs",
    exports: "named",
    onFile: (file, text) => {
      files[relative(root, file)] = hash(text);
    },
    outputs: [options.lower === false ? [] : await lowering()],
  });
  if (!bundle) throw new Error(`rollup made nothing of ${entry}`);
  writeCache("bundles", key, { ...bundle, files } satisfies CacheEntry);
  return bundle;
}

interface CacheEntry extends Bundle {
  /** What went into it, by path, as hashes. */
  files: Record<string, string>;
}

function isFresh(entry: CacheEntry): boolean {
  return Object.entries(entry.files).every(([file, sum]) => {
    const path = join(root, file);
    return existsSync(path) && hash(readFileSync(path, "utf8")) === sum;
  });
}

interface ScriptOptions {
  format: "cjs" | "es";
  exports?: "named" | "none";
  onFile?: (path: string, text: string) => void;
  /** One script for each: what runs over it, in this order. */
  outputs: Plugin[][];
}

/** Function declarations to arrows, then `let` and `const` to `var`. */
export async function lowering(): Promise<Plugin[]> {
  const [{ lowerDeclarations }, { lowerFunctions }] = await Promise.all([import("./lower.ts"), import("./arrows.ts")]);
  return [
    { name: "godwit-arrows", renderChunk: (code) => lowerFunctions(code) },
    { name: "godwit-lower", renderChunk: (code) => lowerDeclarations(code) },
  ];
}

/** The first half of every build: modules in, one script out, in an order in which everything is defined first. */
export async function rollupScript(entry: string, options: BundleOptions, script: ScriptOptions): Promise<Bundle[]> {
  // Loaded late: a test that finds its bundle in the cache starts half a second sooner.
  const [{ rollup }, { typeScriptPlugin }] = await Promise.all([import("rollup"), import("./typescript-plugin.ts")]);
  const { onFile } = script;
  const build = await rollup({
    input: entry,
    plugins: [typeScriptPlugin({ virtual: virtualModules(options), ...(onFile ? { onFile } : {}) })],
    // An image has nobody to export to: what main.ts exports is not kept for its own sake.
    preserveEntrySignatures: script.format === "es" ? false : "strict",
    treeshake: { moduleSideEffects: script.format === "es", tryCatchDeoptimization: false },
    onwarn: (warning, warn) => {
      // A cycle has no order in which everything is defined before its use.
      if (warning.code === "CIRCULAR_DEPENDENCY") throw new Error(`circular import: ${warning.message}`);
      if (warning.code !== "EMPTY_BUNDLE") warn(warning);
    },
  });
  const output: OutputOptions = {
    format: script.format,
    strict: false,
    esModule: false,
    externalLiveBindings: false,
    generatedCode: { preset: "es2015", symbols: false },
    sourcemap: true,
    ...(script.exports ? { exports: script.exports } : {}),
  };
  const bundles: Bundle[] = [];
  for (const plugins of script.outputs) {
    const { output: chunks } = await build.generate({ ...output, plugins });
    const { code, map } = chunks[0];
    bundles.push({ code: code.replace(/\/\/# sourceMappingURL=.*\n?$/, ""), map: relativeMap(map) });
  }
  await build.close();
  return bundles;
}

function virtualModules(options: BundleOptions): Record<string, { path: string } | { code: string }> {
  const virtual: Record<string, { path: string } | { code: string }> = {};
  const build = options.build ?? { BUILD_TIME: 0, VERSION: "0.0.0", BOARD: options.board ?? "" };
  virtual["godwit:build"] = {
    code: Object.entries(build)
      .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`)
      .join(""),
  };
  const path = options.board && join(root, "boards", `${options.board}.ts`);
  virtual["godwit:features"] = {
    code: Object.entries(featuresOf(options.board, options.features))
      .map(([name, isOn]) => `export const ${name} = ${isOn};\n`)
      .join(""),
  };
  if (path) {
    virtual["godwit:board"] = { path };
    virtual["godwit:driver"] = { path };
  }
  return virtual;
}

function relativeMap(map: SourceMap | null): string {
  if (!map) throw new Error("rollup made no source map");
  // Rollup was given no file name, so its sources are relative to the current directory.
  const sources = map.sources.map((s) => (s.startsWith("\0") ? s.slice(1) : relative(root, resolve(s))));
  return JSON.stringify({ ...map, sources });
}
