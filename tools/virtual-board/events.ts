import type { Loop } from "./loop.ts";
import { BoardError, type Native, type Realm, type RealmObject } from "./realm.ts";

/** Listeners of event X live in the enumerable key "#onX" of the object itself (jswrap_object.c). */
const key = (event: unknown): string => `#on${String(event)}`;
/** More arguments than this are an error (jswrap_object.c, MAX_EMIT_ARGS). */
const MAX_EMIT_ARGS = 4;

function emitter(realm: Realm, self: unknown): RealmObject {
  if (realm.isObject(self) || realm.isFunction(self)) return self as RealmObject;
  throw new BoardError("Parent must be an object - not a String, Integer, etc", "TypeError");
}

function requireName(event: unknown): void {
  if (typeof event !== "string") throw new BoardError("First argument must be String", "TypeError");
}

export interface EventHooks {
  /** Data that waited in a serial port's buffer goes to the first 'data' listener. */
  listenerAdded(target: RealmObject, event: string): void;
}

/** `on`, `emit` and friends, which every Espruino object inherits. `emit` only queues. */
export function installEvents(realm: Realm, loop: Loop, hooks: EventHooks): void {
  const add =
    (first: boolean): Native =>
    ([event, listener], self) => {
      const target = emitter(realm, self);
      requireName(event);
      if (!realm.isFunction(listener) && typeof listener !== "string") {
        throw new BoardError("Second argument must be a function or a String", "TypeError");
      }
      const present = target[key(event)];
      const others = Array.isArray(present) ? present : [];
      // A new list each time, so that adding a listener in a listener does not call it at once.
      target[key(event)] = realm.array(first ? [listener, ...others] : [...others, listener]);
      hooks.listenerAdded(target, event as string);
    };
  const on = add(false);
  realm.defineNatives(realm.prototypeOf("Object"), {
    on,
    addListener: on,
    prependListener: add(true),
    emit([event, ...args], self) {
      const target = emitter(realm, self);
      requireName(event);
      if (args.length > MAX_EMIT_ARGS) throw new BoardError(`Too many arguments (>${MAX_EMIT_ARGS})`, "TypeError");
      const listeners = target[key(event)];
      if (listeners !== undefined) loop.queueEvent(listeners, target, args);
    },
    removeListener([event, listener], self) {
      const target = emitter(realm, self);
      requireName(event);
      const listeners = target[key(event)];
      if (!Array.isArray(listeners)) return;
      const index = listeners.indexOf(listener);
      if (index >= 0) listeners.splice(index, 1);
    },
    removeAllListeners([event], self) {
      const target = emitter(realm, self);
      if (typeof event === "string") delete target[key(event)];
      else if (event === undefined) {
        for (const name of Object.keys(target)) if (name.startsWith("#on")) delete target[name];
      } else throw new BoardError("First argument must be String or undefined", "TypeError");
    },
  });
}
