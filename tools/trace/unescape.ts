/** The string that `E.toJS` of the interpreter wrote (jsutils.c, escapeCharacter), as bytes. */

const LETTERS: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  b: "\b",
  f: "\f",
  "\\": "\\",
  '"': '"',
};

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u00([0-9a-fA-F]{2})|([0-7])|([nrtvbf\\"]))/g;

/** `undefined` for what is no such string: a line that was cut, or mixed with another one. */
export function unescapeJs(literal: string): string | undefined {
  if (literal.length < 2 || !literal.startsWith('"') || !literal.endsWith('"')) return undefined;
  const inner = literal.slice(1, -1);
  // Printable ASCII only, each quote and backslash escaped.
  if (!/^(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\(?:x[0-9a-fA-F]{2}|u00[0-9a-fA-F]{2}|[0-7nrtvbf\\"]))*$/.test(inner))
    return undefined;
  return inner.replace(ESCAPE, (_, hex?: string, long?: string, octal?: string, letter?: string) => {
    if (letter !== undefined) return LETTERS[letter] ?? "";
    return String.fromCharCode(octal === undefined ? Number.parseInt(hex ?? long ?? "", 16) : Number(octal));
  });
}
