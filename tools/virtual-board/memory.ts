import { INPUT_QUEUE_BYTES, TRANSMIT_BUFFER_BYTES } from "./profile.ts";
import type { RealmFunction, RealmObject } from "./realm.ts";
import type { Runtime } from "./runtime.ts";
import { type Scope, ScopeReader } from "./scopes.ts";

/** Bytes of a JsVar on these boards, and what its first and each following one hold of a string (jsutils.h:243). */
const BLOCK_BYTES = 14;
const FIRST_CHARS = 9;
const NEXT_CHARS = 10;
/** Characters of a name that fit beside the value. */
const KEY_CHARS = 4;
const SMALL_INT = 8191;
/** process.memory().usage of a bare interpreter with 14-byte JsVars. */
const BARE_USAGE = 43;
/** Measured on the interpreter, in JsVars. */
const COST = {
  date: 5,
  regexp: 8,
  promise: 10,
  error: 42,
  timeout: 5,
  interval: 7,
  watch: 7,
  view: 3,
  function: 3,
  closure: 4,
};

const stringCost = (length: number): number => 1 + Math.ceil(Math.max(0, length - FIRST_CHARS) / NEXT_CHARS);
const keyCost = (name: string): number => 1 + Math.ceil(Math.max(0, name.length - KEY_CHARS) / NEXT_CHARS);

/**
 * How many JsVars the device code's values would take, from the sizes that were measured on the interpreter: a gauge,
 * good to some ten per cent. It sees what can be reached, closures included, and no garbage.
 */
export class Memory {
  private readonly runtime: Runtime;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  sizeOf(value: unknown): number {
    return this.withWalk((walk) => walk.value(value, ""));
  }

  usage(): number {
    const { runtime } = this;
    return this.withWalk((walk) => {
      let sum = BARE_USAGE + walk.fields(runtime.realm.global);
      // The natives' own objects are free, what the device code has hung on them is not: listeners above all.
      for (const native of runtime.nativeObjects()) sum += walk.fields(native);
      for (const timer of runtime.timers.pending) {
        sum += timer.interval === undefined ? COST.timeout : COST.interval;
        sum += walk.value(timer.callback, "") + walk.list(timer.args);
      }
      for (const callback of runtime.pins.watchCallbacks) sum += COST.watch + walk.value(callback, "");
      return sum + walk.list(runtime.modules.cached);
    });
  }

  private withWalk(run: (walk: Walk) => number): number {
    const scopes = new ScopeReader();
    try {
      return run(new Walk(this.runtime, scopes));
    } finally {
      scopes.close();
    }
  }

  /** `process.memory()`. */
  report(): RealmObject {
    const { realm, queue } = this.runtime;
    const { total, unsent } = this.runtime.hardware();
    const usage = Math.min(this.usage(), total);
    return realm.object({
      free: total - usage,
      usage,
      total,
      history: 0,
      gc: 0,
      gctime: 0,
      blocksize: BLOCK_BYTES,
      rx: realm.object({ used: queue.bytesUsed, total: INPUT_QUEUE_BYTES }),
      tx: realm.object({ used: unsent, total: TRANSMIT_BUFFER_BYTES }),
    });
  }
}

class Walk {
  private readonly runtime: Runtime;
  private readonly scopes: ScopeReader;
  private readonly seen = new Set<unknown>();
  private readonly seenScopes = new Map<string, Scope[]>();

  constructor(runtime: Runtime, scopes: ScopeReader) {
    this.runtime = runtime;
    this.scopes = scopes;
    for (const native of runtime.nativeObjects()) this.seen.add(native);
    this.seen.add(runtime.realm.global);
  }

  list(items: readonly unknown[]): number {
    return items.reduce<number>((sum, item) => sum + this.value(item, ""), 0);
  }

  fields(target: object): number {
    let sum = 0;
    for (const name of Object.keys(target)) {
      const descriptor = Object.getOwnPropertyDescriptor(target, name);
      sum += keyCost(name) + this.value(descriptor?.get ?? descriptor?.value, name);
    }
    return sum;
  }

  /** JsVars of a value without the one that names it; `name` tells whether a small number fits beside it. */
  value(value: unknown, name: string): number {
    if (value === undefined) return 0;
    if (typeof value === "number") {
      const small = Number.isInteger(value) && Math.abs(value) <= SMALL_INT;
      // Measured: a longer name, which has a JsVar more, has room for any integer.
      const inName = small || (name.length > KEY_CHARS && Number.isInteger(value));
      return name !== "" && inName ? 0 : 1;
    }
    if (typeof value === "string") return stringCost(value.length);
    if (typeof value === "boolean" || value === null) return 1;
    if (this.seen.has(value)) return 0;
    this.seen.add(value);
    if (this.runtime.realm.isNative(value as object)) return 1;
    if (this.runtime.realm.isFunction(value)) return this.functionCost(value);
    return this.objectCost(value as object);
  }

  private objectCost(value: object): number {
    const { realm } = this.runtime;
    if (Array.isArray(value)) return 1 + this.arrayCost(value);
    if (realm.isView(value)) return COST.view + Math.ceil(value.byteLength / BLOCK_BYTES);
    if (realm.isArrayBuffer(value)) return 1 + Math.ceil(value.byteLength / BLOCK_BYTES);
    if (realm.isError(value)) return COST.error;
    const type = (value as { constructor?: { name?: string } }).constructor?.name;
    if (type === "Date") return COST.date;
    if (type === "RegExp") return COST.regexp;
    if (type === "Promise") return COST.promise;
    const prototype: unknown = Object.getPrototypeOf(value);
    const inherited =
      prototype === null || prototype === realm.prototypeOf("Object") ? 0 : 1 + this.value(prototype, "");
    return 1 + inherited + this.fields(value);
  }

  private arrayCost(items: readonly unknown[]): number {
    let sum = 0;
    for (const item of items) {
      const small = typeof item === "boolean" || (Number.isInteger(item) && Math.abs(item as number) <= SMALL_INT);
      sum += 1 + (small ? 0 : this.value(item, ""));
    }
    return sum;
  }

  /** The body is not counted: code that runs from Storage stays in flash. */
  private functionCost(fn: RealmFunction): number {
    let sum = fn.length;
    let closures = 0;
    for (const scope of this.scopes.read(fn)) {
      if (scope.description.startsWith("Closure")) closures++;
      if (this.isNew(scope)) sum += 1 + this.fields(scope.object);
    }
    const { prototype } = fn as { prototype?: object };
    const own = prototype === undefined ? 0 : this.fields(prototype);
    return sum + own + (closures > 0 ? COST.closure : COST.function);
  }

  /** The inspector gives a new picture of a scope each time; the same variables with the same values are one scope. */
  private isNew(scope: Scope): boolean {
    const alike = this.seenScopes.get(scope.description) ?? [];
    this.seenScopes.set(scope.description, alike);
    const names = Object.keys(scope.object);
    const known = alike.some(
      ({ object }) =>
        Object.keys(object).length === names.length &&
        names.every((name) => Object.is(object[name], scope.object[name])),
    );
    if (!known) alike.push(scope);
    return !known;
  }
}
