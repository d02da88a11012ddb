/** Both versions of MQTT through brokers other than mosquitto, those of them that are installed. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createPki, type Pki } from "../../tools/pki/set.ts";
import { type OtherBroker, otherBrokers } from "./brokers.ts";
import { attach, ended, open, published, stopBoard, subscribed, until, watch } from "./device.ts";
import type { Mosquitto } from "./mosquitto.ts";

const LIMIT = { timeout: 90_000 };
const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
const QOS = [0, 1, 2] as const;

let pki: Pki;
before(async () => {
  pki = await createPki({ hosts: ["127.0.0.1"], client: "device" });
});
after(stopBoard);

function check(other: OtherBroker, protocolVersion: 4 | 5, broker: () => Mosquitto): void {
  const name = protocolVersion === 5 ? "MQTT 5" : "MQTT 3.1.1";
  const options = (clientId: string) => ({ clientId: `${clientId}-${protocolVersion}`, protocolVersion });
  const lowered = (qos: number): number => Math.min(qos, other.maxQos);

  test(`${name}: every QoS there and back; one that the broker lowers is done, too`, LIMIT, async () => {
    // As the firmware has it where there is no login.
    const seen = watch({ ...options("both"), username: "", password: "" });
    await attach(seen, pki, broker());
    assert.deepEqual(await subscribed(seen.client, "both/#", { qos: 2 }), [{ topic: "both/#", qos: lowered(2) }]);
    const errors = await Promise.all(
      QOS.flatMap((qos) =>
        ["", all, all.repeat(12)].map((text) => published(seen.client, `both/${qos}`, text, { qos })),
      ),
    );
    assert.ok(errors.every((error) => error === undefined));
    await until("all of them", () => seen.messages.length >= 9, 20_000);
    for (const qos of QOS) {
      const heard = seen.messages.filter(({ topic }) => topic === `both/${qos}`);
      assert.deepEqual(
        heard.map(({ payload }) => payload),
        ["", all, all.repeat(12)],
      );
      assert.ok(heard.every((packet) => packet.qos === lowered(qos)));
    }
    assert.equal(seen.client.queued(), 0);
    assert.deepEqual(seen.failures, []);
    await ended(seen.client);
  });

  test(`${name}: a session that goes on: what came meanwhile, what waited here`, LIMIT, async () => {
    const away = watch({ ...options("away"), clean: false });
    const here = watch(options("here"));
    await attach(away, pki, broker());
    await attach(here, pki, broker());
    await subscribed(away.client, "away/#", { qos: 2 });
    await subscribed(here.client, "here/#", { qos: 2 });
    await ended(away.client);
    for (const qos of [1, 2] as const) await published(here.client, `away/${qos}`, "x", { qos });
    const waiting = QOS.map((qos) => published(away.client, `here/${qos}`, "y", { qos }));
    await attach(away, pki, broker());
    assert.deepEqual(away.sessions, [false, true]);
    assert.deepEqual(await Promise.all(waiting), [undefined, undefined, undefined]);
    await until("both ways", () => away.messages.length === 2 && here.messages.length === 3, 20_000);
    assert.deepEqual(away.messages.map(({ topic }) => topic).sort(), ["away/1", "away/2"]);
    await new Promise<void>((resolve) => away.client.unsubscribe("away/#", () => resolve()));
    await ended(away.client);
    await ended(here.client);
  });

  test(`${name}: the Will when the cable is pulled, none after DISCONNECT`, LIMIT, async () => {
    const here = watch(options("mourner"));
    await attach(here, pki, broker());
    await subscribed(here.client, "will/#", { qos: 1 });
    const seen = watch({ ...options("mortal"), will: { topic: "will/mortal", payload: "gone\0\xff", qos: 1 } });
    await attach(seen, pki, broker());
    await ended(seen.client);
    const transport = await attach(seen, pki, broker());
    assert.deepEqual(here.messages, []);
    transport.drop();
    await until("the Will", () => here.messages.length > 0, 20_000);
    assert.deepEqual(
      here.messages.map(({ payload, qos }) => [payload, qos]),
      [["gone\0\xff", 1]],
    );
    await ended(here.client);
  });

  test(`${name}: the broker starts anew in the middle: nothing is lost`, LIMIT, async () => {
    const seen = watch({ ...options("restart"), clean: false });
    await attach(seen, pki, broker());
    await subscribed(seen.client, "restart/#", { qos: 1 });
    const sent = Array.from({ length: 20 }, (_, i) => published(seen.client, "restart/a", `${i}`, { qos: 1 }));
    await broker().restart();
    await until("the end of the connection", () => !seen.client.connected);
    seen.failures.splice(0);
    await attach(seen, pki, broker());
    assert.ok((await Promise.all(sent)).every((error) => error === undefined));
    await until("all of them", () => new Set(seen.messages.map(({ payload }) => payload)).size === 20, 30_000);
    await new Promise<void>((resolve) => seen.client.unsubscribe("restart/#", () => resolve()));
    await ended(seen.client);
  });
}

for (const other of otherBrokers) {
  if (other.program === undefined) {
    test(other.name, { skip: `${other.name} is not installed` }, () => undefined);
    continue;
  }
  describe(other.name, () => {
    let broker: Mosquitto;
    before(async () => {
      broker = await other.start(pki);
    }, LIMIT);
    after(() => broker.stop());
    for (const version of other.versions) check(other, version, () => broker);

    if (!other.versions.includes(5))
      test("MQTT 5 where there is none: the connection ends, and nothing is taken for done", LIMIT, async () => {
        const seen = watch({ clientId: "five", protocolVersion: 5 });
        let isDone = false;
        void published(seen.client, "t", "x", { qos: 1 }).then(() => {
          isDone = true;
        });
        const transport = await open(pki, broker);
        let isClosed = false;
        seen.client.on("close", () => {
          isClosed = true;
        });
        seen.client.attach(transport);
        await until("the end", () => isClosed, 20_000);
        assert.deepEqual([seen.client.connected, isDone, seen.client.queued()], [false, false, 1]);
      });
  });
}
