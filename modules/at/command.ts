import type { Failure } from "../failure.ts";

/** One AT exchange, as data. A builder in a driver makes it, the channel runs it, nothing else interprets it. */
export interface Command {
  /** The line without its CR, e.g. `AT+CSQ`. What comes from outside goes in through `quoted` only. */
  text: string;
  /** From sending to the final result code; default 5 s. */
  timeoutMs?: number;
  /** Information responses to keep start with this; "" keeps every line that is no URC and no echo. */
  prefix?: string;
  /** Sent when the prompt has been seen, never before. */
  payload?: string;
  /** `>`, `@`, `CONNECT`, `DOWNLOAD`; goes with `payload`. */
  prompt?: string;
  /** The information response with `prefix` ends in a count, and so many raw bytes follow it; no more than this. */
  maxRaw?: number;
  /**
   * What the line that means success starts with, when it is not `OK`: a result code (`SEND OK`), or a result that
   * follows some time after `OK` (`+QSSLOPEN: 0,`). The line comes with the answer.
   */
  success?: string;
  /** A final result in front of the information response is somebody else's. */
  isProbe?: boolean;
  /** The parameters never reach a trace or a Failure. */
  secret?: boolean;
}

/** `lines`: information responses with the command's prefix, prefix included; `raw`: counted data, one char a byte. */
export type AnswerDone = (error: Failure | undefined, lines: string[], raw: string) => void;

/**
 * A string parameter in quotes (27.007, 5.1 after V.250, 5.4.2.2). What could end the string or the line, and the
 * backslash that some firmware takes for an escape, become a NUL, and the channel refuses a line that holds one
 * (`AT_TEXT`): a host name or a topic can never turn into a command.
 */
export function quoted(text: string): string {
  return /[^ !#-Z\x5b\x5d-~]/.test(text) ? "\0" : `"${text}"`;
}

/** The first text in quotes of the line that starts with `prefix`: no comma inside it is ever taken for a separator. */
export function quotedIn(lines: string[], prefix: string): string | undefined {
  const line = lines.find((one) => one.startsWith(prefix));
  return line && line.split('"')[1];
}
