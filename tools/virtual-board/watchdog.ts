import type { Clock, Timer } from "../clock.ts";

/** The nRF52's watchdog: once started it cannot be stopped or changed, only fed; expiry is a reset without "kill". */
export class Watchdog {
  private timer: Timer | undefined;
  private timeoutMs = 0;
  private automatic = false;

  private readonly clock: Clock;
  private readonly isBusy: () => boolean;
  private readonly expired: () => void;

  constructor(clock: Clock, isBusy: () => boolean, expired: () => void) {
    this.clock = clock;
    this.isBusy = isBusy;
    this.expired = expired;
  }

  get running(): boolean {
    return this.timer !== undefined;
  }

  enable(seconds: number, automatic: boolean): void {
    this.automatic = automatic;
    if (this.timer === undefined) this.timeoutMs = seconds * 1000;
    // Enabling again feeds nothing and changes no time (the CRV register is locked while the watchdog runs).
    if (this.timer === undefined) this.arm();
  }

  private arm(): void {
    this.timer = this.clock.setTimeout(() => {
      // An idle interpreter comes round its loop all the time; ours runs only when there is something to do.
      if (this.automatic && !this.isBusy()) this.arm();
      else this.expired();
    }, this.timeoutMs);
  }

  kick(): void {
    if (this.timer === undefined) return;
    this.clock.clearTimeout(this.timer);
    this.arm();
  }

  stop(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    this.automatic = false;
  }
}
