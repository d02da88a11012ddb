/**
 * `.bootcde` on the board: picks one of two images and runs it where it lies. The newer one, unless it was started three
 * times and never connected, and there is another. One that throws while it boots gives way at the next start. One that
 * is alone and never lives for half a minute is left after eight starts: a board without a button stays in reach.
 */
import type { LoaderGlobals } from "./slots.ts";
import { CODE, LIVES, MAGIC, MAX_TRIES, PROVED, REVOKED, SLOT_BYTES, TRIES } from "./slots.ts";

const PATIENCE = 3;
const LIVES_MS = 30000;
/** More than any number of an image. */
const TRUSTED = 0x100000000;

const flash = require("Flash");
/** By another name it is not the operator of the language, so that the minifier may rename what stands here. */
// biome-ignore lint/security/noGlobalEval: running the image that lies in flash is what a loader is for.
const run = eval;

/** The code of the image that is to run, and its slot; the start is counted. */
const pick = () => {
  const free = flash.getFree()[0] as { addr: number; length: number };
  let rank = 0;
  let tried = -1;
  let code: string | undefined;
  for (let at = free.addr + free.length - 2 * SLOT_BYTES, i = 0; i < 2; i++, at += SLOT_BYTES) {
    const words = new Uint32Array(flash.read(CODE, at).buffer);
    const length = words[3] as number;
    if (
      words[1] == MAGIC &&
      words[REVOKED / 4] &&
      length <= SLOT_BYTES - CODE &&
      E.CRC32(E.memoryArea(at + 4, TRIES - 4)) == words[0] &&
      E.CRC32(E.memoryArea(at + CODE, length)) == words[4]
    ) {
      let tries = 0;
      while (tries < MAX_TRIES && !words[TRIES / 4 + tries]) tries++;
      if (!words[PROVED / 4]) tries = -1;
      const mine = (words[2] as number) + (tries < PATIENCE ? TRUSTED : 0);
      if (mine > rank && (tries < MAX_TRIES || !words[LIVES / 4])) {
        rank = mine;
        (global as LoaderGlobals).slot = at;
        tried = tries;
        code = E.memoryArea(at + CODE, length);
      }
    }
  }
  if (tried >= 0 && tried < MAX_TRIES)
    flash.write("\0\0\0\0", ((global as LoaderGlobals).slot as number) + TRIES + 4 * tried);
  return code;
};

const code = pick();
if (code) {
  // From here on the image's own globals may have taken the short names of these: only what has a long one is used.
  setTimeout(() => {
    if ((global as LoaderGlobals).booted)
      require("Flash").write("\0\0\0\0", ((global as LoaderGlobals).slot as number) + LIVES);
    else E.reboot();
  }, LIVES_MS);
  try {
    run(code);
    (global as LoaderGlobals).booted = true;
  } catch (error) {
    (global as LoaderGlobals).bootError = error;
    print(`${error}`);
    // A word takes two writes between two erases.
    for (let at = TRIES; at < TRIES + 4 * PATIENCE; at += 4)
      if (require("Flash").read(1, ((global as LoaderGlobals).slot as number) + at)[0])
        require("Flash").write("\0\0\0\0", ((global as LoaderGlobals).slot as number) + at);
  }
} else print("godwit: there is no image that runs");
