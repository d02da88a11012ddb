import type { Realm } from "./realm.ts";

/** An exception that no code of the device caught. */
export interface UncaughtError {
  readonly message: string;
  readonly stack?: string;
  /** What ran: "timer", "event", "boot code" … */
  readonly where: string;
  /** The thrown value itself, of the board's realm. */
  readonly value: unknown;
}

/** The text that Espruino prints for a thrown value: its `toString`, `type` before message for errors. */
export function describeThrown(realm: Realm, value: unknown): string {
  if (realm.isError(value) || value instanceof Error) {
    const type = typeof value.constructor === "function" ? value.constructor.name : "Error";
    return value.message === "" ? type : `${type}: ${value.message}`;
  }
  if (realm.isObject(value)) return JSON.stringify(value) ?? "[object Object]";
  return String(value);
}

export function toUncaught(realm: Realm, value: unknown, where: string): UncaughtError {
  const stack = realm.isObject(value) && typeof value.stack === "string" ? value.stack : undefined;
  return { message: describeThrown(realm, value), where, value, ...(stack === undefined ? {} : { stack }) };
}
