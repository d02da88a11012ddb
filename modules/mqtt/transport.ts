import type { Done, Failure } from "../failure.ts";

/**
 * What MQTT sees of the network: a modem's socket on the device, a TCP or TLS socket in tests.
 * Bytes travel as binary strings: one char is one byte.
 */
export interface Transport {
  /** Any length, the transport cuts it to what the modem takes; `done` once, when the bytes are handed over. */
  write(bytes: string, done: Done): void;
  /** Assigned by the user of the transport. */
  onData?: ((bytes: string) => void) | undefined;
  /** Called once when the connection ends without `close`; after it nothing else comes. */
  onClose?: ((cause?: Failure) => void) | undefined;
  /** Again is no error. */
  close(): void;
  /** Ask the modem once whether bytes wait: the URC that announces them can be lost. */
  poll(): void;
}
