import * as acorn from "acorn";
import { forEachNode } from "../build/scopes.ts";
import { type Alignment, align, spansOf } from "./alignment.ts";

/** Bytes of the code that the interpreter runs as one text: positions are counted from its start. */
export interface Body {
  readonly start: number;
  readonly end: number;
  /** Where the image's own name of the function stands in the script; undefined for one that has none. */
  readonly name: Name | undefined;
}

export interface Name {
  readonly text: string;
  readonly offset: number;
}

/** An image's code with what a position in it means. */
export interface Program {
  readonly code: string;
  readonly script: string;
  /** The whole image first; inner ones behind outer ones. */
  readonly bodies: readonly Body[];
  /** The char of the script that stands for what the interpreter was doing when it had read up to this byte. */
  anchor(codeOffset: number): number;
  readonly alignment: Alignment;
}

export function innermost(bodies: readonly Body[], offset: number): Body | undefined {
  return bodies.findLast(({ start, end }) => start <= offset && offset < end);
}

/** Undefined when the code is not that of the script; throws what acorn throws when the script is not one. */
export function createProgram(script: string, code: string): Program | undefined {
  const tokens: acorn.Token[] = [];
  const tree = acorn.parse(script, { ecmaVersion: 2020, sourceType: "script", onToken: tokens });
  const alignment = align(script, code, spansOf(tokens));
  if (alignment === undefined) return undefined;
  const bodies: Body[] = [{ start: 0, end: code.length, name: undefined }];
  const callEnds = new Map<number, number>();
  forEachNode(tree, (node, ancestors) => {
    const call = callPlace(node, script);
    if (call !== undefined) callEnds.set(node.end - 1, call);
    const body = functionBody(node, ancestors, script, alignment);
    if (body !== undefined) bodies.push(body);
    if (isNode(node, "TemplateLiteral")) bodies.push(...expressionsOf(node, bodies, alignment));
  });
  const starts = tokens.map((token) => token.start);
  return {
    code,
    script,
    bodies,
    alignment,
    anchor(codeOffset) {
      const offset = alignment.toScript(codeOffset);
      const call = callEnds.get(offset);
      if (call !== undefined) return call;
      // What is looked for in nothing stands behind the dot.
      return script[offset] === "." ? (starts[starts.indexOf(offset) + 1] ?? offset) : offset;
    },
  };
}

/** Where a call is said to be: at the name that is called, not at the bracket behind which the interpreter notices. */
function callPlace(node: acorn.Node, script: string): number | undefined {
  if (isNode(node, "NewExpression")) return node.start;
  if (!isNode(node, "CallExpression")) return undefined;
  const { callee } = node;
  if (callee.type === "ArrowFunctionExpression" || callee.type === "FunctionExpression") {
    // Laid where it is used by the minifier: its own start is where it was written. Where it is called is known of what it
    // is given, or of what is done with its value.
    const isPart = /([=&|?:(+!<>-]|\breturn)$/.test(script.slice(Math.max(0, node.start - 8), node.start));
    return node.arguments[0]?.start ?? (isPart ? node.start - 1 : node.start);
  }
  return callee.type === "MemberExpression" && !callee.computed ? callee.property.start : callee.start;
}

/** The interpreter evaluates each expression of a template as a text of its own, in a copy. */
function expressionsOf(node: acorn.TemplateLiteral, outer: readonly Body[], alignment: Alignment): Body[] {
  return node.expressions.map((_, n) => {
    const start = alignment.toCode((node.quasis[n]?.end ?? node.start) + "${".length);
    const end = alignment.toCode((node.quasis[n + 1]?.start ?? node.end) - "}".length);
    return { start, end, name: innermost(outer, start)?.name };
  });
}

function functionBody(
  node: acorn.Node,
  ancestors: readonly acorn.Node[],
  script: string,
  alignment: Alignment,
): Body | undefined {
  const isArrow = isNode(node, "ArrowFunctionExpression");
  if (!isArrow && !isNode(node, "FunctionExpression") && !isNode(node, "FunctionDeclaration")) return undefined;
  const name = node.id ? { text: node.id.name, offset: node.id.start } : nameOf(node, ancestors.at(-2));
  if (node.body.type !== "BlockStatement") {
    const start = script.lastIndexOf("=>", node.body.start) + "=>".length;
    return { start: alignment.toCode(skipSpace(script, start)), end: alignment.toCodeEnd(node.end), name };
  }
  const [first] = node.body.body;
  if (first === undefined) return undefined;
  // Of a function that begins with `return`, only what stands behind that is kept.
  const skipped = first.type === "ReturnStatement" ? first.start + "return".length : node.body.start + "{".length;
  const start = alignment.toCode(skipSpace(script, skipped));
  const last = script.slice(0, node.body.end - 1).trimEnd().length;
  return { start, end: alignment.toCodeEnd(last), name };
}

function skipSpace(script: string, from: number): number {
  return from + (/^\s*/.exec(script.slice(from, from + 1000))?.[0].length ?? 0);
}

/** What a function is called by that which it is given to. */
function nameOf(node: acorn.Node, parent: acorn.Node | undefined): Name | undefined {
  if (parent === undefined) return undefined;
  if (isNode(parent, "VariableDeclarator")) return identifier(parent.id);
  if (isNode(parent, "Property") || isNode(parent, "MethodDefinition")) return identifier(parent.key);
  if (isNode(parent, "AssignmentExpression") && parent.right === node) {
    return identifier(parent.left.type === "MemberExpression" ? parent.left.property : parent.left);
  }
  return undefined;
}

function identifier(node: acorn.Node): Name | undefined {
  return isNode(node, "Identifier") ? { text: node.name, offset: node.start } : undefined;
}

interface NodeTypes {
  Identifier: acorn.Identifier;
  NewExpression: acorn.NewExpression;
  CallExpression: acorn.CallExpression;
  TemplateLiteral: acorn.TemplateLiteral;
  ArrowFunctionExpression: acorn.ArrowFunctionExpression;
  FunctionExpression: acorn.FunctionExpression;
  FunctionDeclaration: acorn.FunctionDeclaration;
  VariableDeclarator: acorn.VariableDeclarator;
  Property: acorn.Property;
  MethodDefinition: acorn.MethodDefinition;
  AssignmentExpression: acorn.AssignmentExpression;
}

function isNode<T extends keyof NodeTypes>(node: acorn.Node, type: T): node is NodeTypes[T] {
  return node.type === type;
}
