/**
 * Every Control Packet, from both ends: the broker says what it was, the modem when its bytes passed the UART. So a
 * publish counts as acknowledged when the device has read the last byte of its PUBACK, not when the broker wrote it.
 */
import type { IConnackPacket, IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { ModemEvent } from "../virtual-modem/index.ts";
import type { BrokerEvent } from "./broker.ts";
import { count, duration, type Tell } from "./entry.ts";
import { createStreamMarks } from "./stream-marks.ts";

export interface Acknowledged {
  readonly topic: string;
  readonly payload: string;
}

export interface MqttStoryOptions {
  readonly tell: Tell;
  readonly now: () => number;
  readonly onConnected: () => void;
  readonly onAcknowledged: (publish: Acknowledged) => void;
}

export interface MqttStory {
  broker(event: BrokerEvent): void;
  modem(event: ModemEvent): void;
}

interface Outgoing {
  readonly packet: IPublishPacket;
  readonly end: number;
  readonly at: number;
}

/** Runs when the device has read up to `end`. */
interface Arrival {
  readonly end: number;
  run(at: number): void;
}

interface Connection {
  readonly sent: ReturnType<typeof createStreamMarks>;
  readonly read: ReturnType<typeof createStreamMarks>;
  readonly published: Map<number, Outgoing>;
  arrivals: Arrival[];
  connect: IConnectPacket | undefined;
  filters: string[];
}

const LONGEST_PAYLOAD = 300;

export function shownPayload(payload: string | Buffer): string {
  const text = payload.toString();
  return text.length > LONGEST_PAYLOAD ? `${text.slice(0, LONGEST_PAYLOAD)}... (${text.length} bytes)` : text;
}

function newConnection(): Connection {
  return {
    sent: createStreamMarks(),
    read: createStreamMarks(),
    published: new Map(),
    arrivals: [],
    connect: undefined,
    filters: [],
  };
}

const CONNACK_CODES = [
  "accepted",
  "refused: protocol version",
  "refused: client identifier",
  "refused: server unavailable",
  "refused: user name or password",
  "refused: not authorised",
];

export function createMqttStory(options: MqttStoryOptions): MqttStory {
  const { tell, now } = options;
  let current = newConnection();
  let currentLink = 0;
  /** When each AT command was given, for counting what a publish costs. */
  const commands: { line: string; at: number }[] = [];

  function exchangesBetween(from: number, to: number): number {
    // The send command itself comes shortly before the bytes that are its first mark.
    const first = commands.findLast((command) => command.at <= from && command.line.includes("SEND"));
    return commands.filter((command) => command.at >= (first?.at ?? from) && command.at <= to).length;
  }

  function acknowledge(connection: Connection, messageId: number, readAt: number): void {
    const outgoing = connection.published.get(messageId);
    if (outgoing === undefined) return;
    connection.published.delete(messageId);
    const { packet, end, at } = outgoing;
    const sentAt = connection.sent.passed(end) ?? at;
    // From the last byte leaving the modem to the last byte of the acknowledgement read by the device.
    const roundTripMs = readAt - sentAt;
    const exchanges = exchangesBetween(sentAt, readAt);
    const payload = packet.payload.toString();
    const flags = `QoS ${packet.qos}${packet.retain ? ", retained" : ""}${packet.dup ? ", sent again" : ""}`;
    const cost = `${duration(roundTripMs)}, ${count(exchanges, "AT exchange")}`;
    tell("publish", `${packet.topic}: acknowledged after ${cost} (${flags})`, {
      details: [{ text: shownPayload(payload) }],
      data: {
        name: packet.topic,
        payload,
        qos: packet.qos,
        dup: packet.dup,
        acknowledged: true,
        roundTripMs: Math.round(roundTripMs),
        exchanges,
      },
    });
    options.onAcknowledged({ topic: packet.topic, payload });
  }

  function connack(connection: Connection, packet: IConnackPacket): void {
    const { connect } = connection;
    const answer = CONNACK_CODES[packet.returnCode ?? 0] ?? `refused: ${packet.returnCode}`;
    if (packet.returnCode !== 0) {
      tell("mqtt", `CONNACK: ${answer}`, { mark: "fault" });
      return;
    }
    const session = packet.sessionPresent ? "session resumed" : "new session";
    const will = connect?.will === undefined ? "" : `, Will "${connect.will.payload}" on ${connect.will.topic}`;
    tell(
      "mqtt",
      `connected as ${connect?.clientId ?? "?"}: ${session}, keep alive ${connect?.keepalive ?? 0} s${will}`,
      {
        mark: "good",
        data: { sessionPresent: packet.sessionPresent },
      },
    );
    options.onConnected();
  }

  function fromDevice(connection: Connection, packet: Packet, end: number): void {
    if (packet.cmd === "connect") connection.connect = packet;
    else if (packet.cmd === "subscribe") connection.filters = packet.subscriptions.map(({ topic }) => topic);
    else if (packet.cmd === "disconnect") tell("mqtt", "the device says goodbye (DISCONNECT)");
    else if (packet.cmd !== "publish") return;
    else if (packet.messageId === undefined)
      tell("publish", `${packet.topic}  ${shownPayload(packet.payload)}  (QoS 0)`);
    else connection.published.set(packet.messageId, { packet, end, at: now() });
  }

  function arrived(connection: Connection, packet: Packet, at: number): void {
    if (packet.cmd === "connack") connack(connection, packet);
    else if (packet.cmd === "suback") {
      const granted = packet.granted.map(
        (qos, index) => `${connection.filters[index] ?? "?"} at QoS ${qos.toString()}`,
      );
      tell("mqtt", `subscribed to ${granted.join(", ")}`, { mark: "good" });
    } else if (packet.cmd === "puback" || packet.cmd === "pubcomp") acknowledge(connection, packet.messageId ?? 0, at);
    else if (packet.cmd === "pingresp") tell("mqtt", "PINGREQ answered");
    else if (packet.cmd === "publish") {
      tell("command", `arrived at the device: ${shownPayload(packet.payload)}`, { data: { name: packet.topic } });
    }
  }

  function settle(connection: Connection): void {
    const due = connection.arrivals.filter(({ end }) => connection.read.total >= end);
    connection.arrivals = connection.arrivals.filter(({ end }) => connection.read.total < end);
    for (const { end, run } of due) run(connection.read.passed(end) ?? now());
  }

  function closed(connection: Connection): void {
    const open = [...connection.published.values()].map(({ packet }) => packet.topic);
    if (open.length > 0) {
      tell("mqtt", `connection lost with ${count(open.length, "packet")} unacknowledged: ${open.join(", ")}`, {
        mark: "fault",
      });
    }
    connection.published.clear();
  }

  return {
    broker(event) {
      if (event.type === "accepted") {
        current = newConnection();
        currentLink = event.link;
      } else if (event.type === "refused") {
        tell("tls", `the broker saw a connection end before TLS was up: ${event.detail}`, {
          mark: "fault",
          data: { code: event.code },
        });
      } else if (event.type === "closed") {
        if (event.link === currentLink) closed(current);
      } else if (event.link !== currentLink) return;
      else if (event.direction === "in") fromDevice(current, event.packet, event.end);
      else {
        const connection = current;
        const { packet, end } = event;
        connection.arrivals.push({ end, run: (at) => arrived(connection, packet, at) });
      }
    },
    modem(event) {
      if (event.type === "command") {
        commands.push({ line: event.line, at: event.at });
        if (commands.length > 256) commands.shift();
      } else if (event.type === "socket" && event.kind === "tls") {
        if (event.action === "sent") current.sent.add(event.bytes, event.at);
        else if (event.action === "read") {
          current.read.add(event.bytes, event.at);
          settle(current);
        }
      }
    },
  };
}
