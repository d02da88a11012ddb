/** What a virtual modem takes, what it offers and what it tells. */
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import type { FaultName, FaultOptions } from "./faults.ts";

export type FamilyName = "quectel-bg9x";
export type InputPin = "pwrkey" | "reset" | "dtr";
export type OutputPin = "status";
export type Level = 0 | 1;

export interface SimOptions {
  /** Absent or empty: the SIM asks for no PIN. */
  readonly pin?: string | undefined;
  readonly puk?: string | undefined;
  readonly absent?: boolean | undefined;
}

export interface NetworkOptions {
  /** Whether the network sends its time after registration; default true. */
  readonly nitz?: boolean | undefined;
  /** From registration to the network's time message, before scaling by `latency`. */
  readonly nitzMs?: number | undefined;
  /** Local time zone of the network in quarter hours; default +8 (UTC+2), so that mixing local time and UTC shows. */
  readonly zone?: number | undefined;
  /** Search time, before scaling by `latency`. */
  readonly registrationMs?: number | undefined;
  readonly roaming?: boolean | undefined;
  readonly denied?: boolean | undefined;
  /** When set, a PDP context with another APN is refused. */
  readonly apn?: string | undefined;
}

export interface PingReply {
  readonly ms: number;
  /** Time to live of the reply. */
  readonly hops: number;
}

export interface ModemOptions {
  readonly family?: FamilyName | undefined;
  /** A model of the family: BG96 (default), BG95, BG77, EC25, EG91, EG800K. */
  readonly model?: string | undefined;
  readonly clock: Clock;
  /** Factor on every artificial wait: 1 = as measured, 0 = none at all. Default 0. */
  readonly latency?: number | undefined;
  /** Bytes are paced as on a wire of this speed, 10 bits a byte; 0 (default) = not paced. */
  readonly baud?: number | undefined;
  readonly seed?: number | undefined;
  readonly sim?: SimOptions | undefined;
  readonly network?: NetworkOptions | undefined;
  /** The user file system; the map is used as it is and survives power cycles. */
  readonly files?: Map<string, Buffer> | undefined;
  /** UTC milliseconds as the network has it. Default: the host's time at creation, carried on by `clock`. */
  readonly wallClock?: (() => number) | undefined;
  /** Address of a host name; undefined falls back to the host's resolver. */
  readonly resolve?: ((host: string) => string | undefined) | undefined;
  /** An ICMP echo request to an address; default: this computer's `ping`. */
  readonly ping?: ((address: string, timeoutS: number) => Promise<PingReply | undefined>) | undefined;
  /** Departures from the model's record, for what differs between firmware versions. */
  readonly quirks?: Partial<Quirks> | undefined;
}

/** Where firmware versions differ and sources disagree; each model has its defaults in `models.ts`. */
export interface Quirks {
  /** The TLS stack compares the server's name with its certificate at seclevel 1 and 2. */
  readonly checksHost: boolean;
  /** Digits of the year in the +QNTP answer. */
  readonly ntpYearDigits: 2 | 4;
  /** What CTZU=1 puts into the clock: `gmt` as the manual says, or local time. */
  readonly ctzu1: "gmt" | "local";
  /** The "recv" URC of pull mode carries the number of bytes. */
  readonly recvUrcLength: boolean;
  /** AT+QSSLRECV=<id>,0 asks for byte counts instead of being refused. */
  readonly tlsLengthQuery: boolean;
  /** Every n-th TLS session breaks the data stack until a power cycle (error 552); 0 = never. */
  readonly wearAfter: number;
  /** Characters that arrive while a command runs are lost (`drop`) or wait (`queue`). */
  readonly typeAhead: "drop" | "queue";
  /** File names in +QFLST carry `UFS:`. */
  readonly listsDrive: boolean;
}

export interface TlsDetails {
  readonly protocol?: string | undefined;
  readonly cipher?: string | undefined;
  readonly sni?: string | undefined;
  readonly seclevel: number;
  readonly datesChecked: boolean;
  readonly hostChecked: boolean;
  readonly clientCertificate: boolean;
  /** Subject of the certificate the server showed. */
  readonly subject?: string | undefined;
  readonly issuer?: string | undefined;
  readonly validFrom?: string | undefined;
  readonly validTo?: string | undefined;
}

