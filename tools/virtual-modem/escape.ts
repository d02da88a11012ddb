/** The way out of data mode: `+++` with a second of silence on either side. Source: BG96 TCP/IP manual V1.1, 1.2 [D]. */
import type { Clock, Timer } from "../clock.ts";

/** [D] TCP/IP manual, 1.2: silence before and behind, and the longest time for the three. Not scaled. */
export const GUARD_MS = 1000;
const PLUS = 0x2b;
const LENGTH = 3;

export interface EscapePorts {
  readonly clock: Clock;
  /** Bytes that are data after all. */
  readonly data: (bytes: Buffer) => void;
  readonly escaped: () => void;
}

/** Watches what the host types in data mode. Pluses that may be an escape are held until that is settled. */
export class EscapeGuard {
  private readonly ports: EscapePorts;
  private held = 0;
  private firstAt = 0;
  private lastAt: number;
  private timer: Timer | undefined;

  constructor(ports: EscapePorts) {
    this.ports = ports;
    this.lastAt = ports.clock.now();
  }

  take(bytes: Buffer): void {
    const now = this.ports.clock.now();
    const starts = this.held === 0 && now - this.lastAt >= GUARD_MS;
    const goesOn = this.held > 0 && now - this.firstAt < GUARD_MS;
    this.lastAt = now;
    const pluses = bytes.every((byte) => byte === PLUS) && this.held + bytes.length <= LENGTH;
    if (!pluses || !(starts || goesOn)) {
      this.flush();
      this.ports.data(bytes);
      return;
    }
    if (starts) this.firstAt = now;
    this.held += bytes.length;
    this.rearm();
  }

  /** What is held was data. */
  flush(): void {
    this.stop();
    const { held } = this;
    this.held = 0;
    if (held > 0) this.ports.data(Buffer.alloc(held, PLUS));
  }

  stop(): void {
    if (this.timer !== undefined) this.ports.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private rearm(): void {
    this.stop();
    this.timer = this.ports.clock.setTimeout(() => {
      this.timer = undefined;
      if (this.held < LENGTH) this.flush();
      else {
        this.held = 0;
        this.ports.escaped();
      }
    }, GUARD_MS);
  }
}
