/** The other end of the device's connection: the embedded broker, or one of the user's with a second client on it. */
import { createPki } from "../pki/set.ts";
import { type BrokerEvent, startBroker } from "./broker.ts";
import type { Detail, Tell } from "./entry.ts";
import { type DemoFault, isPkiFault } from "./faults.ts";
import type { Acknowledged } from "./mqtt-story.ts";
import { startObserver } from "./observer.ts";
import { BROKER_HOST, type Certificates, CLIENT_ID, DEVICE_TOPIC, FILE_NAMES, TOPICS } from "./stage.ts";

/** A broker of the user's. */
export interface OwnBroker extends Certificates {
  readonly host: string;
  readonly port: number;
}

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly what: string;
  /** For the modem's store. */
  readonly certificates: Certificates;
  /** Whether every Control Packet can be seen. */
  readonly isOpen: boolean;
  publish(topic: string, payload: string): Promise<void>;
  close(): Promise<void>;
}

export async function embeddedPeer(fault: DemoFault | undefined, onEvent: (event: BrokerEvent) => void): Promise<Peer> {
  const { ca, client, clientCa, server } = await createPki({
    hosts: [BROKER_HOST],
    client: CLIENT_ID,
    ...(fault !== undefined && isPkiFault(fault) ? { fault } : {}),
  });
  const broker = await startBroker({ cert: server.chain, key: server.key, clientCa, onEvent });
  return {
    host: BROKER_HOST,
    port: broker.port,
    what: "an embedded broker that demands a client certificate",
    certificates: { ca, ...(client === undefined ? {} : { cert: client.chain, key: client.traditionalKey }) },
    isOpen: true,
    publish: (topic, payload) => broker.publish(topic, payload),
    close: () => broker.close(),
  };
}

export interface ObserverNeeds {
  readonly tell: Tell;
  readonly unacknowledged: () => number;
  readonly onAcknowledged: (publish: Acknowledged) => void;
}

export async function foreignPeer(own: OwnBroker, needs: ObserverNeeds): Promise<Peer> {
  const { host, port, ...certificates } = own;
  const observer = await startObserver({
    ...needs,
    ...certificates,
    url: `mqtts://${host}:${port}`,
    topic: DEVICE_TOPIC,
    commandTopic: TOPICS.command,
  }).catch((error: Error): undefined => {
    // The device is the one to watch: what it says about the same broker is worth more than giving up here.
    needs.tell("demo", `a second client cannot use ${host}:${port}: ${error.message}`, {
      mark: "fault",
      details: [{ label: "so", text: "nobody can see what arrives there, and no command is sent" }],
    });
  });
  return {
    host,
    port,
    what: "your broker",
    certificates,
    isOpen: false,
    publish: async (topic, payload) => observer?.publish(topic, payload),
    close: async () => observer?.close(),
  };
}

/** What stands in the modem's store, and what is missing. */
export function storeDetails({ ca, cert, key }: Certificates, fault: DemoFault | undefined): Detail[] {
  const none: Omit<Detail, "label"> =
    fault === "no-client-cert" ? { text: "missing", mark: "fault" } : { text: "none: the broker must not ask for it" };
  const rows: [string, string | undefined, string][] = [
    [FILE_NAMES.ca, ca, "what the modem trusts"],
    [FILE_NAMES.cert, cert, "shown to the broker"],
    [FILE_NAMES.key, key, "never leaves it: not in the image, not in Storage, not in a log"],
  ];
  return rows.map(([label, text, what]) =>
    text === undefined ? { label, ...none } : { label, text: `${text.length} bytes: ${what}` },
  );
}