/** Why a socket failed, as far as the virtual modem can see: more than the wire code tells. */
export type FailureCause =
  | "pdp-inactive"
  | "id-in-use"
  | "worn"
  | "dns"
  | "tcp"
  | "timeout"
  | "ca-missing"
  | "ca-unreadable"
  | "client-cert-missing"
  | "client-cert-unreadable"
  | "client-key-mismatch"
  | "not-yet-valid"
  | "expired"
  | "unknown-ca"
  | "not-a-ca"
  | "wrong-host"
  | "tls-version"
  | "cipher"
  | "client-cert-required"
  | "client-cert-refused"
  | "handshake";

export type SocketKind = "tls" | "tcp" | "udp";

export type SocketEvent = {
  readonly type: "socket";
  readonly kind: SocketKind;
  readonly id: number;
  readonly host: string;
  readonly port: number;
} & (
  | { readonly action: "open" }
  | { readonly action: "connected"; readonly address: string; readonly tls?: TlsDetails | undefined }
  | {
      readonly action: "failed";
      readonly code: number;
      readonly cause: FailureCause;
      readonly detail: string;
      readonly tls?: TlsDetails | undefined;
    }
  | { readonly action: "sent" | "received" | "read"; readonly bytes: number }
  | { readonly action: "closed"; readonly by: "host" | "peer" | "modem" }
);

export type EventBody =
  /** A command line as it was typed, secrets masked. */
  | { readonly type: "command"; readonly line: string }
  /** A line of an answer, secrets masked; payload appears as a count of bytes only. */
  | { readonly type: "answer"; readonly line: string }
  | { readonly type: "urc"; readonly line: string }
  | SocketEvent
  | {
      readonly type: "rtc";
      readonly source: "power-on" | "nitz" | "ntp" | "host" | "fault";
      /** UTC milliseconds the clock stands at now, and stood at before. */
      readonly utcMs: number;
      readonly beforeMs: number;
      readonly text: string;
    }
  | { readonly type: "nitz"; readonly utcMs: number; readonly zone: number; readonly applied: boolean }
  | { readonly type: "registration"; readonly stat: number; readonly name: RegistrationName }
  | { readonly type: "pdp"; readonly cid: number; readonly active: boolean; readonly address?: string | undefined }
  | { readonly type: "power"; readonly state: PowerState; readonly reason: string }
  | {
      readonly type: "file";
      readonly action: "written" | "partial" | "deleted" | "read";
      readonly name: string;
      readonly bytes: number;
    }
  | { readonly type: "swallowed"; readonly bytes: number; readonly why: string }
  | { readonly type: "fault"; readonly name: FaultName; readonly detail: string };

/** `at` is the time on the modem's clock in milliseconds. */
export type ModemEvent = EventBody & { readonly at: number };

export type RegistrationName = "off" | "searching" | "home" | "roaming" | "denied";
export type PowerState = "off" | "booting" | "ready" | "shutting-down";

export interface VirtualModem {
  readonly uart: Duplex;
  readonly family: FamilyName;
  readonly model: string;
  readonly powered: boolean;
  readonly files: Map<string, Buffer>;
  /** UTC milliseconds of the modem's own clock. */
  readonly rtc: number;
  /** The level at the module's pin; `pwrkey` and `reset` are active at 0. */
  setPin(pin: InputPin, level: Level): void;
  /** Calls back at once with the present level, then at every change. */
  onPin(pin: OutputPin, callback: (level: Level) => void): void;
  powerOn(): void;
  /** The orderly way: says goodbye, then goes. */
  powerOff(): void;
  /** The plug is pulled. */
  powerCut(): void;
  fault(name: FaultName, options?: FaultOptions): void;
  /** Takes the faults back that have not happened yet and ends the lasting ones: those of one name, or all. */
  clearFaults(name?: FaultName): void;
  on(name: "event", listener: (event: ModemEvent) => void): this;
  off(name: "event", listener: (event: ModemEvent) => void): this;
}
