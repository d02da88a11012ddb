/** SNTP (RFC 4330) packets on binary strings. Pure: no clock, no socket. */

/** Seconds from 1900 to 1970, and of one era. */
const UNIX_EPOCH_S = 2208988800;
const ERA_S = 4294967296;

const PACKET_BYTES = 48;

/**
 * A request: LI 0, version 4, mode 3 (client). The transmit timestamp is a random number of 8 bytes rather than the time
 * (which the client does not know): the reply must repeat it, so nobody can answer without having seen the request.
 */
export function encodeSntpRequest(nonce: string): string {
  return `#${"\0".repeat(39)}${nonce}`;
}

/** The time in a reply, seconds since 1970, or why it must not be used: a code of docs/errors.md (RFC 4330, section 5). */
export function decodeSntpReply(bytes: string, nonce: string): number | string {
  const reply = new DataView(E.toArrayBuffer(bytes));
  if (bytes.length < PACKET_BYTES) return "SNTP_FORMAT";
  // A stray or forged packet, before anything in it is believed.
  if (bytes.substr(24, 8) != nonce) return "SNTP_ORIGIN";
  const head = reply.getUint8(0);
  const stratum = reply.getUint8(1);
  const seconds = reply.getUint32(40);
  // Mode 4 (server), version 3 or 4, a time at all.
  if ((head & 7) != 4 || (head & 56) < 24 || !seconds) return "SNTP_FORMAT";
  // Kiss-o'-death: the server refuses service, and says so in stratum 0.
  if (!stratum) return "SNTP_KISS";
  // Leap indicator 3: not synchronised. Root delay and dispersion of a second or more: too bad to be used.
  if (head > 191 || stratum > 15 || reply.getUint16(4) || reply.getUint16(8)) return "SNTP_UNSYNCHRONISED";
  // RFC 4330, section 3: a clear top bit means the era that begins in 2036.
  return seconds + (seconds < 2147483648 ? ERA_S : 0) - UNIX_EPOCH_S + reply.getUint32(44) / ERA_S;
}
