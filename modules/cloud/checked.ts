/** `publish` and `subscribe` of a client, which refuse what the cloud would close the connection for. */
import type { Done, Failure } from "../failure.ts";
import type { Client, PublishOptions, SubscribeDone, SubscribeOptions, SubscriptionMap } from "../mqtt/types.ts";
import { type Cloud, refusePublish, refuseSubscribe } from "./cloud.ts";

export type CheckedClient = Pick<Client, "publish" | "subscribe">;

/** As the client does it: the reason goes to `done`, and the call returns false. */
const refuse = (error: Failure, done: unknown): boolean => {
  if (typeof done == "function") (done as Done)(error);
  return false;
};

export const createChecked = (client: CheckedClient, cloud: Cloud): CheckedClient => ({
  publish(
    topic: string,
    payload: string | Uint8Array,
    options?: PublishOptions | Done | undefined,
    done?: Done | undefined,
  ): boolean {
    // A function in the options' place has neither.
    const how = (options || {}) as PublishOptions;
    const error = refusePublish(cloud, topic, payload.length, how.qos || 0, !!how.retain);
    return error ? refuse(error, done || options) : client.publish(topic, payload, options, done);
  },

  subscribe(
    filter: string | string[] | SubscriptionMap,
    options?: SubscribeOptions | SubscribeDone,
    done?: SubscribeDone,
  ): boolean {
    let qos = ((options || {}) as SubscribeOptions).qos || 0;
    let filters = filter as string[];
    if (typeof filter == "string") filters = [filter];
    else if (!Array.isArray(filter)) {
      filters = Object.keys(filter);
      qos = filters.reduce((most, name) => Math.max(most, (filter[name] as SubscribeOptions).qos || 0), 0);
    }
    const error = refuseSubscribe(cloud, filters, qos);
    return error ? refuse(error, done || options) : client.subscribe(filter, options, done);
  },
});
