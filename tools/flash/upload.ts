/** Brings bytes into a slot, page by page: what is there already is left, so that a lost link costs one page at most. */
import { quote } from "../repl/quote.ts";
import type { Session } from "../repl/session.ts";
import { crc32 } from "./crc32.ts";
import { FlashError } from "./errors.ts";
import { CODE_OFFSET, PAGE_BYTES } from "./layout.ts";

/**
 * Bytes of the image in a packet, which has to arrive within 5 s (jsinteractive.c): these do on a link of 450 bytes a
 * second. Halved after each failure, for links that are slower or lose more.
 */
export const MOST_CHUNK = 2048;
export const LEAST_CHUNK = 256;
/** Chunks under way: while one is written to flash the next one travels. */
const WINDOW = 3;
/** How often a page may read back wrong before the flash is taken for broken. */
const TRIES = 3;

export interface UploadEvents {
  /** Pages that had to be written, and those that stood there already. */
  onPlan(plan: { bytes: number; kept: number }): void;
  /** Bytes of the image that the board has written and read back, since the last call. */
  onWritten(bytes: number): void;
  /** Throws when the user has cancelled. */
  check(): void;
}

/** Name of a global of ours on the board while it lasts. */
const WRITE = "__godwitWrite";

const BLANK = crc32("\xff".repeat(PAGE_BYTES));

interface Page {
  readonly address: number;
  /** All of it, unused bytes blank. */
  readonly bytes: string;
  /** Without the blank ones at its ends. */
  readonly from: number;
  readonly to: number;
}

/** The slot's pages as they have to be before its header is written. */
export function pagesOf(code: string, base: number): Page[] {
  const all = "\xff".repeat(CODE_OFFSET) + code;
  const pages: Page[] = [];
  for (let at = 0; at < all.length; at += PAGE_BYTES) {
    const piece = all.slice(at, at + PAGE_BYTES);
    pages.push({
      address: base + at,
      bytes: piece.padEnd(PAGE_BYTES, "\xff"),
      from: at === 0 ? CODE_OFFSET : 0,
      // Flash is written in words.
      to: (piece.length + 3) & ~3,
    });
  }
  return pages;
}

async function checksums(session: Session, pages: readonly Page[]): Promise<number[]> {
  const [first] = pages;
  const question = `[${pages.map((_, i) => i).join()}].map(function(i){return E.CRC32(E.memoryArea(${first?.address}+i*${PAGE_BYTES},${PAGE_BYTES}))})`;
  const answer = await session.evaluate(question);
  if (!Array.isArray(answer) || answer.length !== pages.length) {
    throw new FlashError("FLASH_VERIFY", "the board does not say what is in its flash");
  }
  return answer.map((sum) => Number(sum) >>> 0);
}

/** On addresses that are multiples of `size`: a chunk never ends within a word. */
function chunksOf(page: Page, size: number): { at: number; bytes: string }[] {
  const chunks = [];
  for (let from = page.from; from < page.to; ) {
    const to = Math.min(page.to, from - (from % size) + size);
    chunks.push({ at: page.address + from, bytes: page.bytes.slice(from, to) });
    from = to;
  }
  return chunks;
}

/** Everything is on the way at once, `WINDOW` deep; resolves with the pages that did not read back as written. */
async function writePages(
  session: Session,
  pages: readonly Page[],
  blank: ReadonlySet<Page>,
  chunk: number,
  events: UploadEvents,
): Promise<void> {
  const pending: Promise<unknown>[] = [];
  const send = async (expression: string, bytes: number): Promise<void> => {
    await session.evaluate(expression);
    events.onWritten(bytes);
  };
  try {
    for (const page of pages) {
      if (!blank.has(page)) pending.push(send(`require("Flash").erasePage(${page.address})`, 0));
      for (const { at, bytes } of chunksOf(page, chunk)) {
        events.check();
        pending.push(send(`${WRITE}(${at},${quote(bytes)})`, bytes.length));
        if (pending.length >= WINDOW) await pending.shift();
      }
    }
    await Promise.all(pending);
  } catch (error) {
    // Those behind it fail too, and must not fail unheard.
    await Promise.allSettled(pending);
    throw error;
  }
}

/** Rejects with `FLASH_VERIFY` when the flash does not take it, and with what the session says when the link ends. */
export async function upload(
  session: Session,
  code: string,
  base: number,
  chunk: number,
  events: UploadEvents,
): Promise<void> {
  const pages = pagesOf(code, base);
  const write = `function(a,s){require("Flash").write(s,a)}`;
  await session.evaluate(`(global.${WRITE}=${write},0)`);
  for (let tries = 0; ; tries++) {
    const there = await checksums(session, pages);
    const missing = pages.filter((page, index) => there[index] !== crc32(page.bytes));
    if (tries === 0) {
      const bytes = missing.reduce((sum, page) => sum + page.to - page.from, 0);
      events.onPlan({ bytes, kept: pages.reduce((sum, page) => sum + page.to - page.from, 0) - bytes });
    }
    if (missing.length === 0) break;
    if (tries === TRIES) {
      const at = `0x${missing[0]?.address.toString(16)}`;
      throw new FlashError(
        "FLASH_VERIFY",
        `the page at ${at} does not read back as it was written, ${TRIES} times over`,
      );
    }
    const blank = new Set(missing.filter((page) => there[pages.indexOf(page)] === BLANK));
    await writePages(session, missing, blank, chunk, events);
  }
  await session.evaluate(`(delete global.${WRITE},0)`);
}
