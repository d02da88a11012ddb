/** What the REPL sees as `godwit`. */

import type { ChannelCounters } from "../modules/at/channel.ts";
import type { AnswerDone } from "../modules/at/command.ts";
import type { ClockStatus } from "../modules/clock/clock.ts";
import type { Failure } from "../modules/failure.ts";
import type { Crashes } from "../modules/guard.ts";
import type { LinkCounters, LinkState } from "../modules/link/link.ts";
import type { TlsCapabilities } from "../modules/modem/driver.ts";
import type { Files } from "../modules/modem/files.ts";
import type { Registration } from "../modules/modem/registration.ts";
import type { Client } from "../modules/mqtt/client.ts";
import type { OutboxStats } from "../modules/mqtt/outbox.ts";

/** @public */
export interface DeviceStatus {
  version: string;
  state: LinkState;
  /** The newest failure of the link, and of the configuration file. */
  error: Failure | undefined;
  config: Failure | undefined;
  link: LinkCounters;
  registration: Registration;
  ip: string;
  at: ChannelCounters;
  clock: ClockStatus;
  /** What this modem's TLS can enforce. */
  tls: TlsCapabilities;
  crashes: Crashes;
  /** Error flags of the interpreter: FIFO_FULL, BUFFER_FULL, UART_OVERFLOW ... */
  flags: string[];
  /** Variables in use. */
  memory: number;
  /** Absent: accepted messages do not outlive a reset. */
  outbox: OutboxStats | undefined;
  /** Packets that the MQTT client has accepted and is not done with. */
  queued: number;
}

/** @public */
export interface Device {
  status(): DeviceStatus;
  client: Client;
  /** Sends an AT command, and prints what the modem answers or gives it to `done`: `godwit.at("AT+CGMR")`. */
  at(command: string, done?: AnswerDone): void;
  files(): Files;
  /**
   * 1 (or `true`) prints the AT traffic, secrets masked, data as a count. 2 prints also what sockets write and read, as
   * JavaScript strings, of a CONNECT the first 12 bytes: `npx godwit trace` decodes it. 0: nothing.
   */
  trace: number;
}

/** @public */
export interface DeviceGlobals {
  godwit: Device;
}
