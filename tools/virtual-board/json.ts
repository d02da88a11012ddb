import { elementsOf } from "./bytes.ts";
import { formatNumber } from "./numbers.ts";
import { BoardError, type Realm, type RealmObject } from "./realm.ts";

export interface WriteOptions {
  /** JSON.stringify: no functions, no undefined, `\u00XX` for every byte above 126. */
  readonly json: boolean;
  /** Unquoted names, as E.toJS. */
  readonly dropQuotes?: boolean;
  /** `print`: blanks behind `:` and `,`. */
  readonly pretty?: boolean;
}

const ESCAPES: Readonly<Record<number, string>> = {
  8: "\\b",
  9: "\\t",
  10: "\\n",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};
const MAX_DEPTH = 1000;

export function quote(text: string, json: boolean): string {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) & 255;
    const known = ESCAPES[code];
    if (known !== undefined) quoted += known;
    else if (!json && code === 11) quoted += "\\v";
    else if (!json && code < 8 && !/[0-7]/.test(text[i + 1] ?? "")) quoted += `\\${code}`;
    else if (code < 32 || code >= 127)
      quoted += (json ? "\\u00" : "\\x") + code.toString(16).toUpperCase().padStart(2, "0");
    else quoted += String.fromCharCode(code);
  }
  return `${quoted}"`;
}

/** Values as text, as jsfGetJSONWithCallback makes it (jswrap_json.c). */
export class JsonWriter {
  private readonly open = new Set<unknown>();

  private readonly realm: Realm;
  private readonly options: WriteOptions;

  constructor(realm: Realm, options: WriteOptions) {
    this.realm = realm;
    this.options = options;
  }

  write(value: unknown, name?: string, allowToJson = true): string {
    const { json, dropQuotes } = this.options;
    if (value === undefined) return json || dropQuotes ? "null" : "undefined";
    if (value === null || typeof value === "boolean") return String(value);
    if (typeof value === "string") return quote(value, json);
    if (typeof value === "number") return json && !Number.isFinite(value) ? "null" : formatNumber(value);
    if (this.realm.isFunction(value)) return json ? "undefined" : `function ${functionText(value)}`;
    if (!this.realm.isObject(value)) return "undefined";
    if (this.open.has(value) || this.open.size > MAX_DEPTH) return " ... ";
    this.open.add(value);
    const text = this.writeObject(value, name, allowToJson);
    this.open.delete(value);
    return text;
  }

  private get comma(): string {
    return this.options.pretty ? ", " : ",";
  }

  private writeObject(value: RealmObject, name: string | undefined, allowToJson: boolean): string {
    const [open, close] = this.options.pretty ? ["[ ", " ]"] : ["[", "]"];
    if (Array.isArray(value)) {
      const items: string[] = [];
      for (let i = 0; i < value.length; i++) items.push(this.write(value[i], String(i), allowToJson));
      return open + items.join(this.comma) + close;
    }
    if (this.realm.isView(value)) return this.writeView(elementsOf(value), value.constructor.name);
    if (this.realm.isArrayBuffer(value)) return this.writeView([...this.realm.view(value)], "ArrayBuffer");
    if (allowToJson && this.realm.isFunction(value.toJSON)) {
      const result = this.realm.call(value.toJSON, value, name === undefined ? [] : [name]);
      if (result === value) this.open.delete(value);
      return this.write(result, undefined, false);
    }
    return this.writeFields(value, allowToJson);
  }

  private writeView(elements: number[], type: string): string {
    const items = elements.map((element) => formatNumber(element)).join(this.comma);
    if (this.options.json || this.options.dropQuotes) return `[${items}]`;
    return type === "ArrayBuffer" ? `new Uint8Array([${items}]).buffer` : `new ${type}([${items}])`;
  }

  private writeFields(value: RealmObject, allowToJson: boolean): string {
    const { json, pretty, dropQuotes } = this.options;
    const fields: string[] = [];
    for (const key of Object.keys(value)) {
      // Getters are left out altogether.
      const descriptor = Object.getOwnPropertyDescriptor(value, key);
      if (descriptor === undefined || descriptor.get !== undefined || descriptor.set !== undefined) continue;
      const item = descriptor.value as unknown;
      if ((json && this.realm.isFunction(item)) || ((json || dropQuotes) && item === undefined)) continue;
      const bare = dropQuotes && /^([A-Za-z_$][\w$]*|\d+)$/.test(key);
      fields.push(`${bare ? key : quote(key, json)}:${pretty ? " " : ""}${this.write(item, key, allowToJson)}`);
    }
    if (!pretty) return `{${fields.join(",")}}`;
    return fields.length === 0 ? "{  }" : `{ ${fields.join(", ")} }`;
  }
}

function functionText(value: object): string {
  const text = Function.prototype.toString.call(value);
  return text.includes("[native code]") ? "() { [native code] }" : text.replace(/^function\s*\w*\s*/, "");
}

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
