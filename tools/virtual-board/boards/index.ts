import type { BoardProfile } from "../profile.ts";
import { nrf52840dk } from "./nrf52840dk.ts";
import { rak5010 } from "./rak5010.ts";

/** The boards that can be simulated; add a file and a line to add one. */
export const boardProfiles: Readonly<Record<string, BoardProfile>> = { rak5010, nrf52840dk };

export function findProfile(name: string): BoardProfile {
  const profile = boardProfiles[name];
  if (profile === undefined) {
    throw new Error(`unknown board "${name}"; known are ${Object.keys(boardProfiles).join(", ")}`);
  }
  return profile;
}
