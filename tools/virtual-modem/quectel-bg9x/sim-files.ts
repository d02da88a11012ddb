/** Files of the SIM card, and AT+CRSM to read them. Source: 27.007 8.18, 51.011 and 31.102 (identifiers, coding). */
import { cme, type Io, OK, type Result } from "../answer.ts";
import { type Call, integer } from "../v250-parse.ts";
import { CME } from "./errors.ts";

export const IMSI = "001010123456789";
/** [H] Cards with 19 digits show the filler F. */
export const ICCID = "8949001012345678901F";
const HOME_NETWORK = "00f110";

/** Digits in pairs, the lower one first. */
function swapped(digits: string): string {
  return digits.replace(/(.)(.)/g, "$2$1");
}

/** 51.011 10.3: transparent files that clients read, as hexadecimal text. */
const FILES: Readonly<Record<number, string>> = {
  // EF ICCID
  12258: swapped(ICCID),
  // EF IMSI: length, then the digits behind the parity nibble.
  28423: `08${swapped(`9${IMSI}`)}`,
  // EF SPN: display condition, then the name, padded.
  28486: `01${Buffer.from("Godwit").toString("hex")}`.padEnd(34, "f"),
  // EF HPLMNwAcT: the home network, with E-UTRAN and GSM.
  28514: `${HOME_NETWORK}4080`.padEnd(40, "f"),
  // EF FPLMN: nothing is forbidden.
  28539: "f".repeat(24),
  // EF AD: normal operation, two digits of the network code.
  28589: "00000002",
};

const READ_BINARY = 176;
const GET_RESPONSE = 192;
const STATUS = 242;

/** AT+CRSM: READ BINARY, GET RESPONSE and STATUS; nothing is written to this card. */
export function restrictedAccess(call: Call, io: Io): Result {
  const command = integer(call.args[0], 0, 255);
  const file = integer(call.args[1], 0, 65_535);
  const [high, low, length] = [call.args[2], call.args[3], call.args[4]].map((arg) => integer(arg, 0, 255, 0));
  if (call.kind !== "write" || command === undefined) return cme(CME.incorrectParameters);
  if (high === undefined || low === undefined || length === undefined) return cme(CME.incorrectParameters);
  if (command === STATUS) return say(io, 144, 0);
  // 51.011 9.4: 109 = the command is not known, 148,4 = there is no such file, 103 = beyond its end.
  if (command !== READ_BINARY && command !== GET_RESPONSE) return say(io, 109, 0);
  const content = file === undefined || !Object.hasOwn(FILES, file) ? undefined : FILES[file];
  if (content === undefined) return say(io, 148, 4);
  const size = content.length / 2;
  if (command === GET_RESPONSE) return say(io, 144, 0, describe(file ?? 0, size));
  const from = high * 256 + low;
  const count = length === 0 ? size - from : length;
  return from + count > size || count < 0
    ? say(io, 103, 0)
    : say(io, 144, 0, content.slice(from * 2, (from + count) * 2));
}

/** 51.011 9.2.1: what GET RESPONSE tells of a transparent file. */
function describe(file: number, size: number): string {
  const word = (value: number): string => value.toString(16).padStart(4, "0");
  return `0000${word(size)}${word(file)}040000000001020000`;
}

function say(io: Io, sw1: number, sw2: number, response?: string): Result {
  io.lines(`+CRSM: ${sw1},${sw2}${response === undefined ? "" : `,"${response.toUpperCase()}"`}`);
  return OK;
}
