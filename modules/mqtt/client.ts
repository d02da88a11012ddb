import { type Done, type Failure, failure } from "../failure.ts";
import { guard } from "../guard.ts";
import { field, frame, join, view } from "./bytes.ts";
import {
  decode,
  decodeConnack,
  decodeGrants,
  decodeId,
  decodePublish,
  encodeConnect,
  encodeFilters,
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
/** Packet, callback, and the filters of a SUBSCRIBE. */
type Entry = [string, MaybeDone?, (Subscription[] | boolean | undefined)?];

/** First byte of a packet and first byte of what acknowledges it, in pairs. */
const PAIRS = "2@3@:@;@4P5P<P=Pbp\xa2\xb0";
const noEntry: Entry = [""];
const noOptions: SubscribeOptions = {};

/** Identifiers of QoS 2 messages received and not yet released, at most. */
const MAX_HELD = 250;

/** One MQTT session; connections come and go beneath it (`attach`), and what is in flight survives them. */
export const createClient = (options: ClientOptions): Client => {
  // What is used most stands first: the interpreter looks from there.
  let busy = 1; // not up, writing: nothing leaves; when it is 0 nothing waits
  let isReading = false;
  let transport: Transport | undefined;
  let onWritten: Done;
  /** By identifier (two chars), until their exchange is over, in the order in which they are sent again. */
  const pending: { [id: string]: Entry } = {};
  let queued = 0;
  let idle = 0; // ticks since the last write
  let waited = 0; // ticks without the answer that is due
  let rest = "";
  let replies = "";
  let waiting: string[] = []; // identifiers, and whole packets of QoS 0
  // Not always 1: a broker may still hold a QoS 2 identifier of the time before our reset and take ours for its double.
  let lastId = Math.randInt(9999);
  let ending: MaybeDone;
  let received: { [id: number]: boolean } = {};
  const granted: SubscriptionMap = {}; // what a lost session has to be told again
  let isAsking = false; // PINGREQ without its answer
  let isLast: unknown;
  let timer = 0;
  const alive = options.keepalive ?? 60;
  const patience = options.replyTimeoutS ?? 30;

  /** A failure that nobody takes is an event. */
  const call = (done: MaybeDone, error?: Failure, value?: unknown) => {
    if (typeof done === "function") guard(done as Done, error, value);
    else if (error) client.emit("error", error);
  };

  /** Up to 9,999: less than any packet, no number in digits (V8 puts those first), no name that an object inherits. */
  const newId = () => {
    let id = "";
    do {
      lastId = (lastId % 9999) + 1;
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
      const bytes = isWhole ? item : (pending[item] || noEntry)[0];
      if (batch && batch.length + bytes.length > BATCH) break;
      waiting.shift();
      batch += bytes;
      if (isWhole) queued--;
    }
    isLast = ending && !queued;
    if (isLast) batch += "\xe0\0";
    if (batch) write(batch);
  };

  const accept = (bytes: string, id: string, done: MaybeDone, wants?: Subscription[] | boolean) => {
    const mustWait = busy || isReading;
    if (id) pending[id] = [bytes, done, wants];
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
    const done = (pending[id] as Entry)[1];
    queued--;
    waited = 0;
    delete pending[id];
    call(done, error, value);
  };

  /** PUBACK, PUBREC, PUBCOMP, UNSUBACK: whether it was due. */
  const onAck = (ack: string) => {
    const id = ack.slice(2);
    const entry = pending[id];
    const kind = ack[0];
    const isDue = entry && PAIRS.includes((entry[0][0] as string) + kind);
    if (isDue) {
      if (kind === "P") {
        entry[0] = "b\x02" + id;
        delete pending[id];
        pending[id] = entry;
        replies += entry[0];
      } else finish(id);
    }
    return isDue;
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
    const filters = (pending[id] || noEntry)[2] as Subscription[];
    // One not asked for, or with another count of codes than asked for [MQTT-3.8.4-5].
    if (!codes || !filters || codes.length !== filters.length) return false;
    let error: Failure | undefined;
    const grants = filters.map((want, index) => {
      const topic = want.topic;
      const qos = codes[index] as number;
      if (qos < 3) granted[topic] = want;
      else error = failure("MQTT_SUBSCRIBE", topic);
      return { topic, qos };
    });
    finish(id, error, grants);
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
      // A broker that releases nothing must not fill the memory; mosquitto has 20 under way, aedes 100.
      if (Object.keys(received)[MAX_HELD]) return false;
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
        busy--;
        if (!isResumed) {
          received = {};
          if (Object.keys(granted)[0]) client.subscribe(granted);
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
    if (busy || rest || chunk[1] !== "\x02" || !onAck(chunk)) {
      isReading = true;
      rest = decode(handlers, rest + chunk, options.maxPacket ?? 4096, fail);
      isReading = false;
    }
    flush();
  };

  // -------------------------------------------------------------------------------------------- filters

  const ask =
    (first: number) =>
    (filter: string | string[] | SubscriptionMap, options?: SubscribeOptions | SubscribeDone, done?: SubscribeDone) => {
      const filters: Subscription[] = [];
      const names = typeof filter === "string" ? [filter] : filter;
      const isMap = !Array.isArray(names);
      let isValid = false;
      for (const topic of isMap ? Object.keys(names) : names) {
        const qos = ((isMap ? names[topic] : (options as SubscribeOptions)) || noOptions).qos || 0;
        isValid = (isValid || !filters[0]) && isFilter(topic) && isQos(qos);
        filters.push({ topic, qos });
        if (first > 160) delete granted[topic];
      }
      done = done || (options as Done);
      if (!isValid) return refuse("MQTT_INVALID", done);
      const id = newId();
      return accept(encodeFilters(first, id, filters), id, done, first < 160 && filters);
    };

  // -------------------------------------------------------------------------------------------- the connection

  const watch = () => {
    idle++;
    if (!handlers.isUp || isAsking || queued) {
      // The URC that announces the answer may be lost: look once.
      if (++waited === 2) (transport as Transport).poll();
      if (patience && waited * TICK > patience) {
        fail(failure(isAsking ? "MQTT_KEEPALIVE" : "MQTT_TIMEOUT"));
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
    isLast = ending = undefined;
    if (old) {
      transport = undefined;
      handlers.isUp = client.connected = false;
      busy = 1;
      rest = replies = "";
      clearInterval(timer);
      old.onData = old.onClose = undefined;
      old.close();
      // What has left goes again on the next connection, ahead of what waits, a PUBLISH with its DUP.
      const gone = Object.keys(pending).filter((id) => !waiting.includes(id));
      waiting = gone.concat(waiting);
      for (const id of gone) {
        const entry = pending[id] as Entry;
        if (entry[0] < "@") entry[0] = join((view(entry[0])[0] as number) | 8, entry[0].slice(1));
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
      isAsking = false;
      waited = 0;
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
      if (!isTopic(topic) || flags >>> 0 > 5) return refuse("MQTT_INVALID", done);
      if (queued >= (options.maxQueue ?? 50)) return refuse("MQTT_FULL", done);
      return accept(frame(48 | flags, join(field(topic), id, payload)), id, done);
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
