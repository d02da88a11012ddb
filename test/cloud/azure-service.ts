/**
 * Azure IoT Hub as its documentation has it: names, topics, twin, direct methods and messages of one device. Where the
 * documentation does not say what happens with a wrong topic, this one closes the connection.
 */
import { createHmac } from "node:crypto";
import type { IConnectPacket } from "mqtt-packet";
import { type CloudBroker, type Rules, startCloudBroker } from "./cloud-broker.ts";

type State = Record<string, unknown>;

export interface HubOptions {
  readonly host: string;
  readonly device: string;
  readonly module?: string;
  /** Absent: the device shows a certificate. */
  readonly key?: Buffer;
  readonly secondMs?: number;
}

export interface HubService extends CloudBroker {
  readonly twin: { desired: State; reported: State };
  /** A back end changes desired properties. */
  desire(patch: State): void;
  /** The device is registered anew. */
  reset(): void;
  /** Status and body of the device's response. */
  invoke(name: string, payload: string): Promise<{ status: number; body: unknown }>;
  sendToDevice(payload: string, bag: string): void;
  /** Answers to twin requests have this status. */
  twinStatus: number | undefined;
}

/** "Control access to IoT Hub using SAS tokens", the Node.js snippet. */
export function sasToken(host: string, device: string, key: Buffer, expiryS: number): string {
  const resource = encodeURIComponent(`${host}/devices/${device}`);
  const signature = createHmac("sha256", key).update(`${resource}\n${expiryS}`).digest("base64");
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiryS}`;
}

function isTokenValid({ host, device, key }: HubOptions, password: string, nowS: number): boolean {
  const expiry = Number(/[ &]se=(\d+)/.exec(password)?.[1] ?? 0);
  return expiry > nowS && password === sasToken(host, device, key as Buffer, expiry);
}

class Hub {
  twin = { desired: { $version: 1 } as State, reported: { $version: 1 } as State };
  twinStatus: number | undefined;
  readonly calls = new Map<string, (response: { status: number; body: unknown }) => void>();
  private lastCall = 0;

  desire(patch: State, broker: CloudBroker): void {
    const version = (this.twin.desired["$version"] as number) + 1;
    Object.assign(this.twin.desired, patch, { $version: version });
    broker.send(
      `$iothub/twin/PATCH/properties/desired/?$version=${version}`,
      JSON.stringify({ ...patch, $version: version }),
    );
  }

  invoke(name: string, payload: string, broker: CloudBroker): Promise<{ status: number; body: unknown }> {
    const rid = (++this.lastCall).toString(16);
    broker.send(`$iothub/methods/POST/${name}/?$rid=${rid}`, payload);
    return new Promise((resolve) => this.calls.set(rid, resolve));
  }

  take(topic: string, payload: string, broker: CloudBroker): void {
    const twin = /^\$iothub\/twin\/(GET|PATCH\/properties\/reported)\/\?\$rid=(.+)$/.exec(topic);
    if (twin) {
      const isGet = twin[1] === "GET";
      const status = this.twinStatus ?? (isGet ? 200 : 204);
      if (status === 204) {
        const version = (this.twin.reported["$version"] as number) + 1;
        Object.assign(this.twin.reported, JSON.parse(payload) as State, { $version: version });
      }
      const version = status === 204 ? `&$version=${String(this.twin.reported["$version"])}` : "";
      broker.send(
        `$iothub/twin/res/${status}/?$rid=${twin[2]}${version}`,
        status === 200 ? JSON.stringify(this.twin) : "",
      );
    }
    const response = /^\$iothub\/methods\/res\/(\d+)\/\?\$rid=(.+)$/.exec(topic);
    if (response) this.calls.get(response[2] as string)?.({ status: Number(response[1]), body: JSON.parse(payload) });
  }
}

export async function startHub(options: HubOptions): Promise<HubService> {
  const { host, device, module } = options;
  const hub = new Hub();
  const root = `devices/${device}/${module === undefined ? "" : `modules/${module}/`}`;
  const identity = module === undefined ? device : `${device}/${module}`;
  const filters = [
    module === undefined ? `${root}messages/devicebound/#` : `${root}#`,
    "$iothub/twin/res/#",
    "$iothub/twin/PATCH/properties/desired/#",
    "$iothub/methods/POST/#",
  ];
  const isEvents = (topic: string): boolean => topic.startsWith(`${root}messages/events/`);
  const isTopic = (topic: string): boolean =>
    isEvents(topic) ||
    /^\$iothub\/twin\/(GET|PATCH\/properties\/reported)\/\?\$rid=|^\$iothub\/methods\/res\/\d+\/\?\$rid=/.test(topic);

  const rules: Rules = {
    connect({ clientId, username, password, will }: IConnectPacket) {
      if (clientId !== identity || !username?.startsWith(`${host}/${identity}/?api-version=2021-04-12`)) return 5;
      if (options.key !== undefined && !isTokenValid(options, `${password ?? ""}`, Date.now() / 1000)) return 5;
      return will && (will.qos === 2 || !isEvents(will.topic)) ? "close" : 0;
    },
    patienceS: (keepalive) => Math.min(1767, 1.5 * (keepalive || 1767)),
    publish: ({ topic, payload, qos }) =>
      qos === 2 || payload.length > 256 * 1024 || !isTopic(topic) ? "close" : "take",
    subscribe({ subscriptions }, known) {
      const topics = subscriptions.map(({ topic }) => topic);
      if (!topics.every((topic) => filters.includes(topic)) || new Set([...known, ...topics]).size > 5) return "close";
      // "When a device app subscribes to a topic with QoS 2, IoT Hub grants maximum QoS level 1."
      return subscriptions.map(({ qos }) => Math.min(qos, 1) as 0 | 1);
    },
    onPublish: ({ topic, payload }, broker) => hub.take(topic, payload.toString(), broker),
  };
  const broker = await startCloudBroker(rules, options.secondMs);
  const own: Omit<HubService, keyof CloudBroker> = {
    get twin() {
      return hub.twin;
    },
    get twinStatus() {
      return hub.twinStatus;
    },
    set twinStatus(value) {
      hub.twinStatus = value;
    },
    desire: (patch) => hub.desire(patch, broker),
    reset: () => {
      hub.twin = { desired: { $version: 1 }, reported: { $version: 1 } };
    },
    invoke: (name, payload) => hub.invoke(name, payload, broker),
    sendToDevice: (payload, bag) => broker.send(`${root}messages/devicebound/${bag}`, payload),
  };
  return Object.defineProperties(broker, Object.getOwnPropertyDescriptors(own)) as HubService;
}
