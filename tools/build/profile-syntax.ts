import type * as acorn from "acorn";
import type { ProfileContext } from "./profile.ts";
import { regexRule } from "./profile-regex.ts";
import type { RuleId } from "./profile-rules.ts";
import { isLongSearch, searchMethods } from "./profile-search.ts";
import { forEachNode, isFunctionNode, type Node } from "./scopes.ts";

type Check = (node: never, ancestors: readonly Node[], context: ProfileContext) => RuleId | undefined;

const errorClasses = /^(Error|SyntaxError|TypeError|ReferenceError|RangeError|InternalError|EvalError|URIError)$/;
const reserved = /^(of|static|undefined|debugger)$/;
const keyword =
  /^(break|case|catch|class|const|continue|debugger|default|delete|do|else|extends|false|finally|for|function|if|in|instanceof|let|new|null|of|return|static|super|switch|this|throw|true|try|typeof|undefined|var|void|while)$/;

/** Rules that need a node and what is around it, nothing else; by type of node. */
const checks: Record<string, Check[]> = {
  ChainExpression: [() => "optional-chaining"],
  AssignmentExpression: [
    (node: acorn.AssignmentExpression) => {
      if (/^(\?\?|\|\||&&)=$/.test(node.operator)) return "logical-assignment";
      if (node.operator === "**=") return "exponent-operator";
      if (node.left.type === "MemberExpression" && nameOf(node.left) === "length") return "length-assignment";
      return undefined;
    },
  ],
  BinaryExpression: [
    (node: acorn.BinaryExpression, ancestors) => {
      if (node.operator === "**") return "exponent-operator";
      return node.operator === "in" && isInForInit(ancestors) ? "in-operator-in-for" : undefined;
    },
  ],
  SpreadElement: [() => "spread"],
  RestElement: [() => "rest"],
  AssignmentPattern: [() => "default-parameter"],
  ObjectPattern: [() => "destructuring"],
  ArrayPattern: [() => "destructuring"],
  Property: [(node: acorn.Property) => (node.computed ? "computed-key" : undefined)],
  LabeledStatement: [() => "label"],
  AwaitExpression: [() => "async"],
  YieldExpression: [() => "generator"],
  ForOfStatement: [(node: acorn.ForOfStatement) => (node.await ? "async" : undefined)],
  FunctionDeclaration: [functionKind, functionInLoop],
  FunctionExpression: [functionKind],
  ArrowFunctionExpression: [functionKind],
  TaggedTemplateExpression: [() => "tagged-template"],
  TemplateElement: [(node: acorn.TemplateElement) => characters(node.value.raw, node.value.cooked ?? "")],
  Literal: [literal],
  PrivateIdentifier: [() => "private-name"],
  MetaProperty: [() => "meta-property"],
  ImportExpression: [() => "dynamic-import"],
  WithStatement: [() => "with"],
  StaticBlock: [() => "static-block"],
  NewExpression: [
    (node: acorn.NewExpression) => {
      if (node.callee.type === "NewExpression") return "nested-new";
      const regex = regexOf(node);
      if (regex) return regex;
      const [executor] = node.arguments;
      const isPromise = node.callee.type === "Identifier" && node.callee.name === "Promise";
      const isFunction = executor !== undefined && isFunctionNode(executor);
      return isPromise && isFunction && executor.params.length === 0 ? "promise-executor" : undefined;
    },
  ],
  ClassDeclaration: [superClass],
  ClassExpression: [superClass],
  MethodDefinition: [
    (node: acorn.MethodDefinition) => {
      if (node.computed) return "computed-key";
      if (node.key.type !== "Identifier")
        return node.key.type === "PrivateIdentifier" ? undefined : "class-method-name";
      return keyword.test(node.key.name) ? "class-method-name" : undefined;
    },
  ],
  PropertyDefinition: [
    (node: acorn.PropertyDefinition) => {
      if (node.computed) return "computed-key";
      if (!node.value) return "class-field-uninitialised";
      return node.static ? undefined : "class-field";
    },
  ],
  Super: [(_node: Node, ancestors) => (isInArrow(ancestors) ? "super-in-arrow" : undefined)],
  TryStatement: [(node: acorn.TryStatement) => (node.finalizer ? "finally" : undefined)],
  SwitchStatement: [
    (node: acorn.SwitchStatement) => {
      const index = node.cases.findIndex((c) => !c.test);
      return index >= 0 && index < node.cases.length - 1 ? "default-not-last" : undefined;
    },
  ],
  ReturnStatement: [
    (node: acorn.ReturnStatement, _ancestors, { code }) => {
      if (node.argument) return undefined;
      const next = code.slice(node.start + "return".length).replace(/^(\s|\/\/.*\n|\/\*[\s\S]*?\*\/)+/, "")[0];
      return next === ";" || next === "}" || next === undefined ? undefined : "return-newline";
    },
  ],
  MemberExpression: [
    (node: acorn.MemberExpression) => {
      const isArguments = node.object.type === "Identifier" && node.object.name === "arguments";
      return isArguments && nameOf(node) === "length" ? "arguments-length" : undefined;
    },
  ],
  ForInStatement: [forIn],
  CallExpression: [call],
  Identifier: [
    (node: acorn.Identifier, ancestors) => {
      if (!reserved.test(node.name) || isPropertyName(node, ancestors)) return undefined;
      const isUndefinedRead = node.name === "undefined" && !isDeclared(node, ancestors);
      return isUndefinedRead ? undefined : "reserved-name";
    },
  ],
};

