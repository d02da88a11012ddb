import { collectBytes, toBinary, typeName } from "./bytes.ts";
import type { FlashMemory } from "./flash-memory.ts";
import { type BoardProfile, PAGE_BYTES } from "./profile.ts";
import { BoardError, type Native, type Realm } from "./realm.ts";

export { type FlashAbuse, FlashMemory } from "./flash-memory.ts";

const FLASH_BYTES = 1024 * 1024;
/** nRF52840 Product Specification, NVMC: t_ERASEPAGE. */
const ERASE_MS = 85;
/** The same, t_WRITE: at most 41 µs for each 32-bit word. */
const WORD_MS = 0.041;

/** An `int` argument of a native: what is no number is 0. */
const toInt = (value: unknown): number => Math.trunc(Number(value)) | 0;

function isFree(profile: BoardProfile, address: number, length: number): boolean {
  const { freeFlash } = profile;
  return address >= freeFlash.address && address + length <= freeFlash.address + freeFlash.length;
}

/** The chip has no write protection here (jshardware.c:2367): this would damage the interpreter, or Storage. */
function needWritable(profile: BoardProfile, address: number, length: number): void {
  if (isFree(profile, address, length)) return;
  const what = address >= profile.storageAddress ? "Storage or the bootloader" : "the interpreter";
  throw new BoardError(
    `virtual board: flash access to 0x${address.toString(16)} would damage ${what}`,
    "InternalError",
  );
}

/** The chip would give bytes of the interpreter or of Storage, or end in a hard fault beyond. */
function needReadable(profile: BoardProfile, address: number, length: number): void {
  if (isFree(profile, address, length)) return;
  throw new BoardError(`virtual board: there is no flash to read at 0x${address.toString(16)}`, "InternalError");
}

/** The object that `require("Flash")` returns. */
export function flashModule(
  realm: Realm,
  memory: FlashMemory,
  profile: BoardProfile,
  stall: (ms: number) => void,
): Readonly<Record<string, Native>> {
  return {
    // jshardware.c:2409: from the page behind the end of the interpreter's text up to Storage.
    getFree: () => realm.array([realm.object({ addr: profile.freeFlash.address, length: profile.freeFlash.length })]),
    getPage([address]) {
      const at = toInt(address);
      // The end itself has a page (jshardware.c:2394).
      if (at < 0 || at > FLASH_BYTES) return undefined;
      return realm.object({ addr: at - (at % PAGE_BYTES), length: PAGE_BYTES });
    },
    // Any address of the page will do (jshardware.c:2511), but not what getPage gives.
    erasePage([address]) {
      if (typeof address !== "number" || !Number.isInteger(address)) {
        throw new BoardError(`Address should be an integer, got ${typeName(address)}`);
      }
      needWritable(profile, address, 1);
      memory.erase(address);
      stall(ERASE_MS);
    },
    write([data, address]) {
      if (data === undefined) throw new BoardError("Data is not defined");
      const bytes = collectBytes(realm, data);
      if (bytes.length === 0) return;
      const at = toInt(address);
      needWritable(profile, at, bytes.length);
      stall(memory.write(at, bytes) * WORD_MS);
    },
    read([length, address]) {
      const count = toInt(length);
      if (count <= 0) return undefined;
      const at = toInt(address);
      needReadable(profile, at, count);
      memory.needPower();
      return realm.bytes(memory.read(at, count));
    },
  };
}

/**
 * `E.memoryArea` (jswrap_espruino.c:1351), for the free flash only. On the chip the string is a view, one JsVar, and
 * changes with the flash beneath it; here it is what was there at the time.
 */
export function installMemoryArea(realm: Realm, memory: FlashMemory, profile: BoardProfile): void {
  realm.defineNatives(realm.global.E as object, {
    memoryArea([address, length]) {
      const at = toInt(address);
      const count = toInt(length);
      if (at === 0 || count < 0) return undefined;
      needReadable(profile, at, count);
      memory.needPower();
      return toBinary(memory.read(at, count));
    },
  });
}
