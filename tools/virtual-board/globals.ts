import { collectBytes, fromBinary, typeName } from "./bytes.ts";
import { BoardError, type Native, type Realm, type RealmObject } from "./realm.ts";
import type { DeviceTime } from "./time.ts";

export interface GlobalDeps {
  readonly realm: Realm;
  readonly time: DeviceTime;
  readonly print: (text: string) => void;
  readonly require: (name: string) => unknown;
  readonly show: (value: unknown) => string;
  readonly load: (file: string | undefined) => void;
  readonly save: () => void;
  readonly reset: (clearFlash: boolean) => void;
  readonly setEcho: (on: boolean) => void;
  readonly serialNumber: string;
  readonly memory: () => RealmObject;
  readonly env: () => RealmObject;
}

/** Console output, time, modules and the commands of the REPL. */
export function installGlobals(deps: GlobalDeps): void {
  const { realm, time } = deps;
  const { global } = realm;
  const log: Native = (args) => deps.print(`${args.map((value) => deps.show(value)).join(" ")}\n`);
  realm.define(global, "global", global);
  realm.define(global, "HIGH", 1);
  realm.define(global, "LOW", 0);
  const console = realm.object();
  const print = realm.native("print", log);
  for (const name of ["log", "debug", "info", "warn", "error"]) realm.define(console, name, print);
  realm.defineNatives(console, { trace: () => undefined });
  realm.define(global, "print", print);
  realm.define(global, "console", console);
  realm.defineNatives(global, {
    trace: () => undefined,
    dump: () => undefined,
    edit: () => undefined,
    echo: ([on]) => deps.setEcho(Boolean(on)),
    getTime: () => time.nowMs() / 1000,
    setTime: ([seconds]) => time.setMs(Number(seconds) * 1000),
    getSerial: () => deps.serialNumber,
    load: ([file]) => deps.load(file === undefined ? undefined : String(file)),
    save: () => deps.save(),
    reset: ([clear]) => deps.reset(Boolean(clear)),
    require: ([name]) => deps.require(String(name)),
    atob([text]) {
      if (typeof text !== "string") throw new BoardError("Expecting String");
      return Buffer.from(text, "base64").toString("latin1");
    },
    btoa([text]) {
      if (typeof text !== "string" && !Array.isArray(text) && !realm.isView(text)) {
        throw new BoardError(`Expecting String or Array, got ${typeName(text)}`);
      }
      return Buffer.from(collectBytes(realm, text)).toString("base64");
    },
    // On byte strings; V8's own would encode each byte above 127 as a two-byte character.
    encodeURIComponent: ([text]) =>
      [...fromBinary(String(text))]
        .map((byte) => (isUnreserved(byte) ? String.fromCharCode(byte) : percent(byte)))
        .join(""),
    decodeURIComponent: ([text]) =>
      String(text).replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  });
  installProcess(deps);
}

const percent = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
const isUnreserved = (byte: number): boolean => /[A-Za-z0-9\-.!~*'()_]/.test(String.fromCharCode(byte));

/** JS_VERSION of the interpreter whose behaviour is simulated. */
export const VERSION = "2v29";

function installProcess(deps: GlobalDeps): void {
  const { realm } = deps;
  const process = realm.object();
  realm.defineNatives(process, { memory: () => deps.memory() });
  realm.define(process, "version", VERSION);
  Object.defineProperty(process, "env", {
    get: realm.native("env", () => deps.env()),
    configurable: true,
  });
  realm.define(realm.global, "process", process);
}
