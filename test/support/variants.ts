/** The ways in which the same bytes may arrive: every parser fixture runs in all of them. */

/** How a stream is cut into chunks. */
export const CUTS: ReadonlyArray<readonly [string, (bytes: string) => string[]]> = [
  ["in one piece", (bytes) => [bytes]],
  ["byte by byte", (bytes) => [...bytes]],
  ["in pieces of 3", (bytes) => bytes.match(/[\s\S]{1,3}/g) ?? []],
  ["in pieces of 64", (bytes) => bytes.match(/[\s\S]{1,64}/g) ?? []],
];

/** Noise as it stands in front of a modem's first words: line noise at power-on, half a line, NULs. */
export const GARBAGE = '\x00\xff\xfe~\x80AT+\x7f\r\n\x00\x00\r\nv",1\r\n';
