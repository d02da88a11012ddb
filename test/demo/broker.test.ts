import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { type Broker, type BrokerEvent, startBroker } from "../../tools/demo/broker.ts";
import { createPki, type Pki } from "../../tools/pki/set.ts";

let pki: Pki;
let broker: Broker;
const events: BrokerEvent[] = [];

before(async () => {
  pki = await createPki({ hosts: ["127.0.0.1"], client: "probe" });
  broker = await startBroker({
    cert: pki.server.chain,
    key: pki.server.key,
    clientCa: pki.clientCa,
    onEvent: (event) => events.push(event),
  });
});

after(() => broker.close());

function connect(options: IClientOptions): Promise<MqttClient> {
  return mqtt.connectAsync(`mqtts://127.0.0.1:${broker.port}`, {
    ca: pki.ca,
    reconnectPeriod: 0,
    protocolVersion: 4,
    ...options,
  });
}

const identity = (): { cert: string; key: string } => {
  assert.ok(pki.client);
  return { cert: pki.client.chain, key: pki.client.key };
};

async function until(look: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !look(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(look());
}

test("tells every Control Packet of both directions and where it ends", async () => {
  events.length = 0;
  const client = await connect(identity());
  await client.subscribeAsync("a/#", { qos: 1 });
  const payload = "x".repeat(300); // a Remaining Length of two bytes
  const arrived = new Promise<string>((resolve) => client.once("message", (_, bytes) => resolve(bytes.toString())));
  await client.publishAsync("a/b", payload, { qos: 1 });
  assert.equal(await arrived, payload);
  await broker.publish("a/c", "from the host");
  await client.endAsync();
  await until(() => events.some(({ type }) => type === "closed"));

  const [first] = events;
  assert.ok(first?.type === "accepted" && first.client === "probe" && first.protocol.startsWith("TLSv1."));
  const packets = events.filter((event) => event.type === "packet");
  const commands = (direction: "in" | "out"): string[] =>
    packets.filter((event) => event.direction === direction).map(({ packet }) => packet.cmd);
  assert.deepEqual(commands("in").slice(0, 3), ["connect", "subscribe", "publish"]);
  assert.equal(commands("in").at(-1), "disconnect");
  assert.deepEqual(commands("out").sort(), ["connack", "puback", "publish", "publish", "suback"]);
  const connack = packets.find(({ packet }) => packet.cmd === "connack");
  assert.equal(connack?.end, 4);
  const subscribe = packets.find(({ packet }) => packet.cmd === "subscribe");
  const publish = packets.find(({ packet, direction }) => packet.cmd === "publish" && direction === "in");
  // Fixed header 3, topic 2 + 3, identifier 2, payload 300.
  assert.equal((publish?.end ?? 0) - (subscribe?.end ?? 0), 310);
});

test("a client without a certificate is refused, and the reason is told", async () => {
  events.length = 0;
  await assert.rejects(connect({}));
  await until(() => events.some(({ type }) => type === "refused"));
  const refused = events.find((event) => event.type === "refused");
  assert.equal(refused?.code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
});

test("a client whose certificate another CA signed is refused", async () => {
  const other = await createPki({ hosts: ["127.0.0.1"], client: "probe" });
  assert.ok(other.client);
  events.length = 0;
  // TLS 1.3 ends for the client before the server has looked at its certificate, and connectAsync() would wait for ever.
  const client = mqtt.connect(`mqtts://127.0.0.1:${broker.port}`, {
    ca: pki.ca,
    cert: other.client.chain,
    key: other.client.key,
    reconnectPeriod: 0,
  });
  client.on("error", () => undefined);
  await new Promise<void>((resolve) => client.once("close", () => resolve()));
  assert.ok(!events.some(({ type }) => type === "packet"));
});
