import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { CliError } from "../../tools/cli/errors.ts";
import { crc32 } from "../../tools/flash/crc32.ts";
import type { Image } from "../../tools/flash/image.ts";
import { serialiseImage } from "../../tools/flash/image-file.ts";
import { annotateStack } from "../../tools/symbols/annotate-stack.ts";
import { readImages } from "../../tools/symbols/read-images.ts";
import { describePlace, fixture, framesOf, imageOf } from "./support.ts";

describe("readImages", () => {
  const directory = mkdtempSync(join(tmpdir(), "godwit-symbols-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  it("reads an image that makes lines of a stack", () => {
    const { code, symbols } = imageOf(fixture("program.txt"));
    const image: Image = {
      godwit: 1,
      board: "rak5010",
      espruinoBoard: "RAK5010",
      version: "1.2.3",
      buildTime: 1_700_000_000,
      features: [],
      code,
      crc32: crc32(code),
      loader: "",
      symbols,
    };
    const images = readImages([write("good.image.json", serialiseImage(image))]);
    const places = framesOf(annotateStack(fixture("storage-tokens.txt"), images)).map(({ source }) => source);
    assert.deepEqual(places.slice(0, 2).map(describePlace), ["1 fail", "3 viaReturn"]);
  });

  it("names the file that is none, or is not there", () => {
    for (const path of [write("bad.image.json", "{}"), join(directory, "absent.image.json")]) {
      assert.throws(
        () => readImages([path]),
        (error) => error instanceof CliError && error.code === "SYMBOLS_FILE" && error.message.startsWith(`${path}: `),
      );
    }
  });
});
