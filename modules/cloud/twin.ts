/**
 * Azure device twin. Sources: "Use MQTT to communicate with Azure IoT Hub" (topics, status codes), "Understand and use
 * device twins" (versions, depth 10). The hub tells of desired properties only while the device is connected: call `get`
 * on every `connect`, and what was desired meanwhile comes with it.
 */
import { failure } from "../failure.ts";
import { guard } from "../guard.ts";
import type { Client } from "../mqtt/types.ts";
import { decodeBag, valueIn } from "./bag.ts";
import { type JsonObject, own, ownObject, parseObject } from "./json.ts";
import { type AnswerDone, createRequests } from "./requests.ts";

const ROOT = "$iothub/twin/";
const DESIRED = "PATCH/properties/desired/";
/** 10 in a section, with `desired` and the document around it. */
const MAX_DEPTH = 12;

export interface TwinOptions {
  /** Default 30. */
  timeoutS?: number | undefined;
  /** Requests under way. Default 4. */
  maxRequests?: number | undefined;
}

export interface Twin {
  /** `$version` of the newest desired properties that were heard of; 0 before. */
  readonly version: number;
  /** Messages that could not be read. */
  readonly dropped: number;
  /** The properties: `desired` and `reported`. */
  get(done: AnswerDone<JsonObject>): boolean;
  /** Merges `patch` into the reported properties; null deletes. `done` gets their new version. */
  report(patch: object, done: AnswerDone<number>): boolean;
}

/**
 * `onDesired`: what changed, or with `isWhole` all desired properties; never an older version after a newer one, never
 * one twice.
 */
export const createTwin = (
  client: Pick<Client, "on" | "publish" | "subscribe">,
  options: TwinOptions,
  onDesired: (properties: JsonObject, version: number, isWhole: boolean) => void,
): Twin => {
  const requests = createRequests<JsonObject | number>(
    // QoS 0, as the hub answers: a request that gets no answer is known by its time-out.
    (done) => void client.subscribe([`${ROOT}res/#`, `${ROOT + DESIRED}#`], { qos: 0 }, done),
    options.timeoutS || 30,
    options.maxRequests || 4,
  );

  const ask = (verb: string, payload: string, done: AnswerDone<JsonObject | number>): boolean =>
    requests.ask(
      twin.version,
      (token, sent) => void client.publish(`${ROOT + verb}/?$rid=${token}`, payload, { qos: 0 }, sent),
      done,
    );

  const twin = {
    version: 0,
    dropped: 0,
    get: (done: AnswerDone<JsonObject>): boolean => ask("GET", "", done as AnswerDone<JsonObject | number>),
    report: (patch: object, done: AnswerDone<number>): boolean =>
      ask("PATCH/properties/reported", JSON.stringify(patch), done as AnswerDone<JsonObject | number>),
  };

  const onDesiredMessage = (topic: string, payload: string): void => {
    const version = parseInt(valueIn(decodeBag(topic.slice(ROOT.length + DESIRED.length)), "$version") || "", 10);
    const patch = parseObject(payload, MAX_DEPTH);
    if (!patch || !(version > 0)) twin.dropped++;
    else if (version > twin.version) {
      twin.version = version;
      guard(onDesired, patch, version, false);
    }
  };

  /** The answer to `get`. */
  const onProperties = (token: string, base: number, payload: string): void => {
    const properties = parseObject(payload, MAX_DEPTH);
    const desired = ownObject(properties, "desired");
    const version = own(desired, "$version");
    if (!properties) {
      requests.answer(token, failure("CLOUD_FORMAT"));
      return;
    }
    // Lower than before: the device was registered anew, unless an update came since we asked.
    if (typeof version == "number" && version !== twin.version && (version > twin.version || twin.version === base)) {
      twin.version = version;
      guard(onDesired, desired as JsonObject, version, true);
    }
    requests.answer(token, undefined, properties);
  };

  const onAnswer = (topic: string, payload: string): void => {
    // `res/<status>/?$rid=<token>`, and `&$version=<n>` behind an update.
    const parts = topic.slice(ROOT.length).split("/");
    const status = parseInt(parts[1] || "", 10);
    const bag = decodeBag(parts[2] || "");
    const token = valueIn(bag, "$rid") || "";
    const base = requests.baseOf(token);
    if (base === undefined) return;
    if (status === 200) onProperties(token, base, payload);
    else if (status > 200 && status < 300)
      requests.answer(token, undefined, parseInt(valueIn(bag, "$version") || "", 10) || 0);
    else requests.answer(token, failure("CLOUD_REJECTED", status));
  };

  const onMessage = (topic: string, payload: string): void => {
    if (topic.startsWith(`${ROOT}res/`)) onAnswer(topic, payload);
    else if (topic.startsWith(ROOT + DESIRED)) onDesiredMessage(topic, payload);
  };

  client.on("message", (topic: string, payload: string) => guard(onMessage, topic, payload));
  return twin;
};