export function syntaxChecks(context: ProfileContext): void {
  forEachNode(context.program, (node, ancestors) => {
    for (const check of checks[node.type] ?? []) {
      const rule = check(node as never, ancestors, context);
      if (rule) context.report(rule, node);
    }
  });
}

/** The name behind a dot, or inside `["…"]`. */
export function nameOf(node: acorn.MemberExpression): string | undefined {
  if (!node.computed && node.property.type === "Identifier") return node.property.name;
  return node.property.type === "Literal" && typeof node.property.value === "string" ? node.property.value : undefined;
}

function functionKind(node: acorn.Function): RuleId | undefined {
  if (node.async) return "async";
  return node.generator ? "generator" : undefined;
}

function functionInLoop(_node: acorn.Function, ancestors: readonly Node[]): RuleId | undefined {
  for (const above of ancestors.slice(0, -1).reverse()) {
    if (isFunctionNode(above)) return undefined;
    if (/^(For|While|DoWhile)/.test(above.type)) return "function-in-loop";
  }
  return undefined;
}

function superClass(node: acorn.Class): RuleId | undefined {
  if (!node.superClass) return undefined;
  if (node.superClass.type !== "Identifier") return "extends-expression";
  return errorClasses.test(node.superClass.name) ? "extends-error" : undefined;
}

function isInArrow(ancestors: readonly Node[]): boolean {
  const innermost = ancestors.filter(isFunctionNode).pop();
  return innermost?.type === "ArrowFunctionExpression";
}

function isInForInit(ancestors: readonly Node[]): boolean {
  for (let i = ancestors.length - 2; i >= 0; i--) {
    const above = ancestors[i] as Node & { init?: Node };
    if (isFunctionNode(above)) return false; // a call starts afresh
    if (above.type === "ForStatement") return above.init === ancestors[i + 1];
  }
  return false;
}

function isPropertyName(node: Node, ancestors: readonly Node[]): boolean {
  const parent = ancestors[ancestors.length - 2] as (Node & Record<string, unknown>) | undefined;
  if (parent?.type === "MemberExpression") return parent["property"] === node && !parent["computed"];
  return /^(Property|MethodDefinition|PropertyDefinition)$/.test(parent?.type ?? "") && parent?.["key"] === node;
}

function isDeclared(node: Node, ancestors: readonly Node[]): boolean {
  const parent = ancestors[ancestors.length - 2] as (Node & Record<string, unknown>) | undefined;
  if (!parent) return false;
  return parent["id"] === node || parent["left"] === node || (isFunctionNode(parent) && parent.body !== node);
}

function forIn(node: acorn.ForInStatement): RuleId | undefined {
  const left = node.left.type === "VariableDeclaration" ? node.left.declarations[0]?.id : node.left;
  if (left?.type !== "Identifier") return undefined;
  let isDeleted = false;
  forEachNode(node.body, (inner) => {
    const unary = inner as acorn.UnaryExpression;
    if (unary.type !== "UnaryExpression" || unary.operator !== "delete") return;
    const target = unary.argument;
    if (target.type !== "MemberExpression" || !target.computed || target.property.type !== "Identifier") return;
    if (target.property.name === left.name) isDeleted = true;
  });
  return isDeleted ? "for-in-delete" : undefined;
}

function call(node: acorn.CallExpression): RuleId | undefined {
  const { callee, arguments: args } = node;
  if (callee.type === "Identifier" && /^clear(Timeout|Interval|Watch)$/.test(callee.name)) {
    const [id] = args;
    const isUndefined = id?.type === "Identifier" ? id.name === "undefined" : id?.type === "UnaryExpression";
    return !id || isUndefined ? "clear-all" : undefined;
  }
  if (callee.type !== "MemberExpression") return regexOf(node);
  const name = nameOf(callee);
  if (name === "split" && args.length > 1) return "split-limit";
  if (name !== undefined && searchMethods.has(name) && isLongSearch(callee.object, args[0])) return "string-search";
  if (callee.object.type !== "Identifier" || callee.object.name !== "JSON") return undefined;
  const [, second] = args;
  const isNull = second?.type === "Literal" && second.value === null;
  return (name === "parse" || name === "stringify") && second && !isNull ? "json-callback" : undefined;
}

/** `RegExp("…", "g")`, where both are spelled out. */
function regexOf(node: acorn.CallExpression | acorn.NewExpression): RuleId | undefined {
  if (node.callee.type !== "Identifier" || node.callee.name !== "RegExp") return undefined;
  const [pattern, flags] = node.arguments.map((argument) => (argument.type === "Literal" ? argument.value : undefined));
  if (typeof pattern !== "string") return undefined;
  return regexRule(pattern, typeof flags === "string" ? flags : "");
}

function literal(node: acorn.Literal): RuleId | undefined {
  if (typeof node.value === "bigint" || node.bigint != null) return "bigint";
  if (node.regex) return regexRule(node.regex.pattern, node.regex.flags);
  if (typeof node.value === "string") return characters(node.raw ?? "", node.value);
  if (typeof node.value !== "number") return undefined;
  const isWritten = /^\d[\d.]*e/i.test(node.raw ?? "");
  return isWritten && Number.isInteger(node.value) && node.value < 2 ** 31 ? "exponent-number" : undefined;
}

function characters(raw: string, value: string): RuleId | undefined {
  if (/(^|[^\\])(\\\\)*\\u\{/.test(raw)) return "unicode-escape";
  return [...value].some((char) => (char.codePointAt(0) ?? 0) > 255) ? "wide-character" : undefined;
}
