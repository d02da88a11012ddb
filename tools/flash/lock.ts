/**
 * Closes the console of a device that leaves the house: `.boot0` in Storage, which runs before everything else, after
 * `reset()` too, and which holding a button at the start does not skip (jsflash.c). docs/security.md says what it is worth.
 */
import { quote } from "../repl/quote.ts";
import type { Session } from "../repl/session.ts";
import { crc32 } from "./crc32.ts";
import { FlashError } from "./errors.ts";
import type { Image } from "./image.ts";

/**
 * `passkey`: the console stays on Bluetooth, for who has paired with these six digits. `button`: there is none, unless the
 * board's button is held while it starts. `off`: there is none.
 */
export type Lock =
  | { readonly mode: "passkey"; readonly passkey: string }
  | { readonly mode: "button" }
  | { readonly mode: "off" };

const FILE = ".boot0";
/** No console anywhere, and no service on Bluetooth whose bytes would share the input queue with the modem. */
const CLOSE = "global.locked=true;E.setConsole(null,{force:true});NRF.setServices(undefined,{uart:false})";

/** Throws `FLASH_LOCK` for a passkey that is none, and for a button on a board without one. */
export function lockScript(lock: Lock, image: Pick<Image, "board" | "service">): string {
  if (lock.mode === "off") return CLOSE;
  if (lock.mode === "button") {
    if (image.service === undefined || !/^\w{1,10}$/.test(image.service)) {
      const instead = "take a passkey instead, or add SERVICE to its file in boards/";
      throw new FlashError("FLASH_LOCK", `${image.board} has no button that could open the console: ${instead}`);
    }
    return `if(!${image.service}.read()){${CLOSE}}`;
  }
  if (!/^\d{6}$/.test(lock.passkey)) throw new FlashError("FLASH_LOCK", "a passkey has six digits");
  // mitm: the digits have to be entered; with a passkey the interpreter encrypts the Nordic UART Service too.
  return `NRF.setSecurity({passkey:"${lock.passkey}",mitm:1,display:1})`;
}

/**
 * In force from the next start. Asked for as a checksum: the passkey is not read back to where it could be seen. What a full
 * Storage throws is caught on the board: its stack trace would quote the line, and the passkey with it.
 */
export async function putLock(session: Session, script: string): Promise<void> {
  await session.evaluate(`(function(s){try{require("Storage").write("${FILE}",s)}catch(e){}})(${quote(script)})`);
  const sum = await session.evaluate(`E.CRC32(require("Storage").read("${FILE}")||"")`);
  if (sum !== crc32(script))
    throw new FlashError("FLASH_STORAGE", `${FILE} could not be written to Storage: is it full?`);
}

export async function removeLock(session: Session): Promise<void> {
  await session.evaluate(`(require("Storage").erase("${FILE}"),0)`);
}

/** Six digits that nobody can foretell. */
export function randomPasskey(): string {
  const numbers = new Uint32Array(1);
  // The part of 2^32 above a multiple of a million would prefer some passkeys to others.
  do crypto.getRandomValues(numbers);
  while ((numbers[0] as number) >= 4_294_000_000);
  return String((numbers[0] as number) % 1_000_000).padStart(6, "0");
}
