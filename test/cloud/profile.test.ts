/** What a short description of a device becomes, and which descriptions are refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as AwsModule from "../../modules/cloud/aws.ts";
import type * as AzureModule from "../../modules/cloud/azure.ts";
import type * as CloudModule from "../../modules/cloud/cloud.ts";
import type { ConnectFields } from "../../modules/mqtt/types.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { sasToken } from "./azure-service.ts";
import { failure } from "./rig.ts";

const { awsCloud, refuseAws } = await loadModule<typeof AwsModule>("modules/cloud/aws.ts");
const { azureCloud, refuseAzure, tokenExpiryS } = await loadModule<typeof AzureModule>("modules/cloud/azure.ts");
const { refusePublish, refuseSubscribe } = await loadModule<typeof CloudModule>("modules/cloud/cloud.ts");

const ENDPOINT = "a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com";
const thing = { endpoint: ENDPOINT, thing: "godwit-7" };
const device = { hub: "contoso", device: "MyDevice01" };
const HOST = "contoso.azure-devices.net";
const NOW_S = 1_700_000_000;
const KEY = Buffer.from("a key of the device");
const token = sasToken(HOST, "MyDevice01", KEY, NOW_S + 3600);

test("AWS: host, identity, no login, SNI", () => {
  const { host, port, clientId, username, password, sni, minVersion, alpn } = awsCloud(thing);
  assert.deepEqual(
    { host, port, clientId, username, password, sni, minVersion, alpn },
    {
      host: ENDPOINT,
      port: 8883,
      clientId: "godwit-7",
      username: undefined,
      password: undefined,
      sni: true,
      minVersion: "1.2",
      alpn: "",
    },
  );
});

test("AWS on port 443 needs ALPN, and says which", () => {
  const cloud = awsCloud({ ...thing, port: 443 });
  assert.equal(cloud.alpn, "x-amzn-mqtt-ca");
  const fields = { clientId: "godwit-7", keepalive: 240 };
  assert.deepEqual(toHost(refuseAws(cloud, fields, false)), failure("CLOUD_HOST", 443));
  assert.equal(refuseAws(cloud, fields, true), undefined);
});

test("Azure: the documentation's own example", () => {
  const { host, port, clientId, username, password } = azureCloud({ ...device, token });
  assert.deepEqual(
    { host, port, clientId, username, password },
    {
      host: HOST,
      port: 8883,
      clientId: "MyDevice01",
      username: "contoso.azure-devices.net/MyDevice01/?api-version=2021-04-12",
      password: token,
    },
  );
});

test("Azure: a certificate instead of a token, a module, a model, another domain", () => {
  assert.equal(azureCloud(device).password, undefined);
  const module = azureCloud({ ...device, module: "meter" });
  assert.equal(module.clientId, "MyDevice01/meter");
  assert.equal(module.username, `${HOST}/MyDevice01/meter/?api-version=2021-04-12`);
  assert.equal(module.will, "devices/MyDevice01/modules/meter/messages/events/");
  assert.equal(
    azureCloud({ ...device, model: "dtmi:com:example:Meter;1" }).username,
    `${HOST}/MyDevice01/?api-version=2021-04-12&model-id=dtmi%3Acom%3Aexample%3AMeter%3B1`,
  );
  assert.equal(azureCloud({ ...device, hub: "contoso.azure-devices.cn" }).host, "contoso.azure-devices.cn");
});

const aws = awsCloud(thing);
const azure = azureCloud({ ...device, token });
const events = "devices/MyDevice01/messages/events/";

const awsConnects: [string, Partial<AwsModule.AwsThing>, Partial<ConnectFields>, unknown][] = [
  ["a good one", {}, {}, undefined],
  ["the longest keep alive", {}, { keepalive: 1200 }, undefined],
  ["a keep alive that the broker shortens", {}, { keepalive: 1201 }, failure("CLOUD_KEEPALIVE", 1201)],
  ["no keep alive", {}, { keepalive: 0 }, failure("CLOUD_KEEPALIVE", 0)],
  ["a keep alive that the broker lengthens", {}, { keepalive: 29 }, failure("CLOUD_KEEPALIVE", 29)],
  ["the client's default keep alive", {}, { keepalive: undefined }, undefined],
  ["a scheme in the host", { endpoint: `mqtts://${ENDPOINT}` }, {}, failure("CLOUD_HOST", `mqtts://${ENDPOINT}`)],
  ["a port in the host", { endpoint: `${ENDPOINT}:8883` }, {}, failure("CLOUD_HOST", `${ENDPOINT}:8883`)],
  ["an address", { endpoint: "52.1.2.3" }, {}, failure("CLOUD_HOST", "52.1.2.3")],
  ["no host", { endpoint: "" }, {}, failure("CLOUD_HOST", "")],
  ["plain MQTT's port", { port: 1883 }, {}, failure("CLOUD_HOST", 1883)],
  ["another client identifier than the thing", {}, { clientId: "x" }, failure("CLOUD_CLIENT_ID", "x")],
  ["an empty thing name", { thing: "" }, { clientId: "" }, failure("CLOUD_CLIENT_ID", "")],
  ["a thing name with a slash", { thing: "a/b" }, { clientId: "a/b" }, failure("CLOUD_CLIENT_ID", "a/b")],
  ["a thing name with $", { thing: "$a" }, { clientId: "$a" }, failure("CLOUD_CLIENT_ID", "$a")],
  ["128 bytes of name", { thing: "x".repeat(128) }, { clientId: "x".repeat(128) }, undefined],
  [
    "129 bytes of name",
    { thing: "x".repeat(129) },
    { clientId: "x".repeat(129) },
    failure("CLOUD_CLIENT_ID", "x".repeat(129)),
  ],
  ["MQTT 5", {}, { protocolVersion: 5 }, undefined],
  ["a retained Will", {}, { will: { topic: "a/status", payload: "gone", qos: 1, retain: true } }, undefined],
  ["a Will with QoS 2", {}, { will: { topic: "a", qos: 2 } }, failure("CLOUD_QOS", 2)],
  ["a Will too deep", {}, { will: { topic: "1/2/3/4/5/6/7/8/9" } }, failure("CLOUD_TOPIC", "1/2/3/4/5/6/7/8/9")],
];
for (const [name, about, fields, error] of awsConnects) {
  test(`AWS, connecting with ${name}`, () => {
    const cloud = awsCloud({ ...thing, ...about });
    assert.deepEqual(
      toHost(refuseAws(cloud, { clientId: "godwit-7", keepalive: 240, ...fields } as ConnectFields, false)),
      error,
    );
  });
}

const azureConnects: [string, Partial<AzureModule.AzureDevice>, Partial<ConnectFields>, unknown][] = [
  ["a good token", {}, {}, undefined],
  ["a certificate", { token: undefined }, {}, undefined],
  ["the longest keep alive", {}, { keepalive: 1177 }, undefined],
  ["one that the hub does not wait for", {}, { keepalive: 1178 }, failure("CLOUD_KEEPALIVE", 1178)],
  ["no keep alive", {}, { keepalive: 0 }, failure("CLOUD_KEEPALIVE", 0)],
  ["MQTT 5", {}, { protocolVersion: 5 }, failure("CLOUD_PROTOCOL", 5)],
  ["another client identifier", {}, { clientId: "mydevice01" }, failure("CLOUD_CLIENT_ID", "mydevice01")],
  ["a device with #", { device: "a#" }, { clientId: "a#" }, failure("CLOUD_CLIENT_ID", "a#")],
  ["a device with a blank", { device: "a b" }, { clientId: "a b" }, failure("CLOUD_CLIENT_ID", "a b")],
  ["a token that ends now", { token: sasToken(HOST, "MyDevice01", KEY, NOW_S) }, {}, failure("CLOUD_TOKEN", NOW_S)],
  ["a token for another hub", { hub: "fabrikam" }, {}, failure("CLOUD_TOKEN", "form")],
  ["a connection string", { token: `HostName=${HOST};SharedAccessKey=x` }, {}, failure("CLOUD_TOKEN", "form")],
  ["an empty token", { token: "" }, {}, failure("CLOUD_TOKEN", "form")],
  ["a token without an end", { token: token.replace(/&se=.*/, "") }, {}, failure("CLOUD_TOKEN", 0)],
  ["a Will among the telemetry", {}, { will: { topic: `${events}reason=gone`, qos: 1 } }, undefined],
  ["a Will elsewhere", {}, { will: { topic: "godwit/status" } }, failure("CLOUD_TOPIC", "godwit/status")],
];
for (const [name, about, fields, error] of azureConnects) {
  test(`Azure, connecting with ${name}`, () => {
    const cloud = azureCloud({ ...device, token, ...about });
    assert.deepEqual(
      toHost(refuseAzure(cloud, { clientId: cloud.clientId, keepalive: 240, ...fields } as ConnectFields, NOW_S)),
      error,
    );
  });
}

