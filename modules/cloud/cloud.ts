/**
 * What a cloud takes, as data, and the checks that refuse on the device what the cloud would answer by closing the
 * connection without a word. Pure. Sources and grades of every number: docs/clouds.md.
 */
import { type Failure, failure } from "../failure.ts";
import type { ConnectFields } from "../mqtt/types.ts";

/** 0 where the documentation gives no number. */
export interface CloudLimits {
  keepaliveMinS: number;
  keepaliveMaxS: number;
  maxQos: number;
  /** Bytes of a PUBLISH payload. */
  maxPayload: number;
  /** Bytes of a Topic Name or Topic Filter, and its slashes. */
  maxTopic: number;
  maxSlashes: number;
  /** Topic Filters in one SUBSCRIBE, and in one session. */
  maxFilters: number;
  maxSubscriptions: number;
  /** QoS 1 publishes without their PUBACK. */
  maxInflight: number;
  /** `false`: RETAIN becomes a property of the message, and nothing is retained. */
  retained: boolean;
  /** `false`: MQTT 3.1.1 only. */
  mqtt5: boolean;
}

export interface Cloud {
  host: string;
  port: number;
  clientId: string;
  username: string | undefined;
  /** Absent where the client certificate says who this is. */
  password: string | undefined;
  /** One that passes most cellular networks, within the limits. */
  keepalive: number;
  sni: boolean;
  minVersion: "1.2";
  /** The protocol to name in ALPN, without which the port is of no use; "" for none. */
  alpn: string;
  limits: CloudLimits;
  /** What Topic Names begin with that may be published to; empty: any, of those with `$` only `reserved`. */
  topics: string[];
  /** The only Topic Filters there are; empty as for `topics`. */
  filters: string[];
  /** What topics with `$` begin with. Nothing can be retained there. */
  reserved: string[];
  /** `<exempt><one level>/` counts neither for the length nor for the slashes of a topic; "" for none. */
  exempt: string;
  /** What the topic of a Will begins with; "" for any. */
  will: string;
}

/** A name with a dot in it: no scheme, no port, no path, and no address, which SNI cannot carry (RFC 6066, 3). */
export const isHost = (host: string): boolean =>
  /^[A-Za-z0-9][A-Za-z0-9.\-]*$/.test(host) && /[A-Za-z]/.test(host) && host.split(".").length > 1;

const beginsWithOne = (text: string, starts: string[]): boolean => starts.some((start) => text.startsWith(start));

/** Why the cloud does not take this Topic Name or Topic Filter, or undefined. */
const refuseName = (cloud: Cloud, name: string, isKnown: boolean): Failure | undefined => {
  const limits = cloud.limits;
  let counted = name;
  if (cloud.exempt && name.startsWith(cloud.exempt)) {
    const rest = name.slice(cloud.exempt.length);
    counted = rest.slice((rest.split("/")[0] as string).length + 1);
  }
  const isBad =
    !isKnown ||
    !counted ||
    (limits.maxTopic && counted.length > limits.maxTopic) ||
    (limits.maxSlashes && counted.split("/").length - 1 > limits.maxSlashes);
  return isBad ? failure("CLOUD_TOPIC", name) : undefined;
};

const isOurs = (cloud: Cloud, name: string): boolean => name[0] !== "$" || beginsWithOne(name, cloud.reserved);

/** Before `publish`; `length` is that of the payload. */
export const refusePublish = (
  cloud: Cloud,
  topic: string,
  length: number,
  qos: number,
  retain: boolean,
): Failure | undefined => {
  if (qos > cloud.limits.maxQos) return failure("CLOUD_QOS", qos);
  if (length > cloud.limits.maxPayload) return failure("CLOUD_PAYLOAD", length);
  const isKnown = cloud.topics[0] ? beginsWithOne(topic, cloud.topics) : isOurs(cloud, topic);
  return refuseName(cloud, topic, isKnown && !(retain && topic[0] === "$"));
};

/** Before `subscribe`, with all filters of the call. */
export const refuseSubscribe = (cloud: Cloud, filters: string[], qos: number): Failure | undefined => {
  if (qos > cloud.limits.maxQos) return failure("CLOUD_QOS", qos);
  // A text that says how many: the cause of the others is the filter.
  if (filters.length > cloud.limits.maxFilters) return failure("CLOUD_TOPIC", `${filters.length} filters`);
  for (const filter of filters) {
    const isKnown = cloud.filters[0] ? cloud.filters.includes(filter) : isOurs(cloud, filter);
    const error = refuseName(cloud, filter, isKnown);
    if (error) return error;
  }
  return undefined;
};

/**
 * Before the first connection, with what CONNECT will carry: a keep alive, client identifier or Will of one's own is
 * checked against the cloud's. `canAlpn`: the modem can name a protocol in its TLS handshake.
 */
export const refuseConnect = (cloud: Cloud, fields: ConnectFields, canAlpn: boolean): Failure | undefined => {
  const limits = cloud.limits;
  const keepalive = fields.keepalive ?? 60;
  const will = fields.will;
  if (!isHost(cloud.host)) return failure("CLOUD_HOST", cloud.host);
  if (cloud.alpn && !canAlpn) return failure("CLOUD_HOST", cloud.port);
  if ((fields.protocolVersion || 4) > 4 && !limits.mqtt5) return failure("CLOUD_PROTOCOL", fields.protocolVersion);
  if (fields.clientId !== cloud.clientId || !cloud.clientId) return failure("CLOUD_CLIENT_ID", fields.clientId);
  if (!(keepalive >= limits.keepaliveMinS && keepalive <= limits.keepaliveMaxS))
    return failure("CLOUD_KEEPALIVE", keepalive);
  if (!will) return undefined;
  if (!will.topic.startsWith(cloud.will)) return failure("CLOUD_TOPIC", will.topic);
  return refusePublish(cloud, will.topic, (will.payload || "").length, will.qos || 0, !!will.retain);
};
