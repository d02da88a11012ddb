/** Direct methods of Azure IoT Hub. Source: "Use MQTT to communicate with Azure IoT Hub", "Understand direct methods". */
import type { Done } from "../failure.ts";
import { after, guard } from "../guard.ts";
import type { Client } from "../mqtt/types.ts";
import { decodeBag, valueIn } from "./bag.ts";
import { type JsonObject, parseObject } from "./json.ts";

const ROOT = "$iothub/methods/";
const MAX_DEPTH = 12;
/** Calls that wait for their handler. */
const MAX_CALLS = 4;

/** Status as in HTTP; `body` becomes JSON. Only the first call counts. */
export type Respond = (status: number, body?: object) => void;

export interface MethodHandlers {
  /** `body`: undefined when the call had none, or one that is no JSON object. */
  [name: string]: (body: JsonObject | undefined, respond: Respond) => void;
}

export interface MethodOptions {
  /** A handler that does not respond is responded for, with 504. Default 25: the caller waits 30 by default. */
  timeoutS?: number | undefined;
}

/**
 * Answers 404 for a method that is not there, 400 for a body that is no JSON object, 429 for one call too many, 500 when
 * the handler throws, 504 when it does not respond. `done` when the hub has taken the subscription.
 */
export const serveMethods = (
  client: Pick<Client, "on" | "publish" | "subscribe">,
  handlers: MethodHandlers,
  options: MethodOptions,
  done: Done,
): void => {
  let calls = 0;

  const onCall = (topic: string, payload: string): void => {
    const parts = topic.slice(ROOT.length).split("/");
    const name = parts[1] as string;
    const rid = valueIn(decodeBag(parts[2] || ""), "$rid");
    if (!rid) return;
    let timer = 0;
    let isOpen = true;
    const respond: Respond = (status, body) => {
      if (!isOpen) return;
      isOpen = false;
      calls--;
      if (timer) clearTimeout(timer);
      client.publish(`${ROOT}res/${status}/?$rid=${encodeURIComponent(rid)}`, body ? JSON.stringify(body) : "{}", {
        qos: 0,
      });
    };
    const body = payload ? parseObject(payload, MAX_DEPTH) : undefined;
    calls++;
    // `null` is what the hub sends for no body at all.
    if (payload && payload !== "null" && !body) respond(400);
    else if (calls > MAX_CALLS) respond(429);
    else if (!Object.keys(handlers).includes(name)) respond(404);
    else {
      timer = after((options.timeoutS || 25) * 1000, respond, 504);
      try {
        (handlers[name] as MethodHandlers[""])(body, respond);
      } catch (error) {
        respond(500);
        // Counted and printed as any other.
        throw error;
      }
    }
  };

  client.on("message", (topic: string, payload: string) => {
    if (topic.startsWith(`${ROOT}POST/`)) guard(onCall, topic, payload);
  });
  client.subscribe(`${ROOT}POST/#`, { qos: 0 }, (error) => done(error));
};
