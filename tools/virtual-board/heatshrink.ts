/** libs/compression/heatshrink/heatshrink_config.h of Espruino. */
const WINDOW_BITS = 8;
const LOOKAHEAD_BITS = 6;

/**
 * Data that `require("heatshrink").compress` has made, one char a byte: a set bit and a byte that stands for itself, or a
 * clear bit, a distance and a count of what has been before. Ends where the bits do; damaged data gives other data.
 */
export function decompress(data: string): string {
  let at = 0;
  const bits = (count: number): number | undefined => {
    if (at + count > data.length * 8) return undefined;
    let value = 0;
    for (let i = 0; i < count; i++, at++) value = (value << 1) | ((data.charCodeAt(at >> 3) >> (7 - (at & 7))) & 1);
    return value;
  };
  const out: number[] = [];
  for (let tag = bits(1); tag !== undefined; tag = bits(1)) {
    if (tag === 1) {
      const byte = bits(8);
      if (byte === undefined) break;
      out.push(byte);
      continue;
    }
    const distance = bits(WINDOW_BITS);
    const count = bits(LOOKAHEAD_BITS);
    if (distance === undefined || count === undefined) break;
    for (let i = 0; i <= count; i++) out.push(out[out.length - distance - 1] ?? 0);
  }
  return Buffer.from(out).toString("latin1");
}
