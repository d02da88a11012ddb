/** Base64 as PEM has it (RFC 7468, RFC 4648), strict: what is damaged is told with its place, never passed over. */

export type Base64Result =
  | { readonly bytes: Uint8Array }
  | { readonly problem: string /** Into the text that was given. */; readonly offset: number };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map(Array.from(ALPHABET, (char, value) => [char, value]));

function shown(char: string): string {
  const code = char.charCodeAt(0);
  return code > 0x20 && code < 0x7f ? `"${char}"` : `0x${code.toString(16).padStart(2, "0")}`;
}

/** Blanks and line ends anywhere are nothing. */
export function decodeBase64(text: string): Base64Result {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  let chars = 0;
  let padding = 0;
  for (const [offset, char] of [...text].entries()) {
    if (char === " " || char === "\t" || char === "\r" || char === "\n") continue;
    chars++;
    if (char === "=") {
      padding++;
      continue;
    }
    const value = VALUES.get(char);
    if (value === undefined) return { problem: `${shown(char)} is no character of Base64`, offset };
    if (padding > 0) return { problem: "characters follow behind the = at the end", offset };
    bits = (bits << 6) | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push((bits >> held) & 0xff);
    bits &= (1 << held) - 1;
  }
  const end = text.length;
  if (chars % 4 !== 0) return { problem: "characters are missing: their number is no multiple of four", offset: end };
  if (padding > 2) return { problem: "more than two = at the end", offset: end };
  // What does not fit a byte is zero in every text that a program wrote.
  if (bits !== 0) return { problem: "the last character is another than was written", offset: end };
  return { bytes: Uint8Array.from(bytes) };
}

/** In lines of 64 characters (RFC 7468), each with `lineEnd` behind it. */
export function encodeBase64(bytes: Uint8Array, lineEnd: string): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.subarray(at, at + 3);
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    const char = (shift: number): string => ALPHABET.charAt((word >> shift) & 63);
    text += char(18) + char(12) + (b === undefined ? "=" : char(6)) + (c === undefined ? "=" : char(0));
  }
  return text.replace(/.{1,64}/g, (line) => line + lineEnd);
}
