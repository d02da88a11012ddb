import { lastAtMost } from "./search.ts";
import { needsSpace, type Token, tokenAt } from "./tokens.ts";

/** Source made of tokens, with the way back. */
export interface SourceText {
  readonly text: string;
  /** The byte of the code that a char of the text was made of. */
  toCode(textOffset: number): number;
}

/**
 * Pretokenised code as source that any engine runs. Plain source comes out as it is. What runs this text instead of the
 * code can have its positions found again.
 */
export function detokenise(code: string): SourceText {
  let last: Token | undefined;
  return write(code, (token, at) => {
    const isWord = ({ kind, text }: Token): boolean => kind === "number" || /^[\w$]/.test(text);
    const isApart = last !== undefined && (last.kind !== "char" || token.kind !== "char");
    const space = isApart && last && /[\w$]$/.test(last.text) && isWord(token) ? " " : "";
    last = token;
    return token.kind === "string" ? quoted(code.slice(at + token.head, at + token.size)) : space + token.text;
  });
}

/** Pretokenised code as the interpreter shows it in a stack trace: `return 1` loses its space there. */
export function shownSource(code: string): SourceText {
  let last = 0;
  return write(code, ({ text, kind }, at) => {
    if (kind !== "char" && kind !== "word") return text;
    const char = code.charCodeAt(at);
    const space = needsSpace(last, char) ? " " : "";
    last = char;
    return space + text;
  });
}

/** The bytes of a raw string as a literal without anything that two engines read differently. */
function quoted(bytes: string): string {
  const hex = (char: string): string => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `"${bytes.replace(/[^\x20-\x7e]|["\\]/g, hex)}"`;
}

function write(code: string, textOf: (token: Token, at: number) => string): SourceText {
  const parts: string[] = [];
  const codeStarts: number[] = [];
  const textStarts: number[] = [];
  let length = 0;
  for (let at = 0; at < code.length; ) {
    const token = tokenAt(code, at);
    const text = textOf(token, at);
    codeStarts.push(at);
    textStarts.push(length);
    parts.push(text);
    length += text.length;
    at += token.size;
  }
  return {
    text: parts.join(""),
    toCode: (textOffset) => codeStarts[lastAtMost(textStarts, textOffset)] ?? 0,
  };
}
