import type { Done, Failure } from "../failure.ts";
import type { Transport } from "./transport.ts";

/** @public */
export type QoS = 0 | 1 | 2;

/**
 * Properties of MQTT 5 by the names of npm `mqtt-packet`; which packet may carry which stands in section 2.2.2.2 of the
 * specification. Seconds, bytes and counts as there. Texts and binary data are binary strings.
 * @public
 */
export interface Properties {
  payloadFormatIndicator?: boolean | undefined;
  messageExpiryInterval?: number | undefined;
  contentType?: string | undefined;
  responseTopic?: string | undefined;
  correlationData?: string | undefined;
  /** Several where several subscriptions matched. */
  subscriptionIdentifier?: number | number[] | undefined;
  sessionExpiryInterval?: number | undefined;
  assignedClientIdentifier?: string | undefined;
  serverKeepAlive?: number | undefined;
  authenticationMethod?: string | undefined;
  authenticationData?: string | undefined;
  requestProblemInformation?: boolean | undefined;
  willDelayInterval?: number | undefined;
  requestResponseInformation?: boolean | undefined;
  responseInformation?: string | undefined;
  serverReference?: string | undefined;
  reasonString?: string | undefined;
  receiveMaximum?: number | undefined;
  topicAliasMaximum?: number | undefined;
  topicAlias?: number | undefined;
  maximumQoS?: number | undefined;
  retainAvailable?: boolean | undefined;
  /** Values by name; a name that comes again has all its values in a list. */
  userProperties?: { [name: string]: string | string[] } | undefined;
  maximumPacketSize?: number | undefined;
  wildcardSubscriptionAvailable?: boolean | undefined;
  subscriptionIdentifiersAvailable?: boolean | undefined;
  sharedSubscriptionAvailable?: boolean | undefined;
}

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
  /** MQTT 5. */
  properties?: Properties | undefined;
}

/** @public */
export interface Will {
  topic: string;
  payload?: string | Uint8Array | undefined;
  qos?: QoS | undefined;
  retain?: boolean | undefined;
  /** MQTT 5. */
  properties?: Properties | undefined;
}

/** @public */
export interface ConnectFields {
  /** 4 is MQTT 3.1.1, 5 is MQTT 5 where the image has it. Default 4. */
  protocolVersion?: number | undefined;
  clientId?: string | undefined;
  /** Clean Session; default true. */
  clean?: boolean | undefined;
  /** Keep Alive in seconds, at least 5, or 0 for none; default 60. */
  keepalive?: number | undefined;
  /** `createClient` takes an empty password for none, and with it an empty user name. */
  username?: string | undefined;
  password?: string | Uint8Array | undefined;
  will?: Will | undefined;
  /** MQTT 5. */
  properties?: Properties | undefined;
}

/** @public */
export interface ConnackPacket {
  sessionPresent: boolean;
  /** MQTT 3.1.1. */
  returnCode?: number;
  /** MQTT 5. */
  reasonCode?: number;
  properties?: Properties | undefined;
}

/**
 * What acknowledges or ends something in MQTT 5, and AUTH both ways.
 * @public
 */
export interface ReasonPacket {
  /** 0 where the packet leaves it out. */
  reasonCode: number;
  properties?: Properties | undefined;
}

/** @public */
export interface SubscribeOptions {
  qos?: QoS | undefined;
  /** MQTT 5: No Local, Retain As Published, Retain Handling. */
  nl?: boolean | undefined;
  rap?: boolean | undefined;
  rh?: number | undefined;
  /** MQTT 5, of the whole packet. */
  properties?: Properties | undefined;
}

/** @public */
export interface Subscription extends SubscribeOptions {
  topic: string;
  qos: QoS;
}

// ------------------------------------------------------------------------------------------------ the client

/**
 * What gives way when a PUBLISH finds the queue full: this one, with an error (`reject`); the oldest or the newest of those
 * that wait, whose callback then has MQTT_DROPPED: not what is under way on this connection, nor what is of QoS 2 and may have
 * left before.
 * @public
 */
export type FullPolicy = "reject" | "drop-oldest" | "drop-newest";

