import { BoardError, type Realm } from "./realm.ts";

/** `%t` of the interpreter's messages: what kind of value this is. */
export function typeName(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "Array";
  const name: string = typeof value;
  return name[0]?.toUpperCase() + name.slice(1);
}

export const toBinary = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
export const fromBinary = (text: string): Buffer => Buffer.from(text, "latin1");

/**
 * jsvIterateCallback: what `write`, `E.toString` and `E.toUint8Array` take – numbers, strings, arrays, buffers and
 * `{data, count}` objects, nested as they come – as bytes.
 */
export function collectBytes(realm: Realm, value: unknown, into: number[] = []): number[] {
  if (typeof value === "number") into.push(value & 255);
  else if (typeof value === "boolean") into.push(value ? 1 : 0);
  else if (typeof value === "string") for (let i = 0; i < value.length; i++) into.push(value.charCodeAt(i) & 255);
  else if (Array.isArray(value)) for (const item of value) collectBytes(realm, item, into);
  else if (realm.isView(value)) for (const element of elementsOf(value)) into.push(element & 255);
  else if (realm.isArrayBuffer(value)) into.push(...realm.view(value));
  else if (realm.isFunction(value)) collectBytes(realm, realm.call(value, undefined, []), into);
  else if (realm.isObject(value) && value.data !== undefined && typeof value.count === "number") {
    for (let i = 0; i < value.count; i++) collectBytes(realm, value.data, into);
  } else throw new BoardError(`Expecting a number or something iterable, got ${typeName(value)}`, "TypeError");
  return into;
}

/** The numbers of a typed array; of a DataView its bytes. */
export function elementsOf(view: ArrayBufferView): number[] {
  const numbers = view as ArrayBufferView & ArrayLike<number>;
  if (typeof numbers.length === "number") return Array.from(numbers);
  return Array.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
}

/** CRC-32 of zlib, as `E.CRC32`; zlib.crc32 itself came with Node 20.15. */
export function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte & 255;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
