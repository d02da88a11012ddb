import { type Done, type Failure, failure } from "../failure.ts";
import { guard } from "../guard.ts";
import { join, view } from "./bytes.ts";
import {
  createDecoder,
  type Decoded,
  encodeConfirm,
  encodeConnect,
  encodeFilters,
  encodePublish,
  type Grants,
  serverPackets,
} from "./packet.ts";
import { isFilter, isQos, isTopic } from "./text.ts";
import type { Transport } from "./transport.ts";
import type {
  Client,
  ClientOptions,
  ConnackPacket,
  PublishOptions,
  PublishPacket,
  SubscribeDone,
  SubscribeOptions,
  Subscription,
  SubscriptionMap,
} from "./types.ts";

export type { Client, ClientOptions } from "./types.ts";

/** What may stand where a callback does: options, when the callback before them was left out. */
type MaybeDone = ((error?: Failure, value?: never) => void) | object | undefined;

/** A packet that was accepted and is not done with: it waits to leave, or for its acknowledgement. */
interface Entry {
  bytes: string;
  /** Packet Identifier; 0 is QoS 0, done as soon as it is written. */
  ident: number;
  /** First byte of the acknowledgement that is due: 64 PUBACK, 80 PUBREC, 112 PUBCOMP, 144 SUBACK, 176 UNSUBACK. */
  expects: number;
  onDone: MaybeDone;
  wants: Subscription[];
}

// A modem sends up to 1,460 bytes in one command and one TCP segment.
const BATCH = 1460;
// Seconds from look to look. Ticks are counted, and no clock is read: it may be set while we are connected.
const TICK = 5;
const noOptions: PublishOptions = {};

