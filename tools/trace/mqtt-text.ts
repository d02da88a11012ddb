/** A Control Packet as one line and as fields: printable, secrets masked. */
import type {
  IConnackPacket,
  IConnectPacket,
  IPublishPacket,
  ISubackPacket,
  ISubscribePacket,
  Packet,
} from "mqtt-packet";
import type { MqttSummary, Severity } from "./event.ts";
import { MASK, maskText } from "./mask.ts";
import { connackText, reasonText, VERSIONS } from "./mqtt-words.ts";
import { bytesText, printableBytes, printablePayload, printableText, shortened } from "./printable.ts";

const LONGEST_PAYLOAD = 300;
const LONGEST_NAME = 200;

export interface MqttText {
  readonly text: string;
  readonly severity: Severity;
  readonly code: string | undefined;
  readonly packet: MqttSummary;
}

const name = (text: string): string => shortened(maskText(printableText(text)), LONGEST_NAME);

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** The beginning of a payload. */
function payloadText(payload: string | Uint8Array): { bytes: number; text: string } {
  if (typeof payload === "string")
    return { bytes: payload.length, text: shortened(maskText(printableText(payload)), LONGEST_PAYLOAD) };
  // Masked before it is cut: half of a key would not be known for one.
  return { bytes: payload.length, text: shortened(maskText(printablePayload(latin1(payload))), LONGEST_PAYLOAD) };
}

const SECRET_PROPERTIES = new Set(["authenticationData"]);

/** Properties of MQTT 5: ` {contentType: json}`. */
function propertiesText(properties: object | undefined): string {
  const shown = Object.entries(properties ?? {}).map(([key, value]: [string, unknown]) => {
    if (SECRET_PROPERTIES.has(key)) return `${key}: ${MASK}`;
    if (value instanceof Uint8Array) return `${key}: ${printableBytes(latin1(value))}`;
    return `${key}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
  });
  return shown.length === 0 ? "" : ` {${shortened(maskText(printableText(shown.join(", "))), LONGEST_PAYLOAD)}}`;
}

function connect(packet: IConnectPacket): string {
  const { will, clean, keepalive, username, password } = packet;
  return [
    `CONNECT MQTT ${VERSIONS[packet.protocolVersion ?? 4] ?? "?"}, client ${name(packet.clientId)}`,
    clean === true ? "clean session" : "session kept",
    `keep alive ${keepalive ?? 0} s`,
    will === undefined
      ? ""
      : `Will on ${name(will.topic)} QoS ${will.qos ?? 0}${will.retain === true ? " retained" : ""}`,
    username === undefined ? "" : `user name ${MASK}`,
    password === undefined ? "" : `password ${MASK}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function connack(packet: IConnackPacket, version: number): string {
  const code = version === 5 ? (packet.reasonCode ?? 0) : (packet.returnCode ?? 0);
  if (code !== 0) return `CONNACK refused: ${code} ${version === 5 ? reasonText(code) : connackText(code)}`;
  return `CONNACK accepted, ${packet.sessionPresent ? "session present" : "new session"}`;
}

function publish(packet: IPublishPacket): string {
  const { bytes, text } = payloadText(packet.payload);
  const id = packet.qos > 0 ? ` id ${packet.messageId ?? "?"}` : "";
  const flags = `${packet.retain ? " retained" : ""}${packet.dup ? " again (DUP)" : ""}`;
  const topic = packet.topic === "" ? `(alias ${packet.properties?.topicAlias ?? "?"})` : name(packet.topic);
  return `PUBLISH ${topic} QoS ${packet.qos}${id}${flags}, ${bytesText(bytes)}${text === "" ? "" : ` ${text}`}`;
}

function subscribe(packet: ISubscribePacket): string {
  return `SUBSCRIBE id ${packet.messageId ?? "?"}: ${packet.subscriptions.map(({ topic, qos }) => `${name(topic)} QoS ${qos}`).join(", ")}`;
}

function suback(packet: ISubackPacket, version: number): { text: string; isRefused: boolean } {
  const codes = packet.granted.map(Number);
  const words = codes.map((code) =>
    code < 3 ? `QoS ${code}` : version === 5 ? `${code} ${reasonText(code)}` : `${code} refused`,
  );
  return {
    text: `SUBACK id ${packet.messageId ?? "?"}: ${words.join(", ")}`,
    isRefused: codes.some((code) => code > 2),
  };
}

/** What only has an identifier, and in MQTT 5 a reason. */
function plain(packet: Packet, reason: number | undefined): string {
  const id = packet.messageId === undefined ? "" : ` id ${packet.messageId}`;
  return `${packet.cmd.toUpperCase()}${id}${reason === undefined || reason === 0 ? "" : `: ${reason} ${reasonText(reason)}`}`;
}

const reasonOf = (packet: Packet): number | undefined => {
  const reason = "reasonCode" in packet ? packet.reasonCode : undefined;
  return typeof reason === "number" ? reason : undefined;
};

function line(packet: Packet, version: number): { text: string; severity: Severity; code?: string } {
  const properties = propertiesText("properties" in packet ? packet.properties : undefined);
  if (packet.cmd === "connect") return { text: connect(packet) + properties, severity: "info" };
  if (packet.cmd === "connack") {
    const text = connack(packet, version);
    const isRefused = text.startsWith("CONNACK refused");
    return {
      text: text + properties,
      severity: isRefused ? "fault" : "good",
      ...(isRefused ? { code: "MQTT_REFUSED" } : {}),
    };
  }
  if (packet.cmd === "publish") return { text: publish(packet) + properties, severity: "info" };
  if (packet.cmd === "subscribe") return { text: subscribe(packet) + properties, severity: "info" };
  if (packet.cmd === "suback") {
    const { text, isRefused } = suback(packet, version);
    return {
      text: text + properties,
      severity: isRefused ? "fault" : "info",
      ...(isRefused ? { code: "MQTT_SUBSCRIBE" } : {}),
    };
  }
  if (packet.cmd === "unsubscribe")
    return {
      text: `${plain(packet, undefined)}: ${packet.unsubscriptions.map(name).join(", ")}${properties}`,
      severity: "info",
    };
  const reason = reasonOf(packet);
  if (reason === undefined || reason < 128) return { text: plain(packet, reason) + properties, severity: "info" };
  const code = packet.cmd === "disconnect" ? "MQTT_DISCONNECTED" : "MQTT_REJECTED";
  return { text: plain(packet, reason) + properties, severity: "fault", code };
}

export function mqttText(packet: Packet, version: number): MqttText {
  const { text, severity, code } = line(packet, version);
  const published = packet.cmd === "publish" ? packet : undefined;
  const payload = published === undefined ? undefined : payloadText(published.payload);
  return {
    text,
    severity,
    code,
    packet: {
      cmd: packet.cmd,
      version,
      messageId: packet.messageId,
      topic: published === undefined ? undefined : name(published.topic),
      qos: published?.qos,
      retain: published?.retain ?? false,
      dup: published?.dup ?? false,
      payloadBytes: payload?.bytes,
      payload: payload?.text,
    },
  };
}