/** @public */
export interface ClientOptions extends ConnectFields {
  /** Seconds until a CONNACK, PINGRESP or acknowledgement that does not come ends the connection; 0 never. Default 30. */
  replyTimeoutS?: number | undefined;
  /** No PUBLISH is accepted while so many packets are not done with. Default 50. */
  maxQueue?: number | undefined;
  /** Only with an outbox; default `reject`. */
  whenFull?: FullPolicy | undefined;
  /** Packets with a Packet Identifier that are under way at once, at most. Default 8. */
  maxInflight?: number | undefined;
  /** Largest packet that is taken from the broker, in bytes. Default 4096. */
  maxPacket?: number | undefined;
  /** MQTT 5: topics leave by Topic Alias as far as the broker takes them. Default false. */
  topicAlias?: boolean | undefined;
  /** Seconds of a clock that is never set, for messages that expire. Default `getTime`. */
  uptime?: (() => number) | undefined;
}

/** @public */
export interface PublishOptions {
  qos?: QoS;
  retain?: boolean;
  /** MQTT 5. */
  properties?: Properties | undefined;
}

/** @public */
export interface SubscriptionMap {
  [filter: string]: SubscribeOptions;
}

/**
 * One for each filter, in the order of the call; `qos` 128 and above: the broker refused this one.
 * @public
 */
export interface Grant {
  topic: string;
  qos: number;
}

export type SubscribeDone = (error?: Failure, granted?: Grant[]) => void;

/** Listeners run at once, not later from the interpreter's loop, in the order in which they were added. */
export interface ClientEvents {
  on(event: "connect", listener: (packet: ConnackPacket) => void): void;
  on(event: "message", listener: (topic: string, payload: string, packet: PublishPacket) => void): void;
  on(event: "error" | "close", listener: (failure?: Failure) => void): void;
  /** `publish` has said false, and now half of the queue is free. */
  on(event: "drain", listener: () => void): void;
}

/** @public */
export interface Client extends ClientEvents {
  readonly connected: boolean;
  /** Opens the MQTT session on a transport that is connected; what was in flight follows after CONNACK. */
  attach(transport: Transport): void;
  /**
   * False: wait for `drain` before the next one. When this one was not accepted, `done` has the reason (MQTT_FULL,
   * MQTT_INVALID) before `publish` returns; else `done` comes when the delivery is complete.
   */
  publish(topic: string, payload: string | Uint8Array, options?: PublishOptions | Done, done?: Done): boolean;
  subscribe(
    filter: string | string[] | SubscriptionMap,
    options?: SubscribeOptions | SubscribeDone,
    done?: SubscribeDone,
  ): boolean;
  unsubscribe(filter: string | string[], options?: SubscribeOptions | Done, done?: Done): boolean;
  /**
   * Waits until all is delivered and sends DISCONNECT, in MQTT 5 with `packet`; with `force` closes at once, and the broker
   * publishes the Will.
   */
  end(force?: boolean, done?: () => void, packet?: ReasonPacket): void;
  /** How many packets were accepted and are not done with. */
  queued(): number;

  /** MQTT 5: an AUTH of the broker; what `reply` is given goes back. Without it the connection ends. */
  onAuth?: (packet: ReasonPacket, reply: (packet: ReasonPacket) => void) => void;
  /** MQTT 5: sends AUTH, to authenticate anew while connected (reason code 0x19). */
  auth?(packet: ReasonPacket): void;
}

/**
 * Where accepted messages and the states of QoS 2 outlive a reset. `id` is a Packet Identifier as two bytes of text.
 */
export interface Store {
  /**
   * What survived, PUBRELs first and then oldest first: an outgoing PUBLISH, its PUBREL (`b`), or the id of an incoming QoS 2
   * message (`P`).
   */
  load(give: (id: string, first: string, since: number) => void): void;
  /**
   * Records `what` for an id: a PUBLISH (whole) was accepted, `b` its PUBREC came, nothing: it is done with; `P` an incoming
   * one was delivered, `p` it was released. False when there is no room now, nothing when there never will be; neither
   * for what frees room.
   */
  put(id: string, what: string): boolean | undefined;
  /** The PUBLISH of this id. */
  read(id: string): string;
}
