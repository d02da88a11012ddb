import { PAGE_BYTES } from "./profile.ts";
import { createRandom } from "./random.ts";
import { BoardError } from "./realm.ts";

/** nRF52840 Product Specification, NVMC, n_WRITE: a word may be written this often between two erases. */
export const WRITES_PER_WORD = 2;
/** The same, n_ENDURANCE. */
export const ERASES_PER_PAGE = 10_000;
/** The parts that an erase, which takes 85 ms, is cut into: between any two of them the power may fail. */
export const ERASE_STEPS = 4;

const PAGE_WORDS = PAGE_BYTES / 4;
const ERASED = 0xffffffff;
const MAX_COUNT = 255;

interface Page {
  readonly words: Uint32Array;
  /** Writes of each word since the last erase. */
  readonly counts: Uint8Array;
  erases: number;
  wordWrites: number;
  /** An erase was cut short: what reads as erased is not sure to stay so. */
  unsettled: boolean;
}

/** What works on the chip until it does not. */
export interface FlashAbuse {
  readonly kind: "rewritten" | "unsettled" | "worn";
  readonly address: number;
  readonly message: string;
}

/** What a page has gone through. */
export interface FlashWear {
  readonly address: number;
  readonly erases: number;
  readonly wordWrites: number;
}

/** Ends the native call in which the power failed, and all later ones. */
export class PowerCut extends BoardError {
  constructor() {
    super("virtual board: the flash has no power", "InternalError");
  }
}

/**
 * The bytes of the internal flash that device code has touched; like the chip's, they outlive everything. It works in
 * steps, the words of a write in ascending order and the parts of an erase, and the power can be made to fail at each.
 */
export class FlashMemory {
  readonly abuses: FlashAbuse[] = [];
  /** Set by the board that the flash is on. */
  onAbuse: (abuse: FlashAbuse) => void = () => {};
  /** The same; what it does when the power fails, on top of the flash being dead. */
  onPowerCut: () => void = () => {};

  private readonly pages = new Map<number, Page>();
  private readonly scratch = new Uint32Array(1);
  private readonly scratchBytes = new Uint8Array(this.scratch.buffer);
  private made = 0;
  private left = Number.POSITIVE_INFINITY;
  private tear: number | undefined;
  private powered = true;

  /** Steps so far. */
  get steps(): number {
    return this.made;
  }

  get isPowered(): boolean {
    return this.powered;
  }

  /**
   * `steps` more are made, then the power fails: without a seed at once, inside the call that made the last one, and
   * with a seed in the middle of the step that follows. What that leaves behind only depends on the seed and on the
   * steps so far.
   */
  powerFailsAfter(steps: number, seed?: number): void {
    this.left = steps;
    this.tear = seed;
  }

  /** The power is there; a failure that has not come is called off. */
  powerOn(): void {
    this.powered = true;
    this.left = Number.POSITIVE_INFINITY;
    this.tear = undefined;
  }

  /** Becomes as the other one is, bytes, counters and all: with a new one, blank. The power is on. */
  copyFrom(other: FlashMemory): void {
    this.pages.clear();
    for (const [number, page] of other.pages) {
      this.pages.set(number, { ...page, words: page.words.slice(), counts: page.counts.slice() });
    }
    this.abuses.splice(0, this.abuses.length, ...other.abuses);
    this.made = other.made;
    this.powerOn();
  }

  /** The pages that were written or erased, by address. */
  wear(): FlashWear[] {
    return [...this.pages]
      .map(([number, { erases, wordWrites }]) => ({ address: number * PAGE_BYTES, erases, wordWrites }))
      .sort((a, b) => a.address - b.address);
  }

