/**
 * What MQTT has to remember over a reset, on flash pages of its own: an append log. A record is never changed, only followed
 * by another one; what is cut off by a power failure has a wrong checksum and counts for nothing.
 *
 * Pages are written in a ring, one is always spare. When the page in use is full the spare one is erased, what still counts
 * of the oldest page is copied to it, and then its header is written: with the header the copy counts and the oldest page is
 * the new spare one. So every page is erased equally often, and at no moment is anything in one place only that is about to
 * be erased. The last record of an identifier stands behind all its others, and the oldest page goes first, so no record
 * outlives what ended it.
 *
 * Why not Storage: a file is deleted before it is written anew, and compaction moves all of them (docs/outbox.md, with the
 * wear). nRF52840: words of four bytes, each written at most twice between two erases, 4,096 bytes a page.
 */
import { join, view, word } from "./bytes.ts";
import type { Store } from "./types.ts";

const PAGE = 4096;
/** Checksum, count of pages so far (three bytes), how many pages back something counts, what it is. */
const HEADER = 12;
const MAGIC = "GWO";
/** Checksum, time of acceptance (0: the clock was not set), serial number, length of the rest: identifier and what. */
const HEAD = 12;
/** For the states of QoS 2, which may never be refused: 250 received identifiers of 16 bytes. */
const RESERVE = 4096;
/** Before this the clock was not set. */
const FLOOR_S = 1600000000;

const four = (value: number) => join(value >> 24, value >> 16, value >> 8, value);

export interface Outbox extends Store {
  /** Bytes that count, and pages erased since the start. */
  stats: OutboxStats;
}

/** @public */
export interface OutboxStats {
  bytes: number;
  erased: number;
}

