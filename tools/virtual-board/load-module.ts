import { bundleModule, type Features } from "../build/bundle.ts";
import type { Clock } from "../clock.ts";
import { VirtualBoard } from "./board.ts";
import type { FlashMemory } from "./flash.ts";
import type { RealmFunction } from "./realm.ts";
import { importValue } from "./values.ts";

export { exportValue as toHost } from "./values.ts";

export interface LoadOptions {
  readonly clock?: Clock;
  /** Name of a profile, or a board that runs already. Default "rak5010", with no image. */
  readonly board?: string | VirtualBoard;
  /** Internal flash for the board that is made, to have the power cut at it or to hand it to the next board. */
  readonly flash?: FlashMemory;
  /** Parts of the firmware that are in or out, whatever the board says. */
  readonly features?: Partial<Features>;
  /** More globals for the module, put into its realm. */
  readonly globals?: Readonly<Record<string, unknown>>;
}

/**
 * Bundles one module of the device as the real build does, without mangling, and runs it on a virtual board. What it
 * exports lives in the board's realm: compare with `toHost(value)`.
 */
export async function loadModule<T>(entry: string, options: LoadOptions = {}): Promise<T> {
  const board = boardOf(options);
  const bundle = await bundleModule(entry, {
    board: board.profile.name,
    ...(options.features ? { features: options.features } : {}),
  });
  const { realm } = board;
  for (const [name, value] of Object.entries(options.globals ?? {})) {
    realm.define(realm.global, name, importValue(realm, value));
  }
  const factory = realm.evaluate(`(function (exports, module) {${bundle.code}\n})`, entry) as RealmFunction;
  const module = realm.object({ exports: realm.object() });
  factory.call(module.exports, module.exports, module);
  return module.exports as T;
}

function boardOf({ board, clock, flash }: LoadOptions): VirtualBoard {
  if (board instanceof VirtualBoard) return board;
  const made = new VirtualBoard({
    board: board ?? "rak5010",
    serial: { paced: false },
    ...(clock === undefined ? {} : { clock }),
    ...(flash === undefined ? {} : { flash }),
  });
  made.start();
  return made;
}
