/** What surrounds the device, as far as a fault can change it: each fault is a departure from a world where all is well. */

export interface World {
  /** What the broker shows. */
  readonly certificate: "good" | "expired" | "wrong-host";
  readonly isListening: boolean;
  /** What lies in the modem's store. */
  readonly ca: "right" | "other";
  readonly hasClient: boolean;
  readonly hasSim: boolean;
  readonly hasCell: boolean;
  /** What the network says when it sends its time. */
  readonly networkTime: "right" | "years-off";
}

const DEPARTURES = {
  "wrong-clock": { networkTime: "years-off" },
  "expired": { certificate: "expired" },
  "unknown-ca": { ca: "other" },
  "wrong-host": { certificate: "wrong-host" },
  "no-client-cert": { hasClient: false },
  "no-coverage": { hasCell: false },
  "no-sim": { hasSim: false },
  "broker-down": { isListening: false },
} as const satisfies Readonly<Record<string, Partial<World>>>;

/** Faults that last until they are healed. */
export type LastingFault = keyof typeof DEPARTURES;

export const LASTING_FAULTS = Object.keys(DEPARTURES) as readonly LastingFault[];

export function isLasting(name: string): name is LastingFault {
  return Object.hasOwn(DEPARTURES, name);
}

/** The world with all of these faults in it; of two that change the same thing the later one wins. */
export function worldWith(faults: Iterable<LastingFault>): World {
  const world: World = {
    certificate: "good",
    isListening: true,
    ca: "right",
    hasClient: true,
    hasSim: true,
    hasCell: true,
    networkTime: "right",
  };
  return Object.assign(world, ...[...faults].map((name) => DEPARTURES[name])) as World;
}

/** Whether a connection made in `was` would now be refused for what is shown or stored: only a new one meets that. */
export function refusesAnew(was: World, now: World): boolean {
  return (
    (now.certificate !== was.certificate && now.certificate !== "good") ||
    (now.ca !== was.ca && now.ca === "other") ||
    (was.hasClient && !now.hasClient)
  );
}
