import type * as acorn from "acorn";

export type Node = acorn.Node;

export interface Binding {
  name: string;
  kind: "var" | "let" | "const" | "class" | "function" | "param" | "catch" | "import";
  /** The identifier that declares it; a `var` declared twice has the first here. */
  node: acorn.Identifier;
  /** The VariableDeclaration, function, class or catch clause that it stands in. */
  declaration: Node;
  scope: Scope;
  references: Reference[];
}

export interface Reference {
  node: acorn.Identifier;
  scope: Scope;
  /** Where the name is written to or read: ancestors from the program down to the identifier. */
  ancestors: readonly Node[];
}

export interface Scope {
  node: Node;
  /** True for functions and the program: where a `var` lives. */
  isFunction: boolean;
  parent?: Scope;
  bindings: Map<string, Binding[]>;
}

export interface ScopeTree {
  program: Scope;
  bindings: Binding[];
  /** Names that nothing declares: the interpreter's globals. */
  free: Reference[];
  scopeOf: Map<Node, Scope>;
}

const functionTypes = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);
const blockTypes = new Set(["BlockStatement", "ForStatement", "ForInStatement", "ForOfStatement", "SwitchStatement"]);

export function isFunctionNode(node: Node): node is acorn.Function {
  return functionTypes.has(node.type);
}

function patternIdentifiers(pattern: acorn.Pattern): acorn.Identifier[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern];
    case "ObjectPattern":
      return pattern.properties.flatMap((p) => patternIdentifiers(p.type === "RestElement" ? p.argument : p.value));
    case "ArrayPattern":
      return pattern.elements.flatMap((e) => (e ? patternIdentifiers(e) : []));
    case "RestElement":
      return patternIdentifiers(pattern.argument);
    case "AssignmentPattern":
      return patternIdentifiers(pattern.left);
    default:
      return [];
  }
}

/** Resolves every name in a program, as far as a program without `with` and `eval` allows. */
export function analyseScopes(program: acorn.Program): ScopeTree {
  const scopeOf = new Map<Node, Scope>();
  const bindings: Binding[] = [];
  const free: Reference[] = [];
  const root: Scope = { node: program, isFunction: true, bindings: new Map() };
  scopeOf.set(program, root);

  function enclosing(ancestors: readonly Node[], self: boolean): Scope {
    for (let i = ancestors.length - (self ? 1 : 2); i >= 0; i--) {
      const scope = scopeOf.get(ancestors[i] as Node);
      if (scope) return scope;
    }
    return root;
  }
  function declare(scope: Scope, node: acorn.Identifier, kind: Binding["kind"], declaration: Node): void {
    const binding: Binding = { name: node.name, kind, node, declaration, scope, references: [] };
    bindings.push(binding);
    const known = scope.bindings.get(node.name);
    if (known) known.push(binding);
    else scope.bindings.set(node.name, [binding]);
  }

  // First pass: scopes and declarations.
  forEachNode(program, (node, ancestors) => {
    const parent = enclosing(ancestors, false);
    if (isFunctionNode(node)) {
      const scope: Scope = { node, isFunction: true, parent, bindings: new Map() };
      scopeOf.set(node, scope);
      if (node.id) {
        if (node.type === "FunctionDeclaration") declare(parent, node.id, "function", node);
        else declare(scope, node.id, "function", node);
      }
      for (const param of node.params) {
        for (const id of patternIdentifiers(param)) declare(scope, id, "param", node);
      }
    } else if (node.type === "CatchClause") {
      const scope: Scope = { node, isFunction: false, parent, bindings: new Map() };
      scopeOf.set(node, scope);
      const param = (node as acorn.CatchClause).param;
      if (param) for (const id of patternIdentifiers(param)) declare(scope, id, "catch", node);
    } else if (blockTypes.has(node.type)) {
      const above = ancestors[ancestors.length - 2];
      // A function's body block is the function's own scope.
      if (!(above && isFunctionNode(above) && above.body === node)) {
        scopeOf.set(node, { node, isFunction: false, parent, bindings: new Map() });
      }
    } else if (node.type === "VariableDeclaration") {
      const declaration = node as acorn.VariableDeclaration;
      const kind = declaration.kind as "var" | "let" | "const";
      const scope = kind === "var" ? functionScope(parent) : parent;
      for (const d of declaration.declarations) {
        for (const id of patternIdentifiers(d.id)) declare(scope, id, kind, declaration);
      }
    } else if (node.type === "ClassDeclaration" || node.type === "ClassExpression") {
      const cls = node as acorn.Class;
      if (cls.id) declare(parent, cls.id, "class", cls);
    }
  });

  // Second pass: uses.
  const declared = new Set<Node>(bindings.map((b) => b.node));
  forEachNode(program, (node, ancestors) => {
    if (node.type !== "Identifier" || declared.has(node) || !isReference(node, ancestors)) return;
    const identifier = node as acorn.Identifier;
    const reference: Reference = { node: identifier, scope: enclosing(ancestors, true), ancestors: [...ancestors] };
    let scope: Scope | undefined = reference.scope;
    while (scope && !scope.bindings.has(identifier.name)) scope = scope.parent;
    if (!scope) free.push(reference);
    else for (const binding of scope.bindings.get(identifier.name) ?? []) binding.references.push(reference);
  });
  return { program: root, bindings, free, scopeOf };
}

/** The function (or program) that a block stands in: where its `var`s live. */
export function functionScope(scope: Scope): Scope {
  let at = scope;
  while (!at.isFunction && at.parent) at = at.parent;
  return at;
}

function isReference(node: Node, ancestors: readonly Node[]): boolean {
  const parent = ancestors[ancestors.length - 2] as (Node & Record<string, unknown>) | undefined;
  if (!parent) return true;
  switch (parent.type) {
    case "MemberExpression":
      return parent["object"] === node || parent["computed"] === true;
    case "Property":
      return parent["value"] === node || parent["computed"] === true;
    case "MethodDefinition":
    case "PropertyDefinition":
      return parent["value"] === node || parent["computed"] === true;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "MetaProperty":
      return false;
    default:
      return true;
  }
}

/** Visits every node once, parents first, with its ancestors (itself last). */
export function forEachNode(program: Node, visit: (node: Node, ancestors: readonly Node[]) => void): void {
  const ancestors: Node[] = [];
  const seen = new Set<Node>();
  (function step(node: Node): void {
    if (seen.has(node)) return; // `{a}` has one node as key and as value
    seen.add(node);
    ancestors.push(node);
    visit(node, ancestors);
    const fields = node as Node & Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      const value = fields[key];
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child && typeof child === "object" && typeof (child as Node).type === "string") step(child as Node);
      }
    }
    ancestors.pop();
  })(program);
}
