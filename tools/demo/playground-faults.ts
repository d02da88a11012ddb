/** The faults of the page's panel: what each does, and what there is to see. */
import type { FaultName } from "../virtual-modem/index.ts";
import type { LastingFault } from "./world.ts";

export interface PlaygroundFault {
  /** One sentence: what it does. */
  readonly says: string;
  /** One sentence: what to expect of the firmware. */
  readonly expect: string;
  /** Only where the demo has a broker of its own. */
  readonly ownBroker?: true;
}

/** Happen once; there is nothing to heal. Most are faults of the virtual modem. */
const MOMENTARY = ["drop", "reset", "deaf", "pdp-lost", "noise"] as const satisfies readonly (FaultName | "noise")[];

export type MomentaryFault = (typeof MOMENTARY)[number];
export type PlaygroundName = MomentaryFault | LastingFault;

export function isMomentary(name: string): name is MomentaryFault {
  return (MOMENTARY as readonly string[]).includes(name);
}

export const PLAYGROUND_FAULTS: Readonly<Record<PlaygroundName, PlaygroundFault>> = {
  "drop": {
    says: "The connection dies, as when a router on the way forgets it.",
    expect: "SOCKET_CLOSED, a new connection a second later, and the same MQTT session: nothing is lost.",
  },
  "reset": {
    says: "The modem reboots by itself, as when its supply breaks down under load.",
    expect: "MODEM_RESET, then everything from the SIM to MQTT anew; the modem's clock is proved again.",
  },
  "deaf": {
    says: "The modem's firmware hangs: it answers nothing until it is reset.",
    expect: "AT_TIMEOUT, then MODEM_DEAF, and the recovery ladder pulls the modem's reset line; about a minute.",
  },
  "pdp-lost": {
    says: "The network takes the modem's PDP context away, as many do after hours of silence.",
    expect: "NET_PDP, or SOCKET_CLOSED in the middle of a send; the context is activated anew, then TLS and MQTT.",
  },
  "noise": {
    says: "For ten seconds one byte in twelve between board and modem is damaged, while a report is asked for.",
    expect: "A code of the AT channel, most often AT_TIMEOUT; it resynchronises, and the report arrives in the end.",
  },
  "broker-down": {
    says: "The broker closes its port and all connections.",
    expect: "NET_CONNECT: the device tells a closed port from a failed handshake; while it lasts it climbs the ladder.",
    ownBroker: true,
  },
  "expired": {
    says: "The broker shows a certificate that ended yesterday.",
    expect: "TLS_REFUSED, because the modem's dates count and its clock is proved; no amount of resetting is tried.",
    ownBroker: true,
  },
  "unknown-ca": {
    says: "The CA in the modem's store is replaced by one of the same name and another key.",
    expect: "TLS_REFUSED; the causes in order tell which files to compare.",
  },
  "wrong-host": {
    says: "The broker shows a certificate for another host, and the modem was told to compare the names.",
    expect: "TLS_REFUSED, each time it tries; status().tls.host says that the name is compared.",
    ownBroker: true,
  },
  "no-client-cert": {
    says: "The client certificate and its key vanish from the modem's store.",
    expect: "TLS_FILE, with the name of the file that is missing; the broker was not even asked.",
  },
  "wrong-clock": {
    says: "The network tells a time of 2019, and board and modem are switched off and on.",
    expect: "nitz:CLOCK_FLOOR, because it is before the firmware was built; the next source is asked, and it connects.",
  },
  "no-coverage": {
    says: "The modem restarts in a cellar, where there is no cell.",
    expect: "MODEM_RESET, then NET_REGISTRATION (searching) each time the search ends, and the radio off and on.",
  },
  "no-sim": {
    says: "The SIM is taken out, for which the modem loses its supply for a moment.",
    expect: "MODEM_RESET, because the modem starts anew; then SIM_ABSENT (10), each time it looks.",
  },
};
