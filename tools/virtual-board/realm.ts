import vm from "node:vm";
import { detokenise } from "../symbols/detokenise.ts";
import { LANGUAGE_GLOBALS, PROTOTYPE_MEMBERS, STATIC_MEMBERS, TYPED_ARRAY_MEMBERS, TYPED_ARRAYS } from "./natives.ts";
import { withEval } from "./syntax.ts";

/** A function that lives in the board's realm, or one of the host that is handed to it: both are called alike. */
export type RealmFunction = (...args: unknown[]) => unknown;
export type RealmObject = Record<string, unknown>;
/** What a native of the board does: `self` is `this`, undefined when called without an object. */
export type Native = (args: unknown[], self: unknown) => unknown;
export type ErrorKind = "Error" | "TypeError" | "SyntaxError" | "ReferenceError" | "InternalError";

/** Thrown by natives: reaches the device code as an error of its own realm. */
export class BoardError extends Error {
  readonly kind: ErrorKind = "Error";

  constructor(message: string, kind: ErrorKind = "Error") {
    super(message);
    this.kind = kind;
  }
}

/** Wraps an exception of the realm on its way through host code, so that it arrives unchanged. */
export class RealmThrow extends Error {
  readonly value: unknown;

  constructor(value: unknown) {
    super("exception of the device code");
    this.value = value;
  }
}

/** How a call into the realm, or from it to a native, ended. */
export type Outcome =
  | readonly [ok: 0, value: unknown]
  | readonly [ok: 1, thrown: unknown]
  | readonly [ok: 2, kind: ErrorKind, message: string];
type Host = (self: unknown, args: unknown[]) => Outcome;

interface Bridge {
  wrap(name: string, host: Host): RealmFunction;
  construct(name: string, host: Host): RealmFunction & { prototype: RealmObject };
  object(): RealmObject;
  array(): unknown[];
  bytes(length: number): Uint8Array;
  view(buffer: ArrayBuffer): Uint8Array;
  buffer(length: number): ArrayBuffer;
  error(kind: ErrorKind, message: string): object;
  attempt(fn: RealmFunction, self: unknown, args: unknown[]): Outcome;
  isInstance(value: unknown, name: string): boolean;
}

// Runs inside the realm, so that functions, errors, arrays and objects made here have the realm's prototypes.
const BRIDGE_SOURCE = `(function () {
  "use strict";
  const kinds = { Error, TypeError, SyntaxError, ReferenceError };
  const intrinsics = { Array, ArrayBuffer, Error, Object, Uint8Array, DataView, RegExp, Function };
  const apply = Reflect.apply, create = Object.create, define = Object.defineProperty, isView = ArrayBuffer.isView;
  class InternalError extends Error {}
  kinds.InternalError = InternalError;
  define(globalThis, "InternalError", { value: InternalError, writable: true, configurable: true });
  function error(kind, message) { const e = new kinds[kind](message); return e; }
  function settle(r) {
    if (r[0] === 0) return r[1];
    throw r[0] === 1 ? r[1] : error(r[1], r[2]);
  }
  return {
    wrap(name, host) {
      return ({ [name](...args) { return settle(host(this, args)); } })[name];
    },
    construct(name, host) {
      const f = function (...args) {
        const self = create(f.prototype);
        const made = settle(host(self, args));
        return made === undefined ? self : made;
      };
      define(f, "name", { value: name });
      return f;
    },
    object() { return {}; },
    array() { return []; },
    bytes(length) { return new intrinsics.Uint8Array(length); },
    view(buffer) { return new intrinsics.Uint8Array(buffer); },
    buffer(length) { return new intrinsics.ArrayBuffer(length); },
    error,
    attempt(fn, self, args) {
      try { return [0, apply(fn, self, args)]; } catch (thrown) { return [1, thrown]; }
    },
    isInstance(value, name) { return name === "View" ? isView(value) : value instanceof intrinsics[name]; },
  };
})()`;

/**
 * `stack` as device code reads it: its own frames only, one a line, without the message in front, as the interpreter has it.
 * Files of the host have absolute paths, the device's have not; code that was evaluated has no name.
 */
