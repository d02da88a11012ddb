import { collectBytes, typeName } from "./bytes.ts";
import { type BoardProfile, PAGE_BYTES } from "./profile.ts";
import { BoardError, type Native, type Realm } from "./realm.ts";

const FLASH_BYTES = 1024 * 1024;
/** nRF52840 Product Specification, NVMC: t_ERASEPAGE. */
const ERASE_MS = 85;
/** The same, t_WRITE: at most 41 µs for each 32-bit word. */
const WORD_MS = 0.041;
/** The same, n_WRITE: a word may be written this often between two erases. */
const WRITES_PER_WORD = 2;

/** The bytes of the internal flash that device code has touched; like the chip's, they outlive everything. */
export class FlashMemory {
  readonly pages = new Map<number, Uint8Array>();
  readonly erases = new Map<number, number>();
  private readonly wordWrites = new Map<number, number>();
  /** A word was written more often than the chip allows: on the chip this works until it does not. */
  onAbuse: (message: string) => void = () => {};

  private page(address: number): Uint8Array {
    const number = Math.floor(address / PAGE_BYTES);
    let page = this.pages.get(number);
    if (page === undefined) {
      page = new Uint8Array(PAGE_BYTES).fill(0xff);
      this.pages.set(number, page);
    }
    return page;
  }

  read(address: number): number {
    const page = this.pages.get(Math.floor(address / PAGE_BYTES));
    return page === undefined ? 0xff : (page[address % PAGE_BYTES] as number);
  }

  erase(address: number): void {
    const number = Math.floor(address / PAGE_BYTES);
    this.pages.delete(number);
    this.erases.set(number, (this.erases.get(number) ?? 0) + 1);
    for (const word of this.wordWrites.keys())
      if (Math.floor(word / PAGE_BYTES) === number) this.wordWrites.delete(word);
  }

  /** Writing can clear bits, never set them. */
  write(address: number, bytes: readonly number[]): void {
    for (let i = 0; i < bytes.length; i++) {
      const at = address + i;
      const page = this.page(at);
      page[at % PAGE_BYTES] = (page[at % PAGE_BYTES] as number) & (bytes[i] as number);
    }
    for (let word = address & ~3; word < address + bytes.length; word += 4) {
      const count = (this.wordWrites.get(word) ?? 0) + 1;
      this.wordWrites.set(word, count);
      if (count === WRITES_PER_WORD + 1) {
        this.onAbuse(`flash word 0x${word.toString(16)} written more than ${WRITES_PER_WORD} times since its erase`);
      }
    }
  }
}

/** The object that `require("Flash")` returns. */
export function flashModule(
  realm: Realm,
  memory: FlashMemory,
  profile: BoardProfile,
  stall: (ms: number) => void,
): Readonly<Record<string, Native>> {
  const { freeFlash, storageAddress } = profile;
  const checkRange = (address: number, length: number): void => {
    const inFree = address >= freeFlash.address && address + length <= freeFlash.address + freeFlash.length;
    if (inFree) return;
    // The chip has no write protection here: such a write would damage the interpreter, its settings or Storage.
    const what = address >= storageAddress ? "Storage or the bootloader" : "the interpreter";
    throw new BoardError(
      `virtual board: flash access to 0x${address.toString(16)} would damage ${what}`,
      "InternalError",
    );
  };
  return {
    getFree: () => realm.array([realm.object({ addr: freeFlash.address, length: freeFlash.length })]),
    getPage([address]) {
      const at = Math.trunc(Number(address)) || 0;
      if (at < 0 || at >= FLASH_BYTES) return undefined;
      return realm.object({ addr: at - (at % PAGE_BYTES), length: PAGE_BYTES });
    },
    erasePage([address]) {
      if (typeof address !== "number" || !Number.isInteger(address)) {
        throw new BoardError(`Address should be an integer, got ${typeName(address)}`);
      }
      checkRange(address, 1);
      memory.erase(address);
      stall(ERASE_MS);
    },
    write([data, address]) {
      if (data === undefined) throw new BoardError("Data is not defined");
      const bytes = collectBytes(realm, data);
      const at = Math.trunc(Number(address)) || 0;
      if (bytes.length === 0) return;
      checkRange(at, bytes.length);
      memory.write(at, bytes);
      stall((Math.ceil(bytes.length / 4) + 1) * WORD_MS);
    },
    read([length, address]) {
      const count = Math.trunc(Number(length)) || 0;
      if (count <= 0) return undefined;
      const at = Math.trunc(Number(address)) || 0;
      return realm.bytes(Array.from({ length: count }, (_, i) => memory.read(at + i)));
    },
  };
}
