import { relative } from "node:path";
import ts from "typescript";
import { root } from "./paths.ts";
import { searchMethods } from "./profile-search.ts";

export interface SearchProblem {
  file: string;
  line: number;
  /** The call. */
  text: string;
}

/**
 * Finds searches in strings for a needle that is not known to be one character: the interpreter's `indexOf` takes the
 * end of the text for a match when the needle begins with it. The profile check knows only what is spelled out; where
 * text and needle are variables, types tell strings from arrays.
 */
export function checkSearches(program: ts.Program): SearchProblem[] {
  const checker = program.getTypeChecker();
  const problems: SearchProblem[] = [];

  function visit(node: ts.Node): void {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { expression: receiver, name } = node.expression;
      const [needle] = node.arguments;
      const isSearch = searchMethods.has(name.text) && needle !== undefined && hasText(receiver);
      if (isSearch && hasText(needle) && !isCharacter(needle)) {
        const source = node.getSourceFile();
        const { line } = source.getLineAndCharacterOfPosition(name.getStart());
        problems.push({ file: relative(root, source.fileName), line: line + 1, text: node.getText() });
      }
    }
    ts.forEachChild(node, visit);
  }

  function parts(node: ts.Expression): ts.Type[] {
    const type = checker.getTypeAtLocation(node);
    const bound = type.flags & ts.TypeFlags.TypeParameter ? (checker.getBaseConstraintOfType(type) ?? type) : type;
    return bound.isUnion() ? bound.types : [bound];
  }

  function hasText(node: ts.Expression): boolean {
    return parts(node).some((type) => type.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.Any));
  }

  /** A literal or a set of them, `text[i]`, `text.charAt(i)`, `String.fromCharCode(n)`. */
  function isCharacter(node: ts.Expression): boolean {
    let inner = node;
    while (ts.isParenthesizedExpression(inner) || ts.isAsExpression(inner) || ts.isNonNullExpression(inner)) {
      inner = inner.expression;
    }
    const literals = parts(inner);
    if (literals.every((type) => type.isStringLiteral() && type.value.length <= 1)) return true;
    if (ts.isElementAccessExpression(inner)) {
      const { expression } = inner;
      return parts(expression).every((type) => type.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.Undefined));
    }
    if (!ts.isCallExpression(inner) || !ts.isPropertyAccessExpression(inner.expression)) return false;
    const { name } = inner.expression;
    return name.text === "charAt" || (name.text === "fromCharCode" && inner.arguments.length === 1);
  }

  for (const source of program.getSourceFiles()) {
    if (!source.isDeclarationFile) visit(source);
  }
  return problems;
}
