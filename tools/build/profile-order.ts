import type * as acorn from "acorn";
import type { ProfileContext } from "./profile.ts";
import { nameOf } from "./profile-syntax.ts";
import { type Binding, forEachNode, functionScope, isFunctionNode, type Node, type Reference } from "./scopes.ts";

/** Rules about what runs when, and about classes as a whole. */
export function orderChecks(context: ProfileContext): void {
  hoisting(context);
  loopClosures(context);
  compoundAssignments(context);
  classes(context);
}

/**
 * Looks for a function that is used before the line that declares it has run: directly, or by calling another function
 * that uses it.
 */
function hoisting(context: ProfileContext): void {
  const { bindings } = context.scopes;
  const functions = bindings.filter((b) => b.kind === "function" && b.declaration.type === "FunctionDeclaration");
  const classesToo = bindings.filter((b) => b.kind === "class");
  const used = usesInside(functions, bindings);

  for (const binding of [...functions, ...classesToo]) {
    const home = functionScope(binding.scope);
    for (const reference of binding.references) {
      if (functionScope(reference.scope) !== home) continue;
      if (reference.node.start < binding.declaration.start) context.report("hoisting", reference.node);
    }
  }
  // A call at `at` of a function that leads to one declared after `at`, in the same function or the program.
  for (const binding of functions) {
    const home = functionScope(binding.scope);
    for (const reference of binding.references) {
      if (functionScope(reference.scope) !== home || !isCalled(reference)) continue;
      for (const reached of reachable(binding, used)) {
        const isLater = reached.declaration.start > reference.node.start;
        if (isLater && functionScope(reached.scope) === home) context.report("hoisting", reference.node);
      }
    }
  }
}

/** For every function, the functions of the program that its body names. */
function usesInside(functions: Binding[], all: Binding[]): Map<Binding, Binding[]> {
  const targets = all.filter((b) => b.kind === "function" || b.kind === "class");
  const result = new Map<Binding, Binding[]>();
  for (const binding of functions) {
    const inside = (r: Reference) => r.node.start >= binding.declaration.start && r.node.end <= binding.declaration.end;
    // A name in a closure inside the body may be used much later: what counts is what the body itself calls.
    const isDirect = (r: Reference) => functionScope(r.scope).node === binding.declaration && isCalled(r);
    result.set(
      binding,
      targets.filter((t) => t !== binding && t.references.some((r) => inside(r) && isDirect(r))),
    );
  }
  return result;
}

function reachable(from: Binding, used: Map<Binding, Binding[]>): Set<Binding> {
  const seen = new Set<Binding>();
  const queue = [...(used.get(from) ?? [])];
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    queue.push(...(used.get(next) ?? []));
  }
  return seen;
}

function isCalled(reference: Reference): boolean {
  const parent = reference.ancestors[reference.ancestors.length - 2] as acorn.CallExpression | undefined;
  return /^(Call|New)Expression$/.test(parent?.type ?? "") && parent?.callee === reference.node;
}

/** `for (const x of list) run(() => x)`: the head's variable is one for all turns. */
function loopClosures(context: ProfileContext): void {
  const loopOfHead = new Map<Node, Node>();
  forEachNode(context.program, (node) => {
    if (!/^For/.test(node.type)) return;
    const { init, left } = node as Node & { init?: Node; left?: Node };
    const head = init ?? left;
    if (head?.type === "VariableDeclaration") loopOfHead.set(head, node);
  });
  for (const binding of context.scopes.bindings) {
    const loop = loopOfHead.get(binding.declaration);
    if (!loop) continue;
    for (const reference of binding.references) {
      const isInLoop = reference.node.start >= loop.start && reference.node.end <= loop.end;
      if (isInLoop && functionScope(reference.scope) !== functionScope(binding.scope)) {
        context.report("loop-closure", reference.node);
      }
    }
  }
}

