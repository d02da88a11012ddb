/// <reference types="espruino" />
/**
 * What the interpreter has and @types/espruino does not say, or says wrongly. The device project is compiled without
 * any `lib`: a name that is missing here and there does not exist for device code, as it does not exist on the chip.
 * Checked against Espruino 2v29, src/jswrap_*.c and libs/bluetooth; docs/adr/0002-device-types.md has the reasons.
 * Theirs is referenced from here because the overloads of the later file are tried first.
 */

// ------------------------------------------------------------------ what the compiler itself asks for
interface IArguments {
  readonly length: number;
  readonly [index: number]: unknown;
}
interface CallableFunction extends Function {}
interface NewableFunction extends Function {}
interface TemplateStringsArray extends ReadonlyArray<string> {}
interface Symbol {}
interface SymbolConstructor {
  readonly iterator: unique symbol;
}
/** Only here because the compiler asks for it to allow `for-of`; the profile check rejects any use of it. */
declare var Symbol: SymbolConstructor;
interface IteratorResult<T> {
  readonly done: boolean;
  readonly value: T;
}
interface Iterator<T, TReturn = unknown, TNext = unknown> {
  next(value?: TNext): IteratorResult<T | TReturn>;
}
/** What `for-of` takes: arrays, strings and typed arrays, nothing else. */
interface Iterable<T, TReturn = unknown, TNext = unknown> {
  [Symbol.iterator](): Iterator<T, TReturn, TNext>;
}
interface IterableIterator<T> extends Iterator<T> {
  [Symbol.iterator](): IterableIterator<T>;
}

type Partial<T> = { [P in keyof T]?: T[P] };
type Required<T> = { [P in keyof T]-?: T[P] };
type Readonly<T> = { readonly [P in keyof T]: T[P] };
type Pick<T, K extends keyof T> = { [P in K]: T[P] };
type Record<K extends string | number, T> = { [P in K]: T };
type Exclude<T, U> = T extends U ? never : T;
type Extract<T, U> = T extends U ? T : never;
type Omit<T, K extends string | number> = Pick<T, Exclude<keyof T, K>>;
type NonNullable<T> = T & {};
type Parameters<T extends (...args: never[]) => unknown> = T extends (...args: infer P) => unknown ? P : never;
type ReturnType<T extends (...args: never[]) => unknown> = T extends (...args: never[]) => infer R ? R : never;

// ------------------------------------------------------------------ the language
/** Every object is an event emitter. `emit` calls the listeners later, from the idle loop; there is no `once`. */
interface Object {
  on(event: string, listener: (...args: never[]) => void): void;
  addListener(event: string, listener: (...args: never[]) => void): void;
  prependListener(event: string, listener: (...args: never[]) => void): void;
  emit(event: string, ...args: unknown[]): void;
  removeListener(event: string, listener: (...args: never[]) => void): void;
  removeAllListeners(event?: string): void;
  hasOwnProperty(name: string): boolean;
  toString(radix?: number): string;
  valueOf(): unknown;
  clone(): this;
}
declare var Object: {
  keys(object: object): string[];
  values<T>(object: { [key: string]: T }): T[];
  entries<T>(object: { [key: string]: T }): [string, T][];
  fromEntries<T>(entries: [string, T][]): { [key: string]: T };
  assign<T, U>(target: T, source: U): T & U;
  create(prototype: object | null): object;
  defineProperty<T>(object: T, name: string, descriptor: { get?: () => unknown; value?: unknown }): T;
  getOwnPropertyNames(object: object): string[];
  getPrototypeOf(object: object): object;
  setPrototypeOf(object: object, prototype: object): object;
};

interface Function {
  call(self: unknown, ...args: unknown[]): unknown;
  apply(self: unknown, args: ArrayLike<unknown>): unknown;
  bind(self: unknown, ...args: unknown[]): (...args: never[]) => unknown;
  replaceWith(other: Function): void;
  readonly prototype: object;
}
interface CallableFunction {
  call<T, A extends unknown[], R>(this: (this: T, ...args: A) => R, self: T, ...args: A): R;
  apply<T, A extends unknown[], R>(this: (this: T, ...args: A) => R, self: T, args: A): R;
  bind<T, A extends unknown[], B extends unknown[], R>(
    this: (this: T, ...args: [...A, ...B]) => R,
    self: T,
    ...args: A
  ): (...args: B) => R;
}

