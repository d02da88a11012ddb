import { elementsOf } from "./bytes.ts";
import { formatNumber } from "./numbers.ts";
import type { Realm, RealmObject } from "./realm.ts";
import { functionText } from "./syntax.ts";

/** The flags of jswrap_json.h that are used together somewhere. */
export interface WriteOptions {
  /** JSON.stringify: no functions, no undefined, `\u00XX` for every byte above 126. */
  readonly json?: boolean;
  /** Unquoted names. */
  readonly dropQuotes?: boolean;
  /** E.toJS: what is undefined is left out or null, views are arrays. */
  readonly noUndefined?: boolean;
  /** `toJSON` methods are called. */
  readonly toJson?: boolean;
  /** For people: blanks behind `:` and `,`, lines, names of classes. */
  readonly pretty?: boolean;
  /** Long arrays, strings and functions are cut in their middle, and devices have names: the console. */
  readonly limit?: boolean;
  /** Name of what is a built-in device. */
  readonly deviceName?: (value: object) => string | undefined;
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

/** jswrap_json.c:22: longer arrays and strings show so much of both ends. */
const LIMIT = { items: 15, shownItems: 5, chars: 60, shownChars: 27 };
const GAP = " ... ";
const FIELDS_ON_LINE = 4;

/** Values as text, as jsfGetJSONWithCallback makes it (jswrap_json.c). */
export class JsonWriter {
  private readonly open = new Set<unknown>();
  private indent = 0;

  private readonly realm: Realm;
  private readonly options: WriteOptions;

  constructor(realm: Realm, options: WriteOptions) {
    this.realm = realm;
    this.options = options;
  }

  write(value: unknown, name?: string, mayToJson = this.options.toJson === true): string {
    const { json = false, noUndefined, limit = false } = this.options;
    if (value === undefined) return json || noUndefined ? "null" : "undefined";
    if (value === null || typeof value === "boolean") return String(value);
    if (typeof value === "string") return this.writeString(value);
    if (typeof value === "number") return json && !Number.isFinite(value) ? "null" : formatNumber(value);
    if (this.realm.isFunction(value)) {
      if (json) return "undefined";
      return this.realm.isNative(value) ? "function () { [native code] }" : functionText(value, limit);
    }
    if (!this.realm.isObject(value)) return "undefined";
    if (this.open.has(value) || this.open.size > MAX_DEPTH) return GAP;
    this.open.add(value);
    const text = this.writeObject(value, name, mayToJson);
    this.open.delete(value);
    return text;
  }

  private writeString(text: string): string {
    const { json = false, limit } = this.options;
    if (!limit || text.length <= LIMIT.chars) return quote(text, json);
    return quote(text.slice(0, LIMIT.shownChars), json) + GAP + quote(text.slice(-LIMIT.shownChars), json);
  }

  private get comma(): string {
    return this.options.pretty ? ", " : ",";
  }

  private newLine(): string {
    return `\n${"  ".repeat(this.indent)}`;
  }

  private writeObject(value: RealmObject, name: string | undefined, mayToJson: boolean): string {
    if (Array.isArray(value)) return this.writeArray(value, mayToJson);
    if (this.realm.isView(value)) return this.writeView(elementsOf(value), value.constructor.name);
    if (this.realm.isArrayBuffer(value)) return this.writeView([...this.realm.view(value)], "ArrayBuffer");
    const { limit, pretty, deviceName } = this.options;
    const device = limit ? deviceName?.(value) : undefined;
    if (device !== undefined) return device;
    if (mayToJson && this.realm.isFunction(value.toJSON)) {
      const result = this.realm.call(value.toJSON, value, name === undefined ? [] : [name]);
      if (result === value) this.open.delete(value);
      return this.write(result, undefined, false);
    }
    return pretty ? this.writeInstance(value) : this.writeFields(value, mayToJson);
  }

