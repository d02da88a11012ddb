import { type Done, type Failure, failure } from "../failure.ts";
import { guard } from "../guard.ts";
import { field, join, view } from "./bytes.ts";
import {
  createDecoder,
  decodeConnack,
  decodeGrants,
  decodeId,
  decodePublish,
  encodeConnect,
  encodeFilters,
  encodePublish,
  type PacketTable,
} from "./packet.ts";
import { isFilter, isQos, isTopic } from "./text.ts";
import type { Transport } from "./transport.ts";
import type {
  Client,
  ClientOptions,
  PublishOptions,
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
  /** The start of the packet that acknowledges it, four bytes with the identifier in the end; empty for QoS 0. */
  ack: string;
  onDone: MaybeDone;
  wants: Subscription[] | 0;
}

// A modem sends up to 1,460 bytes in one command and one TCP segment.
const BATCH = 1460;
// Seconds from look to look. Ticks are counted, and no clock is read: it may be set while we are connected.
const TICK = 5;
// By QoS: the first bytes of PUBACK and PUBREC.
const ACKS = ["", "@\x02", "P\x02"];
const noOptions: PublishOptions = {};

/** One MQTT session; connections come and go beneath it (`attach`), and what is in flight survives them. */
export const createClient = (options: ClientOptions): Client => {
  const alive = options.keepalive ?? 60;
  const patience = options.replyTimeoutS ?? 30;
  const room = options.maxQueue ?? 50;
  const window = options.maxInflight ?? 16;

  // The session.
  let waiting: Entry[] = [];
  /** By `ack`; PUBLISH in the order in which they first left, PUBREL in that of the PUBRECs [MQTT-4.6.0-1, -3]. */
  let inflight: { [ack: string]: Entry } = {};
  let flying = 0;
  let received: { [id: number]: boolean } = {};
  let subscribed: Subscription[] = [];
  let queued = 0;
  // Not always 1: a broker may still hold a QoS 2 identifier of the time before our reset and take ours for its double.
  let lastId = Math.randInt(65535);
  let isOld = false; // identifiers come round again
  let ending: MaybeDone;
  // A device publishes to few topics, often one: the last one is not looked at again.
  let topicName: string | undefined;
  let topicField = "";

  // The connection.
  let transport: Transport | undefined;
  let table: PacketTable;
  let isUp = false;
  let replies = "";
  let busy = 1; // not up, writing, reading: nothing leaves meanwhile
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

  const newId = () => {
    let id = "";
    let isTaken = false;
    do {
      lastId++;
      if (lastId > 65535) {
        lastId = 1;
        isOld = true;
      }
      id = join(lastId >> 8, lastId);
      isTaken = false;
      if (isOld) for (const ack in inflight) if (ack.slice(2) === id) isTaken = true;
    } while (isTaken);
    return id;
  };

  const refuse = (code: string, done: MaybeDone) => {
    call(done, failure(code));
    return false;
  };

  // ---------------------------------------------------------------------------------------------- out

  const write = (bytes: string) => {
    busy++;
    idle = 0;
    (transport as Transport).write(bytes, onWritten);
  };

  const depart = (entry: Entry) => {
    const ack = entry.ack;
    if (ack) {
      inflight[ack] = entry;
      flying++;
    } else finish(entry);
  };

  /** Acknowledgements and whatever waits leave in one write; the next one follows when it is done. */
  const flush = () => {
    if (busy) return;
    let batch = replies;
    replies = "";
    busy = 1;
    while (waiting[0] && flying < window && (!batch || batch.length + waiting[0].bytes.length <= BATCH)) {
      const entry = waiting.shift() as Entry;
      batch += entry.bytes;
      depart(entry);
    }
    busy = 0;
    isLast = ending && !queued;
    if (isLast) batch += "\xe0\0";
    if (batch) write(batch);
  };

  const accept = (bytes: string, ack: string, onDone: MaybeDone, wants: Subscription[] | 0) => {
    const entry = { bytes, ack, onDone, wants };
    queued++;
    if (busy || waiting[0] || flying >= window || !ack) {
      waiting.push(entry);
      flush();
    } else {
      inflight[ack] = entry;
      flying++;
      write(bytes);
    }
    return true;
  };

  // ---------------------------------------------------------------------------------------------- in

  const settle = (ack: string) => {
    const entry = inflight[ack];
    if (entry && isUp) {
      delete inflight[ack];
      flying--;
      waited = 0;
      return entry;
    }
    return undefined;
  };

  /** PUBACK, PUBREC, PUBCOMP, UNSUBACK: whether it was due. */
  const onAck = (ack: string) => {
    const entry = settle(ack);
    if (entry) {
      if (ack[0] === "P") {
        const id = ack.slice(1);
        entry.bytes = "b" + id;
        entry.ack = "p" + id;
        replies += entry.bytes;
        depart(entry);
      } else finish(entry);
    }
    return entry;
  };

  /** Also for one we do not know is there a PUBREL, else the broker would keep it for ever. */
  const onConfirm: PacketTable[0] = (data, at, end, text, first) => {
    const ack = text.slice(at - 2, end);
    if (!onAck(ack) && first === 80) replies += "b" + ack.slice(1);
    return decodeId(data, at, end);
  };

  /** By first byte, once there was a CONNACK. */
  const handlers: PacketTable = {
    64: onConfirm,
    48: (data, at, end, text, first) => {
      const packet = decodePublish(data, at, end, text, first);
      if (packet) {
        const id = packet.messageId;
        const qos = packet.qos;
        if (qos) {
          const reply = join(ACKS[qos] as string, id >> 8, id);
          replies += reply;
        }
        if (qos < 2 || !received[id]) client.emit("message", packet.topic, packet.payload, packet);
        if (qos > 1) received[id] = true;
      }
      return packet;
    },
    208: (_data, at, end) => {
      isAsking = false;
      return at === end;
    },
    80: onConfirm,
    98: (data, at, end, text) => {
      const id = decodeId(data, at, end);
      if (id) {
        delete received[id];
        replies += "p" + text.slice(at - 1, end);
      }
      return id;
    },
    112: onConfirm,
    144: (data, at, end, text) => {
      const codes = decodeGrants(data, at, end);
      const entry = settle(text.slice(at - 2, at + 2));
      // One not asked for, or with another count of codes than asked for [MQTT-3.8.4-5].
      if (!codes || !entry) return false;
      let error: Failure | undefined;
      const granted = (entry.wants as Subscription[]).map((want, index) => {
        const topic = want.topic;
        const qos = codes[index] as number;
        forget(topic);
        if (qos < 3) subscribed.push(want);
        else error = failure("MQTT_SUBSCRIBE", topic);
        return { topic, qos };
      });
      finish(entry, error, granted);
      return true;
    },
    176: onConfirm,
  };

  const onConnack: PacketTable[0] = (data, at, end) => {
    const packet = decodeConnack(data, at, end);
    if (packet) {
      if (packet.returnCode) fail(failure("MQTT_REFUSED", packet.returnCode));
      else if (packet.sessionPresent && options.clean !== false)
        return false; // [MQTT-3.2.2-1]
      else {
        isUp = client.connected = true;
        busy--;
        // CONNACK comes first and once [MQTT-3.2.0-1].
        Object.assign(table, handlers);
        delete table[32];
        isAsking = false;
        resume(packet.sessionPresent);
        client.emit("connect", packet);
      }
    }
    return packet;
  };

  /** What had left on the last connection goes again, ahead of what waits. */
  const resume = (isResumed: boolean) => {
    const again: Entry[] = [];
    for (const ack in inflight) {
      const entry = inflight[ack] as Entry;
      const kind = ack[0] as string;
      if (kind < "Q") entry.bytes = join((view(entry.bytes)[0] as number) | 8, entry.bytes.slice(1)); // DUP
      // Without its session PUBREL means nothing; the broker has had the message since its PUBREC.
      if (kind !== "p" || isResumed) again.push(entry);
      else finish(entry);
    }
    inflight = {};
    flying = 0;
    waiting = again.concat(waiting);
    if (!isResumed) {
      received = {};
      if (subscribed.length) request(130, subscribed);
    }
  };

  // -------------------------------------------------------------------------------------------- filters

  const forget = (topic: string) => {
    subscribed = subscribed.filter((other) => other.topic !== topic);
  };

  const request = (first: number, filters: Subscription[], done?: MaybeDone) => {
    const id = newId();
    return accept(
      encodeFilters(first, id, filters),
      (first > 130 ? "\xb0\x02" : join(144, filters.length + 2)) + id,
      done,
      filters,
    );
  };

  const ask =
    (first: number) =>
    (filter: string | string[] | SubscriptionMap, options?: SubscribeOptions | SubscribeDone, done?: SubscribeDone) => {
      const filters: Subscription[] = [];
      const names = typeof filter === "string" ? [filter] : filter;
      const isMap = !Array.isArray(names);
      let isValid = true;
      for (const topic of isMap ? Object.keys(names) : names) {
        const qos = ((isMap ? names[topic] : (options as SubscribeOptions)) || noOptions).qos || 0;
        filters.push({ topic, qos });
        isValid = isValid && isFilter(topic) && isQos(qos);
        if (first > 130) forget(topic);
      }
      // The Remaining Length of the SUBACK is taken to be one byte.
      return isValid && filters.length && filters.length < 126
        ? request(first, filters, done || options)
        : refuse("MQTT_INVALID", done || options);
    };

  // -------------------------------------------------------------------------------------------- the connection

  const watch = () => {
    idle++;
    if (isAsking || flying) {
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
      busy = 1;
      clearInterval(timer);
      old.close();
      client.emit("close", error);
    }
    call(done);
  };

  const client = {
    connected: false,

    attach(next: Transport): void {
      table = { 32: onConnack };
      const decode = createDecoder(table, onAck, options.maxPacket ?? 4096);
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
            else if (replies || waiting[0] || ending) flush();
          }
        }
      };
      next.onClose = (cause) => {
        if (transport === next) down(cause);
      };
      timer = setInterval(guard, TICK * 1000, watch);
      isAsking = true;
      waited = 0;
      replies = "";
      isLast = false;
      const bytes = encodeConnect(options);
      if (bytes) write(bytes);
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
      let ack = ACKS[qos];
      let id = "";
      if (topic !== topicName) {
        topicName = isTopic(topic) ? topic : undefined;
        topicField = field(topicName);
      }
      if (ack === undefined || !topicField) return refuse("MQTT_INVALID", done || how);
      if (queued >= room) return refuse("MQTT_FULL", done || how);
      if (qos) {
        id = newId();
        ack += id;
      }
      const flags = (qos << 1) | (settings.retain ? 1 : 0);
      return accept(encodePublish(flags, topicField, id, payload), ack, done || how, 0);
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