interface ArrayLike<T> {
  readonly length: number;
  readonly [index: number]: T;
}
interface ReadonlyArray<T> extends ArrayLike<T> {
  [Symbol.iterator](): IterableIterator<T>;
  indexOf(value: T, from?: number): number;
  includes(value: T, from?: number): boolean;
  join(separator?: string): string;
  map<U>(run: (value: T, index: number) => U): U[];
  forEach(run: (value: T, index: number) => void): void;
  filter<S extends T>(keep: (value: T, index: number) => value is S): S[];
  filter(keep: (value: T, index: number) => unknown): T[];
  find(test: (value: T, index: number) => unknown): T | undefined;
  findIndex(test: (value: T, index: number) => unknown): number;
  some(test: (value: T, index: number) => unknown): boolean;
  every(test: (value: T, index: number) => unknown): boolean;
  reduce<U>(step: (sum: U, value: T, index: number) => U, start: U): U;
  slice(start?: number, end?: number): T[];
  concat(...items: (T | ReadonlyArray<T>)[]): T[];
}
interface Array<T> extends ReadonlyArray<T> {
  /** Reading only: `a.length = 0` throws; make a new array, or `splice(0)`. */
  readonly length: number;
  [index: number]: T;
  push(...items: T[]): number;
  pop(): T | undefined;
  shift(): T | undefined;
  unshift(...items: T[]): number;
  splice(start: number, count?: number, ...items: T[]): T[];
  /** Not stable. */
  sort(compare?: (a: T, b: T) => number): this;
  fill(value: T, start?: number, end?: number): this;
  reverse(): this;
}
declare var Array: {
  new <T>(length: number): T[];
  isArray(value: unknown): value is unknown[];
};

interface Boolean {}
declare function Boolean(value?: unknown): boolean;

interface Number {
  /** Cuts where it should round: `(1.999).toFixed(2)` is "1.99". */
  toFixed(digits?: number): string;
  toString(radix?: number): string;
}
declare var Number: {
  /** `Number("5 ")` is NaN: for text from a modem use `parseInt` or `parseFloat`. */
  (value?: unknown): number;
  readonly NaN: number;
  readonly MAX_VALUE: number;
  readonly MIN_VALUE: number;
  readonly POSITIVE_INFINITY: number;
  readonly NEGATIVE_INFINITY: number;
};
declare var NaN: number;
declare var Infinity: number;
declare function isFinite(value: unknown): boolean;
declare function parseInt(text: string, radix?: number): number;

/** A string of bytes: every char is 0 to 255. */
interface String {
  [Symbol.iterator](): IterableIterator<string>;
  readonly length: number;
  readonly [index: number]: string;
  charAt(index: number): string;
  charCodeAt(index: number): number;
  indexOf(text: string, from?: number): number;
  lastIndexOf(text: string, from?: number): number;
  includes(text: string, from?: number): boolean;
  startsWith(text: string, at?: number): boolean;
  endsWith(text: string, end?: number): boolean;
  match(pattern: RegExp | string): RegExpMatch | null;
  replace(pattern: RegExp | string, by: string | ((match: string, ...groups: string[]) => string)): string;
  replaceAll(text: RegExp | string, by: string): string;
  substring(start: number, end?: number): string;
  substr(start: number, length?: number): string;
  slice(start: number, end?: number): string;
  /** No limit argument. */
  split(separator?: string | RegExp): string[];
  toLowerCase(): string;
  toUpperCase(): string;
  trim(): string;
  concat(...more: string[]): string;
  repeat(count: number): string;
  padStart(length: number, fill?: string): string;
  padEnd(length: number, fill?: string): string;
}
declare var String: {
  (value: unknown): string;
  fromCharCode(...codes: number[]): string;
};

interface RegExpMatch extends Array<string> {
  readonly index: number;
  readonly input: string;
}
/** No `?`, `{n}`, lazy, lookaround, `\b`, group with a quantifier or with `|` in it. */
interface RegExp {
  exec(text: string): RegExpMatch | null;
  test(text: string): boolean;
  lastIndex: number;
}
declare var RegExp: { new (pattern: string, flags?: string): RegExp };

/** No `name`. `stack` is relative to the function's body. */
interface Error {
  readonly message: string;
  readonly type: string;
  readonly stack: string;
}
interface ErrorConstructor {
  new (message?: string): Error;
  (message?: string): Error;
}
declare var Error: ErrorConstructor;
declare var SyntaxError: ErrorConstructor;
declare var TypeError: ErrorConstructor;
declare var ReferenceError: ErrorConstructor;
declare var InternalError: ErrorConstructor;

