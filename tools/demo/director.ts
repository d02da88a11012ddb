/** What the demo does to the device: commands through the broker, and the fault that was asked for. */
import type { Clock, Timer } from "../clock.ts";
import type { Tell } from "./entry.ts";
import type { DemoFault } from "./faults.ts";

export interface DirectorOptions {
  readonly clock: Clock;
  readonly strike: (name: "drop" | "reset") => void;
  readonly fault: DemoFault | undefined;
  readonly tell: Tell;
  readonly publish: (payload: string) => Promise<void>;
}

export interface Director {
  /** The first publish was acknowledged: the device is up. */
  begin(): void;
  send(command: Readonly<Record<string, unknown>>): void;
  stop(): void;
}

/** In turn; one that does not exist shows what the device says to a mistake. Never `reboot`: it ends what is watched. */
const COMMANDS: readonly Readonly<Record<string, unknown>>[] = [
  { cmd: "interval", seconds: 4 },
  { cmd: "report" },
  { cmd: "dance" },
  { cmd: "interval", seconds: 8 },
];
const FIRST_MS = 800;
const PAUSE_MS = 12_000;

export function createDirector(options: DirectorOptions): Director {
  const { clock, tell, strike } = options;
  let timer: Timer | undefined;
  let next = 0;
  let hasBegun = false;

  function send(command: Readonly<Record<string, unknown>>): void {
    const payload = JSON.stringify(command);
    tell("command", `published to the broker: ${payload}`, { data: { command } });
    options
      .publish(payload)
      .catch((error: Error) => tell("command", `not published: ${error.message}`, { mark: "fault" }));
  }

  function turn(): void {
    send(COMMANDS[next++ % COMMANDS.length] ?? {});
    timer = clock.setTimeout(turn, PAUSE_MS);
  }

  return {
    begin() {
      if (hasBegun) return;
      hasBegun = true;
      const { fault } = options;
      if (fault === "drop" || fault === "reset") {
        timer = clock.setTimeout(() => {
          strike(fault);
          // Sent while the device is away: the broker keeps it, and the session that is resumed brings it.
          timer = clock.setTimeout(turn, FIRST_MS);
        }, FIRST_MS);
      } else timer = clock.setTimeout(turn, FIRST_MS);
    },
    send,
    stop() {
      if (timer !== undefined) clock.clearTimeout(timer);
    },
  };
}
