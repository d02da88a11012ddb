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

/** The text that Espruino prints for a thrown value: type and message of an error, `String` of the rest. */
export function describeThrown(realm: Realm, value: unknown): string {
  if (realm.isError(value) || value instanceof Error) {
    const type = typeof value.constructor === "function" ? value.constructor.name : "Error";
    return value.message === "" ? type : `${type}: ${value.message}`;
  }
  return realm.isObject(value) && !Array.isArray(value) ? "[object Object]" : String(value);
}

/** The frames of an error of the board's realm (realm.ts makes them); errors of the host have none. */
export function deviceFrames(realm: Realm, value: unknown): string[] {
  if (!realm.isObject(value) || !realm.isError(value) || typeof value.stack !== "string") return [];
  return value.stack.split("\n").filter((line) => /^\s+at /.test(line));
}

export function toUncaught(realm: Realm, value: unknown, where: string): UncaughtError {
  const message = describeThrown(realm, value);
  const frames = deviceFrames(realm, value);
  return { message, where, value, ...(frames.length === 0 ? {} : { stack: [message, ...frames].join("\n") }) };
}
