/** What a line that is not finished ends in; `jsiCountBracketsInInput` treats each in its own way. */
type Ending = "whole" | "comment" | "string" | "template";

/** Tokens behind which the interpreter takes `/` for the beginning of a regular expression (jslex.c:840). */
const BEFORE_REGEX =
  /[!%&*+\-/<=>?[{}(,;:|^~]$|^$|^(case|delete|in|instanceof|new|return|typeof|void|throw|do|else|of)$/;

const IDENTIFIER = /[A-Za-z0-9_$]+/y;

/**
 * The interpreter's own lexer, as far as the console needs it: brackets are counted and strings, templates, comments and
 * regular expressions skipped exactly as there, since this decides whether a line is executed or goes on.
 */
class Scanner {
  ending: Ending = "whole";
  private at = 0;
  private last = "";

  private readonly code: string;

  constructor(code: string) {
    this.code = code;
  }

  /** The next token that is a single char or a word; undefined at the end, or where something is not finished. */
  next(): { readonly token: string; readonly at: number } | undefined {
    if (!this.skipBlanks()) return undefined;
    const start = this.at;
    const char = this.code[start];
    if (char === undefined || char === "\0") return undefined;
    const token = this.read(char);
    if (this.ending !== "whole") return undefined;
    this.last = token;
    return { token, at: start };
  }

  private skipBlanks(): boolean {
    for (;;) {
      const char = this.code[this.at];
      if (char !== undefined && /[ \t\n\r\v\f]/.test(char)) this.at++;
      else if (this.code.startsWith("//", this.at)) {
        const end = this.code.indexOf("\n", this.at);
        this.at = end < 0 ? this.code.length : end + 1;
      } else if (this.code.startsWith("/*", this.at)) {
        const end = this.code.indexOf("*/", this.at + 2);
        if (end < 0) {
          this.ending = "comment";
          return false;
        }
        this.at = end + 2;
      } else return true;
    }
  }

  private read(char: string): string {
    if (char === '"' || char === "'" || char === "`") {
      this.skipString(char);
      return "0";
    }
    if (char === "/" && BEFORE_REGEX.test(this.last)) {
      this.skipRegex();
      return "0";
    }
    IDENTIFIER.lastIndex = this.at;
    const word = IDENTIFIER.exec(this.code)?.[0];
    this.at += word === undefined ? 1 : word.length;
    return word ?? char;
  }

  private skipString(delimiter: string): void {
    const isTemplate = delimiter === "`";
    let nesting = 0;
    let last = delimiter;
    this.at++;
    for (;;) {
      const char = this.code[this.at];
      if (char === undefined || char === "\0" || (char === "\n" && !isTemplate)) {
        this.ending = isTemplate ? "template" : "string";
        return;
      }
      if (char === delimiter && nesting === 0) break;
      if (isTemplate && char === "{" && (last === "$" || nesting > 0)) nesting++;
      else if (isTemplate && char === "}" && nesting > 0) nesting--;
      if (char === "\\" && nesting === 0) this.at++;
      last = this.code[this.at] ?? "";
      this.at++;
    }
    this.at++;
  }

  private skipRegex(): void {
    this.at++;
    for (
      let char = this.code[this.at];
      char !== undefined && char !== "/" && char !== "\n";
      char = this.code[this.at]
    ) {
      this.at += char === "\\" ? 2 : 1;
    }
    if (this.code[this.at] !== "/") {
      this.ending = "string";
      return;
    }
    this.at++;
    while (/[gimsuy]/.test(this.code[this.at] ?? "")) this.at++;
  }
}

/** True when the console executes a line, false when it goes on with `:` (jsinteractive.c, jsiCountBracketsInInput). */
export function isComplete(code: string): boolean {
  const scanner = new Scanner(code);
  let open = 0;
  for (let found = scanner.next(); found !== undefined; found = scanner.next()) {
    if ("{[(".includes(found.token)) open++;
    if ("}])".includes(found.token)) open--;
    // A closing bracket before its opening one: executed, so that it can be an error.
    if (open < 0) return true;
  }
  // An open string never becomes a good one by going on.
  if (scanner.ending === "string") return true;
  return scanner.ending === "whole" && open === 0;
}

/**
 * The part of the code that `jspEvaluateExpressionVar` executes: one expression, up to a `;` outside of brackets. What
 * stands behind it is not even looked at.
 */
export function firstExpression(code: string): string {
  const scanner = new Scanner(code);
  let open = 0;
  for (let found = scanner.next(); found !== undefined; found = scanner.next()) {
    if ("{[(".includes(found.token)) open++;
    else if ("}])".includes(found.token)) open--;
    else if (found.token === ";" && open <= 0) return code.slice(0, found.at);
  }
  return code;
}
