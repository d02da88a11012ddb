/** The client on a real socket, with a real broker, aedes, and MQTT.js as the other party. */
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { type SocketTransport, socketTransport } from "../support/socket-transport.ts";

const LIMIT = { timeout: 20_000 };
const board = new VirtualBoard({ board: "rak5010", serial: { paced: false } });
board.start();
const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", { board });

let aedes: Aedes;
let server: Server;
let port: number;
const sockets = new Set<Socket>();

before(async () => {
  aedes = await Aedes.createBroker();
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

after(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  server.close();
  board.stop();
});

async function open(pieces?: number): Promise<SocketTransport> {
  const socket = connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socketTransport(socket, pieces);
}

type Client = ClientModule.Client;

/** Attached and connected. */
async function attach(client: Client, pieces?: number): Promise<SocketTransport> {
  const transport = await open(pieces);
  const connected = new Promise<void>((resolve) => client.on("connect", () => resolve()));
  client.attach(transport);
  await connected;
  return transport;
}

const published = (client: Client, topic: string, payload: string, qos: 0 | 1 | 2, retain = false) =>
  new Promise<unknown>((resolve) => client.publish(topic, payload, { qos, retain }, resolve));
const subscribed = (client: Client, filter: string, qos: 0 | 1 | 2) =>
  new Promise<unknown[]>((resolve) =>
    client.subscribe(filter, { qos }, (error, granted) => resolve([toHost(error), toHost(granted)])),
  );
const ended = (client: Client) => new Promise<void>((resolve) => client.end(false, resolve));

/** Resolves when `count` messages were received. */
function collect(client: Client, count: number): { list: string[]; all: Promise<string[]> } {
  const list: string[] = [];
  const all = new Promise<string[]>((resolve) => {
    client.on("message", (topic, payload, packet) => {
      list.push(`${topic} ${payload} ${packet.qos}${packet.retain ? " retained" : ""}`);
      if (list.length === count) resolve(list);
    });
  });
  return { list, all };
}

test("both directions, QoS 0, 1 and 2, with MQTT.js on the other side", LIMIT, async () => {
  const other = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: "other" });
  const heard: string[] = [];
  other.on("message", (topic, payload, packet) => {
    heard.push(`${topic} ${payload.toString("latin1")} ${packet.qos}`);
  });
  await other.subscribeAsync("up/#", { qos: 2 });

  const client = createClient({ clientId: "both", keepalive: 60 });
  // Pieces of three bytes: no packet comes whole.
  await attach(client, 3);
  const incoming = collect(client, 3);
  assert.deepEqual(await subscribed(client, "down/+", 2), [undefined, [{ topic: "down/+", qos: 2 }]]);
  for (const qos of [0, 1, 2] as const)
    assert.equal(await published(client, `up/${qos}`, "\0\xff\r\n", qos), undefined);
  for (const qos of [0, 1, 2] as const) await other.publishAsync(`down/${qos}`, `hello ${qos}`, { qos });
  assert.deepEqual(await incoming.all, ["down/0 hello 0 0", "down/1 hello 1 1", "down/2 hello 2 2"]);
  while (heard.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(heard, ["up/0 \0\xff\r\n 0", "up/1 \0\xff\r\n 1", "up/2 \0\xff\r\n 2"]);
  await ended(client);
  await other.endAsync();
});

test("topics beyond ASCII are the same text on both sides", LIMIT, async () => {
  const other = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  await other.subscribeAsync("über/€/🐦");
  const heard = new Promise<string>((resolve) => other.on("message", (topic) => resolve(topic)));
  const client = createClient({ clientId: "utf8" });
  await attach(client);
  await published(client, Buffer.from("über/€/🐦").toString("latin1"), "", 1);
  assert.equal(await heard, "über/€/🐦");
  await ended(client);
  await other.endAsync();
});

