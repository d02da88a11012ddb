/**
 * The interpreter's tokens, as `tools/build/pretokenise.ts` writes them, read back: jslex.h and jslPrintTokenisedChar of
 * jslex.c. Plain source is read as well: there, each char stands for itself.
 */

/** Bytes below it are chars of source. */
export const FIRST_WORD_TOKEN = 138;

const operators = "== === != !== <= << <<= >= >> >>> >>= >>>= += -= ++ -- *= /= %= &= && |= || ^= =>"; /* 138..162 */
const reservedWords =
  "if else do while for break continue function return var let const this throw try catch finally true false null " +
  "undefined new in instanceof switch case default delete typeof void debugger class extends super static of";

const words: readonly string[] = [...operators.split(" "), ...reservedWords.split(" ")];
const FIRST_RESERVED_WORD = FIRST_WORD_TOKEN + operators.split(" ").length;
const LAST_RESERVED_WORD = FIRST_WORD_TOKEN + words.length - 1;
const NULLISH = 208;
const STRING_8 = 209;
const STRING_16 = 210;
const INT_0 = 211;
const INT_8 = 212;
const INT_16 = 213;

export const NEW_LINE = 10;

export interface Token {
  /** As the interpreter prints it. */
  readonly text: string;
  /** Bytes that it takes. */
  readonly size: number;
  /** Of these, bytes in front of a string's own. */
  readonly head: number;
  readonly kind: "char" | "word" | "string" | "number";
}

/** The token, or the char, at an offset; none of them is longer than what is left. */
export function tokenAt(code: string, at: number): Token {
  const char = code.charCodeAt(at);
  if (char === STRING_8 || char === STRING_16) return rawString(code, at, char === STRING_8 ? 1 : 2);
  if (char === INT_0) return { text: "0", size: 1, head: 0, kind: "number" };
  if (char === INT_8) return { text: String((byteAt(code, at + 1) << 24) >> 24), size: 2, head: 0, kind: "number" };
  if (char === INT_16) {
    const value = byteAt(code, at + 1) | (byteAt(code, at + 2) << 8);
    return { text: String((value << 16) >> 16), size: 3, head: 0, kind: "number" };
  }
  const word = char === NULLISH ? "??" : words[char - FIRST_WORD_TOKEN];
  return word === undefined
    ? { text: code.charAt(at), size: 1, head: 0, kind: "char" }
    : { text: word, size: 1, head: 0, kind: "word" };
}

function rawString(code: string, at: number, lengthBytes: 1 | 2): Token {
  const length = byteAt(code, at + 1) | (lengthBytes === 2 ? byteAt(code, at + 2) << 8 : 0);
  const head = 1 + lengthBytes;
  const start = at + head;
  let text = '"';
  for (let i = start; i < start + length && i < code.length; i++) text += escaped(code.charCodeAt(i));
  return { text: `${text}"`, size: head + length, head, kind: "string" };
}

/** 0 behind the end, as the interpreter's iterator gives. */
function byteAt(code: string, at: number): number {
  return at < code.length ? code.charCodeAt(at) & 255 : 0;
}

const shortEscapes: Readonly<Record<number, string>> = {
  8: "\\b",
  9: "\\t",
  10: "\\n",
  11: "\\v",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

/** A char of a string, as the interpreter prints it in source (escapeCharacter of jsutils.c). */
function escaped(char: number): string {
  const short = shortEscapes[char];
  if (short !== undefined) return short;
  if (char < 8) return `\\${char}`;
  if (char >= 32 && char < 127) return String.fromCharCode(char);
  return `\\x${char.toString(16).toUpperCase().padStart(2, "0")}`;
}

function isReservedWord(char: number): boolean {
  return char >= FIRST_RESERVED_WORD && char <= LAST_RESERVED_WORD;
}

function isNamePart(char: number): boolean {
  return /[A-Za-z0-9_]/.test(String.fromCharCode(char));
}

/** Whether the interpreter prints a space between these two chars of source. */
export function needsSpace(last: number, char: number): boolean {
  if (!isReservedWord(last) && !isReservedWord(char)) return false;
  return (last >= FIRST_RESERVED_WORD || isNamePart(last)) && (char >= FIRST_RESERVED_WORD || isNamePart(char));
}

/** What `pretokenise` would find again: the byte of an operator or a reserved word. */
export function wordByte(text: string): number | undefined {
  const at = words.indexOf(text);
  return at < 0 ? undefined : FIRST_WORD_TOKEN + at;
}

export function isRawString(char: number): boolean {
  return char === STRING_8 || char === STRING_16;
}

export function isRawInteger(char: number): boolean {
  return char === INT_0 || char === INT_8 || char === INT_16;
}