/** One MQTT session; connections come and go beneath it (`attach`), and what is in flight survives them. */
export const createClient = (options: ClientOptions): Client => {
  const alive = options.keepalive ?? 60;
  const patience = options.replyTimeoutS ?? 30;

  // The session.
  let waiting: Entry[] = [];
  /** PUBLISH in the order in which they first left, PUBREL in that of the PUBRECs [MQTT-4.6.0-1, -3]. */
  let inflight: Entry[] = [];
  let received: { [id: number]: boolean } = {};
  let subscribed: Subscription[] = [];
  let queued = 0;
  // Not always 1: a broker may still hold a QoS 2 identifier of the time before our reset and take ours for its double.
  let lastId = Math.randInt(65535);
  let ending: MaybeDone;

  // The connection.
  let transport: Transport | undefined;
  let isUp = false;
  let replies = "";
  let busy = 0; // writing, reading: nothing leaves meanwhile
  let isAsking = false; // CONNECT or PINGREQ without its answer
  let isLast: unknown;
  let timer = 0;
  let idle = 0; // ticks since the last write
  let waited = 0; // ticks without the answer that is due
  let onWritten: Done;

  /** A failure that nobody takes is an event. */
  const call = (done: MaybeDone, error?: Failure, value?: unknown) => {
    if (typeof done === "function") guard(done as Done, error, value);
    else if (error) client.emit("error", error);
  };

  const finish = (entry: Entry, error?: Failure, value?: unknown) => {
    queued--;
    call(entry.onDone, error, value);
  };

  const find = (id: number): Entry | undefined => {
    for (const entry of inflight) if (entry.ident === id) return entry;
    return undefined;
  };

  const newId = () => {
    do lastId = (lastId % 65535) + 1;
    while (find(lastId));
    return lastId;
  };

  /** `bytes` is empty when the call was wrong, 0 when there is no room. */
  const add = (bytes: string | 0, ident: number, expects: number, onDone: MaybeDone, wants: Subscription[]) => {
    if (bytes) {
      queued++;
      waiting.push({ bytes, ident, expects, onDone, wants });
      flush();
    } else call(onDone, failure(bytes === "" ? "MQTT_INVALID" : "MQTT_FULL"));
    return !!bytes;
  };

  // ---------------------------------------------------------------------------------------------- out

  /** Acknowledgements and whatever waits leave in one write; the next one follows when it is done. */
  const flush = () => {
    if (busy || !transport) return;
    let batch = replies;
    replies = "";
    busy = 1;
    while (isUp && waiting.length && inflight.length < (options.maxInflight ?? 16)) {
      const entry = waiting[0] as Entry;
      if (batch && batch.length + entry.bytes.length > BATCH) break;
      batch += entry.bytes;
      waiting.shift();
      if (entry.ident) inflight.push(entry);
      else finish(entry);
    }
    isLast = isUp && ending && !queued;
    if (isLast) batch += "\xe0\0";
    if (batch && transport) {
      idle = 0;
      transport.write(batch, onWritten);
    } else busy = 0;
  };

  // ---------------------------------------------------------------------------------------------- in

  const reply = (first: number, id: number) => {
    const bytes = encodeConfirm(first, id);
    replies += bytes;
    return bytes;
  };

  const settle = (id: number, kind: number) => {
    const entry = find(id);
    if (!entry || entry.expects !== kind) return undefined;
    inflight.splice(inflight.indexOf(entry), 1);
    waited = 0;
    return entry;
  };

  const onConfirm = (id: number, kind: number) => {
    const entry = settle(id, kind);
    if (entry) finish(entry);
  };

  const onPublish = (packet: PublishPacket) => {
    const id = packet.messageId;
    const isTwo = packet.qos > 1;
    if (id) reply(isTwo ? 80 : 64, id);
    if (isTwo) {
      if (received[id]) return;
      received[id] = true;
    }
    client.emit("message", packet.topic, packet.payload, packet);
  };

  const onPubrec = (id: number, kind: number) => {
    const entry = settle(id, kind);
    // Also for one we do not know, else the broker would keep it for ever.
    const bytes = reply(98, id);
    if (entry) {
      entry.expects = 112;
      entry.bytes = bytes;
      inflight.push(entry);
    }
  };

  const onPubrel = (id: number) => {
    reply(112, id);
    delete received[id];
  };

  /** SUBACK and UNSUBACK. */
  const onGrants = (packet: Grants, kind: number) => {
    const entry = settle(packet.ident, kind);
    const codes = packet.codes;
    let error: Failure | undefined;
    if (!entry) return entry;
    const granted = entry.wants.map((want, index) => {
      const topic = want.topic;
      const qos = codes[index] as number;
      subscribed = subscribed.filter((other) => other.topic !== topic);
      if (qos < 3) subscribed.push(want);
      if (qos > 3) error = failure("MQTT_SUBSCRIBE", topic);
      return { topic, qos };
    });
    finish(entry, error, granted);
    return codes.length && codes.length !== granted.length; // [MQTT-3.8.4-5]
  };

  const onConnack = (packet: ConnackPacket) => {
    const isResumed = packet.sessionPresent;
    if (packet.returnCode) fail(failure("MQTT_REFUSED", packet.returnCode));
    else if (isResumed && options.clean !== false)
      return true; // [MQTT-3.2.2-1]
    else {
      isUp = client.connected = true;
      isAsking = false;
      resume(isResumed);
      client.emit("connect", packet);
    }
    return undefined;
  };

  /** What had left on the last connection goes again, ahead of what waits. */
  const resume = (isResumed: boolean) => {
    const again: Entry[] = [];
    for (const entry of inflight) {
      if (entry.expects < 112) entry.bytes = join((view(entry.bytes)[0] as number) | 8, entry.bytes.slice(1)); // DUP
      // Without its session PUBREL means nothing; the broker has had the message since its PUBREC.
      if (entry.expects !== 112 || isResumed) again.push(entry);
      else finish(entry);
    }
    inflight = [];
    waiting = again.concat(waiting);
    if (!isResumed) {
      received = {};
      if (subscribed.length) request(130, subscribed);
    }
  };

  /** By first byte. */
  const handlers: { [kind: number]: (packet: never, kind: number) => unknown } = {
    64: onConfirm,
    48: onPublish,
    208: () => {
      isAsking = false;
    },
    80: onPubrec,
    98: onPubrel,
    112: onConfirm,
    32: onConnack,
    144: onGrants,
    176: onGrants,
  };

  /** True when it is out of place: CONNACK comes first and once [MQTT-3.2.0-1]. */
  const take = (packet: Decoded, kind: number) =>
    isUp !== (kind !== 32) || (handlers[kind] as (packet: Decoded, kind: number) => unknown)(packet, kind);

  // -------------------------------------------------------------------------------------------- filters

  const request = (first: number, filters: Subscription[], done?: MaybeDone, isWrong?: boolean) => {
    const id = newId();
    return add(isWrong ? "" : encodeFilters(first, id, filters), id, (first & 240) + 16, done, filters);
  };

  const ask =
    (first: number) =>
    (filter: string | string[] | SubscriptionMap, options?: SubscribeOptions | SubscribeDone, done?: SubscribeDone) => {
      const filters: Subscription[] = [];
      const names = typeof filter === "string" ? [filter] : filter;
      const isMap = !Array.isArray(names);
      let isWrong = false;
      for (const topic of isMap ? Object.keys(names) : names) {
        const qos = ((isMap ? names[topic] : (options as SubscribeOptions)) || noOptions).qos || 0;
        filters.push({ topic, qos });
        if (!isFilter(topic) || !isQos(qos)) isWrong = true;
      }
      return request(first, filters, done || options, isWrong || !filters.length);
    };

  // -------------------------------------------------------------------------------------------- the connection

  const watch = () => {
    idle++;
    if (isAsking || inflight.length) {
      // The URC that announces the answer may be lost: look once.
      if (++waited === 2) (transport as Transport).poll();
      if (patience && waited * TICK > patience) {
        fail(failure(isUp && isAsking ? "MQTT_KEEPALIVE" : "MQTT_TIMEOUT"));
      }
    } else waited = 0;
    if (isUp && alive && !isAsking && (idle + 1) * TICK >= alive) {
      isAsking = true;
      replies += "\xc0\0";
      flush();
    }
  };

  const fail = (error: Failure) => {
    call(noOptions, error);
    down(error);
  };

  const down = (error?: Failure) => {
    const old = transport;
    const done = ending;
    ending = undefined;
    if (old) {
      transport = undefined;
      isUp = client.connected = false;
      busy = 0;
      clearInterval(timer);
      old.close();
      client.emit("close", error);
    }
    call(done);
  };

  const client = {
    connected: false,

    attach(next: Transport): void {
      const decode = createDecoder(serverPackets, take, options.maxPacket ?? 4096);
      down();
      transport = next;
      onWritten = (error) => {
        if (transport === next) {
          busy--;
          if (error || isLast) down(error);
          else flush();
        }
      };
      next.onData = (chunk) => {
        if (transport === next) {
          busy++;
          const error = decode(chunk);
          if (transport === next) {
            busy--;
            if (error) fail(error);
            else flush();
          }
        }
      };
      next.onClose = (cause) => {
        if (transport === next) down(cause);
      };
      timer = setInterval(guard, TICK * 1000, watch);
      isAsking = true;
      waited = 0;
      replies = encodeConnect(options);
      if (replies) flush();
      else fail(failure("MQTT_INVALID"));
    },

    publish(
      topic: string,
      payload: string | Uint8Array,
      how?: PublishOptions | Done | undefined,
      done?: Done | undefined,
    ): boolean {
      const settings = (how || noOptions) as PublishOptions;
      const qos = settings.qos || 0;
      const id = qos && newId();
      return add(
        queued < (options.maxQueue ?? 50)
          ? isTopic(topic) && isQos(qos)
            ? encodePublish(topic, payload, (qos << 1) | (settings.retain ? 1 : 0), id)
            : ""
          : 0,
        id,
        48 + qos * 16,
        done || how,
        [],
      );
    },

    subscribe: ask(130),
    unsubscribe: ask(162),

    end(force?: boolean, done?: () => void): void {
      ending = done || noOptions;
      if (force || !transport) down();
      else flush();
    },

    queued: () => queued,
  };
  return client;
};
