/**
 * Over TCP, with brokers as strict as the documentation: what the checks refuse is what these brokers answer by closing or
 * by saying nothing, and what the checks let pass they take.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type * as AwsModule from "../../modules/cloud/aws.ts";
import type * as AzureModule from "../../modules/cloud/azure.ts";
import type * as CheckedModule from "../../modules/cloud/checked.ts";
import type { Cloud } from "../../modules/cloud/cloud.ts";
import type { ClientOptions, QoS } from "../../modules/mqtt/types.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { startAws } from "./aws-service.ts";
import { sasToken, startHub } from "./azure-service.ts";
import type { CloudBroker } from "./cloud-broker.ts";
import { answered, type Client, createRig, failure, until } from "./rig.ts";

const LIMIT = { timeout: 20_000 };
const HOST = "contoso.azure-devices.net";
const KEY = Buffer.from("a key of the device");
const rig = await createRig();
const { awsCloud, refuseAws } = await rig.load<typeof AwsModule>("aws");
const { azureCloud, refuseAzure } = await rig.load<typeof AzureModule>("azure");
const { createChecked } = await rig.load<typeof CheckedModule>("checked");

const aws = await startAws();
const hub = await startHub({ host: HOST, device: "dev", key: KEY });
const nowS = Math.round(Date.now() / 1000);
after(() => {
  aws.close();
  hub.close();
  rig.stop();
});

const thing = awsCloud({ endpoint: "a1-ats.iot.eu-central-1.amazonaws.com", thing: "thing-1" });
const device = azureCloud({ hub: "contoso", device: "dev", token: sasToken(HOST, "dev", KEY, nowS + 600) });
const events = "devices/dev/messages/events/";

/** What CONNECT carries. */
const fieldsOf = ({ clientId, username, password, keepalive }: Cloud): ClientOptions => ({
  clientId,
  username,
  password,
  keepalive,
});

async function connected(cloud: Cloud, broker: CloudBroker, options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = rig.createClient({ ...fieldsOf(cloud), ...options });
  await rig.attach(client, broker.port);
  return client;
}

const closing = (client: Client): Promise<void> => new Promise((resolve) => client.on("close", () => resolve()));

test("AWS takes what the profile says", LIMIT, async () => {
  assert.equal(refuseAws(thing, fieldsOf(thing), false), undefined);
  const client = await connected(thing, aws, { will: { topic: "a/status", payload: "gone", qos: 1, retain: true } });
  const checked = createChecked(client, thing);
  const filters = Array.from({ length: 8 }, (_, index) => `a/${index}`);
  assert.equal((await answered((done) => checked.subscribe(filters, { qos: 1 }, done))).error, undefined);
  assert.equal((await answered((done) => checked.publish("a/b/c/d/e/f/g/h", "x", { qos: 1 }, done))).error, undefined);
  assert.equal((await answered((done) => checked.publish("a/b", "x", done))).error, undefined);
  client.end(true);
});

test("Azure takes what the profile says, the token by its HMAC", LIMIT, async () => {
  assert.equal(refuseAzure(device, fieldsOf(device), nowS), undefined);
  const client = await connected(device, hub, { will: { topic: `${events}reason=gone`, qos: 1 } });
  const checked = createChecked(client, device);
  assert.equal((await answered((done) => checked.subscribe(device.filters, { qos: 1 }, done))).error, undefined);
  assert.equal((await answered((done) => checked.publish(`${events}a=b`, "x", { qos: 1 }, done))).error, undefined);
  client.end(true);
  // The Will is one more message of telemetry.
  await until(() => hub.taken.some(({ topic }) => topic === `${events}reason=gone`));
});

test("a module and a device with a certificate connect", LIMIT, async () => {
  const modules = await startHub({ host: HOST, device: "dev", module: "meter" });
  const cloud = azureCloud({ hub: "contoso", device: "dev", module: "meter", model: "dtmi:com:example:Meter;1" });
  const client = await connected(cloud, modules);
  assert.equal(
    (await answered((done) => client.publish("devices/dev/modules/meter/messages/events/", "x", { qos: 1 }, done)))
      .error,
    undefined,
  );
  client.end(true);
  modules.close();
});

type Act = [
  name: string,
  run: (client: Pick<Client, "publish" | "subscribe">, done: (error?: unknown) => void) => void,
  code: string,
];
const publish =
  (topic: string, length: number, qos: QoS, retain = false): Act[1] =>
  (client, done) =>
    client.publish(topic, "x".repeat(length), { qos, retain }, done);
const subscribe =
  (filter: string | string[], qos: QoS): Act[1] =>
  (client, done) =>
    client.subscribe(filter, { qos }, done);
const subscribeMap =
  (filter: string, qos: QoS): Act[1] =>
  (client, done) =>
    client.subscribe({ [filter]: { qos } }, done);

