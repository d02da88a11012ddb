import type * as acorn from "acorn";
import type { ProfileContext } from "./profile.ts";
import { missingIterators, missingMethods, nativeClasses } from "./profile-rules.ts";
import { nameOf } from "./profile-syntax.ts";
import type { DeviceNames } from "./property-names.ts";
import { forEachNode, type Node } from "./scopes.ts";

/**
 * Names that a script of the build may use though types/ does not declare them as globals; `Function` is there, and in
 * the banner of every image, but not for authors.
 */
const alwaysThere = new Set(["exports", "module", "arguments", "Function"]);

/** Globals, their members and methods: what is used has to exist. */
export function nameChecks(context: ProfileContext, known: DeviceNames, keep: ReadonlySet<string> = new Set()): void {
  for (const reference of context.scopes.free) {
    const { name } = reference.node;
    if (known.globals.has(name) || alwaysThere.has(name)) continue;
    // `typeof x` is how one asks.
    const parent = reference.ancestors[reference.ancestors.length - 2] as acorn.UnaryExpression | undefined;
    if (parent?.type === "UnaryExpression" && parent.operator === "typeof") continue;
    context.report("unknown-global", reference.node);
  }

  const free = new Set<Node>(context.scopes.free.map((reference) => reference.node));
  const own = ownPropertyNames(context.program);
  forEachNode(context.program, (node, ancestors) => {
    if (node.type !== "MemberExpression") return;
    const member = node as acorn.MemberExpression;
    const name = nameOf(member);
    if (name === undefined) return;
    const statics =
      member.object.type === "Identifier" && free.has(member.object)
        ? known.members.get(member.object.name)
        : undefined;
    if (statics) {
      if (!statics.has(name)) context.report("missing-static", member);
    } else if (isNativePrototype(member.object, free)) {
      context.report("native-prototype", member);
    } else if (!own.has(name)) {
      const parent = ancestors[ancestors.length - 2] as acorn.CallExpression | undefined;
      const isCall = parent?.type === "CallExpression" && parent.callee === node;
      const isIterator = missingIterators.has(name) && isCall && parent.arguments.length === 0;
      if (missingMethods.has(name) || isIterator) context.report("missing-method", member);
    }
  });
  mixedQuotes(context, new Set([...known.properties, ...keep]));
}

function isNativePrototype(object: Node, free: ReadonlySet<Node>): boolean {
  const member = object as acorn.MemberExpression;
  if (member.type !== "MemberExpression" || nameOf(member) !== "prototype") return false;
  const { object: owner } = member;
  return owner.type === "Identifier" && free.has(owner) && nativeClasses.has(owner.name);
}

/** Every name that the program itself gives to a property or method. */
function ownPropertyNames(program: Node): Set<string> {
  const names = new Set<string>();
  forEachNode(program, (node) => {
    if (node.type === "Property" || node.type === "MethodDefinition") {
      const { key } = node as acorn.Property | acorn.MethodDefinition;
      if (key.type === "Identifier") names.add(key.name);
      else if (key.type === "Literal") names.add(String(key.value));
    } else if (node.type === "AssignmentExpression") {
      const { left } = node as acorn.AssignmentExpression;
      const name = left.type === "MemberExpression" ? nameOf(left) : undefined;
      if (name !== undefined) names.add(name);
    }
  });
  return names;
}

/** A name with quotes in one place and without in another, that the minifier is free to change in the other. */
function mixedQuotes(context: ProfileContext, keep: ReadonlySet<string>): void {
  const plain = new Set<string>();
  const quoted = new Map<string, Node>();
  const isString = (node: Node): node is acorn.Literal & { value: string } =>
    node.type === "Literal" && typeof (node as acorn.Literal).value === "string";
  forEachNode(context.program, (node) => {
    if (node.type === "MemberExpression") {
      const { property, computed } = node as acorn.MemberExpression;
      if (!computed && property.type === "Identifier") plain.add(property.name);
      else if (computed && isString(property)) quoted.set(property.value, node);
    } else if (/^(Property|MethodDefinition|PropertyDefinition)$/.test(node.type)) {
      const { key, computed } = node as acorn.Property;
      if (!computed && key.type === "Identifier") plain.add(key.name);
      else if (isString(key)) quoted.set(key.value, node);
    } else if (node.type === "BinaryExpression") {
      const { operator, left } = node as acorn.BinaryExpression;
      if (operator === "in" && isString(left)) quoted.set(left.value, node);
    }
  });
  for (const [name, node] of quoted) if (plain.has(name) && !keep.has(name)) context.report("mixed-quotes", node);
}
