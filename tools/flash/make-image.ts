/** Node: the image file from what the build has made. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { boardFacts } from "../build/bundle.ts";
import { cached, hash, pipelineVersion } from "../build/cache.ts";
import { bundleFirmware, type Firmware } from "../build/firmware.ts";
import { distDir, root } from "../build/paths.ts";
import { pretokenise } from "../build/pretokenise.ts";
import { formatFinding } from "../build/profile.ts";
import { crc32 } from "./crc32.ts";
import type { Image } from "./image.ts";
import { serialiseImage } from "./image-file.ts";

/** The same script for every board: none of it depends on one. */
export function bundleLoader(board: string): Promise<string> {
  const sources = ["loader.ts", "slots.ts"].map((file) => join(root, "src", file));
  const key = hash(pipelineVersion() + sources.map((file) => readFileSync(file, "utf8")).join("\0"));
  return cached("loader", key, async () => {
    const { code, findings } = await bundleFirmware({ board, entry: sources[0] ?? "", buildTime: 0 });
    if (findings[0] !== undefined) throw new Error(formatFinding(findings[0], "src/loader.ts"));
    return code.trimEnd();
  });
}

export async function imageOf(firmware: Firmware): Promise<Image> {
  const { board, version, buildTime, features, code, map, names } = firmware;
  const bytes = pretokenise(code);
  const { espruino, service } = boardFacts(board);
  return {
    godwit: 1,
    board,
    espruinoBoard: espruino,
    version,
    buildTime,
    features: Object.entries(features)
      .filter(([, isOn]) => isOn)
      .map(([name]) => name.toLowerCase()),
    ...(service === undefined ? {} : { service }),
    code: bytes,
    crc32: crc32(bytes),
    loader: await bundleLoader(board),
    symbols: { script: code, map, names },
  };
}

/** Writes `dist/<board>.image.json`; returns its path. */
export async function writeImage(firmware: Firmware, directory = distDir): Promise<string> {
  const path = join(directory, `${firmware.board}.image.json`);
  writeFileSync(path, serialiseImage(await imageOf(firmware)));
  return path;
}