/** No `finally`, `race`, `any`. An exception that escapes a timer or listener rejects an unrelated promise. */
interface Promise<T> {
  then<U>(fulfilled: (value: T) => U | Promise<U>, rejected?: (reason: unknown) => U): Promise<U>;
  catch<U>(rejected: (reason: unknown) => U): Promise<T | U>;
}

declare var Promise: {
  new <T>(executor: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void): Promise<T>;
  all<T>(promises: Promise<T>[]): Promise<T[]>;
  resolve<T>(value: T): Promise<T>;
  reject(reason: unknown): Promise<never>;
};

declare var JSON: {
  /** Takes trailing garbage, single quotes and trailing commas; limit the depth of what comes from outside. */
  parse(text: string): unknown;
  /** `undefined` inside an array gives invalid JSON. */
  stringify(value: unknown): string;
};

declare var Math: {
  readonly E: number;
  readonly PI: number;
  readonly LN2: number;
  readonly LN10: number;
  abs(x: number): number;
  acos(x: number): number;
  asin(x: number): number;
  atan(x: number): number;
  atan2(y: number, x: number): number;
  ceil(x: number): number;
  clip(x: number, min: number, max: number): number;
  cos(x: number): number;
  exp(x: number): number;
  floor(x: number): number;
  log(x: number): number;
  max(...values: number[]): number;
  min(...values: number[]): number;
  pow(x: number, y: number): number;
  random(): number;
  /** A whole number from 0 to range-1; without a range any 32-bit one. */
  randInt(range?: number): number;
  round(x: number): number;
  sign(x: number): number;
  sin(x: number): number;
  sqrt(x: number): number;
  tan(x: number): number;
  wrap(x: number, max: number): number;
};

interface Date {
  getTime(): number;
  getTimezoneOffset(): number;
  getFullYear(): number;
  getMonth(): number;
  getDate(): number;
  getDay(): number;
  getHours(): number;
  getMinutes(): number;
  getSeconds(): number;
  getMilliseconds(): number;
  getUTCFullYear(): number;
  getUTCMonth(): number;
  getUTCDate(): number;
  getUTCDay(): number;
  getUTCHours(): number;
  getUTCMinutes(): number;
  getUTCSeconds(): number;
  getUTCMilliseconds(): number;
  toISOString(): string;
}
declare var Date: {
  new (ms?: number): Date;
  new (year: number, month: number, day?: number, hour?: number, minute?: number, second?: number, ms?: number): Date;
  now(): number;
  /** ISO or RFC 2822 text -> milliseconds since 1970; what cannot be read gives a wrong number, never NaN. */
  parse(text: string): number;
};

interface ArrayBuffer {
  readonly byteLength: number;
}
declare var ArrayBuffer: { new (length: number): ArrayBuffer };
interface ArrayBufferView extends ArrayLike<number> {
  readonly buffer: ArrayBuffer;
  readonly byteLength: number;
  readonly byteOffset: number;
}
/** `slice` is left out: it gives a plain Array. */
interface TypedArray extends ArrayBufferView {
  [Symbol.iterator](): IterableIterator<number>;
  [index: number]: number;
  set(values: ArrayLike<number>, at?: number): void;
  subarray(begin: number, end?: number): this;
  indexOf(value: number, from?: number): number;
  includes(value: number, from?: number): boolean;
  fill(value: number, start?: number, end?: number): this;
  forEach(run: (value: number, index: number) => void): void;
  reduce<U>(step: (sum: U, value: number, index: number) => U, start: U): U;
  join(separator?: string): string;
}
interface TypedArrayConstructor<T> {
  new (from: number | ArrayLike<number>): T;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): T;
}
interface Uint8Array extends TypedArray {}
interface Int8Array extends TypedArray {}
interface Uint16Array extends TypedArray {}
interface Int16Array extends TypedArray {}
interface Uint32Array extends TypedArray {}
interface Int32Array extends TypedArray {}
interface Float32Array extends TypedArray {}
interface Float64Array extends TypedArray {}
declare var Uint8Array: TypedArrayConstructor<Uint8Array>;
declare var Int8Array: TypedArrayConstructor<Int8Array>;
declare var Uint16Array: TypedArrayConstructor<Uint16Array>;
declare var Int16Array: TypedArrayConstructor<Int16Array>;
declare var Uint32Array: TypedArrayConstructor<Uint32Array>;
declare var Int32Array: TypedArrayConstructor<Int32Array>;
declare var Float32Array: TypedArrayConstructor<Float32Array>;
declare var Float64Array: TypedArrayConstructor<Float64Array>;