test("when a token ends", () => {
  assert.equal(tokenExpiryS(token), NOW_S + 3600);
  assert.equal(tokenExpiryS("secret"), 0);
});

test("AWS takes what the demo application says and hears (src/main.ts, src/app.ts)", () => {
  const topic = "godwit/godwit-7/";
  const will = { topic: `${topic}status`, payload: "offline", qos: 1 as const, retain: true };
  assert.equal(refuseAws(aws, { clientId: "godwit-7", keepalive: 240, clean: false, will }, false), undefined);
  for (const [name, isRetained] of [
    ["telemetry", false],
    ["result", false],
    ["status", true],
  ] as const) {
    assert.equal(refusePublish(aws, topic + name, 300, 1, isRetained), undefined, name);
  }
  assert.equal(refuseSubscribe(aws, [`${topic}command`], 1), undefined);
});

const deep = "1/2/3/4/5/6/7/8";
type PublishCase = [
  name: string,
  cloud: CloudModule.Cloud,
  topic: string,
  length: number,
  qos: number,
  retain: boolean,
];
const published: [...PublishCase, unknown][] = [
  ["QoS 1", aws, "a/b", 10, 1, false, undefined],
  ["QoS 2", aws, "a/b", 10, 2, false, failure("CLOUD_QOS", 2)],
  ["retained", aws, "a/b", 10, 1, true, undefined],
  ["128 KB", aws, "a", 131_072, 1, false, undefined],
  ["more", aws, "a", 131_073, 1, false, failure("CLOUD_PAYLOAD", 131_073)],
  ["seven slashes", aws, deep, 1, 1, false, undefined],
  ["eight slashes", aws, `${deep}/9`, 1, 1, false, failure("CLOUD_TOPIC", `${deep}/9`)],
  ["seven slashes behind a rule", aws, `$aws/rules/r/${deep}`, 1, 1, false, undefined],
  [
    "eight slashes behind a rule",
    aws,
    `$aws/rules/r/${deep}/9`,
    1,
    1,
    false,
    failure("CLOUD_TOPIC", `$aws/rules/r/${deep}/9`),
  ],
  ["a rule and no topic", aws, "$aws/rules/r/", 1, 1, false, failure("CLOUD_TOPIC", "$aws/rules/r/")],
  ["256 bytes", aws, "x".repeat(256), 1, 1, false, undefined],
  ["257 bytes", aws, "x".repeat(257), 1, 1, false, failure("CLOUD_TOPIC", "x".repeat(257))],
  ["a shadow", aws, "$aws/things/t/shadow/name/n/update", 1, 1, false, undefined],
  [
    "a retained shadow",
    aws,
    "$aws/things/t/shadow/update",
    1,
    1,
    true,
    failure("CLOUD_TOPIC", "$aws/things/t/shadow/update"),
  ],
  ["the broker's own", aws, "$SYS/uptime", 1, 1, false, failure("CLOUD_TOPIC", "$SYS/uptime")],
  ["telemetry", azure, events, 10, 1, false, undefined],
  ["telemetry with properties", azure, `${events}a=b`, 10, 1, false, undefined],
  ["retained telemetry, which is taken and not retained", azure, events, 10, 1, true, undefined],
  ["256 KB", azure, events, 262_144, 1, false, undefined],
  ["more", azure, events, 262_145, 1, false, failure("CLOUD_PAYLOAD", 262_145)],
  ["QoS 2", azure, events, 10, 2, false, failure("CLOUD_QOS", 2)],
  [
    "somebody else's telemetry",
    azure,
    "devices/x/messages/events/",
    1,
    1,
    false,
    failure("CLOUD_TOPIC", "devices/x/messages/events/"),
  ],
  ["without the last slash", azure, events.slice(0, -1), 1, 1, false, failure("CLOUD_TOPIC", events.slice(0, -1))],
  ["any other topic", azure, "godwit/telemetry", 1, 1, false, failure("CLOUD_TOPIC", "godwit/telemetry")],
  ["the twin", azure, "$iothub/twin/GET/?$rid=1", 0, 0, false, undefined],
];
for (const [name, cloud, topic, length, qos, retain, error] of published) {
  test(`${cloud === aws ? "AWS" : "Azure"}, publishing ${name}`, () => {
    assert.deepEqual(toHost(refusePublish(cloud, topic, length, qos, retain)), error);
  });
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `a/${index}`);
const subscribed: [string, CloudModule.Cloud, string[], number, unknown][] = [
  ["eight filters", aws, many(8), 1, undefined],
  ["nine filters", aws, many(9), 1, failure("CLOUD_TOPIC", "9 filters")],
  ["QoS 2", aws, ["a"], 2, failure("CLOUD_QOS", 2)],
  ["wildcards", aws, ["+/a/#"], 1, undefined],
  ["a shared subscription", aws, ["$share/group/a"], 1, undefined],
  ["a filter too deep", aws, ["a", `${deep}/#`], 1, failure("CLOUD_TOPIC", `${deep}/#`)],
  ["all that there is", azure, azure.filters.slice(), 1, undefined],
  ["a filter for everything", azure, ["#"], 1, failure("CLOUD_TOPIC", "#")],
  [
    "a twin filter that is narrower",
    azure,
    ["$iothub/twin/res/200/#"],
    1,
    failure("CLOUD_TOPIC", "$iothub/twin/res/200/#"),
  ],
];
for (const [name, cloud, filters, qos, error] of subscribed) {
  test(`${cloud === aws ? "AWS" : "Azure"}, subscribing to ${name}`, () => {
    assert.deepEqual(toHost(refuseSubscribe(cloud, filters, qos)), error);
  });
}
