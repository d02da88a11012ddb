/** Text that may be shown: nothing in it moves a cursor, hides or turns round what stands beside it. */

// Controls, and the marks that change the direction of text or break its line (Unicode categories Cc, Zl, Zp, part of Cf).
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]/gu;
const BEYOND_ASCII = /[^\x20-\x7e]/g;

function escaped(char: string): string {
  const code = char.charCodeAt(0);
  if (char === "\n") return "\\n";
  if (char === "\r") return "\\r";
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Bytes, one char each: all but printable ASCII as `\xHH`. */
export function printableBytes(bytes: string): string {
  return bytes.replace(BEYOND_ASCII, escaped);
}

/** Text of any alphabet. */
export function printableText(text: string): string {
  return text.replace(HIDDEN, escaped);
}

/** UTF-8 as text, anything else as bytes. `bytes`: one char each. */
export function printablePayload(bytes: string): string {
  const data = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
  try {
    return printableText(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data));
  } catch {
    return printableBytes(bytes);
  }
}

/** Not longer than `limit` chars; what was left out is counted. */
export function shortened(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}... (${text.length - limit} more)` : text;
}

export function bytesText(count: number): string {
  return `${count} ${count === 1 ? "byte" : "bytes"}`;
}
