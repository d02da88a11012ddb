/**
 * Brings an image onto a board: into the slot that is not needed, read back, and only then made an image by its header. At
 * every moment before that the board has what it had; after it, the loader goes back to the other image unless the new one
 * connects. What runs goes on running meanwhile.
 */
import { quote } from "../repl/quote.ts";
import type { Session } from "../repl/session.ts";
import { crc32 } from "./crc32.ts";
import { FlashError } from "./errors.ts";
import type { Image } from "./image.ts";
import { encodeHeader, MAX_CODE, PROVED_OFFSET, REVOKED_OFFSET, SLOT_BYTES, type SlotView } from "./layout.ts";
import { readSlots, type Slots, slotToKeep } from "./slots.ts";
import { LEAST_CHUNK, MOST_CHUNK, upload } from "./upload.ts";

/** In this order; `stop` only where the slot that has to be written is the one that runs. */
export type FlashStage = "look" | "stop" | "upload" | "verify" | "activate" | "boot" | "prove";

export interface FlashProgress {
  readonly stage: FlashStage;
  /** Bytes of the image that are in the board's flash. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of the newest seconds; 0 before there is anything to measure. */
  readonly bytesPerS: number;
  /** Undefined as long as it cannot be told. */
  readonly leftS: number | undefined;
  /** How often the link was lost and found again. */
  readonly resumed: number;
}

export interface FlashOptions {
  readonly onProgress?: (progress: FlashProgress) => void;
  readonly signal?: AbortSignal;
  /** Writes it even where it is what runs already. */
  readonly again?: boolean;
  /** Seconds to wait for the new image to prove itself; 0 does not wait. Default 180. */
  readonly waitS?: number;
  /** Takes the image as proved as soon as it has started: where there is no network on the desk. */
  readonly trust?: boolean;
  /** What the board must call itself; default what the image says. */
  readonly espruinoBoard?: string;
  /** Attempts to find the board again after a lost link. Default 10, `pauseMs` apart. */
  readonly retries?: number;
  /** Between two attempts, and between two questions whether the image has proved itself. Default 1500. */
  readonly pauseMs?: number;
}

export interface FlashResult {
  /** `same`: it was there and runs. `trying`: it runs and has not connected yet; if it never does, the other one comes back. */
  readonly outcome: "same" | "proved" | "trying";
  readonly slot: number;
  readonly bytes: number;
  /** From the first byte sent to the last one read back. */
  readonly uploadMs: number;
  readonly resumed: number;
  readonly slots: Slots;
}

/** Opens the board's console, and opens it again after the link was lost. */
export type SessionSource = () => Promise<Session>;

/** `.bootcde` fills a page of Storage with its header of 32 bytes, so that compaction never moves it. */
const LOADER_BYTES = 4064;
/** From `E.reboot()` to an answer: boot, advertising, and a browser's patience. */
const BOOT_MS = 45_000;
const RATE_MS = 4000;
const MAX_EXCEPTIONS = 3;

export const paddedLoader = (image: Image): string => image.loader.padEnd(LOADER_BYTES);

