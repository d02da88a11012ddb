import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Plugin } from "rollup";
import ts from "typescript";

/**
 * ES2020 and not ES2015, on purpose. The interpreter knows `??` and `catch {}` itself (TypeScript's ES2015 spelling of
 * them is two to three times as long), and what it does not know (`?.`, `**`, spread, async) must reach the profile
 * check as it was written, to be rejected with advice, not be lowered into code that nobody reads.
 */
export const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2020,
  module: ts.ModuleKind.ESNext,
  // Espruino stores a class field once, on the prototype: fields become assignments in the constructor instead.
  useDefineForClassFields: false,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  removeComments: true,
  sourceMap: true,
  newLine: ts.NewLineKind.LineFeed,
};

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

    transform(code, id) {
      if (!id.endsWith(".ts")) return null;
      const output = ts.transpileModule(code, { compilerOptions, fileName: id, reportDiagnostics: true });
      const problem = output.diagnostics?.[0];
      if (problem) {
        const at = problem.file?.getLineAndCharacterOfPosition(problem.start ?? 0);
        const place = at ? `:${at.line + 1}:${at.character + 1}` : "";
        throw new Error(`${id}${place}: ${ts.flattenDiagnosticMessageText(problem.messageText, "\n")}`);
      }
      return {
        code: output.outputText.replace(/^\/\/# sourceMappingURL=.*$/m, ""),
        map: output.sourceMapText ?? null,
      };
    },
  };
}
