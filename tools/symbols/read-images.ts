/** For Node only. */
import { readFileSync, statSync } from "node:fs";
import { CliError } from "../cli/errors.ts";
import { FlashError } from "../flash/errors.ts";
import type { Image } from "../flash/image.ts";
import { parseImage } from "../flash/image-file.ts";

/** An image with its map is half a megabyte. */
const MOST_BYTES = 8_000_000;

/** Reads `dist/<board>.image.json` files. Throws a `CliError` with `SYMBOLS_FILE` that names the one which is none. */
export function readImages(paths: readonly string[]): Image[] {
  return paths.map((path) => {
    try {
      if (statSync(path).size > MOST_BYTES) throw new FlashError("FLASH_IMAGE", "it is larger than any image");
      return parseImage(readFileSync(path, "utf8"));
    } catch (error) {
      throw new CliError("SYMBOLS_FILE", `${path}: ${error instanceof Error ? error.message : String(error)}`, 2);
    }
  });
}