/** On the last `pages` (4 at least) of the free flash but the very last `kept`; nothing where there are not so many. */
export const createOutbox = (pages: number, kept: number): Outbox | undefined => {
  const flash = require("Flash");
  // The first free page may hold initial values of the interpreter's own, and its address moves with the build.
  const free = flash.getFree()[0];
  if (!free || free.length < (pages + kept) * PAGE || pages < 4) return undefined;
  const base = free.addr + free.length - (pages + kept) * PAGE;
  /** Where the last record of an outgoing identifier is, and behind `P` that of an incoming one. */
  const index: { [key: string]: number } = {};
  const stats: OutboxStats = { bytes: 0, erased: 0 };
  // Of a ring of another length some pages are missing, and with them what ended records.
  const magic = MAGIC + join(pages);
  let page = pages - 1; // in use
  let count = 0; // of pages used so far
  let head = 0; // where the next record goes
  let last = 0; // where the page ends; before the first there is none
  let serial = 0;
  let largest = 0;

  const startOf = (number: number) => base + (number % pages) * PAGE;
  const bytesAt = (address: number, length: number) => join(flash.read(length, address) as Uint8Array);
  const sealed = (text: string) => four(E.CRC32(text)) + text;
  const isSealed = (text: string) => sealed(text.slice(4)) === text;
  /** In whole words. */
  const sizeAt = (address: number) => (HEAD + word(flash.read(2, address + 10) as Uint8Array, 0) + 3) & ~3;

  /** Whether it stands there now: errors of the flash come silently. */
  const write = (address: number, bytes: string) => {
    flash.write(bytes, address);
    return bytesAt(address, bytes.length) === bytes;
  };

  /** Takes the spare page into use; whether it could be. */
  const turn = () => {
    const next = (page + 1) % pages;
    const start = startOf(next);
    const oldest = startOf(next + 1);
    const moved: { [key: string]: number } = {};
    // Older pages need not be read at the next start, and never again: what is done with stays so.
    let back = 0;
    let to = start + HEADER;
    // Want of memory may end this anywhere, as it may end `put`: nothing goes to a page that has no header yet.
    head = last;
    flash.erasePage(start);
    stats.erased++;
    // An erase that did not happen would leave old records behind the copies.
    let isFine = E.sum(flash.read(PAGE, start) as Uint8Array) === 255 * PAGE;
    for (const key of Object.keys(index)) {
      const from = index[key] as number;
      if (from >= oldest && from < oldest + PAGE) {
        const size = sizeAt(from);
        isFine = write(to, bytesAt(from, size)) && isFine;
        moved[key] = to;
        to += size;
      } else back = Math.max(back, (next + pages - (((from - base) / PAGE) | 0)) % pages);
    }
    isFine = isFine && write(start, sealed(four(((count + 1) << 8) | back) + magic));
    // If not, the next try takes the same page: the one behind it still counts.
    if (isFine) {
      page = next;
      count++;
      head = to;
      last = start + PAGE;
      Object.assign(index, moved);
    }
    return isFine;
  };

  /** Keeps in mind that a record at `at` says `kind` of an identifier. */
  const note = (id: string, kind: string, at: number, size: number) => {
    const isEnd = !kind || kind === "p";
    const key = kind === "P" || kind === "p" ? "P" + id : id;
    const before = index[key];
    if (before) stats.bytes -= sizeAt(before);
    delete index[key];
    if (!isEnd) {
      index[key] = at;
      stats.bytes += size;
    }
    if (size > largest) largest = size;
  };

  const put = (id: string, what: string) => {
    const time = getTime();
    const length = what.length + 2;
    let record = sealed(four(time > FLOOR_S ? time : 0) + join(serial >> 8, serial, length >> 8, length, id, what));
    const size = (record.length + 3) & ~3;
    record += "\0\0\0".slice(0, size - record.length);
    // So much fits for certain when the largest record is what is left over at the end of every page but two.
    const most = (pages - 2) * (PAGE - HEADER - Math.max(size, largest)) - RESERVE;
    if (what[1] && stats.bytes + size > most) return size > most ? undefined : false;
    // A lap frees more than a record for certain; twice that for a flash that does not take everything at once.
    for (let tries = pages * 2; tries; tries--) {
      if (head + size > last) turn();
      if (head + size <= last) {
        const at = head;
        head = last; // what is not whole ends its page: behind it nothing would be found again
        if (write(at, record)) {
          head = at + size;
          serial = (serial + 1) & 65535;
          note(id, what[0] || "", at, size);
          return true;
        }
      }
    }
    return undefined;
  };

  /** Reads a page from its first record on; what is cut off ends it. */
  const scan = (start: number) => {
    head = start + HEADER;
    last = start + PAGE;
    while (head + HEAD < last) {
      const data = flash.read(HEAD, head) as Uint8Array;
      const length = word(data, 10);
      const size = (HEAD + length + 3) & ~3;
      if (length === 65535 && !/[^\xff]/.test(join(data))) return;
      const record = head + size <= last ? bytesAt(head, HEAD + length) : "";
      if (length < 2 || !isSealed(record)) break;
      const isFirst = !largest;
      note(record.slice(12, 14), record[14] || "", head, size);
      // Copies stand before what is newer, and keep their number.
      const after = (word(data, 8) + 1) & 65535;
      if (isFirst || ((after - serial) & 65535) < 32768) serial = after;
      head += size;
    }
    head = last;
  };

  /** Count of a page and how far back to read, 0 of one that is not ours. */
  const marksOf = (number: number) => {
    const text = bytesAt(startOf(number), HEADER);
    return isSealed(text) && text.slice(8) === magic ? word(view(text), 4) * 65536 + word(view(text), 6) : 0;
  };

  // The page with the highest count is the one in use; the others follow from it, or are of another time. What counted of the
  // spare one, which an erase may have left in part, is in the one in use.
  const start = () => {
    let marks = 0;
    for (let number = 0; number < pages; number++)
      if (marksOf(number) > marks) {
        marks = marksOf(number);
        page = number;
      }
    count = marks >> 8;
    for (let back = Math.min(marks & 255, pages - 2); marks && back >= 0; back--) {
      const number = page + pages - back;
      if (marksOf(number) >> 8 === count - back) scan(startOf(number));
    }
  };
  start();

  return {
    stats,
    put,
    read: (id) => {
      const at = index[id] as number;
      return bytesAt(at + 14, word(flash.read(2, at + 10) as Uint8Array, 0) - 2);
    },
    load(give) {
      const order: [number, string, string, number][] = [];
      for (const key of Object.keys(index)) {
        const data = flash.read(15, index[key] as number) as Uint8Array;
        // How long ago: serial numbers start over.
        const age = (serial - word(data, 8)) & 65535;
        // PUBRELs first: with few under way, those of messages behind them would overtake them [MQTT-4.6.0-4].
        order.push([
          data[14] === 98 ? age + 65536 : age,
          key.slice(-2),
          join(data[14] as number),
          word(data, 4) * 65536 + word(data, 6),
        ]);
      }
      order.sort((a, b) => b[0] - a[0]);
      for (const one of order) give(one[1], one[2], -one[3]);
    },
  };
};
