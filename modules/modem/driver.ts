/**
 * What the engine knows about a modem family: a record of numbers, of command line parts and of pure functions that
 * build commands or read lines. No I/O, no timers, no state. A question about the modem's type anywhere else is a
 * missing field here.
 */
import type { Command } from "../at/command.ts";
import { quoted, quotedIn } from "../at/command.ts";
import type { TlsProfile } from "../tls/profile.ts";

export type { Command, TlsProfile };
export { quoted, quotedIn };

export type SocketKind = "tls" | "tcp" | "udp";

/** A URC that the engine acts upon. */
export interface Urc {
  /**
   * `recv`: data wait on socket `id`; `closed`: the peer closed it; `pdpdeact`: the PDP context was lost; `ready`: the
   * modem has booted and takes commands. Anything else is known and needs nothing.
   */
  event: string;
  id: number;
}

/**
 * What the family's TLS can enforce. `yes` and `no` are known; `unproved` means that no source shows it, so it must be
 * taken for `no`. Printed at boot and explained in docs/security.md: never silently less.
 * @public
 */
export interface TlsCapabilities {
  /** Chain to the CA certificate. */
  ca: Capability;
  /** Host name in the certificate. */
  host: Capability;
  /** Dates of the certificates, by the modem's own clock. */
  dates: Capability;
  sni: Capability;
  /** Settings can be read back. */
  readBack: Capability;
  /** Highest TLS version. */
  maxVersion: string;
}

export type Capability = "yes" | "no" | "unproved";

/** @public */
export interface Signal {
  /** Radio access technology as the modem names it, `NOSERVICE` when there is none. */
  rat: string;
  /** Received power, dBm; absent when not measured. */
  rssiDbm?: number | undefined;
  /** LTE reference signal power, dBm. */
  rsrpDbm?: number | undefined;
}

/** Command line parts stand without `AT`, so that several can go as one line (V.250, 5.4.5). */
export interface Driver {
  /** The family, e.g. `quectel-bg9x`. */
  family: string;
  // Milliseconds; each value's source stands in its family's record.
  /** PWRKEY held to switch on, to switch off; RESET_N held to reset. */
  powerOnMs: number;
  powerOffMs: number;
  resetMs: number;
  /** From the end of a pulse to `ready`, at most. */
  bootMs: number;
  /** From the power-down command to silence, at most. */
  shutdownMs: number;
  activateMs: number;
  /** Characters in one command line, at most. */
  lineLength: number;
  /** Bytes in one send command, at most. */
  sendBytes: number;
  /**
   * A function: the words are wanted at boot and by `status()`, and would else stay in memory. `checksHost`: the modem has
   * taken `hostCheck`.
   */
  tls(checksHost?: boolean): TlsCapabilities;
  /** Sent once after every boot, behind `+CMEE=1`. A function as above. */
  setUp(): string[];
  /** Asks how many tries of the SIM's PIN are left; that number follows `pinTriesPrefix`. */
  pinTries: string;
  pinTriesPrefix: string;
  /** Defines and activates the PDP context `cid`, and asks for its address, which `address` finds in the answer. */
  activate(cid: number, apn: string, user: string, password: string): string[];
  activeQuery: string;
  address(cid: number, lines: string[]): string | undefined;
  deactivate: string;
  switchOff: string;
  /** Asks for network time (NITZ) in UTC, read by `readNetworkTime` as `yyyy/MM/dd,hh:mm:ss`; "" when there is none. */
  networkTime: string;
  readNetworkTime(lines: string[]): string;
  /** The modem's own NTP client. Its result has a time in quotes, or the cause of a failure. */
  ntp(cid: number, host: string, port: number): Command;
  signal: string;
  readSignal(lines: string[]): Signal;
  /**
   * Every TLS setting, explicitly, for factory defaults are unsafe: `+NAME=...,value`. The same without the last value
   * reads it, and the answer repeats it with a colon for the `=`.
   */
  tlsSettings(profile: TlsProfile): string[];
  /** The one setting that a model may lack, in front of its 0 or 1: compares the host name with the server's certificate. */
  hostCheck: string;
  /** Its `success` is followed by the result: 0, or a cause. */
  openSocket(kind: SocketKind, cid: number, id: number, host: string, port: number): Command;
  /** The cause's code where it has its own, else `SOCKET_OPEN`. */
  openCode(kind: SocketKind, cause: number): string;
  /** The cause that means: the id is still taken from an earlier life. */
  idInUse: number;
  sendTo(kind: SocketKind, id: number, bytes: string): Command;
  receiveFrom(kind: SocketKind, id: number, count: number): Command;
  closeSocket(kind: SocketKind, id: number): Command;
  /** Stores a file; the modem answers as `storedAs` says, in lower case, when every byte arrived. */
  store(fileName: string, bytes: string): Command;
  storedAs(bytes: string): string;
  removeFile(fileName: string): Command;
  listFiles: string;
  /** For every line that no command asked for; undefined when this family knows no such URC. */
  readUrc(line: string): Urc | undefined;
}
