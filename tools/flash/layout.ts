/**
 * The two slots in the board's flash, as src/slots.ts describes them to the chip: where they are, what their headers say, and
 * what becomes of a header's state.
 */
import { crc32 } from "./crc32.ts";

export const PAGE_BYTES = 4096;
export const SLOT_BYTES = 8 * PAGE_BYTES;
export const SLOTS = 2;
/** Where the code begins within a slot, and so the most that it can have. */
export const CODE_OFFSET = 256;
export const MAX_CODE = SLOT_BYTES - CODE_OFFSET;
/** Bytes of a header that its checksum covers, itself included. */
const SEALED = 128;
const MAGIC = "GDW1";
const INFO_OFFSET = 20;
export const TRIES_OFFSET = 128;
const MAX_TRIES = 8;
export const LIVES_OFFSET = 160;
export const PROVED_OFFSET = 164;
export const REVOKED_OFFSET = 168;
/** Bytes of a header, its words of state included. */
export const HEADER_BYTES = 176;
/** Starts after which the loader prefers another image. */
const PATIENCE = 3;

/** `refused`: the loader gave it up. `trying`: it was started and has not connected yet. */
export type SlotState = "empty" | "invalid" | "new" | "trying" | "proved" | "refused" | "revoked";

export interface SlotView {
  readonly state: SlotState;
  /** The higher one is the newer. */
  readonly number: number;
  /** Bytes of code and their checksum, as the header has them. */
  readonly bytes: number;
  readonly crc32: number;
  readonly board: string | undefined;
  readonly version: string | undefined;
  /** Seconds since 1970. */
  readonly buildTime: number | undefined;
  /** Starts that were counted; none are any more once it has proved itself. */
  readonly tries: number;
  /** Its event loop ran for half a minute. */
  readonly lives: boolean;
}

export interface HeaderFacts {
  readonly number: number;
  readonly code: string;
  readonly board: string;
  readonly version: string;
  readonly buildTime: number;
}

const word = (value: number): string =>
  String.fromCharCode(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255);

const wordAt = (bytes: string, at: number): number =>
  ((bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16)) >>> 0) +
  bytes.charCodeAt(at + 3) * 0x1000000;

const isMarked = (bytes: string, at: number): boolean => wordAt(bytes, at) !== 0xffffffff;

/** The 128 bytes that make the code behind them an image. */
export function encodeHeader({ number, code, board, version, buildTime }: HeaderFacts): string {
  const info = JSON.stringify([board, version, buildTime]).slice(0, SEALED - INFO_OFFSET);
  const body = (MAGIC + word(number) + word(code.length) + word(crc32(code)) + info).padEnd(SEALED - 4, "\0");
  return word(crc32(body)) + body;
}

function readInfo(text: string): Pick<SlotView, "board" | "version" | "buildTime"> {
  try {
    const [board, version, buildTime] = JSON.parse(text.replace(/\0+$/, "")) as unknown[];
    return {
      board: typeof board === "string" ? board : undefined,
      version: typeof version === "string" ? version : undefined,
      buildTime: typeof buildTime === "number" ? buildTime : undefined,
    };
  } catch {
    return { board: undefined, version: undefined, buildTime: undefined };
  }
}

function stateOf(header: string, tries: number): SlotState {
  if (isMarked(header, REVOKED_OFFSET)) return "revoked";
  if (isMarked(header, PROVED_OFFSET)) return "proved";
  if (tries >= PATIENCE) return "refused";
  return tries > 0 ? "trying" : "new";
}

/** `header`: the first `HEADER_BYTES` of the slot; `codeCrc`: what the board computes of as many bytes as it says. */
export function decodeSlot(header: string, codeCrc: number): SlotView {
  const nothing = { number: 0, bytes: 0, crc32: 0, board: undefined, version: undefined, buildTime: undefined };
  if (/^\xff*$/.test(header)) return { ...nothing, state: "empty", tries: 0, lives: false };
  const bytes = wordAt(header, 12);
  const sum = wordAt(header, 16);
  const isWhole =
    header.slice(4, 8) === MAGIC &&
    bytes <= MAX_CODE &&
    sum === codeCrc &&
    crc32(header.slice(4, SEALED)) === wordAt(header, 0);
  if (!isWhole) return { ...nothing, state: "invalid", tries: 0, lives: false };
  let tries = 0;
  while (tries < MAX_TRIES && isMarked(header, TRIES_OFFSET + 4 * tries)) tries++;
  return {
    state: stateOf(header, tries),
    number: wordAt(header, 8),
    bytes,
    crc32: sum,
    ...readInfo(header.slice(INFO_OFFSET, SEALED)),
    tries,
    lives: isMarked(header, LIVES_OFFSET),
  };
}
