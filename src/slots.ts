/**
 * Where images are: two slots of eight pages at the end of the free flash, below Storage and above the outbox. Not in
 * Storage, which deletes a file before it writes the next one and moves all of them when it is full.
 *
 * A slot begins with a header of 256 bytes that is written last, when the code behind it has been read back. Words of four
 * bytes, low byte first; tools/flash/layout.ts says the same to the computer.
 *
 *     0  CRC-32 of the 124 bytes that follow        20  what it is, as text
 *     4  GDW1                                      128  eight words, one for each start that was tried
 *     8  number: the higher one is the newer       160  lives: its event loop ran for half a minute
 *    12  bytes of code, which begin at 256         164  proved: it was connected
 *    16  CRC-32 of the code                        168  revoked
 *
 * The words from 128 on are blank until they are set to 0, each once: flash takes that without being erased.
 */
export const SLOT_PAGES = 8;
export const SLOT_BYTES = 32768;
export const MAGIC = 0x31574447;
export const CODE = 256;
export const TRIES = 128;
export const MAX_TRIES = 8;
export const LIVES = 160;
export const PROVED = 164;
export const REVOKED = 168;

/**
 * What the loader and the lock leave behind.
 * @public
 */
export interface LoaderGlobals {
  /** Address of the slot whose image runs; absent in an image that was started without a loader. */
  slot?: number;
  /** Set by `.boot0` of a production device: the console stays off, whatever the board's file says. */
  locked?: boolean;
  /** The image's boot code came to its end: an exception can be caught, want of memory can not. */
  booted?: boolean;
  /** What the image threw while it booted. */
  bootError?: unknown;
}
