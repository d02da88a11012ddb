/** `dist/<board>.image.json`: written by the build, read here with the distrust that a file from anywhere deserves. */
import { crc32 } from "./crc32.ts";
import { FlashError } from "./errors.ts";
import type { Image } from "./image.ts";
import { MAX_CODE } from "./layout.ts";

/** Characters of a file; a source map of the largest image is a tenth of it. */
export const MAX_IMAGE_FILE = 4_000_000;
const MAX_LOADER = 4000;

/** Code is base64 in the file: bytes that are no text would not survive a JSON editor. */
export function serialiseImage(image: Image): string {
  return `${JSON.stringify({ ...image, code: btoa(image.code) }, null, 1)}\n`;
}

function refuse(why: string): never {
  throw new FlashError("FLASH_IMAGE", `this is no image of Godwit: ${why}`);
}

type Fields = Readonly<Record<string, unknown>>;

function text(fields: Fields, name: string, most: number): string {
  const value = fields[name];
  if (typeof value !== "string" || value.length > most) refuse(`"${name}" is no text of at most ${most} characters`);
  return value;
}

/** Names that are shown, compared and put into a header. */
function word(fields: Fields, name: string): string {
  const value = text(fields, name, 40);
  if (!/^[\w.+-]+$/.test(value)) refuse(`"${name}" has other characters than letters, digits and . + - _`);
  return value;
}

function whole(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    refuse(`"${name}" is no whole number`);
  }
  return value;
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(`${name} is no JSON object`);
  return value as Fields;
}

function bytes(fields: Fields, name: string): string {
  try {
    return atob(text(fields, name, 4 * Math.ceil(MAX_CODE / 3)));
  } catch (error) {
    if (error instanceof FlashError) throw error;
    return refuse(`"${name}" is no base64`);
  }
}

function names(value: unknown): Record<string, string> {
  const found = Object.entries(object(value, '"names"'));
  for (const [name, short] of found) if (typeof short !== "string") refuse(`the short name of "${name}" is no text`);
  return Object.fromEntries(found) as Record<string, string>;
}

function json(file: string): Fields {
  if (file.length > MAX_IMAGE_FILE) refuse(`it has more than ${MAX_IMAGE_FILE.toLocaleString("en-US")} characters`);
  try {
    return object(JSON.parse(file), "the file");
  } catch (error) {
    if (error instanceof FlashError) throw error;
    return refuse("it is not JSON; npm run build writes dist/<board>.image.json");
  }
}

/** Throws a `FlashError` with `FLASH_IMAGE` where anything is missing, too long, or damaged. */
export function parseImage(file: string): Image {
  const fields = json(file);
  if (fields["godwit"] !== 1) refuse('"godwit" is not 1, the version of the format that is known here');
  const features = fields["features"];
  if (!Array.isArray(features) || features.some((name) => typeof name !== "string")) refuse('"features" is no list');
  const symbols = object(fields["symbols"], '"symbols"');
  const image: Image = {
    godwit: 1,
    board: word(fields, "board"),
    espruinoBoard: word(fields, "espruinoBoard"),
    version: word(fields, "version"),
    buildTime: whole(fields, "buildTime"),
    features: features.map(String),
    ...(fields["service"] === undefined ? {} : { service: word(fields, "service") }),
    code: bytes(fields, "code"),
    crc32: whole(fields, "crc32"),
    loader: text(fields, "loader", MAX_LOADER),
    symbols: {
      script: text(symbols, "script", MAX_IMAGE_FILE),
      map: text(symbols, "map", MAX_IMAGE_FILE),
      names: names(symbols["names"]),
    },
  };
  if (image.code === "") refuse("it has no code");
  if (crc32(image.code) !== image.crc32) refuse("its checksum is another one: it was damaged or changed by hand");
  return image;
}
