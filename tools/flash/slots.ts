/** Asks a board what is in its two slots. */
import type { Session } from "../repl/session.ts";
import { FlashError } from "./errors.ts";
import { decodeSlot, HEADER_BYTES, MAX_CODE, SLOT_BYTES, SLOTS, type SlotView } from "./layout.ts";

export interface Slots {
  /** `process.env.BOARD`. */
  readonly board: string;
  /** Which of them runs; undefined: none, or an image that was started without a loader. */
  readonly running: number | undefined;
  /** Address of the first one. */
  readonly base: number;
  /** Bytes of free flash below it. */
  readonly below: number;
  /** Checksum of `.bootcde` in Storage; 0 when there is none. */
  readonly loaderCrc: number;
  /** `.boot0` closes the console. */
  readonly isLocked: boolean;
  readonly slots: readonly SlotView[];
}

/**
 * `[board, running slot, free flash, [header, checksum of the code] ...]`; headers as base64, for JSON of the interpreter has
 * six characters for each byte above 126.
 */
const QUESTION = `(function(f,s){var a=f.getFree()[0]||{addr:0,length:0};return [process.env.BOARD,global.slot||0,a.addr,a.length,\
E.CRC32(s.read(".bootcde")||"")||0,!!s.read(".boot0"),a.length<${SLOTS * SLOT_BYTES}?[]:[${SLOTS},1].map(function(n){\
var t=a.addr+a.length-n*${SLOT_BYTES},h=f.read(${HEADER_BYTES},t),l=new Uint32Array(h.buffer)[3];\
return [btoa(E.toString(h)),l&&l<=${MAX_CODE}?E.CRC32(E.memoryArea(t+256,l)):0]})]})(require("Flash"),require("Storage"))`;

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

function slotFrom(value: unknown): SlotView {
  const [header, sum] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof header !== "string" || !isNumber(sum)) throw unreadable();
  try {
    return decodeSlot(atob(header), sum >>> 0);
  } catch {
    throw unreadable();
  }
}

const unreadable = (): FlashError =>
  new FlashError("FLASH_ROOM", "the board's answer about its flash is not as Espruino 2v29 gives it");

/** Throws `FLASH_ROOM` where the board has no room for two slots. */
export async function readSlots(session: Session): Promise<Slots> {
  const answer = await session.evaluate(QUESTION);
  const [board, running, address, length, loaderCrc, isLocked, slots] = Array.isArray(answer)
    ? (answer as unknown[])
    : [];
  if (typeof board !== "string" || !isNumber(running) || !isNumber(address) || !isNumber(length)) throw unreadable();
  if (!isNumber(loaderCrc) || !Array.isArray(slots)) throw unreadable();
  if (slots.length !== SLOTS) {
    const has = `${board} has ${length} bytes of free flash`;
    throw new FlashError("FLASH_ROOM", `${has}, and two images need ${SLOTS * SLOT_BYTES}`);
  }
  const base = address + length - SLOTS * SLOT_BYTES;
  const index = (running - base) / SLOT_BYTES;
  return {
    board,
    running: index === 0 || index === 1 ? index : undefined,
    base,
    below: length - SLOTS * SLOT_BYTES,
    loaderCrc: loaderCrc >>> 0,
    isLocked: isLocked === true,
    slots: slots.map(slotFrom),
  };
}

/** The one that must not be touched: the newest that has proved itself, else the one that runs. */
export function slotToKeep({ slots, running }: Slots): number | undefined {
  const proved = slots
    .map(({ state, number }, index) => ({ index, rank: state === "proved" ? number : -1 }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => b.rank - a.rank)[0];
  return proved?.index ?? running;
}
