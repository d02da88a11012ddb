/** For Node only. */
import { CliError } from "../cli/errors.ts";
import { readSmallFile } from "../cli/read-file.ts";
import type { Image } from "../flash/image.ts";
import { MAX_IMAGE_FILE, parseImage } from "../flash/image-file.ts";

/** Reads `dist/<board>.image.json` files. Throws a `CliError` with `SYMBOLS_FILE` that names the one which is none. */
export function readImages(paths: readonly string[]): Image[] {
  return paths.map((path) => {
    try {
      return parseImage(readSmallFile(path, MAX_IMAGE_FILE, "utf8"));
    } catch (error) {
      throw new CliError("SYMBOLS_FILE", `${path}: ${error instanceof Error ? error.message : String(error)}`, 2);
    }
  });
}
