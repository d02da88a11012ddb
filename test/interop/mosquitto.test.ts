/** The image of the build, on the virtual board and modem, against mosquitto with `require_certificate true`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import mqtt, { type MqttClient } from "mqtt";
import { bundleFirmware } from "../../tools/build/firmware.ts";
import {
  BROKER_HOST,
  type Certificates,
  CLIENT_ID,
  createStage,
  DEVICE_TOPIC,
  type Stage,
  TOPICS,
} from "../../tools/demo/stage.ts";
import { worldWith } from "../../tools/demo/world.ts";
import type { Image } from "../../tools/flash/image.ts";
import { imageOf } from "../../tools/flash/make-image.ts";
import { createPki, type Pki } from "../../tools/pki/set.ts";
import type { ModemEvent } from "../../tools/virtual-modem/index.ts";
import { createSteadyClock } from "../support/steady-clock.ts";
import { type Mosquitto, startMosquitto } from "./mosquitto.ts";

const SPEED = 10;
/** Real time; everything here takes 2 to 4 s at this speed. */
const PATIENCE_MS = 25_000;

interface Message {
  topic: string;
  payload: string;
  retain: boolean;
}

interface Rig {
  stage: Stage;
  console: string[];
  events: ModemEvent[];
}

let image: Image;
let image5: Image;
let pki: Pki;
let broker: Mosquitto;

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) assert.fail(`${what} did not happen; mosquitto says:\n${broker.log().slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function startDevice(certificates: Certificates, fault?: "no-client-cert", firmware = image): Promise<Rig> {
  const rig: Omit<Rig, "stage"> = { console: [], events: [] };
  const stage = await createStage(
    {
      board: "rak5010",
      image: firmware,
      clock: createSteadyClock(SPEED),
      world: worldWith(fault === undefined ? [] : [fault]),
      broker: { host: BROKER_HOST, port: broker.port },
      certificates,
      otherCa: pki.ca,
      settings: { intervalS: 5 },
    },
    {
      modem: (event) => rig.events.push(event),
      console: (text) => rig.console.push(text),
      uncaught: (message) => assert.fail(`uncaught on the device: ${message}`),
      rebooted: () => undefined,
      powered: () => undefined,
      sntp: () => undefined,
      alarm: (text) => assert.fail(text),
    },
  );
  stage.start();
  return { ...rig, stage };
}

const good = (): Certificates => {
  assert.ok(pki.client);
  return { ca: pki.ca, cert: pki.client.chain, key: pki.client.traditionalKey };
};

/** Another client of the same broker, over TLS of Node. */
async function startObserver(): Promise<{ client: MqttClient; messages: Message[] }> {
  const other = await pki.authority.issue({ name: "observer", usage: "client" });
  const client = await mqtt.connectAsync(`mqtts://127.0.0.1:${broker.port}`, {
    ca: pki.ca,
    cert: other.certificate,
    key: other.key,
  });
  const messages: Message[] = [];
  client.on("message", (topic, payload, { retain }) => messages.push({ topic, payload: payload.toString(), retain }));
  await client.subscribeAsync(`${DEVICE_TOPIC}/#`, { qos: 1 });
  return { client, messages };
}

before(async () => {
  image = await imageOf(await bundleFirmware({ board: "rak5010" }));
  image5 = await imageOf(await bundleFirmware({ board: "rak5010", features: { MQTT5: true } }));
  // The observer is no modem and resolves no `.test`.
  pki = await createPki({ hosts: [BROKER_HOST, "127.0.0.1"], client: CLIENT_ID });
  broker = await startMosquitto(pki);
});

after(() => broker.stop());

