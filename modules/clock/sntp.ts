/** SNTP (RFC 4330) packets on binary strings. Pure: no clock, no socket. */

/** Seconds from 1900 to 1970. */
const UNIX_EPOCH_S = 2208988800;
const ERA_S = 4294967296;

/** LI 0, version 4, mode 3 (client). */
const REQUEST_HEAD = 0x23;
const PACKET_BYTES = 48;

/** What a good reply says. */
export interface SntpTime {
  /** The server's clock when it sent the reply, seconds since 1970. */
  transmitS: number;
  /** And when it received the request. */
  receiveS: number;
}

/**
 * A request. The transmit timestamp is a random number rather than the time (which the client does not know): the reply
 * must repeat it, so that nobody can answer without having seen the request.
 */
export function encodeSntpRequest(nonce: string): string {
  return String.fromCharCode(REQUEST_HEAD) + "\0".repeat(PACKET_BYTES - 9) + nonce;
}

function unsigned32(bytes: string, at: number): number {
  const high = (bytes.charCodeAt(at) << 8) | bytes.charCodeAt(at + 1);
  return high * 65536 + ((bytes.charCodeAt(at + 2) << 8) | bytes.charCodeAt(at + 3));
}

function timestamp(bytes: string, at: number): number {
  const seconds = unsigned32(bytes, at);
  // RFC 4330, section 3: a clear top bit means the era that begins in 2036.
  const era = seconds < 2147483648 ? ERA_S : 0;
  return seconds + era - UNIX_EPOCH_S + unsigned32(bytes, at + 4) / ERA_S;
}

/** The time in a reply, or why it must not be used: an error code of docs/errors.md (RFC 4330, section 5). */
export function decodeSntpReply(bytes: string, nonce: string): SntpTime | string {
  if (bytes.length < PACKET_BYTES) return "SNTP_FORMAT";
  // A stray or forged packet, before anything in it is believed.
  if (bytes.substr(24, 8) != nonce) return "SNTP_ORIGIN";
  const head = bytes.charCodeAt(0);
  const stratum = bytes.charCodeAt(1);
  if ((head & 7) != 4 || ((head >> 3) & 7) < 3) return "SNTP_FORMAT";
  // Kiss-o'-death: the server refuses service, and says so in stratum 0.
  if (!stratum) return "SNTP_KISS";
  // Leap indicator 3: not synchronised. Root delay and dispersion of a second or more: too bad to be used.
  if (head >> 6 == 3 || stratum > 15 || unsigned32(bytes, 4) >= 65536 || unsigned32(bytes, 8) >= 65536)
    return "SNTP_UNSYNCHRONISED";
  if (bytes.substr(40, 8) == "\0\0\0\0\0\0\0\0") return "SNTP_FORMAT";
  return { transmitS: timestamp(bytes, 40), receiveS: timestamp(bytes, 32) };
}
