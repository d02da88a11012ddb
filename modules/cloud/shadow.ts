/**
 * AWS IoT device shadow, classic or named. Sources: AWS IoT developer guide, "Device Shadow MQTT topics", "Device Shadow
 * service documents", "Device Shadow error messages". After a connection whose session was lost, call `get`: what was
 * desired meanwhile comes with it.
 */
import { failure } from "../failure.ts";
import { guard } from "../guard.ts";
import type { Client, SubscriptionMap } from "../mqtt/types.ts";
import { type JsonObject, own, ownObject, parseObject } from "./json.ts";
import { type AnswerDone, createRequests } from "./requests.ts";

/** The service takes 8 levels in a section, sources of before 2023 say 5; around them are three, below them a timestamp. */
const MAX_DEPTH = 12;

export interface ShadowOptions {
  thing: string;
  /** Of a named shadow; "" or absent for the classic one. */
  name?: string | undefined;
  /** Default 30. */
  timeoutS?: number | undefined;
  /** Requests under way, at most 10 (the service rejects more with 429). Default 4. */
  maxRequests?: number | undefined;
}

export interface Shadow {
  /** Version of the newest document that was heard of; 0 before. */
  readonly version: number;
  /** Messages that were no document of this service. */
  readonly dropped: number;
  /** The document: `state` with `desired`, `reported` and `delta`, `metadata`, `version`. `CLOUD_REJECTED` 404: none yet. */
  get(done: AnswerDone<JsonObject>): boolean;
  /**
   * Merges `reported` into the reported state; null deletes. With `version` only if that is still the newest, else
   * `CLOUD_REJECTED` 409.
   */
  update(reported: object, done: AnswerDone<JsonObject>, version?: number): boolean;
}

/** `onDelta`: what is desired and not reported; never an older version after a newer one, never one twice. */
export const createShadow = (
  client: Pick<Client, "on" | "publish" | "subscribe">,
  options: ShadowOptions,
  onDelta: (state: JsonObject, version: number) => void,
): Shadow => {
  const prefix = `$aws/things/${options.thing}/shadow/${options.name ? `name/${options.name}/` : ""}`;
  /** Version of the newest delta. Not that of the newest document: an update's own answer may overtake its delta. */
  let seen = 0;

  const requests = createRequests<JsonObject>(
    (done) => {
      const filters: SubscriptionMap = {};
      for (const verb of ["get/accepted", "get/rejected", "update/accepted", "update/rejected", "update/delta"])
        filters[prefix + verb] = { qos: 1 };
      client.subscribe(filters, done);
    },
    options.timeoutS || 30,
    options.maxRequests || 4,
  );

  const shadow = {
    version: 0,
    dropped: 0,

    get: (done: AnswerDone<JsonObject>): boolean =>
      requests.ask(
        seen,
        (token, sent) => void client.publish(`${prefix}get`, `{"clientToken":"${token}"}`, { qos: 1 }, sent),
        done,
      ),

    update: (reported: object, done: AnswerDone<JsonObject>, version?: number): boolean => {
      // At once: what is changed later belongs to a later update.
      const text = `{"state":{"reported":${JSON.stringify(reported)}}${version ? `,"version":${version}` : ""}`;
      return requests.ask(
        seen,
        (token, sent) => void client.publish(`${prefix}update`, `${text},"clientToken":"${token}"}`, { qos: 1 }, sent),
        done,
      );
    },
  };

  const offer = (state: JsonObject | undefined, version: number): void => {
    seen = version;
    if (state) guard(onDelta, state, version);
  };

  const onMessage = (topic: string, payload: string): void => {
    if (!topic.startsWith(prefix)) return;
    const verb = topic.slice(prefix.length).split("/");
    const what = verb[1] as string;
    // Another shadow of this thing: `name/...` behind the classic prefix.
    if (verb.length !== 2 || (verb[0] !== "get" && verb[0] !== "update")) return;
    const document = parseObject(payload, MAX_DEPTH);
    const version = own(document, "version");
    const token = `${own(document, "clientToken")}`;
    if (what === "rejected") {
      const code = own(document, "code");
      requests.answer(token, failure("CLOUD_REJECTED", typeof code == "number" ? code : undefined));
    } else if (!document || typeof version != "number") {
      shadow.dropped++;
    } else if (what === "delta") {
      if (version <= seen) return;
      shadow.version = Math.max(shadow.version, version);
      offer(ownObject(document, "state"), version);
    } else {
      const base = requests.baseOf(token);
      // Another party's: its delta comes by itself.
      if (base === undefined) return;
      if (verb[0] === "get") {
        // A lower version than before is a shadow that was deleted and made anew, unless a delta came since we asked.
        if (version > seen || seen === base) {
          shadow.version = version;
          if (version !== seen) offer(ownObject(ownObject(document, "state"), "delta"), version);
        }
      } else shadow.version = Math.max(shadow.version, version);
      requests.answer(token, undefined, document);
    }
  };

  client.on("message", (topic: string, payload: string) => guard(onMessage, topic, payload));
  return shadow;
};
