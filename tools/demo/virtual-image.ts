/** The image for a virtual board, which runs JavaScript and not the interpreter's tokens: the same script, not tokenised. */
import { crc32 } from "../flash/crc32.ts";
import type { Image } from "../flash/image.ts";

export function virtualImage(image: Image): Image {
  const code = image.symbols.script;
  return { ...image, code, crc32: crc32(code) };
}