/** Out of range it reads 0 instead of throwing. */
interface DataView {
  getInt8(at: number): number;
  getUint8(at: number): number;
  getInt16(at: number, littleEndian?: boolean): number;
  getUint16(at: number, littleEndian?: boolean): number;
  getInt32(at: number, littleEndian?: boolean): number;
  getUint32(at: number, littleEndian?: boolean): number;
  getFloat32(at: number, littleEndian?: boolean): number;
}
declare var DataView: { new (buffer: ArrayBuffer, byteOffset?: number, length?: number): DataView };

// ------------------------------------------------------------------ the board
/** What `E.toString` and the like put together: bytes, strings, arrays of them (of arrays …), `{data, count}`. */
type Bytes = number | string | ArrayBuffer | BytesList | { readonly data: Bytes; readonly count: number };
interface BytesList {
  readonly length: number;
  readonly [index: number]: Bytes;
}

declare namespace E {
  function on(event: "init" | "kill", listener: () => void): void;
  function on(event: "errorFlag", listener: (flags: string[]) => void): void;
  function removeListener(event: string, listener: (...args: never[]) => void): void;
  function setConsole(device: Serial | string | null, options?: { force?: boolean }): void;
  function getConsole(): Serial | string | null;
  /** Since 2v18 not always flat, and never undefined (without memory the whole callback is aborted). */
  function toString(...parts: Bytes[]): string;
  /** Undefined when memory has no room for it in one piece. */
  function toFlatString(...parts: Bytes[]): string | undefined;
  function toUint8Array(...parts: Bytes[]): Uint8Array;
  /** A view of the string, no copy. */
  function toArrayBuffer(text: string): ArrayBuffer;
  function toJS(value: unknown): string;
  function CRC32(data: string | ArrayBuffer | ArrayLike<number>): number;
  /** With `isAuto` false only `kickWatchdog` keeps the board from a reset. Cannot be stopped again. */
  function enableWatchdog(timeoutS: number, isAuto?: boolean): void;
  function kickWatchdog(): void;
  function reboot(): void;
  function getSizeOf(value: unknown, depth?: 0): number;
  function getErrorFlags(): string[];
  function getFlags(): { [name: string]: number };
  function setFlags(flags: { [name: string]: number }): void;
  function getPowerUsage(): { device: { [name: string]: number }; total: number };
  function setPassword(password?: string): void;
  function lockConsole(): void;
  function setTimeZone(hours: number): void;
  function getVDDH(): number;
  function hwRand(): number;
  function srand(seed: number): void;
  function defrag(): void;
  function sum(data: ArrayLike<number>): number;
  function lookupNoCase(haystack: object, needle: string, returnKey?: boolean): unknown;
  function stopEventPropagation(): void;
}

interface Pin {
  read(): boolean;
  write(value: boolean | number): void;
  set(): void;
  reset(): void;
  toggle(): boolean;
  mode(mode: PinMode): void;
}
type PinMode =
  | "input"
  | "input_pullup"
  | "input_pulldown"
  | "output"
  | "opendrain"
  | "opendrain_pullup"
  | "analog"
  | "af_output"
  | "af_opendrain"
  | "auto";
declare var Pin: {
  /** From a number or a name: board records carry pins as text. */
  new (pin: number | string): Pin;
};
declare var D40: Pin;
declare var D41: Pin;
declare var D42: Pin;
declare var D43: Pin;
declare var D44: Pin;
declare var D45: Pin;
declare var D46: Pin;
declare var D47: Pin;
declare var LED1: Pin;

declare function digitalWrite(pin: Pin | Pin[], value: number | boolean): void;
declare function digitalRead(pin: Pin | Pin[]): number;
declare function pinMode(pin: Pin, mode?: PinMode, automatic?: boolean): void;

interface SerialOptions {
  rx?: Pin;
  tx?: Pin;
  /** An output: 1 while the receive buffer is nearly full. Belongs on the modem's RTS input. */
  cts?: Pin;
  bytesize?: 8;
  stopbits?: 1;
  parity?: null;
  flow?: "none" | "xon";
}
interface Serial {
  setup(baudrate: number, options?: SerialOptions): void;
  unsetup(): void;
  write(...data: Bytes[]): void;
  print(text: string): void;
  println(text: string): void;
  read(count?: number): string;
  available(): number;
  flush(): void;
  inject(...data: Bytes[]): void;
  setConsole(force?: boolean): void;
  on(event: "data", listener: (data: string) => void): void;
  on(event: "framing" | "parity", listener: () => void): void;
}

