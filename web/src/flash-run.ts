/** Runs a flash over the connection, through lost links, and tells how far it is. */
import { FlashError } from "../../tools/flash/errors.ts";
import { flash, revoke } from "../../tools/flash/flasher.ts";
import { readSlots, type Slots } from "../../tools/flash/slots.ts";
import { connector, image, shownTab } from "./app.ts";
import type { FlashRun } from "./state/flash-state.ts";
import { type Problem, toProblem } from "./state/problem.ts";
import { createStore } from "./state/store.ts";

export const run = createStore<FlashRun>({ kind: "idle" });
export const slots = createStore<Slots | undefined>(undefined);
export const slotsProblem = createStore<Problem | undefined>(undefined);

let cancelling: AbortController | undefined;

export const isFlashing = (): boolean => run.value.kind === "running";

/** Asks the board for its two slots. */
export async function look(): Promise<void> {
  const { value } = connector.state;
  if (value.kind !== "connected") return;
  try {
    slots.set(await readSlots(value.session));
    slotsProblem.set(undefined);
  } catch (error) {
    slots.set(undefined);
    slotsProblem.set(toProblem(error));
  }
}

/** `trust`: taken as proved once it has started, for a desk without a network. */
export async function startFlash(options: { readonly trust: boolean; readonly again: boolean }): Promise<void> {
  const picked = image.value;
  if (picked === undefined || isFlashing()) return;
  const controller = new AbortController();
  cancelling = controller;
  const startedMs = performance.now();
  run.set({ kind: "running", progress: undefined, isCancelling: false });
  try {
    const result = await flash(() => connector.session(), picked.image, {
      ...options,
      signal: controller.signal,
      onProgress: (progress) => run.set({ kind: "running", progress, isCancelling: controller.signal.aborted }),
    });
    slots.set(result.slots);
    run.set({ kind: "done", result, tookS: (performance.now() - startedMs) / 1000 });
  } catch (error) {
    const isCancelled = error instanceof FlashError && error.code === "FLASH_CANCELLED";
    run.set(isCancelled ? { kind: "cancelled" } : { kind: "failed", problem: toProblem(error) });
  } finally {
    cancelling = undefined;
  }
  await look();
}

/** Takes the image that runs out of use and starts the other one. */
export async function goBack(): Promise<void> {
  const { value } = connector.state;
  if (value.kind !== "connected" || isFlashing()) return;
  try {
    slots.set(await revoke(value.session));
    // Not at once: the answer has to leave first.
    await value.session.evaluate("setTimeout(function(){E.reboot()},200),0");
  } catch (error) {
    slotsProblem.set(toProblem(error));
  }
}

export function cancelFlash(): void {
  cancelling?.abort();
  run.update((value) => (value.kind === "running" ? { ...value, isCancelling: true } : value));
}

connector.state.subscribe((connection) => {
  if (isFlashing()) return;
  if (connection.kind === "connected") void look();
  else {
    slots.set(undefined);
    slotsProblem.set(undefined);
  }
});

// An image proves itself meanwhile.
shownTab.subscribe((tab) => {
  if (tab === "flash" && !isFlashing()) void look();
});

// What was sent is not lost, but who closes the page by mistake would have to begin again.
addEventListener("beforeunload", (event) => {
  if (isFlashing()) event.preventDefault();
});
