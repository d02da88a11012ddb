/** The Control Packets in what one socket writes and reads, whatever pieces it comes in. */
import { type Packet, parser } from "mqtt-packet";
import type { Direction } from "./event.ts";
import { MASK } from "./mask.ts";
import { type MqttText, mqttText } from "./mqtt-text.ts";
import { VERSIONS } from "./mqtt-words.ts";
import { bytesText } from "./printable.ts";

/** A packet that is longer is not waited for: a wrong length would swallow all that follows. */
const LONGEST_PACKET = 65_536;
/** Of a CONNECT the board shows the fixed header, protocol, flags and as a rule the keep alive; never what follows. */
const SHOWN_OF_CONNECT = 12;

/** `undecoded`: why so many bytes are no packet. */
export type MqttFound =
  | ({ readonly kind: "packet" } & MqttText)
  | { readonly kind: "undecoded"; readonly bytes: number; readonly why: string };

export interface MqttStream {
  /** One char a byte. */
  feed(direction: Direction, bytes: string): MqttFound[];
}

/** What of the library is used: any array of bytes will do for it. */
interface PacketParser {
  on(event: "packet", listener: (packet: Packet) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  parse(bytes: Uint8Array): number;
}

interface Half {
  /** Packets of `bytes` and of what came before them. An error leaves nothing behind. */
  feed(bytes: string): { packets: Packet[]; error: string | undefined };
  /** Bytes that wait for the rest of their packet. */
  readonly pending: number;
}

/** Bytes of a packet whose Remaining Length is `length` (MQTT 3.1.1, 2.2.3). */
function wholeLength(length: number): number {
  return 1 + (length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4) + length;
}

function createHalf(version: number): Half {
  let packets: Packet[] = [];
  let error: string | undefined;
  let pending = 0;
  let decoder: PacketParser | undefined;

  function create(): PacketParser {
    const made: PacketParser = parser({ protocolVersion: version });
    made.on("packet", (packet) => {
      packets.push(packet);
      pending -= wholeLength(packet.length ?? 0);
    });
    made.on("error", (reason) => {
      error = reason instanceof Error ? reason.message : String(reason);
    });
    return made;
  }

  return {
    feed(bytes) {
      packets = [];
      error = undefined;
      decoder ??= create();
      try {
        pending += bytes.length;
        decoder.parse(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
      } catch (reason) {
        error = reason instanceof Error ? reason.message : String(reason);
      }
      if (error === undefined && pending > LONGEST_PACKET) error = "longer than any packet of this device";
      if (error !== undefined) {
        decoder = undefined;
        pending = 0;
      }
      return { packets, error };
    },
    get pending() {
      return pending;
    },
  };
}

/** The length of the packet that starts with these bytes, and where it begins behind the fixed header. */
function lengthOf(bytes: string): { total: number; at: number } | undefined {
  let length = 0;
  for (let at = 1; at < 5; at++) {
    const byte = bytes.charCodeAt(at);
    if (Number.isNaN(byte)) return undefined;
    length += (byte & 127) * 128 ** (at - 1);
    if (byte < 128) return { total: length + at + 1, at: at + 1 };
  }
  return undefined;
}

/** A CONNECT of which only the beginning is there. */
function cutConnect(bytes: string): { text: MqttText; version: number } | undefined {
  const length = lengthOf(bytes);
  if (
    !bytes.startsWith("\x10") ||
    bytes.length > SHOWN_OF_CONNECT ||
    length === undefined ||
    length.total <= bytes.length
  )
    return undefined;
  const body = bytes.slice(length.at);
  const level = body.startsWith("\0\x04MQTT") ? body.charCodeAt(6) : 3;
  const version = VERSIONS[level] === undefined ? 4 : level;
  const flags = body.startsWith("\0\x04MQTT") ? body.charCodeAt(7) : Number.NaN;
  const keepAlive = body.charCodeAt(8) * 256 + body.charCodeAt(9);
  const parts = [
    `CONNECT MQTT ${VERSIONS[version] ?? "?"}`,
    Number.isNaN(flags) ? "" : flags & 2 ? "clean session" : "session kept",
    Number.isNaN(keepAlive) ? "" : `keep alive ${keepAlive} s`,
    flags & 4 ? `Will QoS ${(flags >> 3) & 3}${flags & 32 ? " retained" : ""}` : "",
    flags & 128 ? `user name ${MASK}` : "",
    flags & 64 ? `password ${MASK}` : "",
    `${bytesText(length.total)}, the rest is never shown`,
  ];
  return {
    version,
    text: {
      text: parts.filter((part) => part !== "").join(", "),
      severity: "info",
      code: undefined,
      packet: {
        cmd: "connect",
        version,
        messageId: undefined,
        topic: undefined,
        qos: undefined,
        retain: false,
        dup: false,
        payloadBytes: undefined,
        payload: undefined,
      },
    },
  };
}

export function createMqttStream(): MqttStream {
  /** Not known before CONNECT or CONNACK were seen: then 3.1.1 is tried. */
  let version: number | undefined;
  let halves = { out: createHalf(4), in: createHalf(4) };

  function begin(newVersion: number): void {
    version = newVersion;
    halves = { out: createHalf(newVersion), in: createHalf(newVersion) };
  }

  function found(packets: readonly Packet[]): MqttFound[] {
    return packets.map((packet) => {
      if (packet.cmd === "connect") version = packet.protocolVersion ?? 4;
      return { kind: "packet", ...mqttText(packet, version ?? 4) };
    });
  }

  function feed(direction: Direction, bytes: string): MqttFound[] {
    const half = halves[direction];
    const before = half.pending;
    const first = half.feed(bytes);
    const results = found(first.packets);
    const connect = first.packets.find((packet) => packet.cmd === "connect");
    // What comes back is of the same version.
    if (connect !== undefined) halves.in = createHalf(version ?? 4);
    if (first.error === undefined) return results;
    // A line of the trace may have been lost, and this piece begin with a packet of its own.
    if (before > 0 && first.packets.length === 0) {
      const second = half.feed(bytes);
      if (second.error === undefined && second.packets.length > 0)
        return [{ kind: "undecoded", bytes: before, why: "the end of a packet is missing" }, ...found(second.packets)];
    }
    return [...results, { kind: "undecoded", bytes: bytes.length, why: first.error }];
  }

  return {
    feed(direction, bytes) {
      if (bytes === "") return [];
      const cut = direction === "out" ? cutConnect(bytes) : undefined;
      if (cut !== undefined) {
        begin(cut.version);
        return [{ kind: "packet", ...cut.text }];
      }
      // A CONNACK of MQTT 5 is longer than the two bytes of 3.1.1.
      if (version === undefined && direction === "in" && bytes.startsWith("\x20") && bytes.charCodeAt(1) > 2) begin(5);
      return feed(direction, bytes);
    },
  };
}
