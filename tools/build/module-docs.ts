/** The page of a module: the comment at its top, and the declarations of all that it exports with their own comments. */
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { root } from "./paths.ts";

type Declaration = ts.FunctionDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.VariableStatement;

const parsed = new Map<string, ts.SourceFile>();

function parse(path: string): ts.SourceFile {
  const known = parsed.get(path);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  parsed.set(path, source);
  return source;
}

/** A comment without its marks. */
function plain(comment: string): string {
  return comment
    .replace(/^\/\*\*/, "")
    .replace(/\*\/$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

function headOf(source: ts.SourceFile): string {
  const [range] = ts.getLeadingCommentRanges(source.text, 0) ?? [];
  if (range === undefined) throw new Error(`${relative(root, source.fileName)} has no comment at its top`);
  return plain(source.text.slice(range.pos, range.end));
}

const isDeclaration = (node: ts.Statement): node is Declaration =>
  ts.isFunctionDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isVariableStatement(node);

const isExported = (node: Declaration): boolean =>
  node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;

const namesOf = (node: Declaration): string[] =>
  ts.isVariableStatement(node)
    ? node.declarationList.declarations.map(({ name }) => name.getText())
    : [node.name?.getText() ?? ""];

/** Where the names of a file come from: `name -> [file, name there]`. */
function importsOf(source: ts.SourceFile): Map<string, [string, string]> {
  const found = new Map<string, [string, string]>();
  for (const node of source.statements) {
    if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) continue;
    const { moduleSpecifier } = node;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) continue;
    const path = moduleSpecifier.text.startsWith(".")
      ? resolve(dirname(source.fileName), moduleSpecifier.text)
      : undefined;
    const names = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
    if (path === undefined || names === undefined || ts.isNamespaceImport(names) || ts.isNamespaceExport(names))
      continue;
    for (const { name, propertyName } of names.elements) found.set(name.text, [path, (propertyName ?? name).text]);
  }
  return found;
}

/** The declaration as a reader wants it: its comment, and no body. */
function textOf(node: Declaration): string {
  const source = node.getSourceFile();
  const comments = ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? [];
  const last = comments.at(-1);
  const comment = last === undefined ? "" : `${source.text.slice(last.pos, last.end)}\n`;
  const isDoc = comment.startsWith("/**") && !comment.includes("import ");
  return (isDoc ? comment : "").replace(/^\s*\* @public\n/m, "").replace("/** @public */\n", "") + signatureOf(node);
}

function signatureOf(node: Declaration): string {
  if (ts.isFunctionDeclaration(node)) {
    const { body } = node;
    const text = node.getText();
    return `${text.slice(0, body === undefined ? text.length : body.getStart() - node.getStart()).trim()};`;
  }
  if (!ts.isVariableStatement(node)) return node.getText();
  return node.declarationList.declarations
    .map(({ name, type, initializer }) => {
      if (initializer !== undefined && ts.isArrowFunction(initializer)) {
        const text = initializer.getText();
        const head = text.slice(0, initializer.equalsGreaterThanToken.getStart() - initializer.getStart()).trim();
        return `export function ${name.getText()}${head};`;
      }
      return `export const ${name.getText()}: ${type?.getText() ?? initializer?.getText() ?? "unknown"};`;
    })
    .join("\n");
}

function typesIn(node: ts.Node, into: Set<string>): void {
  if (ts.isTypeReferenceNode(node) && ts.isIdentifier(node.typeName)) into.add(node.typeName.text);
  if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression)) into.add(node.expression.text);
  if (ts.isBlock(node)) return;
  ts.forEachChild(node, (child) => typesIn(child, into));
}

/** All that is exported, and then the types that it speaks of, each once. */
function declarationsOf(entry: ts.SourceFile): string[] {
  const texts: string[] = [];
  const seen = new Set<string>();
  const queue: [string, string][] = [...importsOf(entry).values()];
  for (const [path, name] of queue) {
    if (seen.has(`${path} ${name}`)) continue;
    seen.add(`${path} ${name}`);
    const source = parse(path);
    const imports = importsOf(source);
    const node = source.statements
      .filter(isDeclaration)
      .find((statement) => isExported(statement) && namesOf(statement).includes(name));
    if (node === undefined) {
      const from = imports.get(name);
      if (from !== undefined) queue.push(from);
      continue;
    }
    texts.push(textOf(node));
    const types = new Set<string>();
    typesIn(node, types);
    for (const type of types) queue.push(imports.get(type) ?? [path, type]);
  }
  return texts;
}

export async function describeModule(path: string, facts: { name: string; bytes: number }): Promise<string> {
  const entry = parse(path);
  const file = `${facts.name}.js, ${facts.bytes.toLocaleString("en-US")} bytes`;
  const declarations = declarationsOf(entry).join("\n\n");
  const source = relative(join(root), path);
  return `${headOf(entry)}\n\n## What it exports\n\n${file}, made from \`${source}\`.\n\n\`\`\`ts\n${declarations}\n\`\`\`\n`;
}
