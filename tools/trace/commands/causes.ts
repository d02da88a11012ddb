/** Numbers in place of words: final results with a cause. */

/** 3GPP TS 27.007, 9.2.1 and 9.2.2 (D); some of them Quectel uses in another sense, which the text says. */
const CME: Readonly<Record<number, string>> = {
  0: "phone failure",
  1: "no connection to phone",
  2: "phone-adaptor link reserved",
  3: "operation not allowed",
  4: "operation not supported",
  5: "PH-SIM PIN required",
  6: "PH-FSIM PIN required",
  7: "PH-FSIM PUK required",
  10: "SIM not inserted",
  11: "SIM PIN required",
  12: "SIM PUK required",
  13: "SIM failure",
  14: "SIM busy",
  15: "SIM wrong",
  16: "incorrect password",
  17: "SIM PIN2 required",
  18: "SIM PUK2 required",
  20: "memory full",
  21: "invalid index",
  22: "not found",
  23: "memory failure",
  24: "text string too long",
  25: "invalid characters in text string",
  26: "dial string too long",
  27: "invalid characters in dial string",
  30: "no network service",
  31: "network timeout",
  32: "network not allowed, emergency calls only",
  40: "network personalization PIN required",
  41: "network personalization PUK required",
  42: "network subset personalization PIN required",
  43: "network subset personalization PUK required",
  44: "service provider personalization PIN required",
  45: "service provider personalization PUK required",
  46: "corporate personalization PIN required",
  47: "corporate personalization PUK required",
  48: "hidden key required",
  49: "EAP method not supported",
  50: "incorrect parameters",
  51: "command implemented but currently disabled",
  52: "command aborted by user",
  53: "not attached to network due to MT functionality restrictions",
  54: "modem not allowed, MT restricted to emergency calls only",
  55: "operation not allowed because of MT functionality restrictions",
  56: "fixed dial number only allowed",
  57: "temporarily out of service due to other MT usage",
  58: "language or alphabet not supported",
  59: "unexpected data value",
  60: "system failure",
  61: "data missing",
  62: "call barred",
  63: "message waiting indication subscription failure",
  100: "unknown",
  103: "illegal MS",
  106: "illegal ME",
  107: "GPRS services not allowed",
  108: "GPRS services and non-GPRS services not allowed",
  111: "PLMN not allowed",
  112: "location area not allowed",
  113: "roaming not allowed in this location area",
  114: "GPRS services not allowed in this PLMN",
  115: "no suitable cells in location area",
  132: "service option not supported",
  133: "requested service option not subscribed",
  134: "service option temporarily out of order",
  148: "unspecified GPRS error",
  149: "PDP authentication failure",
  150: "invalid mobile class",
};

/** As docs/errors.md has them, with their grades; beyond 27.007 the number range is the family's. */
const QUECTEL: Readonly<Record<number, string>> = {
  400: "invalid input (R)",
  401: "larger than the file (R)",
  402: "read zero byte (R)",
  403: "the file store is full (D)",
  405: "file not found (D)",
  406: "invalid file name (R)",
  407: "file exists already (H)",
  413: "too many files open (R)",
  414: "file is read-only (R)",
  416: "invalid file handle (R)",
  421: "time-out: not all bytes came (H)",
  425: "invalid parameter (R)",
  426: "file is open already (R)",
  516: "GNSS is not fixed (D)",
};

/** What `+QIOPEN:` and `+QSSLOPEN:` end in, and AT+QIGETERROR tells. */
const SOCKET: Readonly<Record<number, { says: string; code: string }>> = {
  550: { says: "unknown error (R)", code: "SOCKET_OPEN" },
  551: { says: "operation blocked (R)", code: "SOCKET_OPEN" },
  552: { says: "invalid parameter; also a worn-out data stack (H)", code: "SOCKET_WORN" },
  553: { says: "memory not enough (R)", code: "SOCKET_OPEN" },
  554: { says: "create socket failed (R)", code: "SOCKET_OPEN" },
  561: { says: "open PDP context failed (R)", code: "SOCKET_OPEN" },
  562: { says: "close PDP context failed (R)", code: "SOCKET_OPEN" },
  563: { says: "socket identity in use (R)", code: "SOCKET_OPEN" },
  564: { says: "DNS busy (R)", code: "SOCKET_OPEN" },
  565: { says: "the host name has no address (R)", code: "NET_DNS" },
  567: { says: "socket closed (R)", code: "SOCKET_OPEN" },
  568: { says: "operation busy (R)", code: "SOCKET_OPEN" },
  569: { says: "operation timeout (R)", code: "SOCKET_OPEN" },
  570: { says: "PDP context broken down (R)", code: "SOCKET_OPEN" },
  572: { says: "operation not allowed (R)", code: "SOCKET_OPEN" },
  573: { says: "APN not configured (R)", code: "SOCKET_OPEN" },
  574: { says: "port busy (R)", code: "SOCKET_OPEN" },
};

export function cmeText(number: number): string | undefined {
  return CME[number] ?? QUECTEL[number] ?? SOCKET[number]?.says;
}

/** `isTls`: 566 stands for every TLS failure too, the reason is not told (H). */
export function socketCause(number: number, isTls: boolean): { says: string; code: string } {
  if (number === 566)
    return isTls
      ? {
          says: "TLS refused: the connection or the handshake failed, and this number stands for every reason (H)",
          code: "TLS_REFUSED",
        }
      : { says: "connection refused: the port does not answer (H)", code: "NET_CONNECT" };
  return SOCKET[number] ?? { says: "a cause that no source at hand names", code: "SOCKET_OPEN" };
}
