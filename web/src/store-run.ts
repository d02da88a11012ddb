/** The modem's own store: what is in it, writing into it, removing from it. */
import {
  listStore,
  type Progress,
  type ProvisionResult,
  provision,
  removeFile,
  type StoredFile,
} from "../../tools/provision/write.ts";
import { connector } from "./app.ts";
import { files, forget, prepared, rules } from "./provision-run.ts";
import { type Problem, toProblem } from "./state/problem.ts";
import { createStore } from "./state/store.ts";

export type StoreRun =
  | { readonly kind: "idle" }
  | { readonly kind: "busy"; readonly says: string }
  | { readonly kind: "written"; readonly result: ProvisionResult }
  | { readonly kind: "failed"; readonly problem: Problem };

export const stored = createStore<readonly StoredFile[] | undefined>(undefined);
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
    stored.set(await removeFile(await connector.session(), name, rules()));
    return { kind: "idle" };
  });
}

/** The key is forgotten here as soon as the modem has it. */
export function write(): Promise<void> {
  return busy("Preparing", async () => {
    const texts = await prepared();
    const session = await connector.session();
    const tell = (progress: Progress) => storeRun.set({ kind: "busy", says: says(progress) });
    const result = await provision(session, texts, { rules: rules() }, tell);
    stored.set(result.stored);
    for (const { id, role } of files.value) if (role === "key") await forget(id);
    return { kind: "written", result };
  });
}

connector.state.subscribe((connection) => {
  if (connection.kind !== "disconnected" && connection.kind !== "connecting") return;
  stored.set(undefined);
  storeRun.set({ kind: "idle" });
});
