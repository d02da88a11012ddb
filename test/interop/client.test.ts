/** Both versions of MQTT, with mosquitto between the device's client and MQTT.js. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createPki, type Pki } from "../../tools/pki/set.ts";
import {
  attach,
  ended,
  LIMIT,
  published,
  type Seen,
  startOther,
  stopBoard,
  subscribed,
  until,
  watch,
} from "./device.ts";
import { type Mosquitto, startMosquitto } from "./mosquitto.ts";

let pki: Pki;
let broker: Mosquitto;

before(async () => {
  pki = await createPki({ hosts: ["127.0.0.1"], client: "device" });
  broker = await startMosquitto(pki, ["persistence true", "persistence_location FOLDER/"]);
});

after(async () => {
  await broker.stop();
  stopBoard();
});

const texts = (seen: Seen) => seen.messages.map(({ topic, payload, qos }) => `${topic} ${payload} ${qos}`).sort();

for (const protocolVersion of [4, 5]) {
  const name = protocolVersion === 5 ? "MQTT 5" : "MQTT 3.1.1";
  for (const theirs of [4, 5] as const) {
    test(`${name}, MQTT.js with ${theirs}: QoS 0 to 2 both ways, all bytes, long payloads`, LIMIT, async () => {
      const topic = `both/${protocolVersion}/${theirs}`;
      const other = await startOther(pki, broker, { protocolVersion: theirs });
      await other.client.subscribeAsync(`${topic}/up/#`, { qos: 2 });
      const seen = watch({ clientId: `both-${protocolVersion}-${theirs}`, protocolVersion });
      await attach(seen, pki, broker);
      await subscribed(seen.client, `${topic}/down/#`, { qos: 2 });
      const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
      const payloads = ["", "x", all, all.repeat(12)];
      const up: Promise<unknown>[] = [];
      const down: Promise<unknown>[] = [];
      for (const qos of [0, 1, 2] as const) {
        for (const payload of payloads) {
          up.push(published(seen.client, `${topic}/up/${qos}`, payload, { qos }));
          down.push(other.client.publishAsync(`${topic}/down/${qos}`, Buffer.from(payload, "latin1"), { qos }));
        }
      }
      assert.ok((await Promise.all(up)).every((error) => error === undefined));
      await Promise.all(down);
      await until("all messages", () => seen.messages.length === 12 && other.messages.length === 12);
      const wanted = [0, 1, 2].flatMap((qos) => payloads.map((payload) => `${qos} ${payload}`)).sort();
      assert.deepEqual(seen.messages.map(({ qos, payload }) => `${qos} ${payload}`).sort(), wanted);
      assert.deepEqual(other.messages.map(({ qos, text }) => `${qos} ${text}`).sort(), wanted);
      assert.deepEqual(seen.failures, []);
      await ended(seen.client);
      await other.client.endAsync();
    });
  }

  test(`${name}: the session outlives a restart of the broker`, LIMIT, async () => {
    const topic = `restart/${protocolVersion}`;
    const seen = watch({ clientId: `restart-${protocolVersion}`, clean: false, protocolVersion });
    await attach(seen, pki, broker);
    await subscribed(seen.client, `${topic}/down`, { qos: 2 });
    await broker.restart();
    await until("the end of the connection", () => seen.failures.length > 0 || !seen.client.connected);
    seen.failures.splice(0);

    const other = await startOther(pki, broker, { protocolVersion: protocolVersion as 4 | 5 });
    await other.client.subscribeAsync(`${topic}/up`, { qos: 2 });
    for (const qos of [1, 2] as const) await other.client.publishAsync(`${topic}/down`, `away ${qos}`, { qos });
    const up = [1, 2].map((qos) => published(seen.client, `${topic}/up`, `offline ${qos}`, { qos: qos as 1 | 2 }));
    await attach(seen, pki, broker);
    assert.deepEqual(seen.sessions, [false, true]);
    assert.deepEqual(await Promise.all(up), [undefined, undefined]);
    await until("what was sent meanwhile", () => seen.messages.length === 2 && other.messages.length === 2);
    assert.deepEqual(texts(seen), [`${topic}/down away 1 1`, `${topic}/down away 2 2`]);
    assert.deepEqual(other.messages.map(({ text }) => text).sort(), ["offline 1", "offline 2"]);
    await ended(seen.client);
    await other.client.endAsync();
  });

  test(`${name}: connections that break in the middle: each QoS 2 message once`, LIMIT, async () => {
    const topic = `break/${protocolVersion}`;
    const other = await startOther(pki, broker);
    await other.client.subscribeAsync(`${topic}/up`, { qos: 2 });
    const seen = watch({ clientId: `break-${protocolVersion}`, clean: false, protocolVersion, maxQueue: 100 });
    let transport = await attach(seen, pki, broker);
    await subscribed(seen.client, `${topic}/down`, { qos: 2 });
    const up: Promise<unknown>[] = [];
    for (let i = 0; i < 30; i++) {
      up.push(published(seen.client, `${topic}/up`, `${i}`, { qos: 2 }));
    }
    // One after the other: MQTT.js minds no Receive Maximum, and mosquitto refuses what exceeds it.
    const down = (async () => {
      for (let i = 0; i < 30; i++) await other.client.publishAsync(`${topic}/down`, `${i}`, { qos: 2 });
    })();
    for (const wait of [1, 3, 6]) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      transport.drop();
      await until("close", () => !seen.client.connected);
      transport = await attach(seen, pki, broker);
    }
    await Promise.all([...up, down]);
    await until("all messages", () => seen.messages.length >= 30 && other.messages.length >= 30);
    const wanted = Array.from({ length: 30 }, (_, i) => `${i}`).sort();
    assert.deepEqual(seen.messages.map(({ payload }) => payload).sort(), wanted);
    assert.deepEqual(other.messages.map(({ text }) => text).sort(), wanted);
    await ended(seen.client);
    await other.client.endAsync();
  });

  test(`${name}: the Will, retained, when the cable is pulled; none after DISCONNECT`, LIMIT, async () => {
    const topic = `will/${protocolVersion}`;
    const other = await startOther(pki, broker);
    await other.client.subscribeAsync(topic, { qos: 1 });
    const will = { topic, payload: "gone\0\xff", qos: 1 as const, retain: true };
    const seen = watch({ clientId: `will-${protocolVersion}`, protocolVersion, will });
    await attach(seen, pki, broker);
    await ended(seen.client);
    const transport = await attach(seen, pki, broker);
    transport.drop();
    await until("the Will", () => other.messages.length > 0);
    assert.deepEqual(
      other.messages.map(({ text, qos }) => [text, qos]),
      [["gone\0\xff", 1]],
    );
    const late = await startOther(pki, broker);
    await late.client.subscribeAsync(topic);
    await until("what is retained", () => late.messages.length > 0);
    assert.equal(late.messages[0]?.retain, true);
    await late.client.endAsync();
    await other.client.endAsync();
  });
}
