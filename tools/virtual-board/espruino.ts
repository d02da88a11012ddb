import { collectBytes, crc32, elementsOf, fromBinary, toBinary, typeName } from "./bytes.ts";
import { type Console, isConsoleDevice } from "./console.ts";
import type { Loop } from "./loop.ts";
import { BoardError, type Native, type Realm, type RealmObject } from "./realm.ts";
import type { SerialPorts } from "./serial.ts";
import type { DeviceTime } from "./time.ts";
import type { Watchdog } from "./watchdog.ts";

/** Die temperature in °C and supply voltage in V that the board shows until the host sets others. */
export interface Sensors {
  temperature: number;
  supplyVoltage: number;
}

export interface EspruinoDeps {
  readonly realm: Realm;
  readonly loop: Loop;
  readonly console: Console;
  readonly serial: SerialPorts;
  readonly time: DeviceTime;
  readonly watchdog: Watchdog;
  readonly sensors: Sensors;
  readonly random: () => number;
  readonly reboot: () => void;
  readonly sizeOf: (value: unknown) => number;
  readonly toJS: (value: unknown) => string;
  readonly setBootCode: (code: string, always: boolean) => void;
}

const isBuffer = (realm: Realm, value: unknown): boolean => realm.isView(value) || realm.isArrayBuffer(value);

function numbersOf(realm: Realm, value: unknown, message: string): number[] {
  if (typeof value === "string") return [...fromBinary(value)];
  if (Array.isArray(value)) return value.map(Number);
  if (realm.isView(value)) return elementsOf(value);
  if (realm.isArrayBuffer(value)) return [...realm.view(value)];
  throw new BoardError(message);
}

function bufferNatives({ realm, random }: EspruinoDeps): Readonly<Record<string, Native>> {
  const toText: Native = (args) =>
    args.length === 1 && typeof args[0] === "string" ? args[0] : toBinary(Uint8Array.from(collectBytes(realm, args)));
  return {
    toString: toText,
    toFlatString: toText,
    toUint8Array: (args) => realm.bytes(collectBytes(realm, args)),
    toArrayBuffer: ([text]) => (typeof text === "string" ? realm.arrayBuffer(fromBinary(text)) : undefined),
    CRC32([data]) {
      if (typeof data !== "string" && !Array.isArray(data) && !isBuffer(realm, data)) return undefined;
      return crc32(numbersOf(realm, data, ""));
    },
    sum: ([data]) =>
      numbersOf(realm, data, `First argument must be Array, not ${typeName(data)}`).reduce(
        (sum, value) => sum + value,
        0,
      ),
    variance([data, mean]) {
      const numbers = numbersOf(realm, data, `First argument must iterable, not ${typeName(data)}`);
      return numbers.reduce((sum, value) => sum + (value - Number(mean)) ** 2, 0);
    },
    mapInPlace: ([from, to, map, bits]) => mapInPlace(realm, from, to, map, bits),
    reverseByte([value]) {
      let reversed = 0;
      for (let bit = 0; bit < 8; bit++) if ((Number(value) >> bit) & 1) reversed |= 0x80 >> bit;
      return reversed;
    },
    clip: ([value, min, max]) => Math.min(Math.max(Number(value), Number(min)), Number(max)),
    hwRand: () => Math.floor(random() * 0x100000000) | 0,
    srand: () => undefined,
    isUTF8: () => false,
    asUTF8: () => {
      throw new BoardError("Unicode not supported on this build");
    },
    fromUTF8: () => {
      throw new BoardError("Unicode not supported on this build");
    },
    lookupNoCase([haystack, needle, returnKey]) {
      if (!realm.isObject(haystack)) return undefined;
      const wanted = String(needle).toLowerCase();
      const found = Object.keys(haystack).find((name) => name.toLowerCase() === wanted);
      return found === undefined || returnKey ? found : haystack[found];
    },
  };
}

function mapInPlace(realm: Realm, from: unknown, to: unknown, map: unknown, bits: unknown): void {
  if (!realm.isView(from) || !realm.isView(to)) throw new BoardError("First 2 arguments should be array buffers");
  if (bits !== undefined && bits !== 0 && Math.abs(Number(bits)) !== 8) {
    throw new BoardError("virtual board: mapInPlace takes whole bytes only", "InternalError");
  }
  const target = to as unknown as { [index: number]: number; length: number };
  const source = elementsOf(from);
  for (let i = 0; i < Math.min(source.length, target.length); i++) {
    const value = source[i] as number;
    if (realm.isFunction(map)) target[i] = Number(realm.call(map, undefined, [value, i]));
    else target[i] = map === undefined ? value : Number((map as ArrayLike<number>)[value]);
  }
}

function systemNatives(deps: EspruinoDeps): Readonly<Record<string, Native>> {
  const { realm, loop, time, watchdog, sensors } = deps;
  const flags = new Map<string, unknown>();
  return {
    getTemperature: () => sensors.temperature,
    getAnalogVRef: () => sensors.supplyVoltage,
    getVDDH: () => sensors.supplyVoltage,
    getErrorFlags: () => realm.array(loop.takeFlags()),
    enableWatchdog([seconds, automatic]) {
      const timeout = Number(seconds);
      watchdog.enable(timeout >= 0 ? timeout : 1, automatic === undefined || Boolean(automatic));
    },
    kickWatchdog: () => watchdog.kick(),
    reboot: () => deps.reboot(),
    getSizeOf: ([value]) => deps.sizeOf(value),
    toJS: ([value]) => deps.toJS(value),
    dumpStr: () => "",
    dumpVariables: () => undefined,
    defrag: () => undefined,
    getFlags: () => realm.object(Object.fromEntries(flags)),
    setFlags([given]) {
      if (realm.isObject(given)) for (const [name, value] of Object.entries(given)) flags.set(name, value);
    },
    setTimeZone: ([hours]) => {
      time.zone = Math.trunc(Number(hours) * 60) / 60 || 0;
    },
    setClock: () => 0,
    getClock: () => 0,
    getPowerUsage: () => realm.object({ device: realm.object(), total: 0 }),
    setBootCode: ([code, always]) => deps.setBootCode(typeof code === "string" ? code : "", Boolean(always)),
    stopEventPropagation() {
      if (!loop.stopEvent()) throw new BoardError("E.stopEventPropagation() called when not handling events");
    },
  };
}

function consoleNatives({ realm, console, serial }: EspruinoDeps): Readonly<Record<string, Native>> {
  return {
    setConsole([device, options]) {
      if (options !== undefined && !realm.isObject(options)) {
        throw new BoardError(`Expecting Object or undefined, got ${typeName(options)}`);
      }
      for (const name of Object.keys(options ?? {})) {
        if (name !== "force") throw new BoardError(`Unknown option "${name}"`);
      }
      const name = serial.has(device) ? serial.nameOf(device) : device;
      // The name is not in the message: the interpreter prints its own "no device" there.
      if (!isConsoleDevice(name)) throw new BoardError('Unknown device type "undefined"');
      console.set(name, Boolean(options?.force));
    },
    getConsole: () => console.device,
    setPassword: ([password]) => console.setPassword(password === undefined ? undefined : String(password)),
    lockConsole: () => console.lock(),
  };
}

/** The global `E`. */
export function installEspruino(deps: EspruinoDeps): void {
  const { realm } = deps;
  const object: RealmObject = realm.object();
  realm.defineNatives(object, { ...bufferNatives(deps), ...systemNatives(deps), ...consoleNatives(deps) });
  realm.define(realm.global, "E", object);
}
