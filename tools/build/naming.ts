import { join, relative } from "node:path";
import ts from "typescript";
import { root } from "./paths.ts";

export interface NamingProblem {
  file: string;
  line: number;
  message: string;
}

/**
 * Finds where a property name becomes text, or text a property name, though the build renames that property. The
 * program would work until it is minified, and then read `undefined`. Only types can tell, so this is not part of the
 * profile check but of `npm run check`.
 */
export function checkNaming(program: ts.Program, kept: ReadonlySet<string>): NamingProblem[] {
  const checker = program.getTypeChecker();
  const problems: NamingProblem[] = [];
  const report = (node: ts.Node, message: string) => {
    const source = node.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    problems.push({ file: relative(root, source.fileName), line: line + 1, message });
  };
  const renamed = (name: string) => !kept.has(name) && /^[A-Za-z_$][\w$]*$/.test(name);

  function visit(node: ts.Node): void {
    if (ts.isObjectLiteralExpression(node)) dictionaryKeys(node);
    else if (ts.isElementAccessExpression(node)) computedAccess(node);
    else if (ts.isCallExpression(node)) serialised(node);
    else if (ts.isAsExpression(node) && isParsed(node.expression)) {
      for (const name of renamedNames(checker.getTypeAtLocation(node))) {
        report(node, `"${name}" is read from JSON and renamed by the build: its interface needs @public`);
      }
    }
    ts.forEachChild(node, visit);
  }

  /** `{open: 1}` where any name may stand is a table that is looked up by text. */
  function dictionaryKeys(node: ts.ObjectLiteralExpression): void {
    const type = checker.getContextualType(node);
    if (!type || !checker.getIndexInfoOfType(type, ts.IndexKind.String)) return;
    for (const property of node.properties) {
      if (!property.name || !ts.isIdentifier(property.name)) continue;
      const { text } = property.name;
      if (type.getProperty(text) || !renamed(text)) continue;
      report(property, `the key ${text} of a table is renamed by the build: write "${text}"`);
    }
  }

  /** `o[key]` where the key's type is a set of names. */
  function computedAccess(node: ts.ElementAccessExpression): void {
    if (ts.isStringLiteral(node.argumentExpression)) return; // the profile check compares these
    const key = checker.getTypeAtLocation(node.argumentExpression);
    const object = checker.getTypeAtLocation(node.expression);
    for (const part of key.isUnion() ? key.types : [key]) {
      if (!part.isStringLiteral() || !object.getProperty(part.value) || !renamed(part.value)) continue;
      const isQuoted = object.getProperty(part.value)?.declarations?.some((d) => {
        const name = ts.getNameOfDeclaration(d);
        return name !== undefined && ts.isStringLiteral(name);
      });
      if (!isQuoted) report(node, `"${part.value}" is looked up as text and renamed by the build: @public, or quotes`);
    }
  }

  function serialised(node: ts.CallExpression): void {
    const name = node.expression.getText().replace(/^.*\.(?=writeJSON$)/, "");
    const argument =
      name === "JSON.stringify" ? node.arguments[0] : name === "writeJSON" ? node.arguments[1] : undefined;
    if (!argument) return;
    for (const property of renamedNames(checker.getTypeAtLocation(argument))) {
      report(node, `"${property}" is written as JSON and renamed by the build: its interface needs @public`);
    }
  }

  function isParsed(node: ts.Expression): boolean {
    return ts.isCallExpression(node) && /(^JSON\.parse|\.readJSON)$/.test(node.expression.getText());
  }

  function renamedNames(type: ts.Type, depth = 0): string[] {
    if (depth > 4) return [];
    if (type.isUnionOrIntersection()) return unique(type.types.flatMap((part) => renamedNames(part, depth)));
    if (!(type.flags & ts.TypeFlags.Object) || type.getCallSignatures().length > 0) return [];
    const element = checker.getIndexInfoOfType(type, ts.IndexKind.Number)?.type;
    if (element) return renamedNames(element, depth + 1);
    return unique(
      type.getProperties().flatMap((property) => {
        const isOurs = property.declarations?.some((d) => !d.getSourceFile().isDeclarationFile);
        if (!isOurs) return [];
        const inner = checker.getTypeOfSymbol(property);
        if (inner.getCallSignatures().length > 0) return [];
        return [...(renamed(property.name) ? [property.name] : []), ...renamedNames(inner, depth + 1)];
      }),
    );
  }

  for (const source of program.getSourceFiles()) {
    if (!source.isDeclarationFile) visit(source);
  }
  return problems;
}

function unique(names: string[]): string[] {
  return [...new Set(names)];
}

/** The device project as the compiler sees it; `files` adds sources that stand nowhere, for tests. */
export function deviceProgram(files?: Record<string, string>): ts.Program {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, "tsconfig.json"),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (problem) => {
        throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, "\n"));
      },
    },
  );
  if (!config) throw new Error("tsconfig.json cannot be read");
  const options: ts.CompilerOptions = { ...config.options, composite: false, incremental: false };
  delete options.tsBuildInfoFile;
  if (!files) return ts.createProgram(config.fileNames, options);
  const host = ts.createCompilerHost(options);
  const { readFile, getSourceFile, fileExists } = host;
  host.fileExists = (name) => name in files || fileExists(name);
  host.readFile = (name) => files[name] ?? readFile(name);
  host.getSourceFile = (name, languageVersion) => {
    const text = files[name];
    return text === undefined
      ? getSourceFile(name, languageVersion)
      : ts.createSourceFile(name, text, languageVersion, true);
  };
  return ts.createProgram([join(root, "types", "espruino.d.ts"), ...Object.keys(files)], options, host);
}