/** `x += f()` where f, or something that f calls, changes x. */
function compoundAssignments(context: ProfileContext): void {
  for (const binding of context.scopes.bindings) {
    const isChangedElsewhere = binding.references.some(
      (r) => functionScope(r.scope) !== functionScope(binding.scope) && isWritten(r),
    );
    for (const reference of binding.references) {
      const parent = reference.ancestors[reference.ancestors.length - 2] as acorn.AssignmentExpression | undefined;
      if (parent?.type !== "AssignmentExpression" || parent.left !== reference.node || parent.operator === "=")
        continue;
      let isRisky = false;
      forEachNode(parent.right, (node, ancestors) => {
        if (ancestors.some(isFunctionNode)) return;
        if (
          isChangedElsewhere &&
          node.type === "CallExpression" &&
          !isHarmless(context, node as acorn.CallExpression, binding)
        ) {
          isRisky = true;
        }
        const target = (node as acorn.AssignmentExpression).left ?? (node as acorn.UpdateExpression).argument;
        const isWrite = node.type === "AssignmentExpression" || node.type === "UpdateExpression";
        if (isWrite && target.type === "Identifier" && target.name === binding.name) isRisky = true;
      });
      if (isRisky) context.report("compound-assignment", parent);
    }
  }
}

function isWritten(reference: Reference): boolean {
  const parent = reference.ancestors[reference.ancestors.length - 2] as (Node & Record<string, unknown>) | undefined;
  if (parent?.type === "UpdateExpression") return true;
  return parent?.type === "AssignmentExpression" && parent["left"] === reference.node;
}

/**
 * A call that cannot change the variable: one of the interpreter's own, or of a function that stands outside of where
 * the variable lives and is given no function to call.
 */
function isHarmless(context: ProfileContext, node: acorn.CallExpression, variable: Binding): boolean {
  const { callee } = node;
  if (callee.type === "Identifier") {
    if (context.scopes.free.some((r) => r.node === callee)) return true;
    const home = functionScope(variable.scope).node;
    const target = context.scopes.bindings.find((b) => b.references.some((r) => r.node === callee));
    const isFixed = target?.kind === "function" || target?.kind === "const";
    const isOutside = isFixed && !(target.node.start >= home.start && target.node.end <= home.end);
    return isOutside && !node.arguments.some(isFunctionNode);
  }
  return callee.type === "MemberExpression" && /^(Literal|TemplateLiteral)$/.test(callee.object.type)
    ? true
    : callee.type === "MemberExpression" && nativeMethods.has(nameOf(callee) ?? "");
}
const nativeMethods = new Set(
  (
    "charAt charCodeAt fromCharCode indexOf lastIndexOf includes startsWith endsWith substr substring slice split join " +
    "toString toFixed trim repeat padStart padEnd push pop shift concat floor ceil round abs min max random clip sum CRC32"
  ).split(" "),
);

function classes(context: ProfileContext): void {
  const byName = new Map<string, acorn.Class>();
  for (const binding of context.scopes.bindings) {
    if (binding.kind === "class") byName.set(binding.name, binding.declaration as acorn.Class);
    // The minifier writes `class A {}` as an expression where it is used once.
    const init = (binding.declaration as acorn.VariableDeclaration).declarations?.find(
      (d) => d.id === binding.node,
    )?.init;
    if (init?.type === "ClassExpression") byName.set(binding.name, init);
  }
  const baseOf = (cls: acorn.Class) =>
    cls.superClass?.type === "Identifier" ? byName.get(cls.superClass.name) : undefined;
  const extended = new Set([...byName.values()].map(baseOf));

  for (const cls of byName.values()) {
    if (!cls.superClass || !extended.has(cls)) continue;
    forEachNode(cls.body, (node) => {
      const member = node as acorn.MemberExpression;
      if (member.type === "MemberExpression" && member.object.type === "Super") context.report("super-depth", member);
    });
  }
  forEachNode(context.program, (node) => {
    const member = node as acorn.MemberExpression;
    if (member.type !== "MemberExpression" || member.object.type !== "Identifier") return;
    const cls = byName.get(member.object.name);
    const name = nameOf(member);
    if (!cls || name === undefined || hasStatic(cls, name)) return;
    const seen = new Set([cls]);
    for (let base = baseOf(cls); base && !seen.has(base); base = baseOf(base)) {
      seen.add(base);
      if (hasStatic(base, name)) context.report("static-inheritance", member);
    }
  });
}

function hasStatic(cls: acorn.Class, name: string): boolean {
  return cls.body.body.some(
    (member) =>
      member.type !== "StaticBlock" && member.static && member.key.type === "Identifier" && member.key.name === name,
  );
}
