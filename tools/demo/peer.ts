/** The other end of the device's connection: the embedded broker, or one of the user's with a second client on it. */
import { createAuthority, expiredSince } from "../pki/pki.ts";
import { createPki, DEFAULT_WRONG_HOST } from "../pki/set.ts";
import { type BrokerEvent, startBroker } from "./broker.ts";
import type { Detail, Tell } from "./entry.ts";
import type { Acknowledged } from "./mqtt-story.ts";
import { startObserver } from "./observer.ts";
import { BROKER_HOST, type Certificates, CLIENT_ID, DEVICE_TOPIC, FILE_NAMES, TOPICS } from "./stage.ts";
import type { World } from "./world.ts";

/** A broker of the user's. */
export interface OwnBroker extends Certificates {
  readonly host: string;
  readonly port: number;
  /** Where it asks for a user name. */
  readonly login?: { readonly username: string; readonly password: string };
}

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly what: string;
  /** For the modem's store. */
  readonly certificates: Certificates;
  /** A CA of the same name as the right one, with another key. */
  readonly otherCa: string;
  /** Whether every Control Packet can be seen. */
  readonly isOpen: boolean;
  /** Only a broker of the demo's own can be told what to show and when to be away. */
  readonly change: ((world: World) => Promise<void>) | undefined;
  publish(topic: string, payload: string): Promise<void>;
  close(): Promise<void>;
}

/** The mistake that happens: a stale copy of "the" CA. */
const otherAuthority = async (): Promise<string> => (await createAuthority({ name: "Godwit Desk Root" })).certificate;

export async function embeddedPeer(first: World, onEvent: (event: BrokerEvent) => void): Promise<Peer> {
  const pki = await createPki({ hosts: [BROKER_HOST], client: CLIENT_ID });
  const { ca, client, clientCa, authority } = pki;
  const [expired, elsewhere, otherCa] = await Promise.all([
    authority.issue({ name: BROKER_HOST, usage: "server", hosts: [BROKER_HOST], validity: expiredSince(1) }),
    authority.issue({ name: DEFAULT_WRONG_HOST, usage: "server", hosts: [DEFAULT_WRONG_HOST] }),
    otherAuthority(),
  ]);
  const shown = (certificate: World["certificate"]): { cert: string; key: string } => {
    const { chain, key } = { "good": pki.server, expired, "wrong-host": elsewhere }[certificate];
    return { cert: chain, key };
  };
  const broker = await startBroker({ ...shown(first.certificate), clientCa, onEvent });
  return {
    host: BROKER_HOST,
    port: broker.port,
    what: "an embedded broker that demands a client certificate",
    certificates: { ca, ...(client === undefined ? {} : { cert: client.chain, key: client.traditionalKey }) },
    otherCa,
    isOpen: true,
    async change(world) {
      broker.present(shown(world.certificate));
      await (world.isListening ? broker.resume() : broker.pause());
    },
    publish: (topic, payload) => broker.publish(topic, payload),
    close: () => broker.close(),
  };
}

export interface ObserverNeeds {
  readonly tell: Tell;
  readonly unacknowledged: () => number;
  readonly onAcknowledged: (publish: Acknowledged) => void;
}

/** What OpenSSL says, without addresses, numbers and its source files. */
export function tlsWords(message: string): string {
  return message.replace(/^(?:[0-9A-F]+:)?error:[0-9A-F]+:([^:]*):[^:]*:([^:\n]*).*$/s, "$2 ($1)").trim();
}

export async function foreignPeer(own: OwnBroker, needs: ObserverNeeds): Promise<Peer> {
  const { host, port, login, ...certificates } = own;
  const observer = await startObserver({
    ...needs,
    ...certificates,
    ...login,
    url: `mqtts://${host}:${port}`,
    topic: DEVICE_TOPIC,
    commandTopic: TOPICS.command,
  }).catch((error: Error): undefined => {
    // The device is the one to watch: what it says about the same broker is worth more than giving up here.
    needs.tell("demo", `a second client cannot use ${host}:${port}: ${tlsWords(error.message)}`, {
      mark: "fault",
      details: [{ label: "so", text: "nobody can see what arrives there, and no command is sent" }],
    });
  });
  return {
    host,
    port,
    what: "your broker",
    certificates,
    otherCa: await otherAuthority(),
    isOpen: false,
    change: undefined,
    publish: async (topic, payload) => observer?.publish(topic, payload),
    close: async () => observer?.close(),
  };
}

/** What stands in the modem's store, and what is missing. */
export function storeDetails({ ca, cert, key }: Certificates, { hasClient }: World): Detail[] {
  const rows: [string, string | undefined, string][] = [
    [FILE_NAMES.ca, ca, "what the modem trusts"],
    [FILE_NAMES.cert, cert, "shown to the broker"],
    [FILE_NAMES.key, key, "never leaves it: not in the image, not in Storage, not in a log"],
  ];
  return rows.map(([label, text, what]): Detail => {
    if (text === undefined) return { label, text: "none: the broker must not ask for it" };
    if (label !== FILE_NAMES.ca && !hasClient) return { label, text: "missing", mark: "fault" };
    return { label, text: `${text.length} bytes: ${what}` };
  });
}
