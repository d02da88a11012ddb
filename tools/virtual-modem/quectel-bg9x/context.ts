/** What the parts of the family share. Everything in `Boot` is new after every start of the chip. */
import type { Commands } from "../answer.ts";
import type { SearchEnd } from "../faults.ts";
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
  readonly air: Air;
  readonly port: PortSettings;
  /** Settings that the chip keeps in its flash. */
  readonly nvm: Nvm;
  readonly wallClock: () => number;
}

/** What reaches the antenna. */
export interface Air {
  /** No cell: what +CEREG says meanwhile. Undefined = all is well. */
  noSignal: SearchEnd | undefined;
}

export interface SimCard {
  absent: boolean;
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
  /** AT+QSIMDET: whether the card's switch is watched, and its level with a card in. */
  simDetect: { watched: 0 | 1; level: 0 | 1 };
  /** AT+QSIMSTAT: whether a card that goes or comes is reported. */
  simReport: 0 | 1;
  qcfg: Map<string, string>;
  /** AT+CGDCONT / AT+QICSGP: APN by context. [R] kept in flash, as 27.007 allows. */
  apn: Map<number, string>;
  /** `IP`, `IPV6`, `IPV4V6` or `PPP` by context. */
  pdpType: Map<number, string>;
  /** AT&W: [D] AT manual V2.1, table 8. */
  saved: Profile | undefined;
}

/** 27.007 7.2 and its like: <n> of AT+CREG, AT+CGREG and AT+CEREG. */
export type Reports = Record<"+CREG" | "+CGREG" | "+CEREG", number>;

export interface Profile {
  readonly echo: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  readonly baud: number;
  readonly reports: Readonly<Reports>;
}

/** Settings of the serial port and of reports, which AT&F, ATZ, AT&W and a start change together. */
export interface PortSettings {
  /** AT+IPR. */
  baud: number;
  readonly reports: Reports;
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

/** What a client may change of the quirks until the next start. */
export interface RunQuirks extends Quirks {
  /** AT+QICFG="recvind". */
  recvUrcLength: boolean;
}

export interface Boot extends Lasting {
  readonly quirks: RunQuirks;
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
