/** A command line taken apart (V.250, 5.4): no comma or semicolon in quotes ever separates. */

export interface CommandPart {
  /** In capitals: `+CSQ`, `E`; "" for a bare `AT`. */
  readonly name: string;
  readonly form: "do" | "ask" | "test" | "set";
  /** Without their quotes. */
  readonly args: readonly string[];
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = [""];
  let isQuoted = false;
  for (const char of text) {
    if (char === '"') isQuoted = !isQuoted;
    if (char === separator && !isQuoted) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts;
}

/** `1,"a,b",` is three. */
export function splitArguments(text: string): string[] {
  return text.trim() === "" ? [] : splitOutsideQuotes(text, ",").map((arg) => arg.trim().replace(/^"(.*)"$/s, "$1"));
}

function partOf(text: string): CommandPart {
  const extended = /^([+*^#$%][A-Za-z0-9]*)(=\?|\?|=)?(.*)$/s.exec(text);
  if (extended !== null) {
    const [, name = "", sign, rest = ""] = extended;
    const form = sign === "=?" ? "test" : sign === "?" ? "ask" : sign === "=" ? "set" : "do";
    return { name: name.toUpperCase(), form, args: form === "set" ? splitArguments(rest) : [] };
  }
  const [, name = "", rest = ""] = /^(&?[A-Za-z]?)(.*)$/s.exec(text) ?? [];
  return { name: name.toUpperCase(), form: rest === "" ? "do" : "set", args: rest === "" ? [] : [rest] };
}

/** `AT+CEREG=2;+CGREG=2`: two. Not `undefined`, whatever the text: what is no command has an odd name. */
export function splitCommandLine(line: string): CommandPart[] {
  return splitOutsideQuotes(line.replace(/^AT/i, ""), ";").map((text) => partOf(text.trim()));
}
