/** ITU-T V.250 section 5: a command line (behind `AT`) to commands. Pure. */

export type CallKind = "execute" | "read" | "test" | "write";

export interface Argument {
  readonly text: string;
  readonly quoted: boolean;
}

export interface Call {
  /** `E`, `&F`, `S3`, `+CREG`: upper case. */
  readonly name: string;
  readonly kind: CallKind;
  /** Of a basic command the one number, if it was given. An omitted argument is `undefined`. */
  readonly args: readonly (Argument | undefined)[];
}

/** V.250 5.4.1: names are these characters; digits may follow a letter. */
const NAME = /[A-Z0-9!%\-./:_]/i;

/** Returns undefined when the line breaks the grammar: the modem answers ERROR. */
export function parseCommandLine(line: string): Call[] | undefined {
  const calls: Call[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === " " || char === ";") {
      at++;
      continue;
    }
    const parsed = char === "+" || char === "^" || char === "$" ? extended(line, at) : basic(line, at);
    if (parsed === undefined) return undefined;
    calls.push(parsed.call);
    at = parsed.next;
  }
  return calls;
}

interface Parsed {
  readonly call: Call;
  readonly next: number;
}

function basic(line: string, start: number): Parsed | undefined {
  let at = start;
  let name = line.charAt(at++).toUpperCase();
  if (name === "&" || name === "\\") name += line.charAt(at++).toUpperCase();
  if (!/^[&\\]?[A-Z]$/.test(name)) return undefined;
  // V.250 6.3.1: everything behind D is a dial string.
  if (name === "D") {
    return { call: { name, kind: "write", args: [{ text: line.slice(at), quoted: false }] }, next: line.length };
  }
  const digits = /^ *(\d*)/.exec(line.slice(at))?.[0] ?? "";
  const number = digits.trim();
  at += digits.length;
  if (name !== "S") {
    const args = number === "" ? [] : [{ text: number, quoted: false }];
    return { call: { name, kind: number === "" ? "execute" : "write", args }, next: at };
  }
  const rest = /^ *(\?|= *(\d*))/.exec(line.slice(at));
  if (rest === null) return undefined;
  at += rest[0].length;
  const register = `S${Number(number)}`;
  if (rest[1] === "?") return { call: { name: register, kind: "read", args: [] }, next: at };
  return { call: { name: register, kind: "write", args: [{ text: rest[2] ?? "", quoted: false }] }, next: at };
}

function extended(line: string, start: number): Parsed | undefined {
  let at = start + 1;
  while (at < line.length && NAME.test(line.charAt(at))) at++;
  const name = line.slice(start, at).toUpperCase();
  if (name.length < 2) return undefined;
  while (line.charAt(at) === " ") at++;
  const end = (kind: CallKind, args: Call["args"], next: number): Parsed | undefined =>
    next >= line.length || line.charAt(next) === ";" ? { call: { name, kind, args }, next: next + 1 } : undefined;
  const sign = line.charAt(at);
  if (sign === "" || sign === ";") return end("execute", [], at);
  if (sign === "?") return end("read", [], skipBlanks(line, at + 1));
  if (sign !== "=") return undefined;
  const value = skipBlanks(line, at + 1);
  if (line.charAt(value) === "?") return end("test", [], skipBlanks(line, value + 1));
  const list = parseArguments(line, value);
  return list === undefined ? undefined : end("write", list.args, list.next);
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line.charAt(at) === " ") at++;
  return at;
}

/** Reads up to a semicolon outside quotes. Blanks outside quotes mean nothing (V.250 5.2.1). */
function parseArguments(line: string, from: number): { args: (Argument | undefined)[]; next: number } | undefined {
  const args: (Argument | undefined)[] = [];
  let at = skipBlanks(line, from);
  for (;;) {
    if (line.charAt(at) === '"') {
      const close = line.indexOf('"', at + 1);
      if (close < 0) return undefined;
      args.push({ text: line.slice(at + 1, close), quoted: true });
      at = skipBlanks(line, close + 1);
    } else {
      const token = /^[^,;"]*/.exec(line.slice(at))?.[0] ?? "";
      const text = token.replaceAll(" ", "");
      args.push(text === "" ? undefined : { text, quoted: false });
      at += token.length;
    }
    const sign = line.charAt(at);
    if (sign === "" || sign === ";") return { args, next: at };
    if (sign !== ",") return undefined;
    at = skipBlanks(line, at + 1);
  }
}

/** A decimal number in range, `fallback` when omitted, or undefined: the argument is wrong. */
export function integer(
  argument: Argument | undefined,
  min: number,
  max: number,
  fallback?: number,
): number | undefined {
  if (argument === undefined) return fallback;
  if (argument.quoted || !/^[+-]?\d{1,15}$/.test(argument.text)) return undefined;
  const value = Number(argument.text);
  return value >= min && value <= max ? value : undefined;
}

/** A quoted string up to `maxLength` characters, `fallback` when omitted, or undefined. */
export function string(argument: Argument | undefined, maxLength: number, fallback?: string): string | undefined {
  if (argument === undefined) return fallback;
  return argument.quoted && argument.text.length <= maxLength ? argument.text : undefined;
}
