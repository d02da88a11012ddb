/**
 * Faults that are switched on and off while the demo runs, on the same board: what the page's panel does. Each is told
 * when it is struck and when it is healed; what the firmware makes of it is told by the firmware.
 */
import type { Tell } from "./entry.ts";
import type { Peer } from "./peer.ts";
import { isMomentary, PLAYGROUND_FAULTS, type PlaygroundFault, type PlaygroundName } from "./playground-faults.ts";
import { type Stage, TOPICS } from "./stage.ts";
import { isLasting, type LastingFault, refusesAnew, type World, worldWith } from "./world.ts";

export interface FaultState extends PlaygroundFault {
  readonly name: string;
  /** It happens and is over: never `active`. */
  readonly once: boolean;
  readonly active: boolean;
}

export interface PlaygroundOptions {
  readonly stage: Stage;
  readonly peer: Peer;
  readonly tell: Tell;
  /** Active from the start: the stage was built with them. */
  readonly initial: readonly LastingFault[];
  /** After every change of what is active. */
  readonly onChange: () => void;
}

export interface Playground {
  readonly faults: readonly FaultState[];
  readonly active: readonly string[];
  /** Resolves when it is done; a name that is not offered changes nothing. */
  set(name: string, on: boolean): Promise<void>;
  /** `false`: board and modem are without a supply. */
  power(on: boolean): void;
}

/** Longer than the reports are apart. */
const NOISE_MS = 10_000;

export function createPlayground(options: PlaygroundOptions): Playground {
  const { stage, peer, tell } = options;
  const active = new Set<LastingFault>(options.initial);
  let world = worldWith(active);
  /** Changes of the broker take their time: one after the other. */
  let queue: Promise<void> = Promise.resolve();

  const isOffered = (name: string): name is PlaygroundName =>
    Object.hasOwn(PLAYGROUND_FAULTS, name) &&
    (peer.change !== undefined || PLAYGROUND_FAULTS[name as PlaygroundName].ownBroker !== true);

  function struck(name: PlaygroundName): void {
    const { says, expect } = PLAYGROUND_FAULTS[name];
    const details = [{ label: "expect", text: expect }];
    tell("fault", `${name}: ${says}`, { mark: "fault", details, data: { fault: name, on: true } });
  }

  async function enter(next: World): Promise<void> {
    const was = world;
    world = next;
    await peer.change?.(next);
    stage.change(next);
    // A connection that stands would hide the fault until it ends by itself.
    if (refusesAnew(was, next)) stage.modem.fault("drop");
  }

  async function apply(name: PlaygroundName, on: boolean): Promise<void> {
    if (isMomentary(name)) {
      if (!on) return;
      struck(name);
      if (name !== "noise") stage.modem.fault(name);
      else {
        stage.noise(NOISE_MS);
        await peer.publish(TOPICS.command, '{"cmd":"report"}');
      }
      return;
    }
    if (!isLasting(name) || active.has(name) === on) return;
    if (on) {
      active.add(name);
      struck(name);
    } else {
      active.delete(name);
      tell("fault", `${name}: healed`, { mark: "good", data: { fault: name, on: false } });
    }
    options.onChange();
    await enter(worldWith(active));
  }

  return {
    get faults() {
      const names = Object.keys(PLAYGROUND_FAULTS).filter(isOffered);
      return names.map((name) => ({
        ...PLAYGROUND_FAULTS[name],
        name,
        once: isMomentary(name),
        active: isLasting(name) && active.has(name),
      }));
    },
    get active() {
      return [...active];
    },
    set(name, on) {
      if (!isOffered(name)) return Promise.resolve();
      const done = queue.then(() => apply(name, on));
      queue = done.catch((error: unknown) => {
        tell("demo", `${name} could not be switched: ${String(error)}`, { mark: "fault" });
      });
      return queue;
    },
    power(on) {
      if (on === stage.board.running) return;
      tell("power", on ? "board and modem get their supply back" : "board and modem lose their supply", {
        mark: on ? "info" : "fault",
      });
      stage.power(on);
    },
  };
}
