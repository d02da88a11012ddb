/**
 * An image as one file: `dist/<board>.image.json`. Made by the build, read by the command line and by the page: the bytes for
 * the board, what they are for, and what turns an address in them into a line of TypeScript.
 */

export interface Image {
  /** Version of this format. */
  readonly godwit: 1;
  /** A file in boards/, e.g. `rak5010`. */
  readonly board: string;
  /** What the interpreter of that board calls it (`process.env.BOARD`), e.g. `RAK5010`. */
  readonly espruinoBoard: string;
  readonly version: string;
  /** Seconds since 1970. */
  readonly buildTime: number;
  /** Parts that it has, e.g. `outbox`. */
  readonly features: readonly string[];
  /** Pretokenised, one char a byte. */
  readonly code: string;
  /** `E.CRC32` of `code`. */
  readonly crc32: number;
  /** What starts it: `.bootcde` of a board that has two images; src/loader.ts. */
  readonly loader: string;
  /** The button that opens the console of a locked board when it is held at the start, e.g. `BTN1`; absent: none. */
  readonly service?: string;
  readonly symbols: ImageSymbols;
}

/** For tools/symbols. */
export interface ImageSymbols {
  /** The minified script from which `code` was tokenised. */
  readonly script: string;
  /** Source map of `script`, JSON, with paths relative to the project's root. */
  readonly map: string;
  /** Mangled property name by the name in the source. */
  readonly names: Readonly<Record<string, string>>;
}
