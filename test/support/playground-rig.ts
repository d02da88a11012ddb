/** The demo as the page has it, without a page: faults on, faults off, and what the device says. */
import assert from "node:assert/strict";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import { type BoardState, Demo } from "../../tools/demo/demo.ts";
import type { Entry } from "../../tools/demo/entry.ts";
import { createFeed, type PageFeed } from "../../tools/demo/page.ts";
import type { PlaygroundName } from "../../tools/demo/playground-faults.ts";
import { readErrorTable } from "../../tools/errors/read-error-table.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { createSteadyClock } from "../support/steady-clock.ts";

/** What the device itself says of each fault: a code of docs/errors.md. */
export const SEEN: Readonly<Record<PlaygroundName, RegExp>> = {
  // By a URC, or by a command that was under way when it happened.
  "drop": /^link (SOCKET_CLOSED|AT_ERROR)/,
  "reset": /^link (MODEM_RESET|AT_TIMEOUT)/,
  "deaf": /^link MODEM_DEAF/,
  // The second one where it was sending.
  "pdp-lost": /^link (NET_PDP|SOCKET_CLOSED)/,
  // Which one depends on the bytes that are hit.
  "noise": /^link [A-Z_]+/,
  "broker-down": /^link NET_CONNECT/,
  "expired": /^link TLS_REFUSED/,
  "unknown-ca": /^link TLS_REFUSED/,
  "wrong-host": /^link TLS_REFUSED/,
  "no-client-cert": /^link TLS_FILE \(client\.pem\)/,
  "wrong-clock": /nitz:CLOCK_FLOOR/,
  "no-coverage": /^link NET_REGISTRATION \(searching\)/,
  "no-sim": /^link SIM_ABSENT \(10\)/,
};

export const textOf = ({ topic, text, details }: Entry): string =>
  [`${topic} ${text}`, ...(details ?? []).map((detail) => `  ${detail.label ?? ""}: ${detail.text}`)].join("\n");

const isAcknowledged = ({ data }: Entry): boolean => data?.["acknowledged"] === true;
const SPEED = 20;
/** Real time for one step; most take a second or two. */
const PATIENCE_MS = 40_000;

export interface PlaygroundRig {
  readonly demo: Demo;
  readonly entries: Entry[];
  readonly states: BoardState[];
  /** What a page would be told. */
  readonly feed: PageFeed;
  /** The first entry behind the `from`-th that is one. */
  until(what: string, from: number, isOne: (entry: Entry) => boolean): Promise<Entry>;
  /** Until a publish that is sent from now on is acknowledged. */
  recovered(what: string): Promise<void>;
  /** Strikes, waits for what the device says, heals, and waits until it is back. Gives the times on the device's clock. */
  play(name: PlaygroundName): Promise<{ seenS: number; recoveredS: number }>;
  stop(): Promise<void>;
}

export async function startPlayground(): Promise<PlaygroundRig> {
  const image = await imageOf(await bundleFirmware({ board: "rak5010" }));
  const entries: Entry[] = [];
  const states: BoardState[] = [];
  const feed = createFeed();
  const clock = createSteadyClock(SPEED);
  const demo = new Demo({
    board: "rak5010",
    image,
    errors: readErrorTable(),
    clock,
    once: undefined,
    fault: undefined,
    ownBroker: undefined,
    trace: false,
    limitS: 60,
    settings: { intervalS: 4, registrationS: 20, backoffMaxS: 6 },
    onEntry: (entry) => {
      entries.push(entry);
      feed.entry(entry);
    },
    onTrace: feed.entry,
    onFaults: feed.faults,
    onBoard: (state) => {
      states.push(state);
      feed.board(state);
    },
  });
  await demo.start();

  const rig: PlaygroundRig = {
    demo,
    entries,
    states,
    feed,
    async until(what, from, isOne) {
      const deadline = performance.now() + PATIENCE_MS;
      for (let at = from; ; ) {
        for (; at < entries.length; at++) {
          const entry = entries[at];
          if (entry !== undefined && isOne(entry)) return entry;
        }
        if (performance.now() > deadline) {
          assert.fail(
            `${what} did not happen:\n${entries
              .slice(Math.max(0, from - 5))
              .map(textOf)
              .join("\n")}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
    async recovered(what) {
      await rig.until(`recovery from ${what}`, entries.length, isAcknowledged);
    },
    async play(name) {
      const from = entries.length;
      const struckMs = clock.now();
      demo.strike(name, true);
      const isOnce = demo.faults.find((fault) => fault.name === name)?.once;
      // What the playground itself says of the fault has the code in it, too.
      const seen = await rig.until(name, from, (entry) => entry.topic !== "fault" && SEEN[name].test(textOf(entry)));
      const isActive = demo.faults.find((fault) => fault.name === name)?.active;
      assert.equal(isActive, !isOnce);
      const healedMs = clock.now();
      demo.strike(name, false);
      await rig.recovered(name);
      return { seenS: (seen.atMs - struckMs) / 1000, recoveredS: (clock.now() - healedMs) / 1000 };
    },
    async stop() {
      await demo.stop();
      clock.stop();
    },
  };
  await rig.recovered("the start");
  return rig;
}
