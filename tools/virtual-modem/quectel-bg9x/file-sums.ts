/** Check values of a file, as AT+QFCRC tells them: CRC-32, CRC-16 and CRC-16-CCITT. Pure. */

/** IEEE 802.3, reflected. */
const CRC32 = 0xedb88320;
/** CRC-16 (ARC), reflected. */
const CRC16 = 0xa001;
/** [R] The manual names "CRC16_CCITT" only: polynomial 0x1021, start value 0xffff. */
const CCITT = 0x1021;

function reflected(bytes: Uint8Array, polynomial: number, start: number): number {
  let sum = start;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? polynomial : 0);
  }
  return sum >>> 0;
}

export function fileSums(bytes: Uint8Array): { crc32: number; crc16: number; ccitt: number } {
  let ccitt = 0xffff;
  for (const byte of bytes) {
    ccitt ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) ccitt = ((ccitt << 1) ^ (ccitt & 0x8000 ? CCITT : 0)) & 0xffff;
  }
  const crc32 = (reflected(bytes, CRC32, 0xffffffff) ^ 0xffffffff) >>> 0;
  return { crc32, crc16: reflected(bytes, CRC16, 0), ccitt };
}