const closedByAws: Act[] = [
  [
    "nine filters in one SUBSCRIBE",
    subscribe(
      Array.from({ length: 9 }, (_, i) => `a/${i}`),
      1,
    ),
    "CLOUD_TOPIC",
  ],
  ["a topic with eight slashes", publish("1/2/3/4/5/6/7/8/9", 1, 1), "CLOUD_TOPIC"],
  ["a topic of 257 bytes", publish("x".repeat(257), 1, 0), "CLOUD_TOPIC"],
  ["a payload of more than 128 KB", publish("a", 131_073, 1), "CLOUD_PAYLOAD"],
  ["a retained message on a reserved topic", publish("$aws/things/t/shadow/update", 1, 1, true), "CLOUD_TOPIC"],
  ["a filter for the broker's own topics", subscribe("$SYS/#", 0), "CLOUD_TOPIC"],
];
const closedByAzure: Act[] = [
  ["QoS 2", publish(events, 1, 2), "CLOUD_QOS"],
  ["a topic of one's own", publish("godwit/telemetry", 1, 1), "CLOUD_TOPIC"],
  ["a payload of more than 256 KB", publish(events, 262_145, 1), "CLOUD_PAYLOAD"],
  ["a filter of one's own", subscribe("godwit/#", 1), "CLOUD_TOPIC"],
  ["a filter of one's own in a map", subscribeMap("godwit/#", 1), "CLOUD_TOPIC"],
];
for (const [cloud, broker, acts] of [
  [thing, aws, closedByAws],
  [device, hub, closedByAzure],
] as const) {
  for (const [name, run, code] of acts) {
    test(`${broker === aws ? "AWS" : "Azure"} closes for ${name}; the check says ${code}`, LIMIT, async () => {
      const client = await connected(cloud, broker);
      const before = broker.closed.length;
      const refused = await answered((done) => run(createChecked(client, cloud), done as never));
      assert.equal(refused.error?.code, code);
      assert.equal(client.connected, true);
      assert.equal(broker.closed.length, before);

      const closed = closing(client);
      run(client, () => undefined);
      await closed;
      assert.equal(broker.closed.length, before + 1);
    });
  }
}

for (const [name, run] of [
  ["publish", publish("a", 1, 2)],
  ["subscription", subscribe("a", 2)],
  ["subscription by a map", subscribeMap("a", 2)],
] as const) {
  test(`AWS never acknowledges a QoS 2 ${name}; the check says CLOUD_QOS`, LIMIT, async () => {
    const client = await connected(thing, aws);
    assert.deepEqual(await answered((done) => run(createChecked(client, thing), done as never)), {
      error: failure("CLOUD_QOS", 2),
      value: undefined,
    });
    const outcomes: string[] = [];
    run(client, () => outcomes.push(name));
    client.publish("a", "behind it", { qos: 1 }, () => outcomes.push("behind it"));
    await until(() => outcomes.length > 0);
    assert.deepEqual(outcomes, ["behind it"]);
    client.end(true);
  });
}

test("AWS closes at CONNECT for a Will with QoS 2", LIMIT, async () => {
  const will = { topic: "a/status", payload: "gone", qos: 2 as const };
  assert.deepEqual(toHost(refuseAws(thing, { ...fieldsOf(thing), will }, false)), failure("CLOUD_QOS", 2));
  await assert.rejects(connected(thing, aws, { will }), /closed: SOCKET_CLOSED/);
});

test("Azure closes at CONNECT for a Will on another topic", LIMIT, async () => {
  const will = { topic: "godwit/dev/status", payload: "offline", qos: 1 as const, retain: true };
  assert.deepEqual(
    toHost(refuseAzure(device, { ...fieldsOf(device), will }, nowS)),
    failure("CLOUD_TOPIC", "godwit/dev/status"),
  );
  await assert.rejects(connected(device, hub, { will }), /closed: SOCKET_CLOSED/);
});

test("Azure refuses a token that has ended", LIMIT, async () => {
  const late = azureCloud({ hub: "contoso", device: "dev", token: sasToken(HOST, "dev", KEY, nowS - 1) });
  assert.deepEqual(toHost(refuseAzure(late, fieldsOf(late), nowS)), failure("CLOUD_TOKEN", nowS - 1));
  await assert.rejects(connected(late, hub), /closed: MQTT_REFUSED/);
});

test("a connection without keep alive is closed for its silence; the check says CLOUD_KEEPALIVE", LIMIT, async () => {
  // A second lasts 0.1 ms here: half an hour of silence is over in 180 ms.
  const quick = await startAws(0.1);
  const fields = { ...fieldsOf(thing), keepalive: 0 };
  assert.deepEqual(toHost(refuseAws(thing, fields, false)), failure("CLOUD_KEEPALIVE", 0));
  const client = await connected(thing, quick, { keepalive: 0 });
  await closing(client);
  assert.deepEqual(quick.closed, ["silence"]);
  quick.close();
});
