import type { Failure } from "../failure.ts";

/** One AT exchange, as data. A builder in a driver makes it, the channel runs it, nothing else interprets it. */
export interface Command {
  /** The line without its CR, e.g. `AT+CSQ`. What comes from outside goes in through `quoted` only. */
  text: string;
  /** From sending to the final result code. */
  timeoutMs?: number;
  /** Information responses to keep start with this; "" keeps every line that is no URC and no echo. */
  prefix?: string;
  /** Sent when the prompt has been seen, never before. */
  data?: string;
  /** `>`, `@`, `CONNECT`, `DOWNLOAD`; goes with `data`. */
  prompt?: string;
  /** The information response with `prefix` ends in a count, and so many raw bytes follow it; no more than this. */
  maxRaw?: number;
  /** The result code that means success, when it is not `OK`. */
  success?: string;
  /** The parameters never reach a trace or a Failure. */
  secret?: boolean;
}

/** What came back with success. */
export interface Answer {
  /** Information responses with the command's prefix, prefix included. */
  lines: string[];
  /** The counted raw data, one char a byte. */
  data: string;
}

export type AnswerDone = (error: Failure | undefined, answer: Answer) => void;

/**
 * A string parameter in quotes (27.007, 5.1 after V.250, 5.4.2.2). What could end the string or the line, and the
 * backslash that some firmware takes for an escape, become a NUL, and the channel refuses a line that holds one
 * (`AT_TEXT`): a host name or a topic can never turn into a command.
 */
export function quoted(text: string): string {
  return /[^ !#-Z^-~\[\]]/.test(text) ? "\0" : `"${text}"`;
}

/**
 * The parameters of an information response or URC: `+X: "a,b",2` -> ["a,b", "2"]. Commas inside quotes stay; a line
 * whose quotes do not pair (seen on hardware) is split at every comma.
 */
export function parameters(line: string): string[] {
  const parts = line.substr(line.indexOf(":") + 1).split('"');
  if (parts.length & 1) for (let i = 1; i < parts.length; i += 2) parts[i] = (parts[i] as string).split(",").join("\n");
  return parts
    .join("")
    .split(",")
    .map((part) => part.trim().replace("\n", ","));
}