export function flash(source: SessionSource, image: Image, options: FlashOptions = {}): Promise<FlashResult> {
  return new Flasher(source, image, options).run();
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** Failures of the link, after which it is worth trying again; all else is final. */
function isLinkFailure(error: unknown): boolean {
  const code = codeOf(error);
  return (
    typeof code === "string" && /^(PORT_(LOST|CLOSED|ABSENT)|REPL_(CLOSED|TIMEOUT|SILENT|REFUSED|ANSWER))$/.test(code)
  );
}

/** What is sent has no wrong syntax: a board that finds one has been given half of it, whether the link is known to be lost or not. */
function isSpoiltBy(error: unknown, wasLost: boolean): boolean {
  return codeOf(error) === "REPL_EXCEPTION" && (wasLost || /SyntaxError/.test((error as Error).message));
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Flasher {
  private readonly source: SessionSource;
  private readonly image: Image;
  private readonly options: FlashOptions;
  private session: Session | undefined;
  private isOpen = false;
  private resumed = 0;
  private chunk = MOST_CHUNK;
  private done = 0;
  private readonly marks: { atMs: number; bytes: number }[] = [];
  private startedMs = 0;
  private uploadMs = 0;
  private readonly pauseMs: number;

  constructor(source: SessionSource, image: Image, options: FlashOptions) {
    this.source = source;
    this.image = image;
    this.options = options;
    this.pauseMs = options.pauseMs ?? 1500;
  }

  async run(): Promise<FlashResult> {
    if (this.image.code.length > MAX_CODE) {
      const has = this.image.code.length.toLocaleString("en-US");
      throw new FlashError(
        "FLASH_SIZE",
        `the image has ${has} bytes, a slot takes ${MAX_CODE.toLocaleString("en-US")}`,
      );
    }
    this.tell("look");
    const placed = await this.persist((session) => this.place(session));
    if (placed.isSame) return this.result("same", placed.slot, placed.slots);
    this.tell("boot");
    await this.reboot();
    return this.prove(placed.slot);
  }

  /** Repeats what a lost link has broken off: every step looks first, and goes on where the board is. */
  private async persist<T>(step: (session: Session) => Promise<T>): Promise<T> {
    const { retries = 10 } = this.options;
    let failures = 0;
    let exceptions = 0;
    for (;;) {
      this.check();
      const before = this.done;
      try {
        return await step(await this.open());
      } catch (error) {
        // What a lost link has left half in the board's input may spoil what comes next, once or twice.
        const isSpoilt = isSpoiltBy(error, this.resumed > 0) && ++exceptions <= MAX_EXCEPTIONS;
        if (!isSpoilt && !isLinkFailure(error)) throw error;
        // A link that brings something each time is slow, and not gone.
        failures = this.done > before ? 1 : failures + 1;
        if (failures > retries) {
          const why = error instanceof Error ? error.message : String(error);
          throw new FlashError("FLASH_LINK", `the link was lost ${failures} times in a row, the last time: ${why}`);
        }
        await this.leave();
        this.resumed++;
        this.chunk = Math.max(LEAST_CHUNK, this.chunk / 2);
        await sleep(this.pauseMs);
      }
    }
  }

  private async open(): Promise<Session> {
    if (this.session === undefined || !this.isOpen) {
      const session = await this.source();
      this.session = session;
      this.isOpen = true;
      session.onClose(() => {
        if (this.session === session) this.isOpen = false;
      });
      // The board may still wait for the rest of a packet that was cut off, and take what is sent now for it.
      if (this.resumed > 0) await session.identify();
    }
    return this.session;
  }

  private async leave(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await session?.close().catch(() => undefined);
  }

  private async place(session: Session): Promise<{ slot: number; slots: Slots; isSame: boolean }> {
    const { image, options } = this;
    const slots = await readSlots(session);
    const wanted = options.espruinoBoard ?? image.espruinoBoard;
    if (slots.board !== wanted) {
      throw new FlashError("FLASH_BOARD", `the image is for ${image.board} (${wanted}), and this is a ${slots.board}`);
    }
    const same = slots.slots.findIndex((slot) => this.isImage(slot));
    const isCurrent = same >= 0 && same === slots.running && slots.loaderCrc === crc32(paddedLoader(image));
    if (isCurrent && options.again !== true) return { slot: same, slots, isSame: true };
    // The header was written, and the link ended before the restart.
    const newest = Math.max(...slots.slots.map(({ number }) => number));
    const isThere = same >= 0 && slots.slots[same]?.number === newest && slots.slots[same]?.state === "new";
    const keep = slotToKeep(slots);
    const slot = isThere ? same : keep === undefined ? 0 : 1 - keep;
    if (!isThere) await this.fill(session, slots, slot, newest + 1);
    await this.putLoader(session, slots);
    return { slot, slots, isSame: false };
  }

  private isImage(slot: SlotView): boolean {
    const { state, bytes, crc32: sum } = slot;
    const isWhole = state === "new" || state === "trying" || state === "proved";
    return isWhole && bytes === this.image.code.length && sum === this.image.crc32;
  }

  private async fill(session: Session, slots: Slots, slot: number, number: number): Promise<void> {
    const { image } = this;
    const base = slots.base + slot * SLOT_BYTES;
    if (slots.running === slot) await this.stopImage(session);
    this.startedMs ||= Date.now();
    this.tell("upload");
    await upload(session, image.code, base, this.chunk, {
      onPlan: ({ kept }) => {
        this.done = kept;
        this.marks.length = 0;
        this.tell("upload");
      },
      onWritten: (bytes) => {
        this.done += bytes;
        this.marks.push({ atMs: Date.now(), bytes });
        this.tell("upload");
      },
      check: () => this.check(),
    });
    this.tell("verify");
    const sum = await session.evaluate(`E.CRC32(E.memoryArea(${base + 256},${image.code.length}))`);
    if (sum !== image.crc32)
      throw new FlashError("FLASH_VERIFY", "the image in the board's flash has another checksum");
    this.uploadMs = Date.now() - this.startedMs;
    this.check();
    this.tell("activate");
    const { code, board, version, buildTime } = image;
    const header = encodeHeader({ number, code, board, version, buildTime });
    await session.evaluate(`require("Flash").write(${quote(header)},${base})`);
    const [view] = (await readSlots(session)).slots.slice(slot);
    if (view?.state !== "new")
      throw new FlashError("FLASH_VERIFY", `the header did not take: the slot is ${view?.state}`);
  }

  /** Nothing may run from the pages that are to be erased. */
  private async stopImage(session: Session): Promise<void> {
    this.tell("stop");
    await session.evaluate("(reset(),0)");
    for (let tries = 0; tries < 20; tries++) {
      if ((await readSlots(session)).running === undefined) return;
      await sleep(250);
    }
    throw new FlashError("FLASH_BOOT", "the image that runs does not let itself be stopped by reset()");
  }

  /** Written when it is another one only: Storage deletes a file before it writes it, so this is the one moment to be quick. */
  private async putLoader(session: Session, slots: Slots): Promise<void> {
    const wanted = crc32(paddedLoader(this.image));
    if (slots.loaderCrc === wanted) return;
    this.tell("activate");
    // A full Storage throws; what counts is what stands there afterwards.
    const write = `require("Storage").write(".bootcde",s.padEnd(${LOADER_BYTES}))`;
    const put = `(function(s){try{${write}}catch(e){}})(${quote(this.image.loader)})`;
    await session.evaluate(put, { timeoutMs: 30_000 });
    if ((await readSlots(session)).loaderCrc === wanted) return;
    throw new FlashError("FLASH_STORAGE", "the loader could not be written to Storage as .bootcde: is Storage full?");
  }

  private async reboot(): Promise<void> {
    const before = "__godwitBefore";
    await this.persist(async (session) => {
      await session.evaluate(`(global.${before}=1,setTimeout(function(){E.reboot()},200),0)`);
    });
    const until = Date.now() + BOOT_MS;
    for (;;) {
      await sleep(this.pauseMs);
      this.check();
      try {
        const session = await this.open();
        // A port that does not end with the board's restart still sees the variable.
        if ((await session.evaluate(`global.${before}`, { timeoutMs: 3000 })) === undefined) return;
      } catch (error) {
        // A question of which the starting board has lost the beginning is no answer.
        if (!isLinkFailure(error) && !isSpoiltBy(error, false)) throw error;
        await this.leave();
      }
      if (Date.now() > until) throw new FlashError("FLASH_BOOT", "the board did not come back after its restart");
    }
  }

  private async prove(slot: number): Promise<FlashResult> {
    const { waitS = 180, trust } = this.options;
    const until = Date.now() + waitS * 1000;
    for (;;) {
      const slots = await this.persist((session) => this.ask(session, slot, trust === true));
      const state = slots.slots[slot]?.state;
      if (state === "proved") return this.result("proved", slot, slots);
      if (slots.running !== slot) {
        throw new FlashError(
          "FLASH_REFUSED",
          `the new image did not stay (its slot is ${state}); what ran before runs again`,
        );
      }
      if (Date.now() >= until) return this.result("trying", slot, slots);
      this.tell("prove");
      await sleep(Math.min(this.pauseMs, Math.max(0, until - Date.now())));
      this.check();
    }
  }

  private async ask(session: Session, slot: number, trust: boolean): Promise<Slots> {
    const thrown = await session.evaluate('global.bootError&&bootError+"\\n"+(bootError.stack||"")');
    if (typeof thrown === "string")
      throw new FlashError("FLASH_BOOT", `the image ended while it booted: ${thrown.slice(0, 2000)}`);
    const slots = await readSlots(session);
    if (!trust || slots.running !== slot || slots.slots[slot]?.state === "proved") return slots;
    await session.evaluate(`require("Flash").write("\\0\\0\\0\\0",${slots.base + slot * SLOT_BYTES + PROVED_OFFSET})`);
    return readSlots(session);
  }

  private check(): void {
    if (this.options.signal?.aborted)
      throw new FlashError("FLASH_CANCELLED", "cancelled; the board runs what it ran before");
  }

  private result(outcome: FlashResult["outcome"], slot: number, slots: Slots): FlashResult {
    const { uploadMs, resumed } = this;
    return { outcome, slot, bytes: this.image.code.length, uploadMs, resumed, slots };
  }

  private tell(stage: FlashStage): void {
    const now = Date.now();
    while (this.marks[0] !== undefined && now - this.marks[0].atMs > RATE_MS) this.marks.shift();
    const [first] = this.marks;
    const bytes = this.marks.reduce((sum, mark) => sum + mark.bytes, 0) - (first?.bytes ?? 0);
    const spentS = first === undefined ? 0 : (now - first.atMs) / 1000;
    const bytesPerS = spentS > 0 ? bytes / spentS : 0;
    const totalBytes = this.image.code.length;
    const doneBytes =
      stage === "look" || stage === "stop" || stage === "upload" ? Math.min(this.done, totalBytes) : totalBytes;
    const leftS = stage === "upload" && bytesPerS > 0 ? (totalBytes - doneBytes) / bytesPerS : undefined;
    this.options.onProgress?.({ stage, doneBytes, totalBytes, bytesPerS, leftS, resumed: this.resumed });
  }
}

/** Takes the newest image out of use, so that the other one runs after the next start. */
export async function revoke(session: Session): Promise<Slots> {
  const slots = await readSlots(session);
  const { running, base } = slots;
  const other = running === undefined ? undefined : slots.slots[1 - running];
  if (running === undefined || other === undefined || !["new", "trying", "proved"].includes(other.state)) {
    throw new FlashError("FLASH_NOTHING", "there is no other image that could run in its place");
  }
  await session.evaluate(`require("Flash").write("\\0\\0\\0\\0",${base + running * SLOT_BYTES + REVOKED_OFFSET})`);
  return readSlots(session);
}
