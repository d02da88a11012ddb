import type { Clock } from "../clock.ts";

/**
 * The device's clock. At power-on it is 1970-01-01 (0); it then lives in RAM that a reset does not clear, so a
 * reboot or the watchdog keeps it (nRF52: baseSystemTime in .noinit, targets/nrf5x/jshardware.c:118,865).
 */
export class DeviceTime {
  private offset: number;
  /** Hours east of UTC, `E.setTimeZone`. */
  zone = 0;

  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
    this.offset = -clock.now();
  }

  powerOn(): void {
    this.offset = -this.clock.now();
  }

  /** Milliseconds since 1970. */
  nowMs(): number {
    return this.clock.now() + this.offset;
  }

  setMs(ms: number): void {
    this.offset = ms - this.clock.now();
  }
}
