/** Virtual modems: `createVirtualModem` makes one, the family decides how it behaves. */
import { createQuectelBg9x } from "./quectel-bg9x/family.ts";
import type { FamilyName, ModemOptions, VirtualModem } from "./types.ts";

export { FAULTS, type FaultName, type FaultOptions, parseFault } from "./faults.ts";
export type * from "./types.ts";

const FAMILIES: Readonly<Record<FamilyName, (options: ModemOptions) => VirtualModem>> = {
  "quectel-bg9x": createQuectelBg9x,
};

export const FAMILY_NAMES = Object.keys(FAMILIES) as readonly FamilyName[];

export function createVirtualModem(options: ModemOptions): VirtualModem {
  const family = options.family ?? "quectel-bg9x";
  if (!Object.hasOwn(FAMILIES, family)) {
    throw new Error(`no modem family ${JSON.stringify(family)}; there are ${FAMILY_NAMES.join(", ")}`);
  }
  return FAMILIES[family](options);
}
