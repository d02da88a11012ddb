/**
 * What the engine knows about a modem family: a record of numbers and of pure functions that build commands or read
 * lines. No I/O, no timers, no state. A question about the modem's type anywhere else is a missing field here.
 */
import type { Command } from "../at/command.ts";
import { parameters, quoted } from "../at/command.ts";
import type { TlsProfile } from "../tls/profile.ts";

export { parameters, quoted };
export type { Command, TlsProfile };

export type SocketKind = "tls" | "tcp" | "udp";

/** What a URC says. `id` is the socket's. */
export interface Urc {
  /**
   * `recv`: data wait on socket `id`; `closed`: the peer closed it; `pdp`: the PDP context was lost; `boot`: the modem
   * has started; `ready`: it takes commands; `off`: it is switching off; `known`: nothing to do.
   */
  type: "recv" | "closed" | "pdp" | "boot" | "ready" | "off" | "known";
  id?: number;
}

/** Milliseconds; each value's source stands in its family's record. */
export interface DriverTiming {
  /** PWRKEY held to switch on, to switch off; RESET_N held to reset. */
  powerOnMs: number;
  powerOffMs: number;
  resetMs: number;
  /** From the end of a pulse to the first answer, at most. */
  bootMs: number;
  /** From the power-down command to silence, at most. */
  shutdownMs: number;
  activateMs: number;
  openMs: number;
  sendMs: number;
  closeMs: number;
}

export interface DriverLimits {
  /** Characters in one command line. */
  line: number;
  /** Bytes in one send command, and in one receive command. */
  send: number;
  receive: number;
  sockets: number;
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

/** One setting: the part of a command line that writes it, the part that reads it, and how the answer reads when right. */
export interface Setting {
  write: string;
  read: string;
  expect: string;
}

/** @public */
export interface Signal {
  /** Radio access technology as the modem names it, `NOSERVICE` when there is none. */
  rat: string;
  /** Received power, dBm; absent when not measured. */
  rssiDbm?: number | undefined;
  /** LTE reference signal power, dBm. */
  rsrpDbm?: number | undefined;
}

/** @public */
export interface Driver {
  /** The family, e.g. `quectel-bg9x`. */
  name: string;
  timing: DriverTiming;
  limits: DriverLimits;
  tls: TlsCapabilities;
  /** Command line parts sent once after every boot, behind `+CMEE=1`. */
  init: string[];
  /** Asks how many tries of the SIM's PIN are left, and finds that number in the answer. */
  pinTries: string;
  readPinTries(lines: string[]): number;
  /** Command line parts that define and activate the PDP context `cid`. */
  activate(cid: number, apn: string, user: string, password: string): string[];
  deactivate(cid: number): string[];
  activeQuery: string;
  /** The IP address of the active context, or undefined. */
  readActive(cid: number, lines: string[]): string | undefined;
  /** Switches off in order. */
  shutdown: string;
  /** Asks for network time (NITZ), in UTC. */
  networkTime: string;
  /** `yyyy/MM/dd,hh:mm:ss` and zone as the modem writes it, or undefined when the network gave none. */
  readNetworkTime(lines: string[]): string | undefined;
  /** The modem's own NTP client; the result comes later in a line with prefix `ntpResult`. */
  ntp(cid: number, host: string, port: number): Command;
  ntpResult: string;
  /** Time text, or the cause as a number. */
  readNtp(line: string): string | number;
  ntpMs: number;
  signal: string;
  readSignal(lines: string[]): Signal;
  /** Every TLS setting, explicitly; factory defaults are unsafe. */
  tlsSettings(profile: TlsProfile): Setting[];
  /** Opens a socket; its result comes in a line with prefix `openResult`. */
  open(kind: SocketKind, cid: number, id: number, host: string, port: number): Command;
  openResult(kind: SocketKind, id: number): string;
  /** 0 is success; every other cause has a code in `openCodes`, or is `SOCKET_OPEN`. */
  readOpen(line: string): number;
  openCodes(kind: SocketKind, cause: number): string;
  /** The cause that means: the id is still taken from an earlier life. */
  idInUse: number;
  /** The cause that, several times in a row, means that only a power cycle helps. */
  wornOut: number;
  send(kind: SocketKind, id: number, bytes: string): Command;
  receive(kind: SocketKind, id: number, count: number): Command;
  close(kind: SocketKind, id: number): Command;
  /** Stores a file; the answer is checked by `readStored`. */
  store(name: string, bytes: string): Command;
  /** The checksum the modem computed, as text without leading zeros and in upper case, and the size. */
  readStored(lines: string[]): { size: number; sum: string } | undefined;
  checksum(bytes: string): string;
  remove(name: string): Command;
  list: string;
  /** Name and size of one file, from one line of the list. */
  readFile(line: string): { name: string; size: number } | undefined;
  urc(line: string): Urc | undefined;
}
