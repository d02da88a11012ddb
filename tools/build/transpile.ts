import ts from "typescript";

export interface Transpiled {
  code: string;
  /** Source map, as JSON. */
  map: string | null;
}

/**
 * ES2020 and not ES2015, on purpose. The interpreter knows `??` and `catch {}` itself (TypeScript's ES2015 spelling of
 * them is two to three times as long), and what it does not know (`?.`, `**`, spread, async) must reach the profile
 * check as it was written, to be rejected with advice, not be lowered into code that nobody reads.
 */
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2020,
  module: ts.ModuleKind.ESNext,
  // Espruino stores a class field once, on the prototype: fields become assignments in the constructor instead.
  useDefineForClassFields: false,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  // The minifier reads some: /*@__NOINLINE__*/ keeps a function out of the one that calls it.
  removeComments: false,
  sourceMap: true,
  newLine: ts.NewLineKind.LineFeed,
};

/** One file of TypeScript to JavaScript, without looking at any other; types are not checked here. */
export function transpile(code: string, id: string): Transpiled {
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
}
