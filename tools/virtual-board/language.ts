import { installDate } from "./dates.ts";
import { JsonParser } from "./json.ts";
import { JsonWriter } from "./json-writer.ts";
import type { Loop } from "./loop.ts";
import { STATIC_MEMBERS } from "./natives.ts";
import { formatNumber } from "./numbers.ts";
import { BoardError, type Realm, type RealmFunction } from "./realm.ts";
import { patchStrings } from "./strings.ts";
import type { DeviceTime } from "./time.ts";

export interface LanguageTools {
  stringify(value: unknown): string;
  parse(text: string): unknown;
  toJS(value: unknown): string;
  /** As `print` shows it. */
  show(value: unknown): string;
  /** As the console shows what a line has given. */
  showResult(value: unknown): string;
}

export interface LanguageDeps {
  readonly realm: Realm;
  readonly loop: Loop;
  readonly time: DeviceTime;
  readonly random: () => number;
  /** Name of what is a serial port. */
  readonly deviceName: (value: object) => string | undefined;
}

/** Replaces what V8 has but does otherwise than Espruino, as far as a library can. */
export function installLanguage({ realm, random, time, deviceName }: LanguageDeps): LanguageTools {
  const { global } = realm;
  const stringify = (value: unknown): string => new JsonWriter(realm, { json: true, toJson: true }).write(value);
  const json = realm.object();
  realm.defineNatives(json, {
    stringify: ([value]) => stringify(value),
    parse: ([text]) => new JsonParser(realm, String(text), false).parse(),
  });
  realm.define(global, "JSON", json);
  installDate(realm, time);
  realm.defineNatives(global.Math as object, {
    random: () => random(),
    clip: ([value, min, max]) => Math.min(Math.max(Number(value), Number(min)), Number(max)),
    wrap([value, size]) {
      // jsutils.c, wrapAround: towards zero, so a negative value stays negative.
      const turns = Number(value) / Number(size);
      return Number(size) < 0 ? 0 : (turns - Math.trunc(turns)) * Number(size);
    },
    randInt([range]) {
      const limit = Math.trunc(Number(range)) || 0;
      return limit > 0 ? Math.floor(random() * limit) : Math.floor(random() * 2 ** 32) | 0;
    },
    // Rounds halves away from zero, so Math.round(-2.5) is -3 (jswrap_math.c).
    round: ([value]) => Math.trunc(Number(value) + (Number(value) < 0 ? -0.5 : 0.5)),
  });
  patchNumbers(realm);
  patchErrors(realm);
  patchStrings(realm);
  patchArrays(realm);
  patchDataView(realm);
  realm.defineNatives(realm.prototypeOf("Object"), {
    clone: (_, self) => (Array.isArray(self) ? realm.array(self) : realm.object(self as Record<string, unknown>)),
  });
  realm.defineNatives(realm.prototypeOf("Function"), {
    replaceWith: () => {
      throw new BoardError("virtual board: replaceWith is not simulated");
    },
  });
  return {
    stringify,
    parse: (text) => new JsonParser(realm, text, true).parse(),
    toJS: (value) => new JsonWriter(realm, { dropQuotes: true, noUndefined: true, toJson: true }).write(value),
    show: (value) => (typeof value === "string" ? value : new JsonWriter(realm, { pretty: true }).write(value)),
    showResult: (value) =>
      new JsonWriter(realm, { pretty: true, dropQuotes: true, limit: true, deviceName }).write(value),
  };
}

/** A string with anything behind the number is NaN here, blanks and line ends too (jsutils.c, stringToFloat). */
function toNumber(value: unknown): number {
  return typeof value === "string" && /\s$/.test(value) ? Number.NaN : Number(value);
}

function patchNumbers(realm: Realm): void {
  const original = realm.global.Number as RealmFunction & { prototype: object };
  // A new constructor, because Number.EPSILON cannot be deleted.
  const type = realm.constructorOf("Number", (args) => (args.length === 0 ? 0 : toNumber(args[0])));
  for (const name of STATIC_MEMBERS.Number ?? []) realm.define(type, name, Reflect.get(original, name));
  Reflect.set(type, "prototype", original.prototype);
  realm.define(original.prototype, "constructor", type);
  realm.define(realm.global, "Number", type);
  realm.defineNatives(original.prototype, {
    toFixed: ([digits], self) =>
      formatNumber(Number(self), 10, Math.min(20, Math.max(0, Math.trunc(Number(digits)) || 0))),
    toString: ([radix]: unknown[], self: unknown) => formatNumber(Number(self), typeof radix === "number" ? radix : 10),
  });
}

/** Errors have a `type` and no `name`; text is made of the type. */
function patchErrors(realm: Realm): void {
  for (const name of ["Error", "TypeError", "SyntaxError", "ReferenceError", "InternalError"]) {
    const prototype = realm.prototypeOf(name);
    delete prototype.name;
    realm.define(prototype, "type", name);
  }
  realm.defineNatives(realm.prototypeOf("Error"), {
    toString(_: unknown[], self: unknown) {
      const { type, message } = self as { type?: unknown; message?: unknown };
      return message === undefined ? String(type ?? "Error") : `${String(type ?? "Error")}: ${String(message)}`;
    },
  });
}

function patchArrays(realm: Realm): void {
  const view = Object.getPrototypeOf(realm.prototypeOf("Uint8Array")) as Record<string, unknown>;
  const slice = view.slice as RealmFunction;
  const filter = view.filter as RealmFunction;
  // On a typed array these give plain arrays.
  realm.defineNatives(view, {
    slice: (args, self) => realm.array(Array.from(realm.call(slice, self, args) as ArrayLike<number>)),
    filter: (args, self) => realm.array(Array.from(realm.call(filter, self, args) as ArrayLike<number>)),
  });
}

/** jswrap_arraybuffer.c:521. */
const MAX_VIEW_OFFSET = 65535;

/** Reads and writes outside the buffer do nothing; V8's throw RangeError, which Espruino does not have. */
function patchDataView(realm: Realm): void {
  const prototype = realm.prototypeOf("DataView");
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (!/^[gs]et/.test(name)) continue;
    const original = prototype[name] as RealmFunction;
    const bytes = Number(/\d+/.exec(name)?.[0] ?? 8) / 8;
    realm.defineNatives(prototype, {
      [name](args, self) {
        const offset = Number(args[0]);
        const { byteLength } = self as DataView;
        if (offset < 0 || offset > MAX_VIEW_OFFSET) throw new BoardError("byteOffset too large (or negative)");
        if (offset + bytes > byteLength) return name.startsWith("get") ? 0 : undefined;
        return realm.call(original, self, args);
      },
    });
  }
}
