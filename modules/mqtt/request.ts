import { type Failure, failure } from "../failure.ts";
import { after, guard } from "../guard.ts";
import { join } from "./bytes.ts";
import type { Client, PublishOptions, PublishPacket, ReasonPacket } from "./types.ts";

/**
 * Request and response (MQTT 5, section 4.10) over a client: optional, an image that does not import it is no larger for it.
 * A broker of 3.1.1 carries no Response Topic, so with one a request ends in MQTT_TIMEOUT.
 */

/** The answer, or why there is none. */
export type ResponseDone = (error?: Failure, payload?: string, packet?: PublishPacket) => void;

/**
 * False when it was not accepted; `done` then has the reason already. With QoS 1 and a broker that says that nobody has
 * subscribed to `topic` it ends at once, with MQTT_REJECTED and cause 16.
 */
export type Request = (
  topic: string,
  payload: string | Uint8Array,
  options: PublishOptions | undefined,
  done: ResponseDone,
) => boolean;

/** Correlation Data, who waits, and the timer. */
type Waiting = [string, ResponseDone, number];

/**
 * Answers come to `replyTopic`, which no other device may use; it is subscribed to with the first request. At most `most`
 * requests wait, each for `timeoutS` seconds.
 */
export const createRequests = (client: Client, replyTopic: string, timeoutS?: number, most?: number): Request => {
  let waiting: Waiting[] = [];
  let isAsked = false;
  // Not from 1: an answer to a request before our reset is none of ours.
  let lastId = Math.randInt(0x1000000);

  const finish = (one: Waiting, error?: Failure, payload?: string, packet?: PublishPacket) => {
    if (waiting.includes(one)) {
      waiting = waiting.filter((other) => other !== one);
      clearTimeout(one[2]);
      guard(one[1], error, payload, packet);
    }
  };

  client.on("message", (topic, payload, packet) => {
    const about = packet.properties;
    if (topic === replyTopic && about)
      for (const one of waiting) if (one[0] === about.correlationData) finish(one, undefined, payload, packet);
  });

  return (topic, payload, options, done) => {
    if (waiting.length >= (most ?? 8)) {
      guard(done, failure("MQTT_FULL"));
      return false;
    }
    lastId++;
    const id = join(lastId >> 16, lastId >> 8, lastId);
    const one: Waiting = [id, done, 0];
    one[2] = after((timeoutS ?? 30) * 1000, finish, one, failure("MQTT_TIMEOUT"));
    waiting.push(one);
    if (!isAsked) {
      isAsked = true;
      // It leaves ahead of the request. Without it no answer can come, and the next request asks again.
      client.subscribe(replyTopic, { qos: 1 }, (error) => {
        if (error) {
          isAsked = false;
          for (const other of waiting) finish(other, error);
        }
      });
    }
    if (waiting.includes(one)) {
      const how: PublishOptions = Object.assign({}, options || {});
      how.properties = Object.assign({}, how.properties || {});
      how.properties.responseTopic = replyTopic;
      how.properties.correlationData = id;
      client.publish(topic, payload, how, (error?: Failure, packet?: ReasonPacket) => {
        if (error || (packet && packet.reasonCode === 16)) finish(one, error || failure("MQTT_REJECTED", 16));
      });
    }
    return waiting.includes(one);
  };
};

/** Answers a request, with its QoS; MQTT_INVALID when it wants no answer. */
export const respond = (
  client: Client,
  packet: PublishPacket,
  payload: string | Uint8Array,
  done?: (error?: Failure) => void,
): boolean => {
  const about = packet.properties || {};
  const properties = { correlationData: about.correlationData };
  return client.publish(about.responseTopic || "", payload, { qos: packet.qos, properties }, done);
};
