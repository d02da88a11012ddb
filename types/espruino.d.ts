/// <reference types="espruino" />
/// <reference path="./language.d.ts" />
/**
 * Where @types/espruino (of Espruino 1v95) is wrong or misses something: what RAK5010 and nRF52840DK have in 2v29,
 * checked against src/jswrap_*.c and libs/bluetooth of that version. docs/adr/0002-device-types.md has the reasons.
 * Theirs is referenced from here because the overloads of the later file are tried first.
 */

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
  function setServices(
    data: object | undefined,
    options?: { uart?: boolean; advertise?: string[]; hid?: string },
  ): void;
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
  /** An integer: anything else throws. */
  erasePage(address: number): void;
  /** Address and length have to be multiples of 4. */
  write(data: string | ArrayLike<number>, address: number): void;
  read(length: number, address: number): Uint8Array;
}
declare function require(id: "Storage"): StorageLibrary;
declare function require(id: "Flash"): FlashLibrary;
