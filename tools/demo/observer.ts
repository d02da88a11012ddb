/** A second client on the user's own broker: sees what arrives there and sends the commands. */
import mqtt, { type MqttClient } from "mqtt";
import type { Tell } from "./entry.ts";
import { type Acknowledged, shownPayload } from "./mqtt-story.ts";

export interface ObserverOptions {
  readonly url: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /** Everything below it is the device's. */
  readonly topic: string;
  readonly commandTopic: string;
  readonly tell: Tell;
  /** Packets that the device holds and that are not acknowledged. */
  readonly unacknowledged: () => number;
  readonly onAcknowledged: (publish: Acknowledged) => void;
}

export interface Observer {
  publish(topic: string, payload: string): Promise<void>;
  close(): Promise<void>;
}

/** The device's PUBACK cannot be seen on a foreign broker: the device is asked, this often, whether its queue is empty. */
const ASK_MS = 100;

export async function startObserver(options: ObserverOptions): Promise<Observer> {
  const { tell } = options;
  const client: MqttClient = await mqtt.connectAsync(options.url, {
    ca: options.ca,
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    clientId: `godwit-demo-observer-${process.pid}`,
    connectTimeout: 10_000,
  });
  const waiting: Acknowledged[] = [];
  const timer = setInterval(() => {
    if (waiting.length === 0 || options.unacknowledged() > 0) return;
    for (const publish of waiting.splice(0)) options.onAcknowledged(publish);
  }, ASK_MS);
  client.on("error", (error) => tell("demo", `the observer on the broker: ${error.message}`, { mark: "fault" }));
  client.on("message", (topic, bytes, packet) => {
    if (topic === options.commandTopic || packet.retain) return;
    const payload = bytes.toString();
    tell("publish", `${topic}: arrived at another client of the broker (QoS ${packet.qos})`, {
      details: [{ text: shownPayload(payload) }],
      data: { name: topic, payload, qos: packet.qos },
    });
    waiting.push({ topic, payload });
  });
  const granted = await client.subscribeAsync(`${options.topic}/#`, { qos: 1 });
  if (granted.some(({ qos }) => qos >= 128)) throw new Error(`the broker lets nobody subscribe to ${options.topic}/#`);
  tell("demo", `a second client watches ${options.topic}/# on ${options.url}`);
  return {
    publish: async (topic, payload) => {
      await client.publishAsync(topic, payload, { qos: 1 });
    },
    async close() {
      clearInterval(timer);
      await client.endAsync(true);
    },
  };
}
