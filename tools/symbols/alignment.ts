import type * as acorn from "acorn";
import { lastAtMost } from "./search.ts";
import { isRawInteger, isRawString, tokenAt, wordByte } from "./tokens.ts";

/** Which byte of the code is which char of the script from which it was tokenised. */
export interface Alignment {
  /** Where a char of the script stands in the code; within a token that has other bytes there, the token's start. */
  toCode(scriptOffset: number): number;
  /** Behind the token that ends at this char of the script. */
  toCodeEnd(scriptEnd: number): number;
  /** The inverse of `toCode`. */
  toScript(codeOffset: number): number;
}

/** As the tokeniser sees them: a template is one token, whatever stands in it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Acorn's tokens, those of a template made one. */
export function spansOf(tokens: readonly acorn.Token[]): Span[] {
  const spans: Span[] = [];
  const open: boolean[] = []; // a template for `true`, a brace for `false`
  let templateStart = 0;
  let templates = 0;
  for (const { type, start, end } of tokens) {
    const isTemplateQuote = type.label === "`";
    if (isTemplateQuote && open.at(-1) !== true) {
      if (templates++ === 0) templateStart = start;
      open.push(true);
    } else if (isTemplateQuote) {
      open.pop();
      if (--templates === 0) spans.push({ start: templateStart, end });
    } else if (templates > 0) {
      if (type.label === "${" || type.label === "{") open.push(false);
      else if (type.label === "}") open.pop();
    } else if (type.label !== "eof") spans.push({ start, end });
  }
  return spans;
}

/** Undefined when the code was not tokenised from this script. */
export function align(script: string, code: string, spans: readonly Span[]): Alignment | undefined {
  if (script === code) return { toCode: same, toCodeEnd: same, toScript: same };
  const places: number[] = [];
  const sizes: number[] = [];
  let at = 0;
  for (let n = 0; n < spans.length; ) {
    at = skipSpace(code, at);
    const taken = match(script, code, at, spans, n);
    if (taken === undefined) return undefined;
    for (let k = 0; k < taken.tokens; k++) {
      places.push(at);
      sizes.push(taken.size);
    }
    n += taken.tokens;
    at += taken.size;
  }
  if (skipSpace(code, at) !== code.length) return undefined;
  return createAlignment(spans, places, sizes);
}

const same = (offset: number): number => offset;

function skipSpace(code: string, at: number): number {
  let next = at;
  while (code[next] === " " || code[next] === "\n" || code[next] === "\r") next++;
  return next;
}

/** How many tokens of the script the bytes at `at` stand for, and how many bytes; undefined: for other ones. */
function match(
  script: string,
  code: string,
  at: number,
  spans: readonly Span[],
  n: number,
): { tokens: number; size: number } | undefined {
  const span = spans[n];
  if (span === undefined) return undefined;
  const text = script.slice(span.start, span.end);
  const byte = code.charCodeAt(at);
  if (isRawString(byte)) {
    const { size } = tokenAt(code, at);
    if (/^["'`]/.test(text)) return { tokens: 1, size };
    return text === "atob" ? { tokens: 4, size } : undefined; // the tokeniser has done it: atob ( string )
  }
  if (isRawInteger(byte)) {
    // A minus went into the number.
    if (text === "-") return { tokens: 1, size: 0 };
    return /^[\d.]/.test(text) ? { tokens: 1, size: tokenAt(code, at).size } : undefined;
  }
  if (byte === wordByte(text)) return { tokens: 1, size: 1 };
  return code.startsWith(text, at) ? { tokens: 1, size: text.length } : undefined;
}

function createAlignment(spans: readonly Span[], places: readonly number[], sizes: readonly number[]): Alignment {
  const starts = spans.map((span) => span.start);
  const token = (n: number) => ({ span: spans[n] ?? { start: 0, end: 0 }, place: places[n] ?? 0, size: sizes[n] ?? 0 });
  return {
    toCode(scriptOffset) {
      const { span, place, size } = token(lastAtMost(starts, scriptOffset));
      const isVerbatim = size === span.end - span.start;
      return isVerbatim ? place + Math.min(size, scriptOffset - span.start) : place;
    },
    toCodeEnd(scriptEnd) {
      const { span, place, size } = token(lastAtMost(starts, scriptEnd - 1));
      const isVerbatim = size === span.end - span.start; // a function may end within a template
      return place + (isVerbatim ? Math.min(size, scriptEnd - span.start) : size);
    },
    toScript(codeOffset) {
      const { span, place, size } = token(lastAtMost(places, codeOffset));
      const isVerbatim = size === span.end - span.start;
      return isVerbatim ? span.start + Math.min(size, codeOffset - place) : span.start;
    },
  };
}
