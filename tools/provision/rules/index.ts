import { rules as quectelBg9x } from "./quectel-bg9x.ts";
import type { ModemRules } from "./rules.ts";

/** Every family of which rules are known. */
export const families: readonly ModemRules[] = [quectelBg9x];

/** By name as in `--modem`; undefined when there is none. */
export function findRules(family: string): ModemRules | undefined {
  return families.find((rules) => rules.family === family);
}
