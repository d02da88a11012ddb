/** The device's MQTT client, with MQTT 5, over TLS of Node to a real mosquitto; and MQTT.js as the other side. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import type * as RequestModule from "../../modules/mqtt/request.ts";
import type { PublishOptions, PublishPacket, SubscribeOptions } from "../../modules/mqtt/types.ts";
import type { Pki } from "../../tools/pki/set.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { type SocketTransport, socketTransport } from "../support/socket-transport.ts";
import type { Mosquitto } from "./mosquitto.ts";

export type Client = ClientModule.Client;
export type ClientOptions = ClientModule.ClientOptions;

export const LIMIT = { timeout: 20_000 };
const board = new VirtualBoard({ board: "rak5010", serial: { paced: false } });
board.start();
const load = { board, features: { MQTT5: true, OUTBOX: false } };
export const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", load);
export const { createRequests, respond } = await loadModule<typeof RequestModule>("modules/mqtt/request.ts", load);
export const stopBoard = (): void => board.stop();

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(what: string, isTrue: () => unknown, patienceMs = 8000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!isTrue()) {
    if (Date.now() > deadline) assert.fail(`${what} did not happen`);
    await sleep(5);
  }
}

export async function open(pki: Pki, broker: Mosquitto): Promise<SocketTransport> {
  assert.ok(pki.client);
  const cable = connect(broker.port, "127.0.0.1");
  const socket = connectTls({
    socket: cable,
    host: "127.0.0.1",
    ca: pki.ca,
    cert: pki.client.chain,
    key: pki.client.traditionalKey,
    maxVersion: "TLSv1.2",
  });
  await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const transport = socketTransport(socket, 700);
  // Of TLS there is no reset.
  transport.drop = () => void cable.resetAndDestroy();
  return transport;
}

/** What a client saw. */
export interface Seen {
  client: Client;
  messages: PublishPacket[];
  failures: { code: string; cause?: unknown; reason?: string }[];
  connects: ClientModule.ClientOptions[];
  sessions: boolean[];
}

export function watch(options: ClientOptions): Seen {
  const client = createClient(options);
  const seen: Seen = { client, messages: [], failures: [], connects: [], sessions: [] };
  client.on("message", (_topic, _payload, packet) => seen.messages.push(toHost(packet) as PublishPacket));
  client.on("error", (failure) => seen.failures.push(toHost(failure) as Seen["failures"][0]));
  client.on("connect", (packet) => {
    seen.sessions.push(packet.sessionPresent);
    seen.connects.push(toHost(packet) as ClientOptions);
  });
  return seen;
}

export async function attach(seen: Seen, pki: Pki, broker: Mosquitto): Promise<SocketTransport> {
  const transport = await open(pki, broker);
  const count = seen.sessions.length;
  seen.client.attach(transport);
  await until("CONNACK", () => seen.sessions.length > count || seen.failures.length > 0);
  assert.equal(seen.sessions.length, count + 1, JSON.stringify(seen.failures));
  return transport;
}

export const published = (client: Client, topic: string, payload: string, options: PublishOptions = {}) =>
  new Promise<{ code: string; cause?: unknown } | undefined>((resolve) =>
    client.publish(topic, payload, options, (error) => resolve(toHost(error) as { code: string } | undefined)),
  );
export const subscribed = (client: Client, filter: string | string[], options: SubscribeOptions = {}) =>
  new Promise<unknown>((resolve, reject) =>
    client.subscribe(filter, options, (error, granted) => (error ? reject(error.code) : resolve(toHost(granted)))),
  );
export const ended = (client: Client) => new Promise<void>((resolve) => client.end(false, resolve));

export interface Other {
  client: MqttClient;
  messages: (IPublishPacket & { text: string })[];
}

export async function startOther(pki: Pki, broker: Mosquitto, options: IClientOptions = {}): Promise<Other> {
  assert.ok(pki.client);
  const client = await mqtt.connectAsync(`mqtts://127.0.0.1:${broker.port}`, {
    ca: pki.ca,
    cert: pki.client.chain,
    key: pki.client.key,
    protocolVersion: 5,
    reconnectPeriod: 0,
    ...options,
  });
  const messages: Other["messages"] = [];
  client.on("error", () => undefined);
  client.on("message", (_topic, payload, packet) => messages.push({ ...packet, text: payload.toString("latin1") }));
  return { client, messages };
}
