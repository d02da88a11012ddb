/**
 * What went wrong, as data. `code` is stable and explained in docs/errors.md; the chip carries no sentences.
 * A plain object, because `new Error` costs 42 variables and 63,000 instructions on the interpreter.
 * @public
 */
export interface Failure {
  /** Stable, e.g. `TLS_REFUSED`; docs/errors.md has its meaning, likely causes and remedies. */
  code: string;
  /** The modem's or the broker's own number or word, e.g. 566. */
  cause?: number | string | undefined;
  /** The AT command that failed, secrets masked. */
  command?: string | undefined;
  /** What a broker of MQTT 5 says about it in words; for people. */
  reason?: string | undefined;
}

/** Called once, with a failure or with nothing. */
export type Done = (error?: Failure) => void;

/** `AT_ERROR` or `AT_TEXT`: the command was refused. Anything else, silence above all, says nothing about what it asked for. */
export function isRefusal(error?: Failure): boolean {
  return !!error && /ERR|TEXT/.test(error.code);
}

export function failure(code: string, cause?: number | string, command?: string): Failure {
  return { code, cause, command };
}
