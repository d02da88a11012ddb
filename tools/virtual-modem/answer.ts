/** How a handler speaks to the host: lines, raw data, prompts and results, framed as V.250 and the settings ask. */

import type { Collected, CollectRequest, LineSettings, Online } from "./v250.ts";
import type { Call } from "./v250-parse.ts";

export type Result =
  | { readonly kind: "ok" }
  | { readonly kind: "error" }
  /** A +CME ERROR of 27.007, shown as AT+CMEE asks. */
  | { readonly kind: "cme"; readonly code: number }
  /** A result of the family's own: `SEND OK`. */
  | { readonly kind: "text"; readonly text: string };

export const OK: Result = { kind: "ok" };
export const ERROR: Result = { kind: "error" };
export const cme = (code: number): Result => ({ kind: "cme", code });
export const final = (text: string): Result => ({ kind: "text", text });

export interface Io {
  /** Information response: the lines in one block. */
  lines(...texts: string[]): void;
  /** `header` CR LF data CR LF. */
  data(header: string, bytes: Buffer): void;
  /** `CONNECT` and the like: a line behind which raw data follows, in either direction. */
  open(text: string, bytes?: Buffer): void;
  prompt(): void;
  /** Raw bytes between prompt and result. */
  raw(bytes: Buffer): void;
  collect(request: CollectRequest): Promise<Collected>;
  /** `CONNECT`, then the host's bytes go to `onBytes` and `raw` brings what comes back. */
  online(onBytes: (bytes: Buffer) => void): Online;
}

export type Handler = (call: Call, io: Io) => Result | Promise<Result>;
export type Commands = Readonly<Record<string, Handler>>;

/** V.250 table 1: numeric forms of the result codes. */
const NUMERIC: Readonly<Record<string, number>> = {
  "OK": 0,
  "CONNECT": 1,
  "RING": 2,
  "NO CARRIER": 3,
  "ERROR": 4,
  "NO DIALTONE": 6,
  "BUSY": 7,
  "NO ANSWER": 8,
};

export interface Framer {
  info(texts: readonly string[]): Buffer;
  result(text: string): Buffer;
  urc(text: string): Buffer;
  /** V.250 6.3.1: the intermediate result in front of the online data state. */
  connect(): Buffer;
  eol(): string;
}

/** V.250 5.7: with V1 results stand between CR LF pairs, with V0 they are a number and a CR. */
export function createFramer(settings: LineSettings): Framer {
  const eol = (): string => String.fromCharCode(settings.cr, settings.lf);
  const cr = (): string => String.fromCharCode(settings.cr);
  const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
  const result = (text: string): Buffer => {
    if (settings.quiet) return Buffer.alloc(0);
    const number = NUMERIC[text];
    if (!settings.verbose && number !== undefined) return bytes(number + cr());
    return bytes(eol() + text + eol());
  };
  return {
    eol,
    info: (texts) => bytes((settings.verbose ? eol() : "") + texts.map((text) => text + eol()).join("")),
    result,
    connect: () => result("CONNECT"),
    urc: (text) => bytes(eol() + text + eol()),
  };
}