declare var console: {
  log(...values: unknown[]): void;
};
declare function print(...values: unknown[]): void;

/** `listener` gets a float of seconds in `time` and `lastTime`; `debounce` is in milliseconds. */
interface WatchOptions {
  repeat?: boolean;
  edge?: "rising" | "falling" | "both";
  debounce?: number;
  irq?: boolean;
}
interface WatchEvent {
  readonly state: boolean;
  readonly time: number;
  readonly lastTime: number;
  readonly pin: Pin;
}
declare function setWatch(listener: (event: WatchEvent) => void, pin: Pin, options?: WatchOptions): number;
declare function clearWatch(id: number): void;

/** `clearTimeout(undefined)` throws, `clearTimeout()` clears every timer there is: give it a number, always. */
declare function clearTimeout(id: number): void;
declare function clearInterval(id: number): void;
declare function setTimeout<A extends unknown[]>(run: (...args: A) => void, ms: number, ...args: A): number;
declare function setInterval<A extends unknown[]>(run: (...args: A) => void, ms: number, ...args: A): number;
declare function changeInterval(id: number, ms: number): void;
/** The chip's own serial number, as text. */
declare function getSerial(): string;
declare function btoa(bytes: string | ArrayLike<number>): string;
declare function atob(base64: string): string;
declare function load(file?: string): void;
declare function reset(clearFlash?: boolean): void;

declare var process: {
  readonly version: string;
  readonly env: {
    readonly VERSION: string;
    readonly BOARD: string;
    readonly SERIAL: string;
    readonly FLASH: number;
    readonly RAM: number;
  };
  /** `memory(false)` skips the garbage collection and costs a fifth. */
  memory(collect?: boolean): {
    readonly free: number;
    readonly usage: number;
    readonly total: number;
    readonly history: number;
    readonly blocksize: number;
  };
  on(event: "uncaughtException", listener: (error: unknown) => void): void;
};

declare namespace NRF {
  function on(event: "connect", listener: (address: string) => void): void;
  function on(event: "disconnect", listener: (reason: number) => void): void;
  function setSecurity(options: {
    display?: boolean | 0 | 1;
    keyboard?: boolean | 0 | 1;
    bond?: boolean | 0 | 1;
    mitm?: boolean | 0 | 1;
    lesc?: boolean | 0 | 1;
    passkey?: string;
    encryptUart?: boolean | 0 | 1;
  }): void;
  function getSecurityStatus(): { advertising: boolean; connected: boolean; encrypted: boolean; bonded: boolean };
  function setWhitelist(isOn: boolean): void;
  function eraseBonds(hard?: boolean): void;
  function setServices(data: object | undefined, options?: { uart?: boolean; advertise?: string[]; hid?: string }): void;
  function setAdvertising(data: object, options?: { name?: string; interval?: number; connectable?: boolean }): void;
}

interface StorageFile {
  read(length: number): string | undefined;
  readLine(): string | undefined;
  write(text: string): void;
  getLength(): number;
  erase(): void;
}
/** `require("Storage")`. Not safe against loss of power: rewriting a file marks the old one deleted first. */
interface StorageLibrary {
  read(name: string, offset?: number, length?: number): string | undefined;
  readJSON(name: string, noExceptions?: boolean): unknown;
  readArrayBuffer(name: string): ArrayBuffer | undefined;
  write(name: string, data: string | ArrayLike<number>, offset?: number, size?: number): boolean;
  writeJSON(name: string, data: unknown): boolean;
  erase(name: string): void;
  list(pattern?: RegExp, filter?: { sf?: boolean }): string[];
  hash(pattern?: RegExp): number;
  compact(): void;
  getFree(): number;
  open(name: string, mode: "r" | "w" | "a"): StorageFile;
}
interface FlashPage {
  readonly addr: number;
  readonly length: number;
}
/** `require("Flash")`. Nothing keeps a wrong address from destroying the interpreter. */
interface FlashLibrary {
  getPage(address: number): FlashPage | undefined;
  getFree(): FlashPage[];
  erasePage(page: number | FlashPage): void;
  /** Address and length have to be multiples of 4. */
  write(data: string | ArrayLike<number>, address: number): void;
  read(length: number, address: number): Uint8Array;
}
declare function require(id: "Storage"): StorageLibrary;
declare function require(id: "Flash"): FlashLibrary;
