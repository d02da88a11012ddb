/** What is flashed, where it stands, and why it may not be flashed at all. */
import type { FlashProgress, FlashResult, FlashStage } from "../../../tools/flash/flasher.ts";
import type { Image } from "../../../tools/flash/image.ts";
import type { SlotState } from "../../../tools/flash/layout.ts";
import type { Slots } from "../../../tools/flash/slots.ts";
import type { BoardIdentity } from "../../../tools/repl/session.ts";
import type { Problem } from "./problem.ts";

export type FlashRun =
  | { readonly kind: "idle" }
  | { readonly kind: "running"; readonly progress: FlashProgress | undefined; readonly isCancelling: boolean }
  | { readonly kind: "done"; readonly result: FlashResult; readonly tookS: number }
  | { readonly kind: "failed"; readonly problem: Problem }
  | { readonly kind: "cancelled" };

export type Stage = FlashStage;

/** `stop` is shown only while it lasts: most flashes have none. */
export const stagesFor = (current: Stage | "end") => STAGES.filter(({ id }) => id !== "stop" || current === "stop");

export const STAGES: readonly { readonly id: Stage; readonly label: string; readonly says: string }[] = [
  { id: "look", label: "Look", says: "Reading what is in both slots" },
  { id: "stop", label: "Stop", says: "Stopping the image that runs from the slot that is needed" },
  { id: "upload", label: "Upload", says: "Erasing and sending, page by page" },
  { id: "verify", label: "Verify", says: "The board computes the checksum of the whole image" },
  { id: "activate", label: "Activate", says: "Writing the header that makes it an image" },
  { id: "boot", label: "Start", says: "The board starts the new image" },
  { id: "prove", label: "Prove", says: "Waiting until the new image has proved itself" },
];

export type StepState = "done" | "current" | "ahead";

export function stepState(stage: Stage, current: Stage): StepState {
  const at = STAGES.findIndex(({ id }) => id === stage);
  const now = STAGES.findIndex(({ id }) => id === current);
  if (at === now) return "current";
  return at < now ? "done" : "ahead";
}

/** 0 to 100, whole; of what is to be sent. */
export function percent({ doneBytes, totalBytes }: Pick<FlashProgress, "doneBytes" | "totalBytes">): number {
  return totalBytes > 0 ? Math.min(100, Math.floor((100 * doneBytes) / totalBytes)) : 0;
}

/** Spoken at every stage and every quarter of the upload: a screen reader must not read each chunk. */
export function announcement(progress: FlashProgress): string {
  const stage = STAGES.find(({ id }) => id === progress.stage);
  if (progress.stage !== "upload") return stage?.says ?? "";
  return `Upload ${Math.floor(percent(progress) / 25) * 25} percent`;
}

/** Why this image may not go onto that board, or undefined. `chosen`: what the user says the board is. */
export function refusal(image: Image, chosen: string, board: BoardIdentity | undefined): string | undefined {
  if (chosen !== "auto" && chosen !== image.board) return `This image is for ${image.board}, and ${chosen} is chosen.`;
  if (board !== undefined && board.board !== image.espruinoBoard) {
    return `This image is for ${image.espruinoBoard}; the board that is connected says it is ${board.board}.`;
  }
  return undefined;
}

/** Why a file is not even looked at. The names are those that people try. */
export function fileRefusal(name: string, size: number): string | undefined {
  if (size > 4_000_000) return `${name} is larger than any image.`;
  if (/\.(js|ts|min\.js)$/i.test(name)) {
    return `${name} is a script. Flash the .image.json beside it: it has the board, the checksum and the source lines, too.`;
  }
  if (/\.(hex|bin|zip|uf2|elf|dfu)$/i.test(name)) {
    return `${name} is firmware of the interpreter itself, which is not flashed from here: see docs/adding-a-board.md.`;
  }
  if (/\.(pem|key|crt|cer|der|p12|pfx)$/i.test(name)) return `${name} is a certificate or a key: drop it on Provision.`;
  return undefined;
}

/** State of a slot for a person, with how good that is. */
export interface SlotWords {
  readonly text: string;
  readonly tone: "good" | "warn" | "bad" | "none" | "accent";
  /** Where the state alone leaves a question open. */
  readonly says?: string;
}

const SLOT_WORDS: Readonly<Record<SlotState, SlotWords>> = {
  empty: { text: "empty", tone: "none" },
  invalid: { text: "incomplete or damaged", tone: "bad" },
  new: { text: "new, never started", tone: "accent" },
  trying: { text: "started, not proved yet", tone: "warn" },
  proved: { text: "proved", tone: "good" },
  refused: { text: "given up", tone: "bad", says: "It never proved itself." },
  revoked: { text: "withdrawn", tone: "none" },
};

/** The loader starts an image that it has given up where there is no other: better than none. */
export function slotWords(state: SlotState, isRunning: boolean): SlotWords {
  if (state !== "refused" || !isRunning) return SLOT_WORDS[state];
  return {
    text: "never proved",
    tone: "warn",
    says: "It has not proved itself in all its starts, and goes on because the other slot has nothing to start.",
  };
}

export const OUTCOME_WORDS: Readonly<
  Record<FlashResult["outcome"], { readonly title: string; readonly says: string }>
> = {
  same: { title: "It was there already", says: "The board runs this very image; nothing was written." },
  proved: {
    title: "Flashed and proved",
    says: "The new image runs and has connected. The one before is kept in the other slot.",
  },
  trying: {
    title: "Flashed, not proved yet",
    says: "The new image runs and has not connected so far. If it never does, the board goes back to the one before.",
  },
};

/** Whether there is another image to go back to. */
export function hasOther({ slots, running }: Slots): boolean {
  const other = running === undefined ? undefined : slots[1 - running]?.state;
  return other === "new" || other === "trying" || other === "proved";
}

/** The console's text is not the board's while packets of an upload may be cut in two by a lost link. */
export function takesConsole(run: FlashRun): boolean {
  if (run.kind !== "running") return false;
  const stage = run.progress?.stage;
  return stage !== "boot" && stage !== "prove";
}
