/** EVAL packets, and the form that makes their answers tell which question they answer. */
import { ID_LENGTH } from "./digest.ts";
import { canTravel } from "./quote.ts";
import { MAX_PACKET, ReplError } from "./session.ts";
import { parseToJs } from "./to-js.ts";

const EVAL = 0x2000;
const INTERRUPT = 3;

/** Bytes that an evaluation has beside its expression: header, id, and what tells `undefined` from `null`. */
export const PACKET_OVERHEAD = 4 + ID_LENGTH + "{:0,v:()}".length;
/** Longest expression that fits; the last byte is for the blank of `evalPacket`. */
export const MAX_EXPRESSION = MAX_PACKET - (PACKET_OVERHEAD - 4) - 1;

/**
 * The interpreter prints the value by `E.toJS`, where `undefined` in an object is not printed at all: `{Abc:0,v:1}` or
 * `{Abc:0}`. The brackets let commas be operators, and make an error of an expression that ends too early, of which the
 * interpreter would evaluate the first part and say nothing.
 * @throws {ReplError} REPL_LENGTH, REPL_TEXT.
 */
export function evalPacket(id: string, expression: string): string {
  if (!canTravel(expression)) {
    throw new ReplError("REPL_TEXT", "the expression has a NUL, a Ctrl-C or a character above 255 in it");
  }
  let body = `{${id}:0,v:(${expression})}`;
  // The lower byte of the length must not be a Ctrl-C: it would end what the board is doing.
  if ((body.length & 255) === INTERRUPT) body += " ";
  if (expression.length > MAX_EXPRESSION) {
    throw new ReplError(
      "REPL_LENGTH",
      `an expression of ${expression.length} bytes; ${MAX_EXPRESSION} fit in a packet`,
    );
  }
  const header = EVAL | body.length;
  return `\x10\x01${String.fromCharCode(header >> 8, header & 255)}${body}`;
}

/**
 * The value in a response.
 * @throws {ReplError} REPL_ANSWER.
 */
export function answerValue(body: string): unknown {
  let answer: unknown;
  try {
    answer = parseToJs(body);
  } catch (error) {
    const why = error instanceof SyntaxError ? error.message : "";
    throw new ReplError("REPL_ANSWER", `the answer is not what E.toJS prints: ${why}`, body.slice(0, 200));
  }
  return typeof answer === "object" && answer !== null && "v" in answer ? answer.v : undefined;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Cannot be foreseen by what the board prints. `isTaken` says which are in use. */
export function newId(isTaken: (id: string) => boolean): string {
  for (;;) {
    const random = crypto.getRandomValues(new Uint16Array(ID_LENGTH));
    const id = [...random].map((value, at) => LETTERS[value % (at === 0 ? 26 : LETTERS.length)]).join("");
    if (!isTaken(id)) return id;
  }
}
