import { type FunctionDeclaration, parse } from "acorn";
import MagicString from "magic-string";
import type { Lowered } from "./lower.ts";
import { forEachNode, isFunctionNode, type Node } from "./scopes.ts";

/**
 * Writes `const f = (a) => {...}` for `function f(a) {...}` wherever the function asks for neither `this` nor
 * `arguments`: a variable can share its `var` with its neighbours, which saves some 3 % of an image. Nothing is lost
 * with hoisting, for the interpreter has none.
 */
export function lowerFunctions(code: string): Lowered {
  const text = new MagicString(code);
  forEachNode(parse(code, { ecmaVersion: "latest", sourceType: "script" }), (node) => {
    if (node.type !== "FunctionDeclaration") return;
    const declared = node as FunctionDeclaration;
    if (declared.generator || declared.async || readsItsCall(declared)) return;
    text.overwrite(declared.start, declared.id.end, `const ${declared.id.name} = `);
    text.appendLeft(declared.body.start, "=> ");
    text.appendRight(declared.end, ";");
  });
  return { code: text.toString(), map: text.generateMap({ hires: true }) };
}

/** Whether `this`, `arguments` or `new.target` in it is its own. */
function readsItsCall(declared: FunctionDeclaration): boolean {
  let found = false;
  forEachNode(declared.body, (node, ancestors) => {
    const isOwner = (one: Node): boolean => isFunctionNode(one) && one.type !== "ArrowFunctionExpression";
    const name = (node as Node & { name?: string }).name;
    const reads = node.type === "ThisExpression" || node.type === "MetaProperty" || name === "arguments";
    if (reads && !ancestors.some(isOwner)) found = true;
  });
  return found;
}
