/** What the MQTT tests share: the device's codec on a virtual board, and npm `mqtt-packet` with binary strings. */
import type { EventEmitter } from "node:events";
import mqttPacket from "mqtt-packet";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import type * as PacketModule from "../../modules/mqtt/codec/codec.ts";
import type { Features } from "../../tools/build/bundle.ts";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";

export type { NamedPacket } from "../../modules/mqtt/codec/codec.ts";
export type Codec = typeof PacketModule;
export type Side = "client" | "server";
type Named = PacketModule.NamedPacket;

export async function loadCodec(): Promise<Codec> {
  return loadModule<Codec>("modules/mqtt/codec/codec.ts");
}

export interface Device {
  createClient: typeof ClientModule.createClient;
  /** Lets writes be done and listeners run, without time. */
  settle(): Promise<void>;
  /** Lets seconds pass. */
  pass(seconds: number): Promise<void>;
  board: VirtualBoard;
}

/** The client, without MQTT 5 and outbox if nothing else is said, on a board whose time stands still until the test moves it. */
export async function loadClient(
  features: Partial<Features> = {},
  globals: Record<string, unknown> = {},
): Promise<Device> {
  const clock = createManualClock();
  const board = new VirtualBoard({ board: "rak5010", serial: { paced: false }, clock });
  board.start();
  const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", {
    board,
    features: { MQTT5: false, OUTBOX: false, ...features },
    globals,
  });
  async function settle(): Promise<void> {
    // Listeners run from the interpreter's idle loop, writes are done in the host's next turn.
    for (let i = 0; i < 6; i++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      clock.advance(0);
    }
  }
  async function pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1000);
      await settle();
    }
  }
  return { createClient, settle, pass, board };
}

export const hex = (bytes: string): string => Buffer.from(bytes, "latin1").toString("hex");
export const unhex = (text: string): string => Buffer.from(text.replace(/\s+/g, ""), "hex").toString("latin1");

// ------------------------------------------------------------------------------------------------ npm mqtt-packet

type Bag = Record<string, unknown>;

/** What it makes a Buffer of; every other text it decodes as UTF-8. */
const BINARY = ["payload", "password", "correlationData", "authenticationData"];
const utf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");

const fields: Record<string, readonly string[]> = {
  connect: ["protocolId", "protocolVersion", "clean", "keepalive", "clientId", "username", "password", "will"],
  connack: ["sessionPresent", "returnCode", "reasonCode"],
  publish: ["topic", "payload", "qos", "dup", "retain"],
  puback: ["messageId", "reasonCode"],
  pubrec: ["messageId", "reasonCode"],
  pubrel: ["messageId", "reasonCode"],
  pubcomp: ["messageId", "reasonCode"],
  subscribe: ["messageId", "subscriptions"],
  suback: ["messageId", "granted"],
  unsubscribe: ["messageId", "unsubscriptions"],
  unsuback: ["messageId", "granted"],
  disconnect: ["reasonCode"],
  auth: ["reasonCode"],
};

/** Texts and Buffers to binary strings, at any depth; names of User Properties too. */
function toBinary(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value, "utf8").toString("latin1");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(toBinary);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [toBinary(name), toBinary(one)]));
}

/** The opposite. */
function fromBinary(value: unknown, name = ""): unknown {
  if (typeof value === "string") return BINARY.includes(name) ? Buffer.from(value, "latin1") : utf8(value);
  if (Array.isArray(value)) return value.map((one) => fromBinary(one, name));
  if (typeof value !== "object" || value === null) return value;
  if (name === "userProperties")
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [utf8(key), fromBinary(one)]));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fromBinary(one, key)]));
}

/** A packet of `mqtt-packet` as the device has it: the fields of that packet only, texts as their bytes. */
export function fromOracle(packet: Bag): Bag {
  const cmd = packet["cmd"] as string;
  const out: Bag = { cmd };
  for (const name of [...(fields[cmd] ?? []), "properties"]) {
    if (packet[name] !== undefined && packet[name] !== null) out[name] = toBinary(packet[name]);
  }
  if (cmd === "publish" && packet["qos"]) out["messageId"] = packet["messageId"];
  return out;
}

export function oracleEncode(packet: Named, five = false): string {
  const options = { protocolVersion: five ? 5 : 4 } as never;
  return Buffer.from(mqttPacket.generate(fromBinary(packet) as mqttPacket.Packet, options)).toString("latin1");
}

/** Every packet in `bytes`, as `mqtt-packet` reads it; throws what it refuses them with. */
export function oracleDecode(bytes: string, five = false): Bag[] {
  const packets: Bag[] = [];
  const parser = mqttPacket.parser({ protocolVersion: five ? 5 : 4 } as never) as unknown as EventEmitter & {
    parse(data: Buffer): number;
  };
  parser.on("packet", (packet: Bag) => packets.push(fromOracle(packet)));
  parser.on("error", (error: Error) => {
    throw error;
  });
  parser.parse(Buffer.from(bytes, "latin1"));
  return packets;
}
