import { parse } from "acorn";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  /** Of an identifier. */
  readonly name?: string;
  /** Of a call. */
  readonly callee?: Node;
  readonly arguments?: readonly Node[];
}
interface FunctionNode extends Node {
  readonly params: readonly Node[];
  readonly body: Node;
}
interface ClassNode extends Node {
  readonly body: { readonly body: readonly { readonly kind?: string; readonly value: FunctionNode }[] };
}
interface StatementNode extends Node {
  readonly expression?: Node & { readonly properties?: readonly { readonly value: Node }[] };
  /** `var`, `let` or `const`. */
  readonly kind?: string;
  readonly declarations?: readonly { readonly id: Node & { readonly name?: string } }[];
  readonly id?: { readonly name?: string };
  readonly consequent?: Node;
}

function statements(code: string): readonly StatementNode[] {
  try {
    return parse(code, { ecmaVersion: 2020 }).body as unknown as readonly StatementNode[];
  } catch {
    return [];
  }
}

/** The text that could be parsed, and the function or class in it. */
function findFunction(text: string): { readonly source: string; readonly found: Node } | undefined {
  const plain = `(${text})`;
  const expression = statements(plain)[0]?.expression;
  if (expression !== undefined) return { source: plain, found: expression };
  // A method is a function only within an object.
  const method = `({${text}})`;
  const value = statements(method)[0]?.expression?.properties?.[0]?.value;
  return value === undefined ? undefined : { source: method, found: value };
}

/**
 * A function as the interpreter writes it (jsfGetJSONForFunctionWithCallback): no name, an arrow as a function that
 * returns, and with `limit` no code.
 */
export function functionText(value: object, limit: boolean): string {
  const text = Function.prototype.toString.call(value);
  const parsed = findFunction(text);
  if (parsed === undefined) return `function ${text.replace(/^function\s*\w*\s*/, "")}`;
  const { source, found } = parsed;
  const fn = /^Class/.test(found.type)
    ? (found as ClassNode).body.body.find(({ kind }) => kind === "constructor")?.value
    : (found as FunctionNode);
  if (fn === undefined) return "function () {}";
  const params = fn.params.map(({ start, end }) => source.slice(start, end)).join(",");
  const isBlock = fn.body.type === "BlockStatement";
  const code = isBlock ? source.slice(fn.body.start + 1, fn.body.end - 1) : source.slice(fn.body.start, fn.body.end);
  return `function (${params}) ${bodyText(code.trim(), !isBlock, limit)}`;
}

function bodyText(code: string, isArrow: boolean, limit: boolean): string {
  if (code === "") return "{}";
  if (limit) return "{ ... }";
  const text = isArrow ? `return ${code}` : code.replace(/^return\s+/, "return ");
  return code.includes("\n") ? `{\n  ${text}\n}` : `{${text}}`;
}

/** Statements that have a value in V8 and none here. */
const VALUELESS = /^(Block|For|ForIn|ForOf|While|DoWhile|Try|Switch)Statement$/;

/**
 * What a script gives as its value here and not in V8: of a declaration the name whose value it is, `undefined` of a block
 * or a loop; "same" where both agree.
 */
export function completion(code: string): { readonly name: string } | "none" | "same" {
  const last = statements(code).findLast(({ type }) => type !== "EmptyStatement");
  const name =
    last?.declarations?.at(-1)?.id.name ?? (/Declaration$/.test(last?.type ?? "") ? last?.id?.name : undefined);
  if (name !== undefined) return { name };
  const isValueless = VALUELESS.test(last?.type ?? "") || VALUELESS.test(last?.consequent?.type ?? "");
  return isValueless ? "none" : "same";
}

/**
 * A line for V8 so that its names are as here: `let` and classes of the outermost scope can be declared again, and are
 * found in `global`. A `const` stays what it is, since neither lets it change.
 */
export function replScript(code: string): string {
  let script = code;
  for (const statement of statements(code).toReversed()) {
    const { type, kind, start, id } = statement;
    if (type === "VariableDeclaration" && kind === "let") {
      script = `${script.slice(0, start)}var${script.slice(start + "let".length)}`;
    } else if (type === "ClassDeclaration" && id?.name !== undefined) {
      script = `${script.slice(0, start)}var ${id.name}=${script.slice(start)}`;
    }
  }
  return script;
}

/** A text that goes into the code. */
interface Insertion {
  readonly at: number;
  readonly text: string;
}

/**
 * Code in which `eval` takes what the interpreter takes: `eval.code` makes source of tokens. Called by its name it stays
 * the operator of the language, which sees the variables around it; by another name, as in `run = eval`, it is `eval.run`.
 */
export function withEval(code: string): string {
  if (!/\beval\b/.test(code)) return code;
  const insertions: Insertion[] = [];
  collectEvals(statements(code), insertions);
  let changed = code;
  for (const { at, text } of insertions.sort((a, b) => b.at - a.at)) {
    changed = changed.slice(0, at) + text + changed.slice(at);
  }
  return changed;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

const isEval = (node: Node | undefined): boolean => node?.type === "Identifier" && node.name === "eval";

function collectEvals(value: unknown, into: Insertion[], parent?: Node): void {
  if (Array.isArray(value)) for (const item of value) collectEvals(item, into, parent);
  if (!isNode(value)) return;
  if (isEval(value)) {
    // Of a property `x.eval` and of a name in an object nothing is known here.
    if (parent?.type !== "MemberExpression" && parent?.type !== "Property") into.push({ at: value.end, text: ".run" });
    return;
  }
  const first = value.type === "CallExpression" && isEval(value.callee) ? value.arguments?.[0] : undefined;
  if (first !== undefined) into.push({ at: first.start, text: "eval.code(" }, { at: first.end, text: ")" });
  for (const [name, child] of Object.entries(value)) {
    if (first === undefined || name !== "callee") collectEvals(child, into, value);
  }
}
