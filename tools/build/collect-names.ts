import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { declarationFiles, root } from "./paths.ts";

/**
 * What of @types/espruino our boards have. The rest of it (Wifi, Bangle, Graphics …) is for other hardware: its names
 * are free for the minifier, and the profile check refuses its globals.
 */
const onOurBoards = new Set(
  (
    "Object Serial Serial1 Serial2 LoopbackA LoopbackB Bluetooth Flash E Pin Modules OneWire SPI SPI1 SPI2 SPI3 " +
    "I2CSetupOptions I2C I2C1 I2C2 AES NRF BluetoothDevice BluetoothRemoteGATTServer BluetoothRemoteGATTService " +
    "BluetoothRemoteGATTCharacteristic HIGH LOW peek8 poke8 peek16 poke16 peek32 poke32 analogRead analogWrite " +
    "digitalPulse digitalWrite digitalRead pinMode getPinMode setWatch clearWatch global setBusyIndicator " +
    "setSleepIndicator trace dump load save reset print edit echo getTime setTime getSerial clearInterval clearTimeout " +
    "changeInterval arguments eval parseInt parseFloat isNaN btoa atob encodeURIComponent decodeURIComponent"
  ).split(" "),
);
/** In @types/espruino and no longer in the interpreter. */
const gone = new Set("interpolate interpolate2d dumpTimers unmountSD openFile connectSDCard".split(" "));
const pinName = /^D\d+$/;

/** As lists, so that it can be kept as JSON. */
export interface CollectedNames {
  globals: string[];
  properties: string[];
  members: [string, string[]][];
}

export function collectDeviceNames(): CollectedNames {
  const globals = new Set<string>(["undefined", "globalThis"]);
  const properties = new Set<string>();
  const members = new Map<string, Set<string>>();
  const ours = declarationFiles.map(parse);
  const theirs = parse(join(root, "node_modules", "@types", "espruino", "index.d.ts"));
  for (const file of [...ours, theirs]) {
    for (const statement of file.statements) {
      const names = declaredNames(statement);
      if (file === theirs && !names.some((name) => onOurBoards.has(name) || pinName.test(name))) continue;
      collectMembers(statement, properties);
      // `Symbol` is declared for the compiler only. Types are no variables.
      if (!isValue(statement)) continue;
      for (const name of names) if (name !== "Symbol") globals.add(name);
      collectStatics(statement, members);
    }
  }
  const everyObject = ["on", "emit", "removeListener", "removeAllListeners", "prototype", "call", "apply", "bind"];
  for (const set of members.values()) for (const name of everyObject) set.add(name);
  return {
    globals: [...globals],
    properties: [...properties],
    members: [...members].map(([name, set]) => [name, [...set]]),
  };
}

/** Members of `declare namespace X {…}` and `declare var X: {…}`; a var of a named type is an instance, or has none. */
function collectStatics(statement: ts.Statement, members: Map<string, Set<string>>): void {
  const setOf = (name: string) => {
    const set = members.get(name) ?? new Set();
    members.set(name, set);
    return set;
  };
  if (ts.isModuleDeclaration(statement)) {
    if (statement.body) collectMembers(statement.body, setOf(statement.name.text));
  } else if (ts.isVariableStatement(statement)) {
    for (const { name, type } of statement.declarationList.declarations) {
      const isConstructor = type && ts.isTypeReferenceNode(type) && type.typeName.getText().endsWith("Constructor");
      if (isConstructor) setOf(name.getText());
      if (!type || !ts.isTypeLiteralNode(type)) continue;
      for (const member of type.members) if (member.name) setOf(name.getText()).add(member.name.getText());
    }
  }
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((d) => d.name.getText());
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isModuleDeclaration(statement);
  return isNamed && statement.name ? [statement.name.text] : [];
}

function isValue(statement: ts.Statement): boolean {
  return ts.isVariableStatement(statement) || ts.isFunctionDeclaration(statement) || ts.isModuleDeclaration(statement);
}

/** The members of what has `@public` in its doc comment. */
export function collectPublicNames(texts: string[]): string[] {
  const names = new Set<string>();
  for (const text of texts) {
    const source = ts.createSourceFile("public.ts", text, ts.ScriptTarget.Latest, true);
    ts.forEachChild(source, function visit(node) {
      if (ts.getJSDocTags(node).some((tag) => tag.tagName.text === "public")) collectMembers(node, names);
      else ts.forEachChild(node, visit);
    });
  }
  return [...names];
}

/** Every property, method and namespace member that is declared anywhere in a declaration. */
function collectMembers(node: ts.Node, into: Set<string>): void {
  if (
    ts.isPropertySignature(node) ||
    ts.isMethodSignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isShorthandPropertyAssignment(node) ||
    ts.isGetAccessor(node) ||
    ts.isSetAccessor(node)
  ) {
    if (ts.isIdentifier(node.name) || ts.isStringLiteral(node.name)) into.add(node.name.text);
  } else if (ts.isModuleBlock(node)) {
    for (const statement of node.statements)
      for (const name of declaredNames(statement)) if (!gone.has(name)) into.add(name);
  }
  ts.forEachChild(node, (child) => collectMembers(child, into));
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
}
