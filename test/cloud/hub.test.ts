/** Azure IoT Hub over TCP: device twin, direct methods, messages both ways. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type * as BagModule from "../../modules/cloud/bag.ts";
import type * as MessagesModule from "../../modules/cloud/messages.ts";
import type * as MethodsModule from "../../modules/cloud/methods.ts";
import type * as TwinModule from "../../modules/cloud/twin.ts";
import { toHost } from "../../tools/virtual-board/load-module.ts";
import { type HubService, startHub } from "./azure-service.ts";
import { answered, type Client, createRig, failure, until } from "./rig.ts";

const LIMIT = { timeout: 20_000 };
const HOST = "contoso.azure-devices.net";
const rig = await createRig();
const { createTwin } = await rig.load<typeof TwinModule>("twin");
const { serveMethods } = await rig.load<typeof MethodsModule>("methods");
const { eventsTopic, listenToCloud, JSON_BODY } = await rig.load<typeof MessagesModule>("messages");
const { encodeBag } = await rig.load<typeof BagModule>("bag");
const about = { hub: "contoso", device: "dev" };
let hub: HubService;
before(async () => {
  hub = await startHub({ host: HOST, device: "dev" });
});
after(() => {
  hub.close();
  rig.stop();
});

function createClient(): Client {
  return rig.createClient({ clientId: "dev", username: `${HOST}/dev/?api-version=2021-04-12`, keepalive: 60 });
}

async function makeTwin(): Promise<{ client: Client; twin: TwinModule.Twin; desired: unknown[] }> {
  hub.reset();
  const client = createClient();
  const desired: unknown[] = [];
  const twin = createTwin(client, {}, (properties, version, isWhole) =>
    desired.push([version, isWhole, toHost(properties)]),
  );
  await rig.attach(client, hub.port);
  return { client, twin, desired };
}

const got = (twin: TwinModule.Twin) => answered<Record<string, unknown>>((done) => twin.get(done));
const reported = (twin: TwinModule.Twin, patch: object) => answered<number>((done) => twin.report(patch, done));

test("twin: what is reported gets a new version and stands in the twin", LIMIT, async () => {
  const { client, twin } = await makeTwin();
  assert.deepEqual(await reported(twin, { "battery": 55 }), { error: undefined, value: 2 });
  assert.deepEqual((await got(twin)).value["reported"], { battery: 55, $version: 2 });
  client.end(true);
});

test("twin: desired properties come whole with get, then as they change", LIMIT, async () => {
  const { client, twin, desired } = await makeTwin();
  hub.desire({ interval: 60 });
  await got(twin);
  hub.desire({ interval: 30, mode: null });
  await until(() => desired.length === 2);
  assert.deepEqual(desired, [
    [2, true, { interval: 60, $version: 2 }],
    [3, false, { interval: 30, mode: null, $version: 3 }],
  ]);
  // Nothing new: said once.
  await got(twin);
  assert.equal(desired.length, 2);
  client.end(true);
});

test("twin: an older version is ignored, one that cannot be read is counted", LIMIT, async () => {
  const { client, twin, desired } = await makeTwin();
  await got(twin);
  const send = (version: string, payload: string) =>
    hub.send(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, payload);
  send("5", '{"a":5}');
  send("4", '{"a":4}');
  send("5", '{"a":5}');
  send("x", '{"a":6}');
  send("7", '{"a":');
  send("8", '{"a":8}');
  await until(() => twin.version === 8);
  assert.deepEqual(desired, [
    [1, true, { $version: 1 }],
    [5, false, { a: 5 }],
    [8, false, { a: 8 }],
  ]);
  assert.equal(twin.dropped, 2);
  client.end(true);
});

test("twin: a device that was registered anew begins with version 1 again", LIMIT, async () => {
  const { client, twin, desired } = await makeTwin();
  for (const a of [1, 2, 3]) hub.desire({ a });
  await got(twin);
  hub.reset();
  await got(twin);
  assert.deepEqual(desired.at(-1), [1, true, { $version: 1 }]);
  client.end(true);
});

test("twin: throttled, and an answer that is no JSON", LIMIT, async () => {
  const { client, twin } = await makeTwin();
  hub.twinStatus = 429;
  assert.deepEqual((await got(twin)).error, failure("CLOUD_REJECTED", 429));
  assert.deepEqual((await reported(twin, {})).error, failure("CLOUD_REJECTED", 429));
  hub.twinStatus = 503;
  assert.deepEqual((await got(twin)).error, failure("CLOUD_REJECTED", 503));
  hub.twinStatus = undefined;
  hub.twin.desired["deep"] = JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) as unknown;
  assert.deepEqual((await got(twin)).error, failure("CLOUD_FORMAT"));
  client.end(true);
});

test("twin: answers to nobody's request are passed over", LIMIT, async () => {
  const { client, twin } = await makeTwin();
  for (const rid of ["1", "toString", "__proto__", "", "%"]) hub.send(`$iothub/twin/res/200/?$rid=${rid}`, "{}");
  hub.send("$iothub/twin/res/", "{}");
  hub.send("$iothub/twin/res/200", "{}");
  assert.equal((await got(twin)).error, undefined);
  assert.equal(twin.dropped, 0);
  client.end(true);
});

test("direct methods: called, answered, and everything that can go wrong has a status", LIMIT, async () => {
  const client = createClient();
  const bodies: unknown[] = [];
  const ready = answered((done) =>
    serveMethods(
      client,
      {
        "reboot": (body, respond) => {
          bodies.push(toHost(body));
          respond(200, { "inS": 5 });
          respond(500);
        },
        "empty": (_body, respond) => respond(202),
        "broken": () => {
          throw new Error("of the application");
        },
      },
      {},
      done,
    ),
  );
  await rig.attach(client, hub.port);
  assert.equal((await ready).error, undefined);
  assert.deepEqual(await hub.invoke("reboot", '{"why":"test"}'), { status: 200, body: { inS: 5 } });
  assert.deepEqual(await hub.invoke("empty", ""), { status: 202, body: {} });
  assert.deepEqual(await hub.invoke("empty", "null"), { status: 202, body: {} });
  assert.equal((await hub.invoke("reboot", "[1]")).status, 400);
  assert.equal((await hub.invoke("reboot", `{"a":${"[".repeat(99)}`)).status, 400);
  assert.equal((await hub.invoke("unknown", "{}")).status, 404);
  for (const name of ["toString", "on", "emit", "constructor"])
    assert.equal((await hub.invoke(name, "{}")).status, 404, name);
  assert.equal((await hub.invoke("broken", "{}")).status, 500);
  assert.deepEqual(bodies, [{ why: "test" }]);
  client.end(true);
});

test("direct methods: four wait for their handlers, a fifth is told so", LIMIT, async () => {
  const client = createClient();
  const waiting: (() => void)[] = [];
  const ready = answered((done) =>
    serveMethods(client, { "slow": (_body, respond) => waiting.push(() => respond(200)) }, {}, done),
  );
  await rig.attach(client, hub.port);
  await ready;
  const calls = [1, 2, 3, 4].map(() => hub.invoke("slow", ""));
  await until(() => waiting.length === 4);
  assert.equal((await hub.invoke("slow", "")).status, 429);
  for (const respond of waiting.splice(0)) respond();
  assert.deepEqual(
    (await Promise.all(calls)).map(({ status }) => status),
    [200, 200, 200, 200],
  );
  const again = hub.invoke("slow", "");
  await until(() => waiting.length === 1);
  waiting[0]?.();
  assert.equal((await again).status, 200);
  client.end(true);
});

test("telemetry with properties, and messages from the cloud with theirs", LIMIT, async () => {
  const client = createClient();
  const heard: unknown[] = [];
  const ready = answered((done) =>
    listenToCloud(client, about, (payload, bag) => heard.push([payload, toHost(bag)]), done),
  );
  await rig.attach(client, hub.port);
  await ready;
  assert.equal(eventsTopic(about, []), "devices/dev/messages/events/");
  assert.equal(
    eventsTopic({ ...about, module: "m" }, JSON_BODY),
    "devices/dev/modules/m/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8",
  );
  const topic = eventsTopic(about, [["unit", "°C".replace("°", "\xc2\xb0")]]);
  await answered((done) => client.publish(topic, "21", { qos: 1 }, done));
  assert.equal(hub.taken.at(-1)?.topic, "devices/dev/messages/events/unit=%C2%B0C");

  hub.sendToDevice(
    "hello",
    encodeBag([
      ["$.to", "/devices/dev/messages/devicebound"],
      ["urgent", null],
    ]),
  );
  hub.sendToDevice("again", "");
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [
    [
      "hello",
      [
        ["$.to", "/devices/dev/messages/devicebound"],
        ["urgent", null],
      ],
    ],
    ["again", []],
  ]);
  client.end(true);
});