  /** With the name of its class, and its `toString` in place of its fields where the class has one. */
  private writeInstance(value: RealmObject): string {
    const prototype: unknown = Object.getPrototypeOf(value);
    const plain = this.realm.prototypeOf("Object");
    if (!this.realm.isObject(prototype) || prototype === plain || !this.realm.isFunction(prototype.constructor)) {
      return this.writeFields(value, false);
    }
    const name = `${prototype.constructor.name}: `;
    const asText = value.toString;
    const isOwn = this.realm.isFunction(asText) && asText !== plain.toString && prototype.constructor.name !== "RegExp";
    return name + (isOwn ? String(this.realm.call(asText, value, [])) : this.writeFields(value, false));
  }

  private writeArray(value: readonly unknown[], mayToJson: boolean): string {
    const { pretty, limit } = this.options;
    const { length } = value;
    const isCut = limit === true && length > LIMIT.items;
    let text = pretty ? "[ " : "[";
    let newLine = false;
    this.indent++;
    for (let i = 0; i < length; i++) {
      if (isCut && i >= LIMIT.shownItems && i < length - LIMIT.shownItems) continue;
      if (i > 0) text += this.comma;
      if (isCut && i === length - LIMIT.shownItems) text += GAP;
      const own = pretty === true && wantsLine(value[i]);
      if (newLine || own) text += this.newLine();
      text += this.write(value[i], String(i), mayToJson);
      newLine = own;
    }
    this.indent--;
    if (newLine) text += this.newLine();
    return `${text}${pretty ? " ]" : "]"}`;
  }

  private writeView(elements: number[], type: string): string {
    const { json, noUndefined, limit } = this.options;
    const asArray = json || noUndefined;
    if (!asArray && elements.every((element) => element === 0)) return `new ${type}(${elements.length})`;
    const isCut = limit && elements.length > LIMIT.items;
    const head = isCut ? elements.slice(0, LIMIT.shownItems) : elements;
    let items = head.map((element) => formatNumber(element)).join(this.comma);
    if (isCut)
      items +=
        this.comma +
        GAP +
        elements
          .slice(-LIMIT.shownItems)
          .map((n) => formatNumber(n))
          .join(this.comma);
    if (asArray) return `[${items}]`;
    return type === "ArrayBuffer" ? `new Uint8Array([${items}]).buffer` : `new ${type}([${items}])`;
  }

  private writeFields(value: RealmObject, mayToJson: boolean): string {
    const { pretty } = this.options;
    let text = pretty ? "{ " : "{";
    let onLine = 0;
    let newLine = false;
    let isFirst = true;
    this.indent++;
    for (const [key, item] of this.fieldsOf(value)) {
      onLine++;
      if (!isFirst) text += this.comma;
      isFirst = false;
      const own = pretty === true && wantsLine(item);
      if (newLine || own || (pretty && onLine > FIELDS_ON_LINE)) {
        text += this.newLine();
        onLine = 0;
      }
      text += `${this.writeName(key)}:${pretty ? " " : ""}${this.write(item, key, mayToJson)}`;
      newLine = own;
    }
    this.indent--;
    if (newLine) text += this.newLine();
    return `${text}${pretty ? " }" : "}"}`;
  }

  private *fieldsOf(value: RealmObject): Iterable<readonly [string, unknown]> {
    const { json, noUndefined } = this.options;
    for (const key of Object.keys(value)) {
      // Getters are left out altogether.
      const descriptor = Object.getOwnPropertyDescriptor(value, key);
      if (descriptor === undefined || descriptor.get !== undefined || descriptor.set !== undefined) continue;
      const item = descriptor.value as unknown;
      if ((json && this.realm.isFunction(item)) || ((json || noUndefined) && item === undefined)) continue;
      yield [key, item];
    }
  }

  private writeName(key: string): string {
    const { dropQuotes, json = false } = this.options;
    return dropQuotes && /^([A-Za-z_$][\w$]*|\d+)$/.test(key) ? key : quote(key, json);
  }
}

/** jsonNeedsNewLine. */
function wantsLine(value: unknown): boolean {
  return typeof value === "string" || typeof value === "function" || (typeof value === "object" && value !== null);
}
