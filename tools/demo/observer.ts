/** A second client on the user's own broker: sees what arrives there and sends the commands. */
import mqtt, { type MqttClient } from "mqtt";
import type { Tell } from "./entry.ts";
import { type Acknowledged, shownPayload } from "./mqtt-story.ts";

export interface ObserverOptions {
  readonly url: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly username?: string;
  readonly password?: string;
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
/** For a DISCONNECT to leave. */
const GOODBYE_MS = 500;

export async function startObserver(options: ObserverOptions): Promise<Observer> {
  const { tell } = options;
  const { url, ca, cert, key, username, password } = options;
  const client: MqttClient = await mqtt.connectAsync(url, {
    ca,
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    clientId: `godwit-demo-observer-${process.pid}`,
    connectTimeout: 10_000,
  });
  const waiting: Acknowledged[] = [];
  const asking = setInterval(() => {
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
  tell("demo", `a second client watches ${options.topic}/# on ${url}`);
  return {
    publish: async (topic, payload) => {
      await client.publishAsync(topic, payload, { qos: 1 });
    },
    async close() {
      clearInterval(asking);
      // Said goodbye to, a broker has no "protocol error" in its log; one that does not hear it is not waited for.
      let timer: ReturnType<typeof setTimeout> | undefined;
      const bound = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, GOODBYE_MS);
      });
      await Promise.race([client.endAsync(!client.connected), bound]);
      clearTimeout(timer);
      client.stream.destroy();
    },
  };
}
