import type * as acorn from "acorn";
import type { ProfileContext } from "./profile.ts";
import { nameOf } from "./profile-syntax.ts";
import { type Binding, forEachNode, type Node } from "./scopes.ts";

/**
 * Names in what goes to JSON or comes from it, in sight of the call, that the build would rename: the receiver would see
 * `{"ir":21}` where the source says `{t: 21}`, without a word from anybody.
 */
export function jsonChecks(context: ProfileContext, keep: ReadonlySet<string>): void {
  const bindingOf = new Map<Node, Binding>();
  for (const binding of context.scopes.bindings) {
    bindingOf.set(binding.node, binding);
    for (const { node } of binding.references) bindingOf.set(node, binding);
  }

  /** What a variable is given where it is declared and where it is assigned to. */
  function valuesOf(binding: Binding): Node[] {
    const declared =
      binding.declaration.type === "VariableDeclaration"
        ? (binding.declaration as acorn.VariableDeclaration).declarations.filter(({ id }) => id === binding.node)
        : [];
    const assigned = binding.references
      .map(({ ancestors }) => ancestors[ancestors.length - 2] as acorn.AssignmentExpression)
      .filter((parent, index) => isAssignmentTo(parent, binding.references[index]?.node));
    return [...declared.map(({ init }) => init), ...assigned.map(({ right }) => right)].filter((node) => node != null);
  }

  function written(node: Node): void {
    if (node.type === "ObjectExpression") {
      for (const property of (node as acorn.ObjectExpression).properties) {
        if (property.type !== "Property") continue;
        const { key, computed, value } = property;
        if (!computed && key.type === "Identifier" && !keep.has(key.name)) context.report("renamed-json", key);
        written(value);
      }
    } else if (node.type === "ArrayExpression") {
      for (const element of (node as acorn.ArrayExpression).elements) if (element) written(element);
    } else if (node.type === "ConditionalExpression") {
      const { consequent, alternate } = node as acorn.ConditionalExpression;
      written(consequent);
      written(alternate);
    }
  }

  /** `from`: where the value of JSON is, as `JSON.parse(text)` or as a variable. */
  function read(from: Node, ancestors: readonly Node[]): void {
    const parent = ancestors[ancestors.length - 2] as acorn.MemberExpression | undefined;
    if (parent?.type !== "MemberExpression" || parent.object !== from || parent.computed) return;
    const name = nameOf(parent);
    if (name !== undefined && !keep.has(name)) context.report("renamed-json", parent);
  }

  forEachNode(context.program, (node, ancestors) => {
    const json = jsonCall(node);
    if (json === undefined) return;
    if (json.isWritten) {
      for (const argument of json.values) {
        const binding = bindingOf.get(argument);
        for (const value of binding === undefined ? [argument] : valuesOf(binding)) written(value);
      }
      return;
    }
    read(node, ancestors);
    const parent = ancestors[ancestors.length - 2] as Node;
    const holder = isAssignment(parent) ? parent.left : (parent as acorn.VariableDeclarator | undefined)?.id;
    const binding = holder == null ? undefined : bindingOf.get(holder);
    for (const reference of binding?.references ?? []) read(reference.node, reference.ancestors);
  });
}

function isAssignment(node: Node | undefined): node is acorn.AssignmentExpression {
  return node?.type === "AssignmentExpression";
}

function isAssignmentTo(parent: Node | undefined, target: Node | undefined): parent is acorn.AssignmentExpression {
  return isAssignment(parent) && parent.operator === "=" && parent.left === target;
}

/** JSON.stringify and JSON.parse, and what Storage has of both. */
function jsonCall(node: Node): { isWritten: boolean; values: Node[] } | undefined {
  if (node.type !== "CallExpression") return undefined;
  const { callee, arguments: values } = node as acorn.CallExpression;
  if (callee.type !== "MemberExpression") return undefined;
  const name = nameOf(callee);
  const isJson = callee.object.type === "Identifier" && callee.object.name === "JSON";
  if (isJson && name === "stringify") return { isWritten: true, values: values.slice(0, 1) };
  if (name === "writeJSON") return { isWritten: true, values: values.slice(1, 2) };
  if ((isJson && name === "parse") || name === "readJSON") return { isWritten: false, values: [] };
  return undefined;
}
