/**
 * AWS IoT Core as its documentation has it: the message broker's quotas, and the device shadow. Where the documentation
 * gives a limit and not what happens beyond it, this one closes the connection.
 */
import type { IPublishPacket } from "mqtt-packet";
import { type CloudBroker, type Rules, startCloudBroker } from "./cloud-broker.ts";

type State = Record<string, unknown>;
interface Shadow {
  desired: State;
  reported: State;
  version: number;
}

export interface AwsService extends CloudBroker {
  /** An application changes what is desired, by the HTTP API. */
  desire(prefix: string, desired: State): void;
  /** More than 48 hours ago. */
  forget(prefix: string): void;
  /** The shadow service answers nothing. */
  isMute: boolean;
}

const size = (text: string): number => Buffer.byteLength(text);

/** "This excludes the first three mandatory segments for Basic Ingest topics." */
function isTopic(topic: string): boolean {
  const counted = topic.replace(/^\$aws\/rules\/[^/]+\//, "");
  return size(counted) <= 256 && counted.split("/").length <= 8 && /^(?!\$)|^\$(aws|share)\//.test(topic);
}

const isObject = (value: unknown): value is State =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 7396, as the shadow merges. */
function merge(into: State, patch: State): State {
  const merged = { ...into };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = isObject(value) && isObject(merged[name]) ? merge(merged[name], value) : value;
  }
  return merged;
}

function deltaOf({ desired, reported }: Shadow): State | undefined {
  const names = Object.keys(desired).filter((name) => JSON.stringify(desired[name]) !== JSON.stringify(reported[name]));
  return names.length > 0 ? Object.fromEntries(names.map((name) => [name, desired[name]])) : undefined;
}

class ShadowService {
  isMute = false;
  private readonly shadows = new Map<string, Shadow>();

  take(topic: string, payload: string, broker: CloudBroker): void {
    const [, prefix, verb] = /^(\$aws\/things\/[^/]+\/shadow\/(?:name\/[^/]+\/)?)(get|update)$/.exec(topic) ?? [];
    if (this.isMute || prefix === undefined) return;
    if (verb === "get") this.get(prefix, payload, broker);
    else this.update(prefix, payload, broker);
  }

  desire(prefix: string, desired: State, broker: CloudBroker): void {
    this.change(prefix, { desired }, broker, undefined);
  }

  forget(prefix: string): void {
    this.shadows.delete(prefix);
  }

  private get(prefix: string, payload: string, broker: CloudBroker): void {
    const { clientToken } = (payload === "" ? {} : JSON.parse(payload)) as State;
    const shadow = this.shadows.get(prefix);
    const answer =
      shadow === undefined
        ? { code: 404, message: "No shadow exists with name: ''" }
        : { state: { ...shadow, version: undefined, delta: deltaOf(shadow) }, metadata: {}, version: shadow.version };
    const topic = `${prefix}get/${shadow === undefined ? "rejected" : "accepted"}`;
    broker.send(topic, JSON.stringify({ ...answer, timestamp: 1, clientToken }));
  }

  private update(prefix: string, payload: string, broker: CloudBroker): void {
    const reject = (code: number, message: string, clientToken?: unknown): void =>
      broker.send(`${prefix}update/rejected`, JSON.stringify({ code, message, timestamp: 1, clientToken }));
    let document: State;
    try {
      document = JSON.parse(payload) as State;
    } catch {
      reject(400, "Invalid JSON");
      return;
    }
    const { state, clientToken, version } = document;
    if (!isObject(state)) reject(400, "Missing required node: state", clientToken);
    else if (typeof clientToken === "string" && size(clientToken) > 64) reject(400, "Invalid clientToken");
    else if (size(JSON.stringify(state)) > 8192)
      reject(413, "The payload exceeds the maximum size allowed", clientToken);
    else if (version !== undefined && version !== (this.shadows.get(prefix)?.version ?? 0))
      reject(409, "Version conflict", clientToken);
    else this.change(prefix, state, broker, clientToken);
  }

  private change(prefix: string, state: State, broker: CloudBroker, clientToken: unknown): void {
    const before = this.shadows.get(prefix) ?? { desired: {}, reported: {}, version: 0 };
    const shadow: Shadow = {
      desired: merge(before.desired, isObject(state["desired"]) ? state["desired"] : {}),
      reported: merge(before.reported, isObject(state["reported"]) ? state["reported"] : {}),
      version: before.version + 1,
    };
    this.shadows.set(prefix, shadow);
    const head = { version: shadow.version, timestamp: 1, clientToken };
    // "Doesn't guarantee the order": the acceptance first, as it is worse for the device.
    broker.send(`${prefix}update/accepted`, JSON.stringify({ state, metadata: {}, ...head }));
    const delta = deltaOf(shadow);
    if (delta) broker.send(`${prefix}update/delta`, JSON.stringify({ state: delta, metadata: {}, ...head }));
  }
}

export async function startAws(secondMs = 1000): Promise<AwsService> {
  const service = new ShadowService();
  const rules: Rules = {
    connect({ clientId, will }) {
      if (clientId === "" || size(clientId) > 128 || clientId.startsWith("$")) return "close";
      return will && (will.qos === 2 || !isTopic(will.topic)) ? "close" : 0;
    },
    // "0 or greater than 1200: the default of 1200; shorter than 30: 30", and 1.5 times that.
    patienceS: (keepalive) => 1.5 * (keepalive === 0 || keepalive > 1200 ? 1200 : Math.max(30, keepalive)),
    publish({ topic, payload, qos, retain }: IPublishPacket) {
      if (qos === 2) return "silent";
      const isRetainedReserved = retain && topic.startsWith("$");
      return payload.length > 128 * 1024 || !isTopic(topic) || isRetainedReserved ? "close" : "take";
    },
    subscribe({ subscriptions }, known) {
      if (subscriptions.some(({ qos }) => qos === 2)) return "silent";
      const topics = subscriptions.map(({ topic }) => topic);
      if (topics.length > 8 || !topics.every(isTopic) || new Set([...known, ...topics]).size > 50) return "close";
      return subscriptions.map(({ qos }) => qos as 0 | 1);
    },
    onPublish: ({ topic, payload }, broker) => service.take(topic, payload.toString(), broker),
  };
  const broker = await startCloudBroker(rules, secondMs);
  const own: Pick<AwsService, "desire" | "forget" | "isMute"> = {
    desire: (prefix, desired) => service.desire(prefix, desired, broker),
    forget: (prefix) => service.forget(prefix),
    get isMute() {
      return service.isMute;
    },
    set isMute(value) {
      service.isMute = value;
    },
  };
  return Object.defineProperties(broker, Object.getOwnPropertyDescriptors(own)) as AwsService;
}
