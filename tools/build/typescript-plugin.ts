import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Plugin } from "rollup";
import { cached, hash, pipelineVersion } from "./cache.ts";
import type { Transpiled } from "./transpile.ts";

export interface TypeScriptPluginOptions {
  /** What an import of a module without a file gives, for example `godwit:build`: a path, or the module's text. */
  virtual: Record<string, { path: string } | { code: string }>;
  /** Called for every file that goes into the bundle. */
  onFile?: (path: string, text: string) => void;
}

const virtualPrefix = "\0virtual:";

export function typeScriptPlugin(options: TypeScriptPluginOptions): Plugin {
  return {
    name: "godwit-typescript",

    resolveId(specifier, importer) {
      const virtual = options.virtual[specifier];
      if (virtual) return "path" in virtual ? virtual.path : virtualPrefix + specifier;
      if (specifier.startsWith("godwit:")) {
        throw new Error(`${importer}: there is no module ${specifier}; there are ${Object.keys(options.virtual)}`);
      }
      if (specifier.startsWith(".") && importer) return resolve(dirname(importer), specifier);
      if (specifier.startsWith("/")) return specifier;
      throw new Error(
        `${importer}: cannot import "${specifier}": device code imports by relative path with the .ts extension; ` +
          `modules inside the interpreter come from require("${specifier}")`,
      );
    },

    async load(id) {
      if (id.startsWith(virtualPrefix)) {
        const virtual = options.virtual[id.slice(virtualPrefix.length)];
        return virtual && "code" in virtual ? virtual.code : null;
      }
      const text = await readFile(id, "utf8");
      options.onFile?.(id, text);
      return text;
    },

    async transform(code, id) {
      if (!id.endsWith(".ts")) return null;
      const key = hash([pipelineVersion(), id, code].join("\0"));
      // Loaded late: the compiler takes half a second to load, and most files have not changed.
      const output = await cached<Transpiled>("transpiled", key, async () =>
        (await import("./transpile.ts")).transpile(code, id),
      );
      return { code: output.code, map: output.map };
    },
  };
}
