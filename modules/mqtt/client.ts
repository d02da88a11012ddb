import { type Done, type Failure, failure } from "../failure.ts";
import { guard } from "../guard.ts";
import { field, join, view } from "./bytes.ts";
import {
  decode,
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

// A modem sends up to 1,460 bytes in one command and one TCP segment.
const BATCH = 1460;
// Seconds from look to look. Ticks are counted, and no clock is read: it may be set while we are connected.
const TICK = 5;
/** First byte of a packet and first byte of what acknowledges it, in pairs. */
const PAIRS = "2@3@:@;@4P5P<P=Pbp\xa2\xb0";
const noOptions: SubscribeOptions = {};

/** One MQTT session; connections come and go beneath it (`attach`), and what is in flight survives them. */
export const createClient = (options: ClientOptions): Client => {
  const alive = options.keepalive ?? 60;
  const patience = options.replyTimeoutS ?? 30;

  // The session.
  /** Packets by identifier (two chars) until their exchange is over, in the order in which they are sent again. */
  const pending: { [id: string]: string } = {};
  const dones: { [id: string]: MaybeDone } = {};
  const wants: { [id: string]: Subscription[] } = {};
  let waiting: string[] = []; // identifiers, and whole packets of QoS 0
  let received: { [id: number]: boolean } = {};
  let subscribed: Subscription[] = [];
  let queued = 0;
  // Not always 1: a broker may still hold a QoS 2 identifier of the time before our reset and take ours for its double.
  let lastId = Math.randInt(12287);
  let topicName: string | undefined; // a device publishes to few topics, often one: the last one is not looked at again
  let topicField = "";
  let ending: MaybeDone;

  // The connection.
  let transport: Transport | undefined;
  let onWritten: Done;
  let busy = 1; // not up, writing: nothing leaves; when it is 0 nothing waits
  let isReading = false;
  let rest = "";
  let replies = "";
  let isAsking = false; // CONNECT or PINGREQ without its answer
  let isLast: unknown;
  let timer = 0;
  let idle = 0; // ticks since the last write
  let waited = 0; // ticks without the answer that is due

  /** A failure that nobody takes is an event. */
  const call = (done: MaybeDone, error?: Failure, value?: unknown) => {
    if (typeof done === "function") guard(done as Done, error, value);
    else if (error) client.emit("error", error);
  };

  /** Up to 0x2FFF: less than any packet, no number in digits (V8 puts those first), no name that an object inherits. */
  const newId = () => {
    let id = "";
    do {
      lastId = (lastId % 12287) + 1;
      id = join(lastId >> 8, lastId);
    } while (pending[id]);
    return id;
  };

  // ---------------------------------------------------------------------------------------------- out

  const write = (bytes: string) => {
    busy++;
    idle = 0;
    (transport as Transport).write(bytes, onWritten);
  };

  /** Acknowledgements and whatever waits leave in one write; the next one follows when it is done. */
  const flush = () => {
    if (busy || isReading) return;
    let batch = replies;
    replies = "";
    while (waiting[0]) {
      const item = waiting[0];
      const isWhole = item >= "0";
      // What was acknowledged before it could be sent again is not there any more.
      const bytes = isWhole ? item : pending[item] || "";
      if (batch && batch.length + bytes.length > BATCH) break;
      waiting.shift();
      batch += bytes;
      if (isWhole) queued--;
    }
    isLast = ending && !queued;
    if (isLast) batch += "\xe0\0";
    if (batch) write(batch);
  };

  const accept = (bytes: string, id: string, done: MaybeDone) => {
    const mustWait = busy || isReading;
    if (id) {
      pending[id] = bytes;
      dones[id] = done;
    }
    if (id || mustWait) queued++;
    if (mustWait) waiting.push(id || bytes);
    else write(bytes);
    // QoS 0 is done when it is accepted: nobody will ever say more about it.
    if (!id) call(done);
    return true;
  };

  const refuse = (code: string, done: MaybeDone) => {
    call(done, failure(code));
    return false;
  };

  // ---------------------------------------------------------------------------------------------- in

  const finish = (id: string, error?: Failure, value?: unknown) => {
    const done = dones[id];
    queued--;
    waited = 0;
    delete pending[id];
    delete dones[id];
    call(done, error, value);
  };

  /** PUBACK, PUBREC, PUBCOMP, UNSUBACK: whether it was due. */
  const onAck = (ack: string) => {
    const id = ack.slice(2);
    const bytes = pending[id];
    const kind = ack[0];
    if (!bytes || !PAIRS.includes((bytes[0] as string) + kind)) return false;
    if (kind === "P") {
      const release = "b\x02" + id;
      delete pending[id];
      pending[id] = release;
      replies += release;
    } else finish(id);
    return true;
  };

  const onConfirm: PacketTable[0] = (data, at, end, text, first) => {
    const ack = text.slice(at - 2, end);
    // Also a PUBREC that we do not know gets its PUBREL, else the broker would keep it for ever.
    if (!onAck(ack) && first === 80) replies += "b" + ack.slice(1);
    return decodeId(data, at, end);
  };

  const onGrants: PacketTable[0] = (data, at, end, text, first) => {
    const id = text.slice(at, at + 2);
    const codes = decodeGrants(data, at, end);
    const filters = wants[id];
    // One not asked for, or with another count of codes than asked for [MQTT-3.8.4-5].
    if (!codes || !filters || codes.length !== filters.length) return false;
    let error: Failure | undefined;
    const granted = filters.map((want, index) => {
      const topic = want.topic;
      const qos = codes[index] as number;
      forget(topic);
      if (qos < 3) subscribed.push(want);
      else error = failure("MQTT_SUBSCRIBE", topic);
      return { topic, qos };
    });
    delete wants[id];
    finish(id, error, granted);
    return first;
  };

  const onPublish: PacketTable[0] = (data, at, end, text, first) => {
    const packet = decodePublish(data, at, end, text, first);
    if (packet) {
      const id = packet.messageId;
      const isTwo = packet.qos > 1;
      const reply = id ? join(isTwo ? 80 : 64, 2, id >> 8, id) : "";
      replies += reply;
      if (!isTwo || !received[id]) client.emit("message", packet.topic, packet.payload, packet);
      if (isTwo) received[id] = true;
    }
    return packet;
  };

  const onPubrel: PacketTable[0] = (data, at, end, text) => {
    const id = decodeId(data, at, end);
    delete received[id as number];
    replies += "p" + text.slice(at - 1, end);
    return id;
  };

  const onConnack: PacketTable[0] = (data, at, end) => {
    const packet = decodeConnack(data, at, end);
    if (packet) {
      const isResumed = packet.sessionPresent;
      if (packet.returnCode) fail(failure("MQTT_REFUSED", packet.returnCode));
      else if (isResumed && options.clean !== false)
        return false; // [MQTT-3.2.2-1]
      else {
        handlers.isUp = client.connected = true;
        isAsking = false;
        busy--;
        if (!isResumed) {
          // A PUBREL means nothing without its session, and the broker has had that message since its PUBREC.
          for (const id of Object.keys(pending)) if ((pending[id] as string)[0] === "b") finish(id);
          received = {};
          if (subscribed.length) request(130, subscribed);
        }
        client.emit("connect", packet);
      }
    }
    return packet;
  };

  const handlers: PacketTable = {
    isUp: false,
    64: onConfirm,
    48: onPublish,
    208: (_data, at, end) => {
      isAsking = false;
      return at === end;
    },
    80: onConfirm,
    98: onPubrel,
    112: onConfirm,
    32: onConnack,
    144: onGrants,
    176: onConfirm,
  };

  const receive = (chunk: string) => {
    // The usual acknowledgement comes alone.
    if (busy || rest || chunk.length > 4 || chunk[1] !== "\x02" || !onAck(chunk)) {
      isReading = true;
      rest = decode(handlers, rest + chunk, options.maxPacket ?? 4096, fail);
      isReading = false;
    }
    flush();
  };

  // -------------------------------------------------------------------------------------------- filters

  const forget = (topic: string) => {
    subscribed = subscribed.filter((other) => other.topic !== topic);
  };

  const request = (first: number, filters: Subscription[], done?: MaybeDone) => {
    const id = newId();
    if (first < 160) wants[id] = filters;
    return accept(encodeFilters(first, id, filters), id, done);
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
        if (first > 160) forget(topic);
      }
      return isValid && filters.length
        ? request(first, filters, done || options)
        : refuse("MQTT_INVALID", done || options);
    };

  // -------------------------------------------------------------------------------------------- the connection

  const watch = () => {
    idle++;
    if (isAsking || queued) {
      // The URC that announces the answer may be lost: look once.
      if (++waited === 2) (transport as Transport).poll();
      if (patience && waited * TICK > patience) {
        fail(failure(handlers.isUp && isAsking ? "MQTT_KEEPALIVE" : "MQTT_TIMEOUT"));
      }
    } else waited = 0;
    if (handlers.isUp && alive && !isAsking && (idle + 1) * TICK >= alive) {
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
      handlers.isUp = client.connected = false;
      busy = 1;
      rest = "";
      clearInterval(timer);
      old.onData = undefined;
      old.onClose = undefined;
      old.close();
      // What has left goes again on the next connection, ahead of what waits, a PUBLISH with its DUP.
      const gone = Object.keys(pending).filter((id) => !waiting.includes(id));
      waiting = gone.concat(waiting);
      for (const id of gone) {
        const bytes = pending[id] as string;
        if (bytes < "@") pending[id] = join((view(bytes)[0] as number) | 8, bytes.slice(1));
      }
      client.emit("close", error);
    }
    call(done);
  };

  const client = {
    connected: false,

    attach(next: Transport): void {
      down();
      transport = next;
      onWritten = (error) => {
        if (transport === next) {
          busy--;
          if (error || isLast) down(error);
          else flush();
        }
      };
      next.onData = receive;
      next.onClose = down;
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
      // QoS and RETAIN as they stand in the first byte; a function has neither.
      const flags = how
        ? (((how as PublishOptions).qos as number) << 1) | ((how as PublishOptions).retain as never)
        : 0;
      const id = flags > 1 ? newId() : "";
      done = done || (how as Done);
      if (topic !== topicName) {
        topicName = isTopic(topic) ? topic : undefined;
        topicField = field(topicName);
      }
      if (!topicField || flags >>> 0 > 5) return refuse("MQTT_INVALID", done);
      if (queued >= (options.maxQueue ?? 50)) return refuse("MQTT_FULL", done);
      return accept(encodePublish(flags, topicField, id, payload), id, done);
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
