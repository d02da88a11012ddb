/** A real broker that knows 3.1.1 only, aedes, and a client that asks for MQTT 5. */
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";
import { Aedes } from "aedes";
import type * as ClientModule from "../../modules/mqtt/client.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule } from "../../tools/virtual-board/load-module.ts";
import { socketTransport } from "../support/socket-transport.ts";

test("aedes answers CONNECT of MQTT 5 with a 3.1.1 CONNACK, code 1; the next connection works", async () => {
  const board = new VirtualBoard({ board: "rak5010", serial: { paced: false } });
  board.start();
  const features = { MQTT5: true, OUTBOX: false };
  const { createClient } = await loadModule<typeof ClientModule>("modules/mqtt/client.ts", { board, features });
  const aedes = await Aedes.createBroker();
  const server = createServer((socket) => aedes.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;
  const heard: string[] = [];
  const given: string[] = [];
  const open = async () => {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.on("data", (bytes) => given.push(bytes.toString("hex")));
    return socketTransport(socket);
  };

  const client = createClient({ clientId: "dev", clean: false, protocolVersion: 5 });
  client.on("message", (topic, payload, packet) => heard.push(`${topic} ${payload} ${packet.qos}`));
  const sent = [1, 2].map(
    (qos) =>
      new Promise((resolve) =>
        client.publish("t", `${qos}`, { qos: qos as 1 | 2, properties: { contentType: "x" } }, resolve),
      ),
  );
  const granted = new Promise((resolve) =>
    client.subscribe("t", { qos: 2, nl: true, properties: { subscriptionIdentifier: 1 } }, resolve),
  );
  const refused = new Promise<string>((resolve) => client.on("close", (error) => resolve(error?.code ?? "")));
  client.attach(await open());
  assert.equal(await refused, "MQTT_VERSION");
  assert.deepEqual(given, ["20020001"]);

  client.attach(await open());
  assert.deepEqual(await Promise.all([...sent, granted]), [undefined, undefined, undefined]);
  await new Promise((resolve) => client.publish("t", "3", { qos: 1, properties: { contentType: "x" } }, resolve));
  while (!heard.includes("t 3 1")) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise<void>((resolve) => client.end(false, resolve));
  await new Promise<void>((resolve) => aedes.close(() => resolve()));
  server.close();
  board.stop();
});