test("publishes at QoS 1, executes a command, and the Will follows when the modem is cut", async () => {
  const { client, messages } = await startObserver();
  const { stage } = await startDevice(good());
  try {
    const report = await until("a report", () => messages.find(({ topic }) => topic === TOPICS.telemetry));
    assert.equal(typeof JSON.parse(report.payload).uptimeS, "number");
    await until("an empty queue", () => stage.queued() === 0);

    await client.publishAsync(TOPICS.command, JSON.stringify({ cmd: "interval", seconds: 2 }), { qos: 1 });
    const result = await until("a result", () => messages.find(({ topic }) => topic === TOPICS.result));
    assert.deepEqual(JSON.parse(result.payload), { cmd: "interval" });
    const reports = messages.filter(({ topic }) => topic === TOPICS.telemetry).length;
    await until("more reports", () => messages.filter(({ topic }) => topic === TOPICS.telemetry).length > reports + 1);
    assert.match(
      broker.log(),
      /Received PUBLISH from godwit-demo \(d0, q1, r0, m\d+, 'godwit\/godwit-demo\/telemetry'/,
    );

    assert.equal(messages.find(({ topic }) => topic === `${DEVICE_TOPIC}/status`)?.payload, "online");
    stage.modem.powerCut();
    await until("the Will", () =>
      messages.some(({ topic, payload }) => topic.endsWith("/status") && payload === "offline"),
    );

    const late = await startObserver();
    const retained = await until("what is retained", () =>
      late.messages.find(({ topic }) => topic.endsWith("/status")),
    );
    assert.deepEqual(retained, { topic: `${DEVICE_TOPIC}/status`, payload: "offline", retain: true });
    await late.client.endAsync(true);
  } finally {
    await client.endAsync(true);
    await stage.stop();
  }
});

for (const version of ["3.1.1", "5"]) {
  test(`a command that was sent while the device was away arrives with the resumed session (MQTT ${version})`, async () => {
    const { client, messages } = await startObserver();
    const { stage } = await startDevice(good(), undefined, version === "5" ? image5 : image);
    try {
      await until("a report", () => messages.find(({ topic }) => topic === TOPICS.telemetry));
      const spoken = [...broker.log().matchAll(/New client connected from .* as godwit-demo \(p(\d), c0, k240/g)];
      assert.equal(spoken.at(-1)?.[1], version === "5" ? "5" : "2");
      await until("an empty queue", () => stage.queued() === 0);
      stage.modem.fault("drop");
      await client.publishAsync(TOPICS.command, JSON.stringify({ cmd: "report" }), { qos: 1 });
      const result = await until("a result", () => messages.find(({ topic }) => topic === TOPICS.result));
      assert.deepEqual(JSON.parse(result.payload), { cmd: "report" });
      assert.equal(stage.status()?.link.connects, 2);
    } finally {
      await client.endAsync(true);
      await stage.stop();
    }
  });
}

/** Two attempts, both refused, and no Control Packet of the device. */
async function refused(certificates: Certificates, fault?: "no-client-cert"): Promise<Rig> {
  const mark = broker.log().length;
  const rig = await startDevice(certificates, fault);
  await until("two refusals", () => (rig.stage.status()?.link.failures ?? 0) >= 2);
  await rig.stage.stop();
  const log = broker.log().slice(mark);
  assert.doesNotMatch(log, /New client connected from .* as godwit-demo/);
  assert.ok(
    !rig.events.some((event) => event.type === "socket" && event.kind === "tls" && event.action === "connected"),
  );
  return rig;
}

test("a CA of the same name that did not sign the broker's certificate is refused", async () => {
  const other = await createPki({ hosts: [BROKER_HOST], client: CLIENT_ID });
  const rig = await refused({ ...good(), ca: other.ca });
  assert.match(rig.console.join(""), /TLS_REFUSED 566/);
});

test("a client certificate that another CA signed is refused by the broker", async () => {
  const other = await createPki({ hosts: [BROKER_HOST], client: CLIENT_ID });
  assert.ok(other.client);
  const rig = await refused({ ca: pki.ca, cert: other.client.chain, key: other.client.traditionalKey });
  assert.match(rig.console.join(""), /TLS_REFUSED 566/);
});

test("a device that has no client certificate is refused by the broker", async () => {
  const rig = await refused({ ca: pki.ca });
  assert.match(rig.console.join(""), /TLS_REFUSED 566/);
});

test("a client certificate that is named and not in the store is named in the error", async () => {
  const rig = await refused(good(), "no-client-cert");
  assert.match(rig.console.join(""), /TLS_FILE client\.pem/);
});