const STACK_SOURCE = `Error.stackTraceLimit = 40;
Object.defineProperty(Error, "prepareStackTrace", { configurable: true, value(_, sites) {
  let text = "";
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i], file = site.getFileName() || "<anonymous>";
    if (/^(\\/|[A-Za-z]:|node:|file:|virtual-board-bridge)/.test(file) || site.getLineNumber() === null) continue;
    const frame = site.toString(), from = frame.indexOf("eval at ");
    // Where it was evaluated is the host's business.
    text += "    at " + (from < 0 ? frame : frame.slice(0, from) + frame.slice(frame.lastIndexOf("<anonymous>"))) + "\\n";
  }
  return text;
} })`;

const compiles = (code: string): boolean => {
  try {
    new vm.Script(code);
    return true;
  } catch {
    return false;
  }
};

/**
 * Pretokenised code as source. Plain source may have bytes above 127 in its strings; tokens there are none that V8 would
 * take for source.
 */
function sourceOf(code: string): string {
  if (!/[\x80-\xff]/.test(code) || compiles(code)) return code;
  const { text } = detokenise(code);
  return compiles(text) ? text : code;
}

const ALWAYS_KEPT = new Set(["prototype", "length", "name", "constructor", "arguments", "caller"]);

/** Deletes every string-keyed member that is not listed. Symbols stay: V8's own loops and iterators need them. */
function prune(target: object, keep: readonly string[]): void {
  const kept = new Set(keep);
  for (const name of Object.getOwnPropertyNames(target)) {
    if (kept.has(name) || ALWAYS_KEPT.has(name)) continue;
    Reflect.deleteProperty(target, name);
  }
}

/** A `node:vm` context that has the language as Espruino has it, and nothing of Node or the browser. */
export class Realm {
  readonly context: vm.Context;
  /** The device's `global`. */
  readonly global: RealmObject;
  private readonly bridge: Bridge;
  /** An exception in a native that is no BoardError is a defect of the virtual board: it is reported here. */
  onDefect: (error: unknown) => void = () => {};
  /** A native throws, caught by the device code or not: the console takes its input line away (jsutils.c:258). */
  onException: () => void = () => {};
  private dead = false;
  private readonly natives = new WeakSet<object>();

  constructor() {
    this.context = vm.createContext({}, { codeGeneration: { strings: true, wasm: false } });
    this.global = vm.runInContext("globalThis", this.context) as RealmObject;
    this.bridge = vm.runInContext(BRIDGE_SOURCE, this.context, { filename: "virtual-board-bridge" }) as Bridge;
    this.pruneLanguage();
    this.extendEval();
    vm.runInContext(STACK_SOURCE, this.context, { filename: "virtual-board-bridge" });
  }

  private pruneLanguage(): void {
    const view = Object.getPrototypeOf(this.global.Uint8Array) as { prototype: object };
    prune(view, []);
    prune(view.prototype, TYPED_ARRAY_MEMBERS);
    for (const name of TYPED_ARRAYS) {
      const type = this.global[name] as { prototype: object };
      prune(type, []);
      prune(type.prototype, []);
    }
    for (const [name, keep] of Object.entries(STATIC_MEMBERS)) prune(this.global[name] as object, keep);
    for (const [name, keep] of Object.entries(PROTOTYPE_MEMBERS)) {
      prune((this.global[name] as { prototype: object }).prototype, keep);
    }
    prune(this.global, [...LANGUAGE_GLOBALS, "InternalError"]);
  }

  evaluate(code: string, filename: string): unknown {
    return new vm.Script(withEval(sourceOf(code)), { filename }).runInContext(this.context);
  }

  /** `eval` takes pretokenised code too; see withEval. */
  private extendEval(): void {
    const original = this.global.eval as RealmFunction;
    this.defineNatives(original, {
      code: ([code]) => (typeof code === "string" ? withEval(sourceOf(code)) : code),
      run: ([code]) => (typeof code === "string" ? this.call(original, undefined, [withEval(sourceOf(code))]) : code),
    });
  }

