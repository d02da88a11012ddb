import type { Done, Failure } from "../failure.ts";
import type { Transport } from "./transport.ts";

/** @public */
export type QoS = 0 | 1 | 2;

/**
 * Control Packets, with the field names of npm `mqtt-packet`. Texts and payloads are binary strings: one char is one
 * byte, so a topic is its UTF-8 encoding.
 * @public
 */
export interface PublishPacket {
  qos: QoS;
  dup: boolean;
  retain: boolean;
  topic: string;
  payload: string;
  /** 0 with QoS 0. */
  messageId: number;
}

/** @public */
export interface Will {
  topic: string;
  payload?: string | Uint8Array | undefined;
  qos?: QoS | undefined;
  retain?: boolean | undefined;
}

/** @public */
export interface ConnectFields {
  clientId?: string | undefined;
  /** Clean Session; default true. */
  clean?: boolean | undefined;
  /** Keep Alive in seconds, at least 5, or 0 for none; default 60. */
  keepalive?: number | undefined;
  username?: string | undefined;
  password?: string | Uint8Array | undefined;
  will?: Will | undefined;
}

/** @public */
export interface ConnackPacket {
  returnCode: number;
  sessionPresent: boolean;
}

/** @public */
export interface Subscription {
  topic: string;
  qos: QoS;
}

// ------------------------------------------------------------------------------------------------ the client

/** @public */
export interface ClientOptions extends ConnectFields {
  /** Seconds until a CONNACK, PINGRESP or acknowledgement that does not come ends the connection; 0 never. Default 30. */
  replyTimeoutS?: number | undefined;
  /** No PUBLISH is accepted while so many packets are not done with. Default 50. */
  maxQueue?: number | undefined;
  /** Largest packet that is taken from the broker, in bytes. Default 4096. */
  maxPacket?: number | undefined;
}

/** @public */
export interface PublishOptions {
  qos?: QoS;
  retain?: boolean;
}

/** @public */
export interface SubscribeOptions {
  qos?: QoS;
}

/** @public */
export interface SubscriptionMap {
  [filter: string]: SubscribeOptions;
}

/**
 * One for each filter, in the order of the call; `qos` 128: the broker refused this one.
 * @public
 */
export interface Grant {
  topic: string;
  qos: number;
}

export type SubscribeDone = (error?: Failure, granted?: Grant[]) => void;

/** @public */
export interface Client {
  readonly connected: boolean;
  /** Opens the MQTT session on a transport that is connected; what was in flight follows after CONNACK. */
  attach(transport: Transport): void;
  /** False when it was not accepted; `done` then has the reason. Otherwise `done` comes when the delivery is complete. */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions | Done, done?: Done): boolean;
  subscribe(
    filter: string | string[] | SubscriptionMap,
    options?: SubscribeOptions | SubscribeDone,
    done?: SubscribeDone,
  ): boolean;
  unsubscribe(filter: string | string[], options?: object | Done, done?: Done): boolean;
  /** Waits until all is delivered and sends DISCONNECT; with `force` closes at once, and the broker publishes the Will. */
  end(force?: boolean, done?: () => void): void;
  /** How many packets were accepted and are not done with. */
  queued(): number;

  on(event: "connect", listener: (packet: ConnackPacket) => void): void;
  on(event: "message", listener: (topic: string, payload: string, packet: PublishPacket) => void): void;
  on(event: "error" | "close", listener: (failure?: Failure) => void): void;
}
