import { BoardError, type Realm } from "./realm.ts";

const TOKEN =
  /(?:\s|\/\/[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[A-Za-z_$][\w$]*|"|'|[^\s])?/y;

const RESERVED = new Set(["true", "false", "null", "undefined", "function", "return", "var", "new", "typeof"]);

/**
 * JSON.parse of jswrap_json.c: runs on the interpreter's own lexer, so single quotes, comments, hexadecimal, trailing
 * commas and trailing garbage pass; of a name that comes twice the first value counts.
 */
export class JsonParser {
  private position = 0;
  private token = "";
  private text = "";

  private readonly realm: Realm;
  private readonly source: string;
  /** Storage.readJSON also takes names without quotes. */
  private readonly bareNames: boolean;

  constructor(realm: Realm, source: string, bareNames: boolean) {
    this.realm = realm;
    this.source = source;
    this.bareNames = bareNames;
    this.next();
  }

  private next(): void {
    TOKEN.lastIndex = this.position;
    const match = TOKEN.exec(this.source);
    this.token = match?.[1] ?? "";
    this.position = TOKEN.lastIndex === 0 ? this.source.length : TOKEN.lastIndex;
    if (this.token === '"' || this.token === "'") this.text = this.readString(this.token);
  }

  private readString(delimiter: string): string {
    let text = "";
    for (;;) {
      const char = this.source[this.position++];
      if (char === undefined) throw new BoardError("Expecting valid value, got UNFINISHED STRING", "SyntaxError");
      if (char === delimiter) return text;
      text += char === "\\" ? this.readEscape() : char;
    }
  }

  private readEscape(): string {
    const char = this.source[this.position++] ?? "";
    const simple: Readonly<Record<string, string>> = {
      b: "\b",
      f: "\f",
      n: "\n",
      r: "\r",
      t: "\t",
      v: "\v",
      a: "\x07",
    };
    if (char === "x" || char === "u") {
      const digits = char === "x" ? 2 : 4;
      const code = Number.parseInt(this.source.substr(this.position, digits), 16);
      this.position += digits;
      // A build without Unicode keeps the low byte only.
      return String.fromCharCode(code & 255);
    }
    return simple[char] ?? char;
  }

  parse(): unknown {
    const { token } = this;
    if (token === "true" || token === "false" || token === "null") {
      this.next();
      return token === "null" ? null : token === "true";
    }
    if (token === "-") {
      this.next();
      if (!/^[\d.]/.test(this.token)) return undefined;
      return -(this.parse() as number);
    }
    if (/^(\d|\.\d)/.test(token)) {
      this.next();
      return Number(token);
    }
    if (this.isString) {
      const { text } = this;
      this.next();
      return text;
    }
    if (token === "[") return this.parseArray();
    if (token === "{") return this.parseObject();
    throw new BoardError(`Expecting valid value, got ${this.describe()}`, "SyntaxError");
  }

  private get isString(): boolean {
    return this.token === '"' || this.token === "'";
  }

  private describe(): string {
    if (this.token === "") return "EOF";
    if (this.isString) return "STRING";
    if (RESERVED.has(this.token)) return this.token;
    if (/^[A-Za-z_$]/.test(this.token)) return "ID";
    if (/^\d+$/.test(this.token)) return "INT";
    return /^[\d.]/.test(this.token) ? "FLOAT" : `'${this.token}'`;
  }

  private expect(token: string): void {
    if (this.token !== token) throw new BoardError(`Got ${this.describe()} expected '${token}'`, "SyntaxError");
    this.next();
  }

  private parseArray(): unknown {
    const items: unknown[] = [];
    this.next();
    while (this.token !== "]") {
      items.push(this.parse());
      if (this.token !== "]") this.expect(",");
    }
    this.next();
    return this.realm.array(items);
  }

  private parseObject(): unknown {
    const object = this.realm.object();
    this.next();
    while (this.isString || /^[A-Za-z_$\d]/.test(this.token)) {
      if (!this.isString && !this.bareNames) {
        throw new BoardError(`Got ID:${this.token} expected STRING`, "SyntaxError");
      }
      const name = this.isString ? this.text : this.token;
      this.next();
      this.expect(":");
      const value = this.parse();
      if (!Object.hasOwn(object, name)) object[name] = value;
      if (this.token !== "}") this.expect(",");
    }
    this.expect("}");
    return object;
  }
}
