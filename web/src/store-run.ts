/** The modem's own store: what is in it, writing into it, removing from it. */
import { listStore, type Progress, provision, removeFile, type StoredFile } from "../../tools/provision/write.ts";
import { connector } from "./app.ts";
import { forgetAll, keepReport, prepared, rules, written } from "./provision-run.ts";
import { type Problem, toProblem } from "./state/problem.ts";
import { createStore } from "./state/store.ts";

export type StoreRun =
  | { readonly kind: "idle" }
  | { readonly kind: "busy"; readonly says: string }
  | { readonly kind: "failed"; readonly problem: Problem };

export const stored = createStore<readonly StoredFile[] | undefined>(undefined);
/** The files are on their way to the modem: another one now would be neither judged nor written. */
export const isWriting = createStore(false);
export const storeRun = createStore<StoreRun>({ kind: "idle" });

const SAYS: Readonly<Record<Exclude<Progress["step"], "write" | "remove">, string>> = {
  ask: "Looking what is in the store",
  compare: "Comparing what the modem lists",
  scrub: "Overwriting the board’s freed memory",
  done: "Done",
};

function says(progress: Progress): string {
  if (progress.step === "write") return `Writing ${progress.name} (${progress.file} of ${progress.files})`;
  if (progress.step === "remove") return `Removing ${progress.name}`;
  return SAYS[progress.step];
}

async function busy(start: string, run: () => Promise<StoreRun>): Promise<void> {
  if (storeRun.value.kind === "busy") return;
  storeRun.set({ kind: "busy", says: start });
  try {
    storeRun.set(await run());
  } catch (error) {
    storeRun.set({ kind: "failed", problem: toProblem(error) });
  }
}

export function list(): Promise<void> {
  return busy("Asking the modem", async () => {
    stored.set(await listStore(await connector.session(), rules()));
    return { kind: "idle" };
  });
}

export function remove(name: string): Promise<void> {
  return busy(`Removing ${name}`, async () => {
    // The modem no longer has what the report is of.
    if (written.value?.written.some((file) => file.name === name) === true) forgetAll();
    stored.set(await removeFile(await connector.session(), name, rules()));
    return { kind: "idle" };
  });
}

/** Everything is forgotten here as soon as the modem has it, and the report of it stays. */
export function write(): Promise<void> {
  return busy("Preparing", async () => {
    const texts = await prepared();
    const session = await connector.session();
    const tell = (progress: Progress) => storeRun.set({ kind: "busy", says: says(progress) });
    isWriting.set(true);
    const result = await provision(session, texts, { rules: rules() }, tell).finally(() => isWriting.set(false));
    stored.set(result.stored);
    keepReport(result);
    return { kind: "idle" };
  });
}

connector.state.subscribe((connection) => {
  if (connection.kind !== "disconnected" && connection.kind !== "connecting") return;
  stored.set(undefined);
  storeRun.set({ kind: "idle" });
});