  /** Works without power too: the test looks, not the chip. */
  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length).fill(0xff);
    for (let done = 0; done < length; ) {
      const at = address + done;
      const offset = at % PAGE_BYTES;
      const size = Math.min(length - done, PAGE_BYTES - offset);
      const page = this.pages.get(Math.floor(at / PAGE_BYTES));
      if (page !== undefined) bytes.set(new Uint8Array(page.words.buffer, offset, size), done);
      done += size;
    }
    return bytes;
  }

  /**
   * Writing can clear bits, never set them. Address and length need no alignment: the other bytes of the first and the
   * last word are written as they are (jshardware_common.c:56, jshFlashWriteAligned), which counts as a write of theirs.
   * Returns how many words were written.
   */
  write(address: number, data: ArrayLike<number>): number {
    this.needPower();
    const end = address + data.length;
    const first = address - (address % 4);
    for (let word = first; word < end; word += 4) {
      const page = this.page(word);
      const index = (word % PAGE_BYTES) / 4;
      this.scratch[0] = page.words[index] as number;
      const last = Math.min(word + 4, end);
      for (let at = Math.max(word, address); at < last; at++)
        this.scratchBytes[at - word] = data[at - address] as number;
      this.writeWord(page, index, word, this.scratch[0] as number);
    }
    return Math.ceil((end - first) / 4);
  }

  /** The whole page in which the address is. */
  erase(address: number): void {
    this.needPower();
    const page = this.page(address);
    for (let step = 0; step < ERASE_STEPS; step++) {
      if (this.left === 0) {
        if (this.tear !== undefined || step > 0) this.erasePartly(page, step);
        this.fail();
      }
      this.made++;
      this.left--;
    }
    page.erases++;
    page.words.fill(ERASED);
    page.counts.fill(0);
    page.unsettled = false;
    const start = address - (address % PAGE_BYTES);
    if (page.erases === ERASES_PER_PAGE + 1) {
      this.abuse("worn", start, `flash page ${hex(start)} erased more than ${ERASES_PER_PAGE} times`);
    }
    if (this.left === 0 && this.tear === undefined) this.fail();
  }

  private page(address: number): Page {
    const number = Math.floor(address / PAGE_BYTES);
    const known = this.pages.get(number);
    if (known !== undefined) return known;
    const page: Page = {
      words: new Uint32Array(PAGE_WORDS).fill(ERASED),
      counts: new Uint8Array(PAGE_WORDS),
      erases: 0,
      wordWrites: 0,
      unsettled: false,
    };
    this.pages.set(number, page);
    return page;
  }

  private writeWord(page: Page, index: number, address: number, value: number): void {
    const old = page.words[index] as number;
    const torn = this.left === 0;
    if (torn && this.tear === undefined) this.fail();
    const cleared = old & ~value;
    page.words[index] = old & ~(torn ? cleared & randomMask(this.random()) : cleared);
    this.countWrite(page, index, address);
    if (torn) this.fail();
    this.made++;
    this.left--;
    if (this.left === 0 && this.tear === undefined) this.fail();
  }

  private countWrite(page: Page, index: number, address: number): void {
    page.wordWrites++;
    const count = Math.min((page.counts[index] as number) + 1, MAX_COUNT);
    page.counts[index] = count;
    if (count === WRITES_PER_WORD + 1) {
      const message = `flash word ${hex(address)} written more than ${WRITES_PER_WORD} times since its erase`;
      this.abuse("rewritten", address, message);
    }
    if (page.unsettled) {
      page.unsettled = false;
      this.abuse("unsettled", address, `flash word ${hex(address)} written after the page's erase was cut short`);
    }
  }

  /** Of the words of the page some are erased, some have a few bits more set, and some are as they were. */
  private erasePartly(page: Page, steps: number): void {
    const random = this.random();
    const progress = (steps + (this.tear === undefined ? 0 : random())) / ERASE_STEPS;
    for (let index = 0; index < PAGE_WORDS; index++) {
      const luck = random();
      if (luck < progress * progress) page.words[index] = ERASED;
      else if (luck < progress) page.words[index] = (page.words[index] as number) | randomMask(random);
    }
    page.erases++;
    page.unsettled = true;
  }

  private random(): () => number {
    return createRandom(Math.imul((this.tear ?? 0) + 1, 0x9e3779b1) ^ this.made);
  }

  private abuse(kind: FlashAbuse["kind"], address: number, message: string): void {
    const abuse: FlashAbuse = { kind, address, message };
    this.abuses.push(abuse);
    this.onAbuse(abuse);
  }

  /** For the natives: nothing works on a chip without power. */
  needPower(): void {
    if (!this.powered) throw new PowerCut();
  }

  private fail(): never {
    this.powered = false;
    this.onPowerCut();
    throw new PowerCut();
  }
}

const hex = (address: number): string => `0x${address.toString(16)}`;

/** Which bits of a word a cut let through: none and all of them too. */
function randomMask(random: () => number): number {
  const bits = (): number => (random() * 0x100000000) | 0;
  const choice = random() * 5;
  if (choice < 1) return 0;
  if (choice < 2) return ERASED;
  if (choice < 3) return bits() & bits();
  if (choice < 4) return bits() | bits();
  return bits();
}
