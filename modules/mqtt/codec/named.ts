import type { Failure } from "../../failure.ts";
import type { ConnackPacket, ConnectFields, Properties, QoS, ReasonPacket, Subscription } from "../types.ts";

/**
 * Control Packets by name, as objects of npm `mqtt-packet`. Texts and payloads are binary strings: one char is one byte.
 * What only MQTT 5 has is marked so; in MQTT 3.1.1 it is neither read nor written.
 */

/** @public */
export interface NamedConnect extends ConnectFields {
  cmd: "connect";
  protocolId?: string;
  /** 4 is MQTT 3.1.1, 5 is MQTT 5. Default 4. */
  protocolVersion?: number;
}
/** @public */
export interface NamedConnack extends ConnackPacket {
  cmd: "connack";
}
/** @public */
export interface NamedPublish {
  cmd: "publish";
  /** Empty in MQTT 5 where a Topic Alias stands for it. */
  topic: string;
  payload: string;
  qos?: QoS;
  dup?: boolean;
  retain?: boolean;
  messageId?: number;
  /** MQTT 5. */
  properties?: Properties | undefined;
}
/** @public */
export interface NamedConfirm {
  cmd: "puback" | "pubrec" | "pubrel" | "pubcomp";
  messageId: number;
  /** MQTT 5; 0 where the packet leaves it out. */
  reasonCode?: number;
  /** MQTT 5. */
  properties?: Properties | undefined;
}
/** @public */
export interface NamedSubscribe {
  cmd: "subscribe";
  messageId: number;
  subscriptions: Subscription[];
  /** MQTT 5. */
  properties?: Properties | undefined;
}
/** @public */
export interface NamedSuback {
  cmd: "suback";
  messageId: number;
  granted: number[];
  /** MQTT 5. */
  properties?: Properties | undefined;
}
/** @public */
export interface NamedUnsubscribe {
  cmd: "unsubscribe";
  messageId: number;
  unsubscriptions: string[];
  /** MQTT 5. */
  properties?: Properties | undefined;
}
/** @public */
export interface NamedUnsuback {
  cmd: "unsuback";
  messageId: number;
  /** MQTT 5: a reason code for each filter. */
  granted?: number[];
  /** MQTT 5. */
  properties?: Properties | undefined;
}
/** @public */
export interface NamedPing {
  cmd: "pingreq" | "pingresp";
}
/** @public */
export interface NamedDisconnect {
  cmd: "disconnect";
  /** MQTT 5; 0 where the packet leaves it out. */
  reasonCode?: number;
  /** MQTT 5. */
  properties?: Properties | undefined;
}
/**
 * MQTT 5.
 * @public
 */
export interface NamedAuth extends ReasonPacket {
  cmd: "auth";
}
export type NamedPacket =
  | NamedConnect
  | NamedConnack
  | NamedPublish
  | NamedConfirm
  | NamedSubscribe
  | NamedSuback
  | NamedUnsubscribe
  | NamedUnsuback
  | NamedPing
  | NamedDisconnect
  | NamedAuth;

/**
 * Why a stream ends: MQTT_PROTOCOL or MQTT_TOO_LARGE, `cause` is the first byte of the packet.
 * @public
 */
export interface Refusal extends Failure {
  /** What MQTT 5 says of it, to put into CONNACK or DISCONNECT; of a stream of MQTT 3.1.1 too. */
  reasonCode: number;
}
