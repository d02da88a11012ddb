/**
 * JavaScript as Espruino 2v29 has it, in place of the compiler's `lib`: a name that is missing here and in espruino.d.ts
 * does not exist for device code, as it does not exist on the chip.
 */

// ------------------------------------------------------------------ what the compiler itself asks for
interface IArguments {
  readonly length: number;
  readonly [index: number]: unknown;
}
interface CallableFunction extends Function {}
interface NewableFunction extends Function {}
interface TemplateStringsArray extends ReadonlyArray<string> {}
type Symbol = {};
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

type Boolean = {};
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
/** In the scope of the caller. */
declare function eval(code: string): unknown;
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
