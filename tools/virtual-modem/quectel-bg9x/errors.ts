/** The family's error codes. */

/** 27.007 9.2 and the FILE manual: the texts of AT+CMEE=2. */
const CME_TEXTS: Readonly<Record<number, string>> = {
  3: "operation not allowed",
  4: "operation not supported",
  10: "SIM not inserted",
  11: "SIM PIN required",
  12: "SIM PUK required",
  13: "SIM failure",
  14: "SIM busy",
  16: "incorrect password",
  30: "no network service",
  50: "Incorrect parameters",
  // [H] One file error has a text while 421 stays a number, on the same unit.
  407: "file already exist",
};

export function cmeText(code: number): string | undefined {
  return CME_TEXTS[code];
}

export const CME = {
  notAllowed: 3,
  simNotInserted: 10,
  simPinRequired: 11,
  simPukRequired: 12,
  simFailure: 13,
  simBusy: 14,
  incorrectPassword: 16,
  noNetwork: 30,
  incorrectParameters: 50,
  /** GNSS manual V1.1, chapter 4 [D]. */
  gnssInvalidParameter: 501,
  gnssOngoing: 504,
  gnssNotActive: 505,
  gnssNotEnabled: 507,
  gnssNotFixed: 516,
} as const;

/** BG96 FILE manual, chapter 4: 400 to 426. 403, 405, 407 and 421 are [D]/[H], the rest [R]. */
export const FILE_ERROR = {
  invalidInput: 400,
  beyondEnd: 401,
  readZero: 402,
  driveFull: 403,
  notFound: 405,
  invalidName: 406,
  exists: 407,
  tooManyOpen: 413,
  readOnly: 414,
  invalidHandle: 416,
  timeout: 421,
  invalidParameter: 425,
  alreadyOpen: 426,
} as const;

/** BG96 TCP/IP manual V1.1, chapter 4 [D]; 552 and 566 were seen [H]. */
export const IP_ERROR = {
  unknown: 550,
  invalidParameter: 552,
  socketCreate: 554,
  bind: 556,
  pdpOpen: 561,
  idInUse: 563,
  dnsFailed: 565,
  connectFailed: 566,
  closed: 567,
  busy: 568,
  timeout: 569,
  notAllowed: 572,
} as const;

/** [D] The same table, [H] in the wording of a log. */
const IP_TEXTS: Readonly<Record<number, string>> = {
  0: "operate successfully",
  550: "unknown error",
  552: "invalid parameters",
  554: "create socket failed",
  556: "socket bind failed",
  561: "open PDP context failed",
  563: "socket identity has been used",
  565: "DNS parse failed",
  566: "socket connect failed",
  567: "socket has been closed",
  568: "operation busy",
  569: "operation timeout",
  572: "operation not allowed",
};

export function ipText(code: number): string {
  return IP_TEXTS[code] ?? "unknown error";
}
