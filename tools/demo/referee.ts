/** Decides when a run is over and how it ended, from what was seen only. */

import type { DeviceFailure } from "./device-story.ts";
import { count } from "./entry.ts";
import { type DemoFault, FAULT_PLANS } from "./faults.ts";

/** 0: as asked. 1: not so, or a connection that had to fail did. 3: a connection was made that had to be refused. */
export type ExitCode = 0 | 1 | 3;

export interface Verdict {
  readonly exitCode: ExitCode;
  readonly text: string;
  /** What kept the device from connecting. */
  readonly failure?: DeviceFailure;
}

export interface RefereeOptions {
  /** Acknowledged publishes after which the run may end; undefined: it goes on. */
  readonly once: number | undefined;
  readonly fault: DemoFault | undefined;
  readonly onVerdict: (verdict: Verdict) => void;
}

export interface Referee {
  /** A report of the device. */
  acknowledged(): void;
  executed(): void;
  connected(): void;
  failed(failure: DeviceFailure): void;
  /** A fault of the kind that is to be overcome has happened. */
  struck(): void;
  timedOut(seconds: number): void;
  readonly publishes: number;
  readonly commands: number;
  readonly connects: number;
}

/** The first attempt may be unlucky; the second shows that trying again does not help. */
const REFUSALS = 2;

export function createReferee({ once, fault, onVerdict }: RefereeOptions): Referee {
  const ends = fault === undefined ? undefined : FAULT_PLANS[fault].ends;
  let publishes = 0;
  let commands = 0;
  let connects = 0;
  let refusals = 0;
  let hasStruck = false;
  let publishesBefore = 0;
  let first: DeviceFailure | undefined;
  let last: DeviceFailure | undefined;
  let isOver = false;

  function end(verdict: Verdict): void {
    if (isOver) return;
    isOver = true;
    onVerdict(verdict);
  }

  function seen(): string {
    return `${count(publishes, "report")} acknowledged, ${count(commands, "command")} executed`;
  }

  function check(): void {
    if (once === undefined || publishes < once || commands === 0) return;
    if (ends === "overcome" && !(hasStruck && publishes > publishesBefore)) return;
    end({ exitCode: 0, text: ends === "overcome" ? `${seen()}, ${fault} overcome` : seen() });
  }

  return {
    acknowledged() {
      publishes++;
      check();
    },
    executed() {
      commands++;
      check();
    },
    connected() {
      connects++;
      if (ends === "refused") end({ exitCode: 3, text: `connected although "${fault}" had to keep it from that` });
    },
    failed(failure) {
      last = failure;
      if (ends === "overcome" || (ends === undefined && once === undefined)) return;
      if (connects > 0 || !failure.code.startsWith("TLS_")) return;
      // The device looks for the reason once in a row of failures: the first one knows most.
      first ??= failure;
      if (++refusals < REFUSALS) return;
      end({ exitCode: 1, text: `never connected: refused ${count(refusals, "time")}`, failure: first });
    },
    struck() {
      hasStruck = true;
      publishesBefore = publishes;
    },
    timedOut(seconds) {
      const text = `after ${seconds} s: ${seen()}, ${count(connects, "connection")}`;
      end({ exitCode: 1, text, ...(connects === 0 && last !== undefined ? { failure: last } : {}) });
    },
    get publishes() {
      return publishes;
    },
    get commands() {
      return commands;
    },
    get connects() {
      return connects;
    },
  };
}
