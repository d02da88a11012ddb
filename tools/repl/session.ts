/** What can be asked of a board whose console is at the other end of a port. `openSession` makes one (open-session.ts). */
import type { Port } from "../port/port.ts";

/** As the interpreter says it when asked with Ctrl-E: `Espruino 2v29 RAK5010`. */
export interface BoardIdentity {
  /** e.g. `2v29`. */
  readonly version: string;
  /** `process.env.BOARD`, e.g. `RAK5010`. */
  readonly board: string;
}

export interface Session {
  readonly port: Port;
  /** Rejects with `REPL_SILENT` when nothing that looks like the interpreter answers. */
  identify(): Promise<BoardIdentity>;
  /**
   * Evaluates an expression by an EVAL packet, without echo, beside whatever is typed. The value as JSON has it, NaN and the
   * infinities too, and `undefined` for what is no data (functions, pins). Numbers have the 11 digits that the interpreter
   * prints. Strings are bytes, both ways: `quote` (quote.ts) makes a literal of any. Several may be under way: they are
   * answered in order, and the link is never idle between them. Rejects with a `ReplError`.
   */
  evaluate(expression: string, options?: EvaluateOptions): Promise<unknown>;
  /**
   * For what answers by a callback: `code` is evaluated with `done` in scope, a function that takes any values, e.g.
   * `godwit.files().list(done)`. Resolves with those values. Rejects as `evaluate`.
   */
  call(code: string, options?: EvaluateOptions): Promise<unknown[]>;
  /** As typed: echoed and executed by the board, answered on `onText`. Bytes; Ctrl-C is `interrupt`. */
  type(text: string): Promise<void>;
  /** Ctrl-C: ends what runs, and empties the input line. */
  interrupt(): Promise<void>;
  /** The console's text without packets and frames of `call`. One listener a call; returns what takes it away. */
  onText(listener: (text: string) => void): () => void;
  onClose(listener: (cause: Error | undefined) => void): () => void;
  /** Everything under way rejects with `REPL_CLOSED`. */
  close(): Promise<void>;
}

export interface EvaluateOptions {
  /** From the moment at which the bytes have left and all before it is answered. Default 10,000. */
  readonly timeoutMs?: number;
}

/** Codes: docs/errors.md. */
export type ReplErrorCode =
  | "REPL_SILENT"
  | "REPL_LOCKED"
  | "REPL_REFUSED"
  | "REPL_EXCEPTION"
  | "REPL_TIMEOUT"
  | "REPL_ANSWER"
  | "REPL_LENGTH"
  | "REPL_TEXT"
  | "REPL_CLOSED";

export class ReplError extends Error {
  readonly code: ReplErrorCode;
  /** The interpreter's own words, stack trace included. */
  readonly detail: string | undefined;
  constructor(code: ReplErrorCode, message: string, detail?: string) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}

/** Most bytes that one EVAL packet can have (13 bits, README_Protocol.md of Espruino). */
export const MAX_PACKET = 0x1fff;
