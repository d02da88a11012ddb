/** What the MQTT tests share: the device's codec on a virtual board, and npm `mqtt-packet` with binary strings. */
import type { EventEmitter } from "node:events";
import mqttPacket from "mqtt-packet";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import type * as PacketModule from "../../modules/mqtt/packet-server.ts";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";

export type { NamedPacket } from "../../modules/mqtt/packet-server.ts";
export type Codec = typeof PacketModule;
export type Side = "client" | "server";
type Named = PacketModule.NamedPacket;

export async function loadCodec(): Promise<Codec> {
  return loadModule<Codec>("modules/mqtt/packet-server.ts");
}

export interface Device {
  createClient: typeof ClientModule.createClient;
  /** Lets writes be done and listeners run, without time. */
  settle(): Promise<void>;
  /** Lets seconds pass. */
  pass(seconds: number): Promise<void>;
}

/** The client on a board whose time stands still until the test moves it. */
export async function loadClient(): Promise<Device> {
  const clock = createManualClock();
  const board = new VirtualBoard({ board: "rak5010", serial: { paced: false }, clock });
  board.start();
  const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", { board });
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
  return { createClient, settle, pass };
}

export const hex = (bytes: string): string => Buffer.from(bytes, "latin1").toString("hex");
export const unhex = (text: string): string => Buffer.from(text.replace(/\s+/g, ""), "hex").toString("latin1");

const toText = (value: unknown): unknown =>
  typeof value === "string"
    ? Buffer.from(value, "utf8").toString("latin1")
    : value instanceof Uint8Array
      ? Buffer.from(value).toString("latin1")
      : value;

const fields: Record<string, readonly string[]> = {
  connect: ["protocolId", "protocolVersion", "clean", "keepalive", "clientId", "username", "password"],
  connack: ["sessionPresent", "returnCode"],
  publish: ["topic", "payload", "qos", "dup", "retain"],
  puback: ["messageId"],
  pubrec: ["messageId"],
  pubrel: ["messageId"],
  pubcomp: ["messageId"],
  subscribe: ["messageId"],
  suback: ["messageId", "granted"],
  unsubscribe: ["messageId"],
  unsuback: ["messageId"],
};

/** A packet of `mqtt-packet` as the device has it: the fields of 3.1.1 only, texts as their bytes. */
export function fromOracle(packet: Record<string, unknown>): Record<string, unknown> {
  const cmd = packet["cmd"] as string;
  const out: Record<string, unknown> = { cmd };
  for (const name of fields[cmd] ?? []) {
    if (packet[name] !== undefined && packet[name] !== null) out[name] = toText(packet[name]);
  }
  if (cmd === "publish" && packet["qos"]) out["messageId"] = packet["messageId"];
  if (packet["will"]) {
    const will = packet["will"] as Record<string, unknown>;
    out["will"] = Object.fromEntries(["topic", "payload", "qos", "retain"].map((name) => [name, toText(will[name])]));
  }
  if (packet["subscriptions"]) {
    out["subscriptions"] = (packet["subscriptions"] as { topic: string; qos: number }[]).map(({ topic, qos }) => ({
      topic: toText(topic),
      qos,
    }));
  }
  if (packet["unsubscriptions"]) out["unsubscriptions"] = (packet["unsubscriptions"] as string[]).map(toText);
  return out;
}

const utf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");

/** The opposite: the device's packet as `mqtt-packet` takes it. */
export function toOracle(packet: Named): mqttPacket.Packet {
  const out: Record<string, unknown> = { ...packet };
  for (const name of ["topic", "clientId", "username"]) {
    if (typeof out[name] === "string") out[name] = utf8(out[name]);
  }
  for (const name of ["payload", "password"]) {
    if (typeof out[name] === "string") out[name] = Buffer.from(out[name], "latin1");
  }
  if (packet.cmd === "connect" && packet.will) {
    const payload = Buffer.from((packet.will.payload as string | undefined) ?? "", "latin1");
    out["will"] = { ...packet.will, topic: utf8(packet.will.topic), payload };
  }
  if (packet.cmd === "subscribe") {
    out["subscriptions"] = packet.subscriptions.map(({ topic, qos }) => ({ topic: utf8(topic), qos }));
  }
  if (packet.cmd === "unsubscribe") out["unsubscriptions"] = packet.unsubscriptions.map(utf8);
  return out as unknown as mqttPacket.Packet;
}

export function oracleEncode(packet: Named): string {
  return Buffer.from(mqttPacket.generate(toOracle(packet))).toString("latin1");
}

/** Every packet in `bytes`, as `mqtt-packet` reads it. */
export function oracleDecode(bytes: string): Record<string, unknown>[] {
  const packets: Record<string, unknown>[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 4 } as never) as unknown as EventEmitter & {
    parse(data: Buffer): number;
  };
  parser.on("packet", (packet: Record<string, unknown>) => packets.push(fromOracle(packet)));
  parser.on("error", (error: Error) => {
    throw error;
  });
  parser.parse(Buffer.from(bytes, "latin1"));
  return packets;
}
