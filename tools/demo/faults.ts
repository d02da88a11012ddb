/** The faults that the demo can play, what becomes of each, and what there is to know beforehand. */
import type { PkiFault } from "../pki/set.ts";

/** Overcome by the device. */
export type MetFault = "wrong-clock" | "drop" | "reset";
export type DemoFault = MetFault | PkiFault;

export interface FaultPlan {
  readonly says: string;
  /** `overcome`: the device must connect in spite of it. `refused`: it must never connect. */
  readonly ends: "overcome" | "refused";
}

export const FAULT_PLANS: Readonly<Record<DemoFault, FaultPlan>> = {
  "wrong-clock": {
    says: "the network sends a time that is years too old; the device must not believe it",
    ends: "overcome",
  },
  "drop": { says: "the connection dies after the first acknowledged publish", ends: "overcome" },
  "reset": { says: "the modem reboots by itself after the first acknowledged publish", ends: "overcome" },
  "expired": { says: "the broker's certificate ended yesterday", ends: "refused" },
  "unknown-ca": {
    says: "the CA in the modem's store has the right name and is not the one that signed",
    ends: "refused",
  },
  "wrong-host": {
    says:
      "the broker's certificate is for another host. The firmware tells the modem to compare the name, which BG96 and " +
      "BG95 can; on a modem that cannot, only a CA of your own keeps others out (docs/security.md)",
    ends: "refused",
  },
  "no-client-cert": { says: "client.pem and client.key were never written to the modem's store", ends: "refused" },
};

export const FAULT_NAMES = Object.keys(FAULT_PLANS) as readonly DemoFault[];

export function isPkiFault(fault: DemoFault): fault is PkiFault {
  return FAULT_PLANS[fault].ends === "refused";
}
