import { typeName } from "./bytes.ts";
import type { Loop } from "./loop.ts";
import { BoardError, type Native, type Realm, type RealmFunction, type RealmObject, RealmThrow } from "./realm.ts";

interface Box {
  readonly promise: RealmObject;
  resolved: boolean;
}

interface Reaction {
  readonly callback: RealmFunction | undefined;
  readonly next: Box;
}

interface PromiseState {
  settled: "pending" | "fulfilled" | "rejected";
  value: unknown;
  readonly thens: Reaction[];
  readonly catches: Reaction[];
}

/**
 * jswrap_promise.c, with its order and its faults: everything runs from the idle queue behind timers that are due,
 * and a reaction takes whatever exception is pending, also one that another callback has left.
 */
class Promises {
  readonly type: RealmFunction & { prototype: RealmObject };
  private readonly states = new WeakMap<object, PromiseState>();

  private readonly realm: Realm;
  private readonly loop: Loop;

  constructor(realm: Realm, loop: Loop) {
    this.realm = realm;
    this.loop = loop;
    this.type = realm.constructorOf("Promise", ([executor], self) => this.construct(self as RealmObject, executor));
  }

  private initialise(promise: RealmObject): Box {
    this.states.set(promise, { settled: "pending", value: undefined, thens: [], catches: [] });
    return { promise, resolved: false };
  }

  create(): Box {
    const promise = this.realm.object();
    Object.setPrototypeOf(promise, this.type.prototype);
    return this.initialise(promise);
  }

  isPromise(value: unknown): boolean {
    return this.realm.isObject(value) && this.states.has(value);
  }

  private construct(promise: RealmObject, executor: unknown): void {
    if (!this.realm.isFunction(executor)) throw new BoardError("Function required in promise constructor");
    const box = this.initialise(promise);
    const { realm } = this;
    const resolve = realm.native("resolve", ([value]) => this.queueSettle(box, value, true));
    const reject = realm.native("reject", ([value]) => this.queueSettle(box, value, false));
    const outcome = realm.attempt(executor, promise, [resolve, reject]);
    const thrown = outcome[0] === 0 ? this.loop.takePending() : { value: outcome[1] };
    if (thrown !== undefined) this.queueSettle(box, thrown.value, false);
  }

  queueSettle(box: Box, value: unknown, fulfil: boolean): void {
    this.loop.queueEvent(
      this.realm.native("settle", () => this.settle(box, value, fulfil)),
      undefined,
      [],
    );
  }

  private settle(box: Box, value: unknown, fulfil: boolean): void {
    if (box.resolved) return;
    box.resolved = true;
    const { promise } = box;
    if (value === promise) throw new BoardError("Illegal resolving to self");
    const state = this.states.get(promise) as PromiseState;
    state.value = value;
    const then = fulfil && this.realm.isObject(value) ? value.then : undefined;
    if (!this.realm.isFunction(then)) {
      this.seal(promise, state, value, fulfil);
      return;
    }
    const inner: Box = { promise, resolved: false };
    const resolve = this.realm.native("resolve", ([result]) => this.settle(inner, result, true));
    const reject = this.realm.native("reject", ([reason]) => this.settle(inner, reason, false));
    const outcome = this.realm.attempt(then, value, [resolve, reject]);
    const thrown = outcome[0] === 0 ? this.loop.takePending() : { value: outcome[1] };
    if (thrown !== undefined) this.settle(inner, thrown.value, false);
  }

  private seal(promise: RealmObject, state: PromiseState, value: unknown, fulfil: boolean): void {
    state.settled = fulfil ? "fulfilled" : "rejected";
    const reactions = fulfil ? state.thens : state.catches;
    if (reactions.length === 0 && !fulfil) {
      const text = this.realm.isError(value) ? `${value.constructor.name}: ${value.message}` : String(value);
      const error = this.realm.error("Error", `Unhandled promise rejection: ${text}`);
      throw new RealmThrow(error);
    }
    for (const reaction of reactions) this.queueReaction(promise, reaction, value, fulfil);
  }

  private queueReaction(promise: RealmObject, reaction: Reaction, value: unknown, isThen: boolean): void {
    this.loop.queueEvent(
      this.realm.native("reaction", () => this.react(promise, reaction, value, isThen)),
      promise,
      [],
    );
  }

  private react(promise: RealmObject, { callback, next }: Reaction, value: unknown, isThen: boolean): void {
    if (callback === undefined) {
      this.settle(next, value, isThen);
      return;
    }
    const outcome = this.realm.attempt(callback, promise, [value]);
    const thrown = outcome[0] === 0 ? this.loop.takePending() : { value: outcome[1] };
    if (thrown === undefined) this.settle(next, outcome[1], true);
    else this.settle(next, thrown.value, false);
  }

  chain(self: unknown, onFulfilled: unknown, onRejected: unknown): RealmObject {
    const state = this.states.get(self as object);
    if (state === undefined) throw new BoardError("not a Promise", "TypeError");
    const next = this.create();
    const fulfilled = this.realm.isFunction(onFulfilled) ? onFulfilled : undefined;
    const rejected = this.realm.isFunction(onRejected) ? onRejected : undefined;
    if (state.settled === "pending") {
      state.thens.push({ callback: fulfilled, next });
      state.catches.push({ callback: rejected, next });
    } else {
      const callback = state.settled === "fulfilled" ? fulfilled : rejected;
      // The interpreter says "not then" for both, so a settled promise passes its value on as a rejection.
      this.queueReaction(self as RealmObject, { callback, next }, state.value, false);
    }
    return next.promise;
  }

  resolve(value: unknown): unknown {
    if (this.isPromise(value)) return value;
    const box = this.create();
    if (this.realm.isObject(value) && this.realm.isFunction(value.then)) {
      this.construct(box.promise, value.then);
      return box.promise;
    }
    this.queueSettle(box, value, true);
    return box.promise;
  }

  all(promises: unknown): RealmObject {
    if (!Array.isArray(promises))
      throw new BoardError(`Expecting something iterable, got ${typeName(promises)}`, "TypeError");
    const box = this.create();
    const results = this.realm.array([]);
    let remaining = promises.filter((item) => this.isPromise(item)).length;
    let failed = false;
    promises.forEach((item, index) => {
      if (!this.isPromise(item)) {
        results[index] = item;
        return;
      }
      const resolve = this.realm.native("resolve", ([value]) => {
        results[index] = value;
        if (--remaining === 0 && !failed) this.queueSettle(box, results, true);
      });
      const reject = this.realm.native("reject", ([reason]) => {
        if (!failed) this.queueSettle(box, reason, false);
        failed = true;
      });
      this.chain(item, resolve, reject);
    });
    if (remaining === 0) this.queueSettle(box, results, true);
    return box.promise;
  }
}

export function installPromise(realm: Realm, loop: Loop): void {
  const promises = new Promises(realm, loop);
  const { type } = promises;
  realm.define(realm.global, "Promise", type);
  realm.defineNatives(type, {
    resolve: ([value]) => promises.resolve(value),
    reject([reason]) {
      const box = promises.create();
      promises.queueSettle(box, reason, false);
      return box.promise;
    },
    all: ([list]) => promises.all(list),
  });
  const onThen: Native = ([onFulfilled, onRejected], self) => promises.chain(self, onFulfilled, onRejected);
  realm.define(type.prototype, "then", realm.native("then", onThen));
  realm.define(
    type.prototype,
    "catch",
    realm.native("catch", ([onRejected], self) => promises.chain(self, undefined, onRejected)),
  );
}
