/**
 * Reads what the interpreter's `E.toJS` prints: JSON with names without quotes, `\xHH` for bytes, NaN, and things that are
 * no data (functions, pins, devices, a circle in a structure), which are `undefined` here.
 */

/** Deeper than anything that fits in a packet makes sense: the text comes from outside. */
const MAX_DEPTH = 100;

/** @throws {SyntaxError} where the text is not of that form. */
export function parseToJs(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

const NUMBER = /[+-]?(?:0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|Infinity)/y;
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const FUNCTION = /function\b/y;
/** Printed for what contains itself, and where the interpreter's stack was full. */
const CIRCLE = / \.\.\. /y;

const WORDS = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
]);

const ESCAPES: Readonly<Record<string, string>> = {
  "n": "\n",
  "t": "\t",
  "b": "\b",
  "v": "\v",
  "f": "\f",
  "r": "\r",
};

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.wrong("nested too deeply");
    const next = this.text[this.at];
    if (next === '"') return this.string();
    if (next === "[") return this.array(depth);
    if (next === "{") return this.object(depth);
    if (this.take(CIRCLE) !== undefined) return undefined;
    if (this.take(FUNCTION) !== undefined) return this.skipFunction();
    const number = this.take(NUMBER);
    if (number !== undefined) return Number(number);
    const word = this.take(WORD);
    // A pin or a device has its name printed.
    if (word !== undefined) return WORDS.get(word);
    throw this.wrong("a value was expected");
  }

  end(): void {
    if (this.at < this.text.length) throw this.wrong("the value has ended");
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private skip(expected: string): boolean {
    const isThere = this.text[this.at] === expected;
    if (isThere) this.at++;
    return isThere;
  }

  private array(depth: number): unknown[] {
    this.at++;
    const values: unknown[] = [];
    if (this.skip("]")) return values;
    for (;;) {
      values.push(this.value(depth + 1));
      if (this.skip("]")) return values;
      if (!this.skip(",")) throw this.wrong("a comma was expected");
    }
  }

  private object(depth: number): Record<string, unknown> {
    this.at++;
    const value: Record<string, unknown> = {};
    if (this.skip("}")) return value;
    for (;;) {
      const name = this.name();
      if (!this.skip(":")) throw this.wrong("a colon was expected");
      // Assigning to `__proto__` would not make a property.
      Object.defineProperty(value, name, {
        value: this.value(depth + 1),
        enumerable: true,
        writable: true,
        configurable: true,
      });
      if (this.skip("}")) return value;
      if (!this.skip(",")) throw this.wrong("a comma was expected");
    }
  }

  private name(): string {
    if (this.text[this.at] === '"') return this.string();
    const name = this.take(WORD) ?? this.take(NUMBER);
    if (name === undefined) throw this.wrong("a name was expected");
    return name;
  }

  private string(): string {
    this.at++;
    let value = "";
    for (;;) {
      const end = this.plainEnd();
      value += this.text.slice(this.at, end);
      this.at = end + 1;
      if (this.text[end] === '"') return value;
      if (end >= this.text.length) throw this.wrong("a string has no end");
      value += this.escape();
    }
  }

  /** Index of the next quote or backslash. */
  private plainEnd(): number {
    let i = this.at;
    while (i < this.text.length && this.text[i] !== '"' && this.text[i] !== "\\") i++;
    return i;
  }

  private escape(): string {
    const character = this.text[this.at] ?? "";
    if (character === "x" || character === "u") {
      const length = character === "x" ? 2 : 4;
      const digits = this.text.slice(this.at + 1, this.at + 1 + length);
      if (digits.length < length || !/^[0-9a-fA-F]*$/.test(digits))
        throw this.wrong("hexadecimal digits were expected");
      this.at += 1 + length;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const octal = /^[0-7]{1,3}/.exec(this.text.slice(this.at, this.at + 3))?.[0];
    if (octal !== undefined) {
      this.at += octal.length;
      return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    }
    this.at++;
    return ESCAPES[character] ?? character;
  }

  /** To the brace that closes its body. Braces in strings do not count. */
  private skipFunction(): undefined {
    const open = this.text.indexOf("{", this.at);
    if (open < 0) throw this.wrong("a function has no body");
    let depth = 0;
    for (this.at = open; this.at < this.text.length; this.at++) {
      const character = this.text[this.at] ?? "";
      if (character === "{") depth++;
      else if (character === "}" && --depth === 0) {
        this.at++;
        return undefined;
      } else if (character === '"' || character === "'" || character === "`") this.skipQuoted(character);
    }
    throw this.wrong("a function has no end");
  }

  private skipQuoted(delimiter: string): void {
    for (this.at++; this.at < this.text.length && this.text[this.at] !== delimiter; this.at++) {
      if (this.text[this.at] === "\\") this.at++;
    }
  }

  private wrong(what: string): SyntaxError {
    return new SyntaxError(`${what} at ${this.at}`);
  }
}
