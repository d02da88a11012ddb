import type * as acorn from "acorn";
import type { Node } from "./scopes.ts";

/** The methods that search by jswrap_string_indexOf. Arrays have two of the names, and theirs are right. */
export const searchMethods: ReadonlySet<string> = new Set(["indexOf", "includes", "replace", "replaceAll", "match"]);

/**
 * Whether a search is seen to be for text of more than one character, in what is not evidently an array. A needle in a
 * variable cannot be judged here; `npm run check` does, by its type (string-search.ts).
 */
export function isLongSearch(receiver: Node, needle: Node | undefined): boolean {
  return needle !== undefined && isLongText(needle) && !isArray(receiver);
}

function isLongText(node: Node): boolean {
  switch (node.type) {
    case "Literal": {
      const { value } = node as acorn.Literal;
      return typeof value === "string" && value.length > 1;
    }
    case "TemplateLiteral": {
      const { expressions, quasis } = node as acorn.TemplateLiteral;
      return expressions.length > 0 || (quasis[0]?.value.cooked ?? "").length > 1;
    }
    case "BinaryExpression":
      return (node as acorn.BinaryExpression).operator === "+" && hasText(node as acorn.BinaryExpression);
    case "ConditionalExpression": {
      const { consequent, alternate } = node as acorn.ConditionalExpression;
      return isLongText(consequent) || isLongText(alternate);
    }
    case "LogicalExpression": {
      const { left, right } = node as acorn.LogicalExpression;
      return isLongText(left) || isLongText(right);
    }
    default:
      return false;
  }
}

/** `i + 1` is a number, `i + ","` is text. */
function hasText({ left, right }: acorn.BinaryExpression): boolean {
  return [left, right].some((node) => {
    if (node.type === "TemplateLiteral") return true;
    if (node.type === "Literal") return typeof node.value === "string";
    return node.type === "BinaryExpression" && node.operator === "+" && hasText(node);
  });
}

const arrayMethods = /^(split|map|filter|keys|values|entries)$/;

function isArray(node: Node): boolean {
  if (node.type === "ArrayExpression") return true;
  if (node.type !== "CallExpression") return false;
  const { callee } = node as acorn.CallExpression;
  return (
    callee.type === "MemberExpression" &&
    callee.property.type === "Identifier" &&
    !callee.computed &&
    arrayMethods.test(callee.property.name)
  );
}