test("a retained message reaches a later subscriber", LIMIT, async () => {
  const client = createClient({ clientId: "retainer" });
  await attach(client);
  await published(client, "kept/1", "old", 1, true);
  await published(client, "kept/1", "new", 1, true);
  const incoming = collect(client, 1);
  await subscribed(client, "kept/#", 1);
  assert.deepEqual(await incoming.all, ["kept/1 new 1 retained"]);
  await ended(client);
});

test("the Will is published when the connection breaks, not when it ends", LIMIT, async () => {
  const other = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  await other.subscribeAsync("will/#", { qos: 1 });
  const heard: string[] = [];
  other.on("message", (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
  const will = (name: string) => ({ topic: `will/${name}`, payload: "offline", qos: 1 as const });

  const orderly = createClient({ clientId: "orderly", will: will("orderly") });
  await attach(orderly);
  await ended(orderly);
  const broken = createClient({ clientId: "broken", will: will("broken") });
  const closed = new Promise<void>((resolve) => broken.on("close", () => resolve()));
  const transport = await attach(broken);
  transport.drop();
  await closed;
  while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(heard, ["will/broken offline"]);
  await other.endAsync();
});

test("a session outlives its connection, both ways", LIMIT, async () => {
  const other = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  const heard: string[] = [];
  other.on("message", (_topic, payload) => heard.push(payload.toString()));
  await other.subscribeAsync("session/up", { qos: 2 });

  const client = createClient({ clientId: "session", clean: false });
  const incoming = collect(client, 2);
  const first = await attach(client);
  await subscribed(client, "session/down", 2);
  const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
  first.drop();
  await closed;
  await other.publishAsync("session/down", "while away 1", { qos: 1 });
  await other.publishAsync("session/down", "while away 2", { qos: 2 });
  const sent = [1, 2].map((qos) => published(client, "session/up", `offline ${qos}`, qos as 1 | 2));

  let isResumed = false;
  client.on("connect", (packet) => {
    isResumed = packet.sessionPresent;
  });
  await attach(client);
  assert.equal(isResumed, true);
  assert.deepEqual(await Promise.all(sent), [undefined, undefined]);
  assert.deepEqual((await incoming.all).sort(), ["session/down while away 1 1", "session/down while away 2 2"]);
  while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(heard, ["offline 1", "offline 2"]);
  await ended(client);
  await other.endAsync();
});

test("a session that the broker has lost: subscribed again without a word from the application", LIMIT, async () => {
  const client = createClient({ clientId: "lost", clean: true });
  const incoming = collect(client, 1);
  const transport = await attach(client);
  await subscribed(client, "lost/#", 1);
  const closed = new Promise<void>((resolve) => client.on("close", () => resolve()));
  transport.drop();
  await closed;
  await attach(client);
  await published(client, "lost/x", "again", 1);
  assert.deepEqual(await incoming.all, ["lost/x again 1"]);
  await ended(client);
});

test("a refused user is told why", LIMIT, async () => {
  aedes.authenticate = (who, _user, _password, done) => {
    if (who?.id === "intruder") done(Object.assign(new Error("no"), { returnCode: 4 as const }), null);
    else done(null, true);
  };
  const client = createClient({ clientId: "intruder", username: "u", password: "wrong" });
  const refused = new Promise<unknown>((resolve) => client.on("error", (failure) => resolve(toHost(failure))));
  client.attach(await open());
  assert.deepEqual(await refused, { code: "MQTT_REFUSED", cause: 4, command: undefined });
  assert.equal(client.connected, false);
});

test("a hundred messages of each QoS in a burst, each once", LIMIT, async () => {
  const client = createClient({ clientId: "burst", maxQueue: 400 });
  await attach(client);
  const incoming = collect(client, 300);
  await subscribed(client, "burst/#", 2);
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < 100; i++) {
    for (const qos of [0, 1, 2] as const) all.push(published(client, `burst/${qos}`, `${i} ${"x".repeat(i * 5)}`, qos));
  }
  assert.ok((await Promise.all(all)).every((error) => error === undefined));
  const list = await incoming.all;
  assert.equal(new Set(list).size, 300);
  await ended(client);
});
