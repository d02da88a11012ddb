import type { Realm } from "./realm.ts";

/** A value of the host as one of the board's realm: arrays, plain objects and buffers are copied, the rest stays. */
export function importValue(realm: Realm, value: unknown): unknown {
  if (value instanceof Uint8Array) return realm.bytes(value);
  if (Array.isArray(value)) return realm.array(value.map((item) => importValue(realm, item)));
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return realm.object(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, importValue(realm, item)])));
}

/** The opposite, for assertions: what device code returned, as plain values of the host. Functions stay as they are. */
export function exportValue<T>(value: T): T {
  return copy(value, new Map()) as T;
}

function copy(value: unknown, done: Map<unknown, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = done.get(value);
  if (known !== undefined) return known;
  if (ArrayBuffer.isView(value)) return Uint8Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    done.set(value, list);
    for (const item of value) list.push(copy(item, done));
    return list;
  }
  const object: Record<string, unknown> = {};
  done.set(value, object);
  for (const key of Object.keys(value)) object[key] = copy((value as Record<string, unknown>)[key], done);
  return object;
}
