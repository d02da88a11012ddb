/** A scripted MQTT 5 broker on npm `mqtt-packet`, with binary strings, and the client of a build that has MQTT 5. */
import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import mqttPacket from "mqtt-packet";
import type { Failure } from "../../modules/failure.ts";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import type { Transport } from "../../modules/mqtt/transport.ts";
import type { Store } from "../../modules/mqtt/types.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import type { Event } from "./client-rig.ts";
import { type Device, fromOracle, hex, loadClient, type NamedPacket, oracleEncode } from "./mqtt.ts";

export type Client = ClientModule.Client;
export type ClientOptions = ClientModule.ClientOptions;
/** A packet by the names of `mqtt-packet`. */
export type Packet = { cmd: string; properties?: Record<string, unknown> } & Record<string, unknown>;

/** The client with MQTT 5; with `OUTBOX` it takes a store. */
export const loadFive = (OUTBOX = false, globals: Record<string, unknown> = {}): Promise<Device> =>
  loadClient({ MQTT5: true, OUTBOX }, globals);

/** The broker's end. `five` false: it speaks 3.1.1. */
export class FiveWire implements Transport {
  /** Packets that the client sent and `take` has not given out yet. */
  readonly sent: Packet[] = [];
  /** The bytes of each write. */
  readonly writes: string[] = [];
  isClosed = false;
  /** False: a write is done only when the test calls `finish`. */
  isPrompt = true;
  onData?: (bytes: string) => void;
  onClose?: (cause?: Failure) => void;
  private done: ((error?: Failure) => void) | undefined;
  private readonly five: boolean;
  private readonly parser: EventEmitter & { parse(data: Buffer): number };

  constructor(five = true) {
    this.five = five;
    this.parser = mqttPacket.parser({ protocolVersion: five ? 5 : 4 } as never) as never;
    this.parser.on("packet", (packet: Packet) => this.sent.push(fromOracle(packet) as Packet));
    this.parser.on("error", (error: Error) => assert.fail(`${error.message}: ${hex(this.writes.at(-1) ?? "")}`));
  }

  write(bytes: string, done: (error?: Failure) => void): void {
    assert.equal(this.done, undefined, "one write at a time");
    assert.equal(this.isClosed, false, "nothing is written to a closed transport");
    assert.ok(bytes.length > 0, "an empty write");
    this.writes.push(bytes);
    this.done = done;
    this.parser.parse(Buffer.from(bytes, "latin1"));
    if (this.isPrompt) setImmediate(() => this.finish());
  }

  finish(): void {
    const done = this.done;
    this.done = undefined;
    done?.();
  }

  close(): void {
    this.isClosed = true;
  }

  poll(): void {}

  /** In one chunk. */
  give(...packets: Packet[]): void {
    this.raw(packets.map((packet) => encode(packet, this.five)).join(""));
  }

  raw(bytes: string): void {
    this.onData?.(bytes);
  }

  drop(): void {
    this.isClosed = true;
    this.onClose?.({ code: "SOCKET_CLOSED" });
  }

  take(): Packet[] {
    return this.sent.splice(0);
  }

  one(): Packet {
    const packets = this.take();
    assert.equal(packets.length, 1, JSON.stringify(packets));
    return packets[0] as Packet;
  }
}

export const encode = (packet: Packet, five = true): string => oracleEncode(packet as unknown as NamedPacket, five);

export const connack = (properties?: Record<string, unknown>, sessionPresent = false): Packet => ({
  cmd: "connack",
  sessionPresent,
  reasonCode: 0,
  ...(properties ? { properties } : {}),
});

export interface FiveRig {
  client: Client;
  events: Event[];
}

export function createFive(device: Device, options: ClientOptions = {}, store?: Store): FiveRig {
  const client = device.createClient({ clientId: "dev", protocolVersion: 5, ...options }, store);
  const events: Event[] = [];
  client.on("connect", (packet) => events.push(["connect", toHost(packet)]));
  client.on("message", (topic, payload, packet) => events.push(["message", topic, payload, toHost(packet)]));
  client.on("error", (error) => events.push(["error", toHost(error)]));
  client.on("close", (error) => events.push(["close", toHost(error)]));
  return { client, events };
}

/** A new connection that the broker has accepted; `events` starts empty. */
export async function attachFive(
  device: Device,
  rig: FiveRig,
  properties?: Record<string, unknown>,
  sessionPresent = false,
): Promise<FiveWire> {
  const wire = new FiveWire();
  rig.client.attach(wire);
  await device.settle();
  assert.equal(wire.one().cmd, "connect");
  rig.events.splice(0);
  wire.give(connack(properties, sessionPresent));
  await device.settle();
  assert.deepEqual(
    rig.events.splice(0).map(([name]) => name),
    ["connect"],
  );
  return wire;
}

export async function connectedFive(
  device: Device,
  options?: ClientOptions,
  properties?: Record<string, unknown>,
): Promise<FiveRig & { wire: FiveWire }> {
  const rig = createFive(device, options);
  const wire = await attachFive(device, rig, properties);
  return { ...rig, wire };
}

/** What a failure is to a listener. */
export const fault = (code: string, cause?: number | string, reason?: string): Record<string, unknown> => ({
  code,
  cause,
  command: undefined,
  ...(reason === undefined ? {} : { reason }),
});

/** The codes of failures, without what else they say. */
export const codes = (events: unknown[][]): unknown[] =>
  events.map(([name, error]) => [name, (error as Failure | undefined)?.code, (error as Failure | undefined)?.cause]);
