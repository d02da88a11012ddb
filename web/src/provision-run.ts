/** Certificates and keys in this page's memory: looked at, written into the modem's store, forgotten. */
import { families, inspect, prepare, type Report } from "../../tools/provision/inspect.ts";
import type { ProvisionResult } from "../../tools/provision/write.ts";
import { type Problem, toProblem } from "./state/problem.ts";
import {
  type DroppedFile,
  firstGuess,
  type Role,
  roleOfCertificates,
  toInspect,
  wipe,
  withFile,
  withRole,
} from "./state/provision-state.ts";
import { createStore } from "./state/store.ts";

export const files = createStore<readonly DroppedFile[]>([]);
export const report = createStore<Report | undefined>(undefined);
/** What was written, as long as the report is that of what was written: nothing is on the list of files then. */
export const written = createStore<ProvisionResult | undefined>(undefined);
export const host = createStore("");
export const family = createStore(families[0]?.family ?? "");
export const provisionProblem = createStore<Problem | undefined>(undefined);

const MOST_BYTES = 1_000_000;
let nextId = 1;
/** The newest inspection wins, whatever the order in which they end. */
let inspection = 0;

export function rules() {
  const found = families.find((one) => one.family === family.value) ?? families[0];
  if (found === undefined) throw new Error("no modem family is known");
  return found;
}

async function look(): Promise<void> {
  if (written.value !== undefined) return;
  const mine = ++inspection;
  const given = files.value.filter(({ role }) => role !== "unused");
  if (given.length === 0) {
    report.set(undefined);
    return;
  }
  const name = host.value.trim();
  const next = await inspect(toInspect(files.value), rules(), {
    now: new Date(),
    ...(name === "" ? {} : { host: name }),
  });
  if (mine === inspection) report.set(next);
}

async function roleOf(bytes: Uint8Array, name: string): Promise<Role> {
  if (firstGuess(bytes, name) === "key") return "key";
  const { facts } = await inspect({ cert: bytes }, rules(), { now: new Date() });
  return roleOfCertificates(facts.cert, name);
}

export async function addFiles(
  dropped: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  provisionProblem.set(undefined);
  written.set(undefined);
  for (const { name, bytes } of dropped) {
    if (bytes.length > MOST_BYTES) {
      provisionProblem.set({ code: "PEM_TOO_LARGE", message: `${name} is larger than any certificate or key.` });
      continue;
    }
    const role = await roleOf(bytes, name);
    files.update((before) => withFile(before, { id: nextId++, name: name.slice(0, 80), role, bytes }));
  }
  await look();
}

export async function setRole(id: number, role: Role): Promise<void> {
  files.update((before) => withRole(before, id, role));
  await look();
}

export async function forget(id: number): Promise<void> {
  files.value.filter((file) => file.id === id).forEach(wipe);
  files.update((before) => before.filter((file) => file.id !== id));
  await look();
}

export function forgetAll(): void {
  // One that is under way is of files that are no more.
  inspection++;
  files.value.forEach(wipe);
  files.set([]);
  report.set(undefined);
  written.set(undefined);
}

/** The files are forgotten here, the key first of all; what was found in them stays, and is not judged anew without them. */
export function keepReport(result: ProvisionResult): void {
  inspection++;
  files.value.forEach(wipe);
  files.set([]);
  written.set(result);
}

export async function setHost(name: string): Promise<void> {
  host.set(name);
  await look();
}

export async function setFamily(name: string): Promise<void> {
  family.set(name);
  await look();
}

/** For writing: the texts as the modem reads them. */
export async function prepared() {
  try {
    return await prepare(toInspect(files.value), rules());
  } catch (error) {
    provisionProblem.set(toProblem(error));
    return {};
  }
}

// What is in memory goes with the page, also into the browser's cache of pages.
addEventListener("pagehide", forgetAll);