  /** Runs code and tells how it ended; a syntax error is an outcome like any other. */
  attemptEvaluate(code: string, filename: string): Outcome {
    try {
      return [0, this.evaluate(code, filename)];
    } catch (thrown) {
      return [1, thrown];
    }
  }

  /** Calls device code and tells how it ended. */
  attempt(fn: RealmFunction, self: unknown, args: unknown[]): Outcome {
    return this.bridge.attempt(fn, self, args);
  }

  /** Calls device code from a native: what it throws goes on to the native's caller. */
  call(fn: RealmFunction, self: unknown, args: unknown[]): unknown {
    const outcome = this.bridge.attempt(fn, self, args);
    if (outcome[0] !== 0) throw new RealmThrow(outcome[1]);
    return outcome[1];
  }

  native(name: string, run: Native): RealmFunction {
    const made = this.bridge.wrap(name, (self, args) => this.run(run, self, args));
    this.natives.add(made);
    return made;
  }

  /** A constructor; `run` gets the new object as `self` and may return another one. */
  constructorOf(name: string, run: Native): RealmFunction & { prototype: RealmObject } {
    const made = this.bridge.construct(name, (self, args) => this.run(run, self, args));
    this.natives.add(made);
    return made;
  }

  /** After a reset: what is left of a callback that was running can touch nothing any more. */
  kill(): void {
    this.dead = true;
  }

  private run(run: Native, self: unknown, args: unknown[]): Outcome {
    if (this.dead) return [2, "InternalError", "virtual board: this code was running when the board was reset"];
    try {
      return [0, run(args, self)];
    } catch (thrown) {
      if (thrown instanceof RealmThrow) return [1, thrown.value];
      if (thrown instanceof BoardError) {
        this.onException();
        return [2, thrown.kind, thrown.message];
      }
      this.onDefect(thrown);
      return [2, "InternalError", `virtual board: ${String(thrown)}`];
    }
  }

  /** Puts a value where `for-in` and `Object.keys` do not see it, as Espruino's own symbols. */
  define(target: object, name: string, value: unknown): void {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  }

  defineNatives(target: object, natives: Readonly<Record<string, Native>>): void {
    for (const [name, run] of Object.entries(natives)) this.define(target, name, this.native(name, run));
  }

  prototypeOf(name: string): RealmObject {
    return (this.global[name] as { prototype: RealmObject }).prototype;
  }

  object(fields: RealmObject = {}): RealmObject {
    return Object.assign(this.bridge.object(), fields);
  }

  array(items: readonly unknown[]): unknown[] {
    const made = this.bridge.array();
    for (const item of items) made.push(item);
    return made;
  }

  bytes(data: Uint8Array | readonly number[]): Uint8Array {
    const made = this.bridge.bytes(data.length);
    made.set(data);
    return made;
  }

  arrayBuffer(data: Uint8Array): ArrayBuffer {
    const buffer = this.bridge.buffer(data.length);
    this.bridge.view(buffer).set(data);
    return buffer;
  }

  view(buffer: ArrayBuffer): Uint8Array {
    return this.bridge.view(buffer);
  }

  error(kind: ErrorKind, message: string): object {
    return this.bridge.error(kind, message);
  }

  isError(value: unknown): value is Error {
    return this.bridge.isInstance(value, "Error");
  }

  isArrayBuffer(value: unknown): value is ArrayBuffer {
    return value instanceof ArrayBuffer || this.bridge.isInstance(value, "ArrayBuffer");
  }

  isView(value: unknown): value is ArrayBufferView {
    return this.bridge.isInstance(value, "View");
  }

  /** The language's or the board's own, or something of the host: not the device code's. */
  isNative(value: object): boolean {
    if (this.natives.has(value) || value instanceof Object) return true;
    return typeof value === "function" && /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value));
  }

  isObject(value: unknown): value is RealmObject {
    return typeof value === "object" && value !== null;
  }

  isFunction(value: unknown): value is RealmFunction {
    return typeof value === "function";
  }
}
