/** Time-outs, refusals and counts, on a board whose time the test moves and with a client that does what the test says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type * as MethodsModule from "../../modules/cloud/methods.ts";
import type * as ShadowModule from "../../modules/cloud/shadow.ts";
import type * as TwinModule from "../../modules/cloud/twin.ts";
import type { Done } from "../../modules/failure.ts";
import { createManualClock } from "../../tools/clock.ts";
import { VirtualBoard } from "../../tools/virtual-board/board.ts";
import { loadModule, toHost } from "../../tools/virtual-board/load-module.ts";
import { failure } from "./rig.ts";

const clock = createManualClock();
const board = new VirtualBoard({ board: "rak5010", serial: { paced: false }, clock });
board.start();
const { createShadow } = await loadModule<typeof ShadowModule>("modules/cloud/shadow.ts", { board });
const { createTwin } = await loadModule<typeof TwinModule>("modules/cloud/twin.ts", { board });
const { serveMethods } = await loadModule<typeof MethodsModule>("modules/cloud/methods.ts", { board });

class FakeClient {
  readonly published: { topic: string; payload: string; done: Done }[] = [];
  readonly subscribed: { filters: string[]; done: Done }[] = [];
  private readonly listeners: ((topic: string, payload: string) => void)[] = [];

  on = (event: string, listener: never): void => {
    if (event === "message") this.listeners.push(listener);
  };
  publish = (topic: string, payload: string, _options: object, done: Done = () => undefined): boolean => {
    this.published.push({ topic, payload, done });
    return true;
  };
  subscribe = (filters: object, options: object | Done, done?: Done): boolean => {
    const names = Array.isArray(filters) ? (filters as string[]) : Object.keys(filters);
    this.subscribed.push({ filters: [...names], done: (done ?? options) as Done });
    return true;
  };
  give(topic: string, payload: string): void {
    for (const listener of this.listeners) listener(topic, payload);
  }
  token(index: number): string {
    return (JSON.parse(this.published[index]?.payload ?? "{}") as { clientToken: string }).clientToken;
  }
}

const PREFIX = "$aws/things/t/shadow/";

function makeShadow(options: Partial<ShadowModule.ShadowOptions> = {}) {
  const client = new FakeClient();
  const shadow = createShadow(client as never, { thing: "t", ...options }, () => undefined);
  const told: unknown[] = [];
  const tell = (name: string) => (error?: unknown, value?: unknown) => {
    told.push([name, toHost(error), toHost(value)]);
  };
  return { client, shadow, told, tell };
}

test("one SUBSCRIBE with five filters, no wildcard; requests wait for its SUBACK", () => {
  const { client, shadow, tell } = makeShadow();
  assert.deepEqual(
    client.subscribed.map(({ filters }) => filters),
    [
      ["get/accepted", "get/rejected", "update/accepted", "update/rejected", "update/delta"].map(
        (verb) => PREFIX + verb,
      ),
    ],
  );
  shadow.update({ "a": 1 }, tell("update"));
  assert.equal(client.published.length, 0);
  client.subscribed[0]?.done();
  assert.equal(client.published.length, 1);
  shadow.get(tell("get"));
  assert.equal(client.published.length, 2);
});

test("a request without an answer ends after its time, and its answer then finds nobody", () => {
  const { client, shadow, told, tell } = makeShadow({ timeoutS: 10 });
  client.subscribed[0]?.done();
  shadow.update({ "a": 1 }, tell("update"));
  clock.advance(9_999);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, [["update", failure("CLOUD_TIMEOUT"), undefined]]);
  client.give(`${PREFIX}update/accepted`, `{"state":{},"version":1,"clientToken":"${client.token(0)}"}`);
  clock.advance(60_000);
  assert.equal(told.length, 1);
});

test("one that was answered does not end again", () => {
  const { client, shadow, told, tell } = makeShadow({ timeoutS: 10 });
  client.subscribed[0]?.done();
  shadow.update({ "a": 1 }, tell("update"));
  const answer = `{"state":{},"version":1,"clientToken":"${client.token(0)}"}`;
  client.give(`${PREFIX}update/accepted`, answer);
  client.give(`${PREFIX}update/accepted`, answer);
  clock.advance(60_000);
  assert.deepEqual(told.length, 1);
});

test("no more requests than agreed are under way", () => {
  const { client, shadow, told, tell } = makeShadow({ maxRequests: 2 });
  assert.equal(shadow.get(tell("1")), true);
  assert.equal(shadow.get(tell("2")), true);
  assert.equal(shadow.get(tell("3")), false);
  assert.deepEqual(told, [["3", failure("CLOUD_FULL", 2), undefined]]);
  client.subscribed[0]?.done();
  client.give(`${PREFIX}get/rejected`, `{"code":404,"clientToken":"${client.token(0)}"}`);
  assert.equal(shadow.get(tell("4")), true);
  assert.deepEqual(told.at(-1), ["1", failure("CLOUD_REJECTED", 404), undefined]);
});

test("a refused subscription fails what waits for it; the next request tries again", () => {
  const { client, shadow, told, tell } = makeShadow();
  shadow.get(tell("1"));
  client.subscribed[0]?.done({ code: "MQTT_SUBSCRIBE", cause: `${PREFIX}get/accepted` });
  assert.deepEqual(told, [["1", { code: "MQTT_SUBSCRIBE", cause: `${PREFIX}get/accepted` }, undefined]]);
  shadow.get(tell("2"));
  assert.equal(client.subscribed.length, 2);
  client.subscribed[1]?.done();
  assert.equal(client.published.length, 1);
});

test("a publish that the client does not accept fails its request", () => {
  const { client, shadow, told, tell } = makeShadow();
  client.subscribed[0]?.done();
  shadow.get(tell("1"));
  client.published[0]?.done({ code: "MQTT_FULL" });
  assert.deepEqual(told, [["1", { code: "MQTT_FULL" }, undefined]]);
});

test("what is reported is as it was when update was called", () => {
  const { client, shadow, tell } = makeShadow();
  const state: Record<string, number> = { "a": 1 };
  shadow.update(state, tell("1"));
  state["a"] = 2;
  client.subscribed[0]?.done();
  assert.match(client.published[0]?.payload ?? "", /^\{"state":\{"reported":\{"a":1\}\},"clientToken":"\d+"\}$/);
});

test("an answer of a document from before a newer delta does not bring the old one back", () => {
  const client = new FakeClient();
  const deltas: unknown[] = [];
  const shadow = createShadow(client as never, { thing: "t" }, (state, version) =>
    deltas.push([version, toHost(state)]),
  );
  client.subscribed[0]?.done();
  client.give(`${PREFIX}update/delta`, '{"version":4,"state":{"a":4}}');
  shadow.get(() => undefined);
  client.give(`${PREFIX}update/delta`, '{"version":6,"state":{"a":6}}');
  const late = { state: { delta: { a: 5 } }, version: 5, clientToken: client.token(0) };
  client.give(`${PREFIX}get/accepted`, JSON.stringify(late));
  assert.deepEqual(deltas, [
    [4, { a: 4 }],
    [6, { a: 6 }],
  ]);
  assert.equal(shadow.version, 6);
});

test("an exception of the application's callback does not reach the client, nor keep the next answer away", () => {
  const { client, shadow, told, tell } = makeShadow();
  client.subscribed[0]?.done();
  shadow.get(() => {
    throw new Error("of the application");
  });
  shadow.get(tell("2"));
  for (const index of [0, 1])
    client.give(`${PREFIX}get/accepted`, `{"state":{},"version":1,"clientToken":"${client.token(index)}"}`);
  assert.equal(told.length, 1);
});

test("twin: a request without an answer ends after its time", () => {
  const client = new FakeClient();
  const twin = createTwin(client as never, { timeoutS: 10 }, () => undefined);
  const told: unknown[] = [];
  client.subscribed[0]?.done();
  twin.report({ "a": 1 }, (error) => told.push(toHost(error)));
  clock.advance(10_000);
  assert.deepEqual(told, [failure("CLOUD_TIMEOUT")]);
});

test("direct methods: a handler that does not respond is responded for", () => {
  const client = new FakeClient();
  let late: MethodsModule.Respond | undefined;
  const handlers = {
    "slow": (_body: unknown, respond: MethodsModule.Respond) => {
      late = respond;
    },
  };
  serveMethods(client as never, handlers, { timeoutS: 5 }, () => undefined);
  client.give("$iothub/methods/POST/slow/?$rid=2a", "");
  clock.advance(5_000);
  late?.(200);
  assert.deepEqual(
    client.published.map(({ topic }) => topic),
    ["$iothub/methods/res/504/?$rid=2a"],
  );
});
