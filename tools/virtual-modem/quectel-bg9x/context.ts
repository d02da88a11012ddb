/** What the parts of the family share. Everything in `Boot` is new after every start of the chip. */
import type { Commands } from "../answer.ts";
import type { Machine } from "../machine.ts";
import type { ModemOptions, NetworkOptions, Quirks } from "../types.ts";
import type { Model } from "./models.ts";
import type { Rtc } from "./rtc.ts";

/** What survives: the chip's flash, the SIM card, the clock until power goes. */
export interface Lasting {
  readonly machine: Machine;
  readonly options: ModemOptions;
  readonly model: Model;
  readonly quirks: Quirks;
  readonly network: NetworkOptions;
  readonly files: Map<string, Buffer>;
  readonly rtc: Rtc;
  readonly sim: SimCard;
  /** Settings that the chip keeps in its flash. */
  readonly nvm: Nvm;
  readonly wallClock: () => number;
}

export interface SimCard {
  readonly absent: boolean;
  pin: string;
  puk: string;
  pinEnabled: boolean;
  pinTries: number;
  pukTries: number;
}

export interface Nvm {
  /** AT+CTZU: [R] kept in flash. */
  ctzu: 0 | 1 | 3;
  ctzr: number;
  qcfg: Map<string, string>;
  /** AT+CGDCONT / AT+QICSGP: APN by context. [R] kept in flash, as 27.007 allows. */
  apn: Map<number, string>;
  baud: number;
  saved: { echo: boolean; verbose: boolean; quiet: boolean; cmee: 0 | 1 | 2 } | undefined;
}

/** Seen by sockets: whether a PDP context is active and what to do when an open fails. */
export interface Bearer {
  /** The address of an active context. */
  address(cid: number): string | undefined;
  /** Called when a context ends; sockets on it die. */
  onLost(listener: (cid: number, by: "host" | "network") => void): void;
}

/** What AT+QIGETERROR tells. */
export interface LastError {
  code: number;
}

export interface Boot extends Lasting {
  readonly lastError: LastError;
  readonly bearer: Bearer;
  /** Resolves a name as the network's resolver would; undefined when there is none. */
  resolve(host: string): Promise<string | undefined>;
  /** Another TLS or TCP session begins: true when the data stack is worn out. */
  wears(tls: boolean): boolean;
}

/** One part of the family: its commands and how it ends. */
export interface Part {
  readonly commands: Commands;
  /** Power goes or the chip restarts: release sockets and timers. */
  dispose?(): void;
}
