import { MQTT5, OUTBOX } from "godwit:features";
import { type Done, type Failure, failure } from "../failure.ts";
import { guard } from "../guard.ts";
import { field, frame, join, varint, view, word } from "./bytes.ts";
import { type Aliases, dress, encodeReason, prepare, refusal } from "./five.ts";
import { decodeConnack, decodeGrants, decodeReason, encodeConnect, encodeFilters, propertiesFor } from "./packet.ts";
import { decodeProperties, fault, IN_ACK, IN_AUTH, IN_DISCONNECT, IN_PUBLISH } from "./properties.ts";
import { isFilter, isTopic } from "./text.ts";
import type { Transport } from "./transport.ts";
import type {
  Client,
  ClientOptions,
  Properties,
  PublishOptions,
  PublishPacket,
  QoS,
  ReasonPacket,
  Store,
  SubscribeDone,
  SubscribeOptions,
  Subscription,
  SubscriptionMap,
} from "./types.ts";

export type { Client, ClientOptions } from "./types.ts";

type Listener = (a?: unknown, b?: unknown, c?: unknown) => void;

/**
 * A packet that is not done with: its bytes (with a store, the first of them), who waits, what acknowledges it, the filters
 * of a SUBSCRIBE, and when a PUBLISH that expires was accepted: on the clock of `uptime`, or before the reset, negative.
 */
type Entry = [string, Listener | undefined, string, (Subscription[] | undefined)?, (number | undefined)?];

// A modem sends up to 1,460 bytes in one command and one TCP segment.
const BATCH = 1460;
// Seconds from look to look. Ticks are counted, and no clock is read: it may be set while we are connected.
const TICK = 5;
/** Identifiers of QoS 2 messages received and not yet released, at most. */
const MAX_HELD = 250;

/** What is wrong with a packet, by the reason codes of MQTT 5. */
const MALFORMED = 129;
const PROTOCOL_ERROR = 130;
const TOO_MANY = 147;
const BAD_ALIAS = 148;
const TOO_LARGE = 149;

const fromCharCode = String.fromCharCode;

/**
 * One MQTT session; connections come and go beneath it (`attach`), and what is in flight survives them, with a store also
 * a reset.
 *
 * The interpreter reads the text of a function at every call, also what is jumped over, so the usual cases stand by
 * themselves, in `publish` and `receive`, and the rest in functions of its own.
 */
export const createClient = (options: ClientOptions, store?: Store): Client => {
  // What is used most stands first: the interpreter looks from there.
  let busy = 1; // not up, writing, reading: nothing leaves
  let queued = 0;
  let isWhole: unknown; // up, and the stream stands between two packets
  let idle = 0; // ticks since the last write
  let waited = 0; // ticks without the answer that is due
  let replies = "";
  let behind = 0; // how many wait
  let waiting: string[] = []; // identifiers, and whole packets of QoS 0
  /** By identifier (two chars), until their exchange is over, in the order in which they are sent again. */
  const pending: { [id: string]: Entry } = {};
  let transport: Transport | undefined;
  let onWritten: Done;
  let window = 0; // how many packets may be in flight
  let quick = 0; // the same where a PUBLISH is nothing but its bytes
  // Not always 1: a broker may still hold a QoS 2 identifier of the time before our reset and take ours for its double.
  let lastId = Math.randInt(9999);
  // The last good topic, sent and heard, behind its length. A device uses few, often one, and looking at it is much work.
  let sent: unknown = NaN; // equals nothing
  let sentField = "";
  let sentLength = 0;
  let heard: unknown = NaN; // equals nothing
  let heardEnd = 0;
  let heardField = "\xff\xff"; // no topic is as long
  // The packet at hand, for the handlers: `text` and `data` from `at` to `end` without its fixed header.
  let text = "";
  let data: Uint8Array;
  let at = 0; // between two pieces: how much is to come of a packet that is too large
  let end = 0;
  let first = 0;

  let rest = "";
  let isUp = 0;
  let isFull: unknown; // `publish` has said false
  let ending: Listener | undefined;
  let goodbye: string | undefined;
  let isLast: unknown;
  let received: { [id: number]: boolean } = {};
  const granted: SubscriptionMap = {}; // what a lost session has to be told again
  let isAsking = 0; // PINGREQ without its answer
  let timer = 0;
  const most = options.maxQueue ?? 50;
  /** One, or a list: a list of one would cost time where it matters. */
  const listeners: { [event: string]: Listener | Listener[] } = {};
  // MQTT 5, of this connection.
  let five = false;
  let silent = 0; // connections in a row that ended without CONNACK
  let limits: Properties = {};
  let aliases: Aliases = {}; // of topics that we send
  let topics: { [alias: number]: string } = {}; // of those that we are sent
  // Announced without being asked: what we can take, and that `clean: false` keeps the session (-1: 0xffffffff).
  const properties: Properties = MQTT5
    ? Object.assign(
        {
          sessionExpiryInterval: options.clean === false ? -1 : undefined,
          receiveMaximum: MAX_HELD,
          maximumPacketSize: options.maxPacket ?? 4096,
        },
        options.properties,
      )
    : {};
  if (MQTT5) options.properties = properties;
  // A PUBLISH that waits has room for properties, those that a store may hold for the next version too.
  const isFive = (OUTBOX && store) || (MQTT5 && options.protocolVersion === 5);

  const emit = (event: string, a?: unknown, b?: unknown, c?: unknown) => {
    for (const listener of ([] as Listener[]).concat(listeners[event] || [])) guard(listener, a, b, c);
  };

  // ---------------------------------------------------------------------------------------------- out

  const write = (bytes: string) => {
    busy++;
    (transport as Transport).write(bytes, onWritten);
  };

  /** What waits under an identifier, whole. */
  const bytesOf = (id: string): string => {
    const bytes = (pending[id] || [""])[0]; // nothing when it was acknowledged before it could be sent again
    return OUTBOX && store && bytes && !bytes[1] ? bytes + store.read(id).slice(1) : bytes;
  };

  const reply = (packet: ReasonPacket) => {
    const bytes = encodeReason(240, packet);
    if (isUp) {
      replies += bytes;
      flush();
    } else if (transport) write(bytes);
  };

  /** Moves what waits to what leaves next, as much as goes into one send. */
  const fill = () => {
    while (waiting[0]) {
      const item = waiting[0];
      const isPacket = item >= "0";
      // In flight is what is queued and does not wait.
      if (!isPacket && queued - behind >= window) break;
      let bytes = isPacket ? item : bytesOf(item);
      if (replies && replies.length + bytes.length > BATCH) break;
      waiting.shift();
      behind--;
      if (isPacket) queued--;
      if (MQTT5 && isFive && bytes && bytes < "@") {
        const since = (pending[item] || ([] as unknown as Entry))[4] || 0;
        const waitedS = since > 0 ? (options.uptime || getTime)() - since : since && getTime() + since;
        bytes = five ? dress(bytes, waitedS, limits, aliases, options.topicAlias) : prepare(bytes, 0);
        if (bytes > "@") {
          const from = transport;
          const error = failure(bytes);
          bytes = "";
          // Who is told may publish, end or attach.
          busy++;
          if (isPacket) emit("error", error);
          else finish(item, pending[item] as Entry, error);
          if (transport !== from) return;
          busy--;
        }
      }
      replies += bytes;
    }
    isLast = ending && !queued;
    if (isLast) replies += (MQTT5 && goodbye) || "\xe0\0";
  };

  /** Acknowledgements and whatever waits leave in one write; the next one follows when it is done. */
  const flush = () => {
    if (!busy) {
      if (behind || ending) /*@__NOINLINE__*/ fill();
      if (replies) {
        const bytes = replies;
        replies = "";
        busy++;
        (transport as Transport).write(bytes, onWritten);
        // QoS 0 is done with when it leaves.
        if (isFull && queued <= most >> 1) {
          isFull = 0;
          emit("drain");
        }
      }
    }
  };

  /** Whether more may come. */
  const accept = (item: string) => {
    queued++;
    behind++;
    waiting.push(item);
    flush();
    if (queued < most) return true;
    isFull = 1;
    return false;
  };

  /** A failure that nobody takes is an event. */
  const refuse = (code: string, done: unknown) => {
    const error = failure(code);
    if (typeof done === "function") guard(done as Listener, error);
    else emit("error", error);
    return false;
  };

  /** Up to 9,999: less than any packet, no number in digits (V8 puts those first), no name that an object inherits. */
  const newId = () => {
    let id: string;
    do {
      lastId = (lastId % 9999) + 1;
      id = fromCharCode(lastId >> 8, lastId);
    } while (pending[id]);
    return id;
  };

  /** Makes room in a full queue, as `whenFull` says: never what a broker may hold half of. */
  const giveWay = () => {
    const isOldest = options.whenFull === "drop-oldest";
    let found = "";
    if (isOldest || options.whenFull === "drop-newest")
      for (const item of waiting)
        if (item < "0" && !(isOldest && found) && (pending[item] || "z")[0] < "<") found = item;
    if (found) {
      waiting = waiting.filter((item) => item !== found);
      behind--;
      finish(found, pending[found] as Entry, failure("MQTT_DROPPED"));
    }
    return found;
  };

  /** Any PUBLISH: the usual one stands in `client.publish`. */
  const publish = (
    topic: string,
    payload: string | Uint8Array,
    how: PublishOptions | Done | undefined,
    last: Done | undefined,
  ) => {
    // QoS and RETAIN as they stand in the first byte; a function has neither.
    const flags = how ? (((how as PublishOptions).qos as number) << 1) | ((how as PublishOptions).retain as never) : 0;
    const done = last || how;
    const wanted = MQTT5 && how ? (how as PublishOptions).properties : undefined;
    const behindTopic = MQTT5 ? propertiesFor(!!isFive, wanted, IN_PUBLISH.slice(0, 6)) : "";
    if (topic !== sent && isTopic(topic)) {
      sent = topic;
      sentField = field(topic);
      sentLength = topic.length + 4;
    }
    if (topic !== sent || flags >>> 0 > 5 || (MQTT5 && behindTopic === undefined)) return refuse("MQTT_INVALID", done);
    const id = flags > 1 ? newId() : "";
    // Before others give way: those who hear of it may publish too.
    const bytes = frame(48 | flags, join(sentField, id, MQTT5 ? (behindTopic as string) : "", payload));
    for (;;) {
      const fits = queued < most && (!(OUTBOX && store && id) || store.put(id, bytes));
      if (fits) break;
      // Nobody gives way to what will never fit.
      if (!OUTBOX || fits === undefined || !giveWay()) {
        isFull = 1;
        return refuse("MQTT_FULL", done);
      }
    }
    if (id) {
      pending[id] = [OUTBOX && store ? (bytes[0] as string) : bytes, done as Listener, "@"];
      if (MQTT5 && wanted && wanted.messageExpiryInterval)
        (pending[id] as unknown[]).push(undefined, (options.uptime || getTime)());
    }
    const isMore = accept(id || bytes);
    // QoS 0 is done when it is accepted: nobody will ever say more about it.
    if (!id && typeof done === "function") guard(done as Listener);
    return isMore;
  };

  // ---------------------------------------------------------------------------------------------- in

  /** The end of an exchange. */
  const finish = (id: string, entry: Entry, error?: Failure, value?: unknown) => {
    const done = entry[1];
    queued--;
    waited = 0;
    delete pending[id];
    if (OUTBOX && store && entry[0] < "c") store.put(id, "");
    if (typeof done === "function") guard(done, error, value);
    else if (error) emit("error", error);
    if (isFull && queued <= most >> 1) {
      isFull = 0;
      emit("drain");
    }
  };

  /** What ends an exchange, by its first byte: whether it was due. Brokers without QoS 2 answer such a PUBLISH with PUBACK. */
  const onAck = (kind: string | undefined, id: string, error?: Failure, value?: unknown) => {
    const entry = pending[id];
    const isDue = entry && entry[2] === kind;
    if (isDue)
      if (MQTT5) finish(id, entry, error, value);
      else finish(id, entry);
    return isDue;
  };

  const onConfirm = () => {
    const id = text.slice(at, at + 2);
    const entry = pending[id];
    let error: Failure | undefined;
    let packet: ReasonPacket | false | undefined;
    if (MQTT5 && five) {
      packet = decodeReason(data, at + 2, end, text, IN_ACK);
      if (!packet) return 0;
      // PUBCOMP: the broker has it, and only its identifier is gone (0x92).
      if (first < 112 && packet.reasonCode > 127) error = refusal("MQTT_REJECTED", packet);
    } else if (end - at !== 2) return 0;
    if (first === 80 && !(MQTT5 && error)) {
      // Also a PUBREC that we do not know gets its PUBREL, else the broker would keep it for ever.
      const release = "b\x02" + id;
      replies += release;
      // The broker has the message, and from now on only its identifier counts.
      if (entry && entry[2] === "@") {
        entry[0] = release;
        entry[2] = "p";
        waited = 0;
        // To the end: PUBRELs are sent again in the order of their PUBRECs [MQTT-4.6.0-4].
        delete pending[id];
        pending[id] = entry;
        if (OUTBOX && store) store.put(id, "b");
      }
    } else {
      const kind = first === 176 ? "u" : MQTT5 && error ? "@" : fromCharCode(first);
      const isDue = MQTT5 ? onAck(kind, id, error, packet) : onAck(kind, id);
      // Once more: the SUBACK of what was unsubscribed in a hurry may have come meanwhile.
      if (isDue && entry && entry[3]) for (const one of entry[3]) delete granted[one.topic];
    }
    return word(data, at);
  };

  const onGrants = () => {
    const id = text.slice(at, at + 2);
    const codes = decodeGrants(data, at, end, text, five);
    const entry = pending[id] as Entry;
    const filters = entry && entry[3];
    // One not asked for, or with another count of codes than asked for [MQTT-3.8.4-5].
    if (!codes || !filters || codes.length !== filters.length || (MQTT5 ? !entry[2] === first > 160 : entry[2]))
      return 0;
    let error: Failure | undefined;
    const grants = filters.map((want, index) => {
      const topic = want.topic;
      const qos = codes[index] as number;
      if (qos > 127) {
        error = failure("MQTT_SUBSCRIBE", topic);
        if (MQTT5 && five) error.reason = fault.words;
      } else if (!MQTT5) granted[topic] = { qos: want.qos };
      else if (first < 145) granted[topic] = want;
      else delete granted[topic];
      return { topic, qos };
    });
    finish(id, entry, error, grants);
    return 1;
  };

  const tell = (packet: PublishPacket) => {
    const listener = listeners["message"];
    if (listener)
      if ((listener as Listener[])[0]) emit("message", packet.topic, packet.payload, packet);
      else guard(listener as Listener, packet.topic, packet.payload, packet);
  };

  const onPublish = () => {
    const qos = ((first >> 1) & 3) as QoS;
    let from = at + 2 + word(data, at);
    let topic = text.slice(at + 2, from);
    // A known alias stands for an empty one.
    if (topic !== heard && !(MQTT5 && five && !topic)) {
      if (!isTopic(topic)) return 0;
      heard = topic;
      heardField = field(topic);
      heardEnd = topic.length + 4;
    }
    const id = text.slice(from, from + 2);
    const messageId = qos && ((data[from] as number) << 8) | (data[from + 1] as number);
    let about: Properties | undefined;
    if (qos) from += 2;
    if (MQTT5 && five) {
      const cursor = { at: from };
      about = decodeProperties(data, cursor, end, text, IN_PUBLISH);
      from = cursor.at;
      const alias = about && about.topicAlias;
      if ((alias as number) >= 0) {
        if (!alias || !(alias <= (properties.topicAliasMaximum as number))) return -BAD_ALIAS;
        topic = topic || (topics[alias] as string);
        topics[alias] = topic;
      }
    }
    // DUP needs a QoS [MQTT-3.3.1-2]; there is no QoS 3 [MQTT-3.3.1-4].
    if (!(from <= end && (qos ? qos < 3 && messageId : first < 56))) return 0;
    if (MQTT5 && !topic) return -PROTOCOL_ERROR;
    const payload = text.slice(from, end);
    const packet: PublishPacket = {
      topic,
      payload,
      qos,
      dup: first > 55,
      retain: (first & 1) > 0,
      messageId,
    };
    if (MQTT5 && about) packet.properties = about;
    if (qos > 1) return onExactlyOnce(packet, id);
    if (qos) replies += "@\x02" + id;
    tell(packet);
    return 1;
  };

  /** Handed over, then noted, then confirmed: a reset in between gives it once more, with DUP, rather than never. */
  const onExactlyOnce = (packet: PublishPacket, id: string) => {
    const from = transport;
    const messageId = packet.messageId;
    if (!received[messageId]) {
      received[messageId] = true;
      tell(packet);
      if (OUTBOX && store) store.put(id, "P");
    }
    if (from === transport) replies += "P\x02" + id;
    // A broker that releases nothing must not fill the memory; mosquitto has 20 under way, aedes 100.
    const held = Object.keys(received).length;
    return MQTT5 ? held <= (properties.receiveMaximum as number) || -TOO_MANY : held <= MAX_HELD;
  };

  const onPubrel = () => {
    const id = text.slice(at, at + 2);
    const messageId = word(data, at);
    if (MQTT5 && five ? !decodeReason(data, at + 2, end, text, IN_ACK) : end - at !== 2) return 0;
    if (OUTBOX && store && received[messageId]) store.put(id, "p");
    delete received[messageId];
    replies += "p\x02" + id;
    return messageId;
  };

  const onConnack = () => {
    const packet = decodeConnack(data, at, end, text, five);
    if (!packet) return 0;
    // Return code or reason code.
    const code = data[at + 1];
    const isResumed = packet.sessionPresent;
    if (code) {
      // Unsupported Protocol Version, also as 3.1.1 says it: the next connection does.
      const isOld = MQTT5 && five && (code === 132 || code === 1);
      if (isOld) options.protocolVersion = 4;
      if (MQTT5) silent = -1;
      fail(
        MQTT5 && five && !isOld
          ? refusal("MQTT_REFUSED", packet as ReasonPacket)
          : failure(isOld ? "MQTT_VERSION" : "MQTT_REFUSED", code),
      );
      return 1;
    }
    if (isResumed && options.clean !== false) return 0; // [MQTT-3.2.2-1]
    isUp = 1;
    client.connected = true;
    busy--;
    waited = 0;
    if (MQTT5 && five) {
      limits = packet.properties || {};
      window = Math.min(window, limits.receiveMaximum || window);
      options.clientId = limits.assignedClientIdentifier || options.clientId;
    }
    if (!isResumed) {
      if (OUTBOX && store) for (const id of Object.keys(received)) store.put(join(+id >> 8, +id), "p");
      received = {};
      for (const topic of Object.keys(granted)) {
        const how = granted[topic];
        // Until its SUBACK the packet itself outlives connections: not one more for each.
        delete granted[topic];
        client.subscribe(topic, how);
      }
    }
    emit("connect", packet);
    return 1;
  };

  const onDisconnect = () => {
    const packet = decodeReason(data, at, end, text, IN_DISCONNECT);
    if (packet) fail(refusal("MQTT_DISCONNECTED", packet));
    return packet && 1;
  };

  const onAuth = () => {
    const packet = decodeReason(data, at, end, text, IN_AUTH);
    if (packet && client.onAuth && properties.authenticationMethod) guard(client.onAuth, packet, reply);
    else return packet && -PROTOCOL_ERROR;
    return 1;
  };

  const onPingresp = () => {
    isAsking = 0;
    return at === end;
  };

  /**
   * By the whole first byte, so that reserved flag bits [MQTT-2.2.2-2] need no check; what is not true ends the connection.
   * A chain and no table: laid in here, the functions take no memory while there is nothing to read.
   */
  const handle = (): unknown =>
    first >> 4 === 3
      ? onPublish()
      : first === 208
        ? onPingresp()
        : first === 32
          ? onConnack()
          : first === 144 || (MQTT5 && five && first === 176)
            ? onGrants()
            : first === 98
              ? onPubrel()
              : [64, 80, 112, 176].includes(first)
                ? onConfirm()
                : MQTT5 && five && (first === 224 ? onDisconnect() : first === 240 && onAuth());

  /** What is not the usual: several packets, pieces of one, anything that has to be looked at closely. */
  const read = (chunk: string) => {
    const from = transport;
    text = rest + chunk;
    data = view(text);
    const total = data.length;
    while (at + 1 < total && transport === from) {
      const start = at;
      first = data[at++] as number;
      let length = 0;
      let shift = 0;
      let byte = 0;
      do {
        byte = data[at++] as number;
        length |= (byte & 127) << shift;
        shift += 7;
      } while (byte > 127 && shift < 28);
      // Behind the last byte `at` is too: a length that is not all there yet ends beyond `total`.
      const next = at + length;
      end = next;
      let reason = MALFORMED;
      // A zero that lengthens it is for MQTT 3.1.1 to bear: only MQTT 5 forbids it [MQTT-1.5.5-1].
      if (!(byte > 127) && !(MQTT5 && five && byte === 0 && shift > 7)) {
        // CONNACK comes first and once [MQTT-3.2.0-1]; AUTH may come before it.
        if (!isUp === (first !== 32) && !(MQTT5 && first === 240 && !isUp)) {
          if (MQTT5) reason = PROTOCOL_ERROR;
        } else if (
          at <= total &&
          end - start > (MQTT5 ? (properties.maximumPacketSize as number) : (options.maxPacket ?? 4096))
        )
          reason = TOO_LARGE;
        else if (end > total) {
          at = start;
          break;
        } else {
          if (MQTT5) fault.reason = MALFORMED;
          const result = handle() as number;
          if (MQTT5 && result < 0) reason = -result;
          else if (result) reason = 0;
          else if (MQTT5) reason = fault.reason;
        }
      }
      // Who was told has ended or replaced the connection.
      if (transport !== from) break;
      at = next;
      if (reason) {
        const error = failure(reason === TOO_LARGE ? "MQTT_TOO_LARGE" : "MQTT_PROTOCOL", first);
        // Of QoS 0: it is reported and passes by without being kept. A broker of MQTT 5 was told how much we take.
        if (reason === TOO_LARGE && first >> 1 === 24 && !(MQTT5 && five)) emit("error", error);
        else fail(error, reason);
      }
    }
    if (transport === from) {
      rest = text.slice(at);
      isWhole = isUp && at === total;
      at = at > total ? at - total : 0;
    } else at = 0; // another connection begins, and `down` was before the end of the packet
    text = "";
    data = undefined as never;
  };

  const hearAll = (chunk: string) => {
    const from = transport;
    // What is sent by those who hear of it leaves with the acknowledgement.
    busy++;
    // A short PUBLISH alone, at QoS 0 or 1, to the topic of the last one; what is wrong with one is for `read`.
    const qos = chunk[0] === "2" ? 1 : 0;
    let start = heardEnd;
    // NaN where one of the two is missing.
    const messageId = qos && chunk.charCodeAt(start++) * 256 + chunk.charCodeAt(start++);
    if (
      isWhole &&
      chunk.startsWith(heardField, 2) &&
      chunk.charCodeAt(1) === chunk.length - 2 &&
      (messageId || chunk[0] === "0") &&
      !(MQTT5 && five)
    ) {
      if (qos) replies += "@\x02" + chunk.slice(heardEnd, start);
      tell({
        topic: heard as string,
        payload: chunk.slice(start),
        qos,
        dup: false,
        retain: false,
        messageId,
      } as PublishPacket);
    } else {
      /*@__NOINLINE__*/ read(chunk);
    }
    if (transport === from) {
      busy--;
      flush();
    }
  };

  const receive = (chunk: string) => {
    // The usual acknowledgement comes alone.
    const isUsual = isWhole && chunk[1] === "\x02" && onAck(chunk[0], chunk.slice(2));
    return isUsual ? flush() : /*@__NOINLINE__*/ hearAll(chunk);
  };

  // -------------------------------------------------------------------------------------------- filters

  const ask = (
    filter: string | string[] | SubscriptionMap,
    how?: SubscribeOptions | SubscribeDone,
    done?: SubscribeDone,
    kind?: number,
  ) => {
    // Something else may stand here when a caller gives too much.
    const isLess = kind === 162;
    const first = isLess ? 162 : 130;
    const filters: Subscription[] = [];
    const names = ([] as unknown[]).concat(filter) as string[];
    const isMap = typeof names[0] === "object";
    const wanted = MQTT5 && how ? (how as SubscribeOptions).properties : undefined;
    const behindId = MQTT5 ? propertiesFor(options.protocolVersion === 5, wanted) : "";
    let isValid = false;
    for (const topic of isMap ? Object.keys(filter as SubscriptionMap) : names) {
      const one = (isMap ? (filter as SubscriptionMap)[topic] : (how as SubscribeOptions)) || {};
      const qos = one.qos || 0;
      isValid = (isValid || !filters[0]) && isFilter(topic) && [0, 1, 2].includes(qos);
      if (MQTT5) isValid = isValid && [0, 1, 2].includes(one.rh || 0);
      filters.push(MQTT5 ? { topic, qos, nl: one.nl, rap: one.rap, rh: one.rh, properties: wanted } : { topic, qos });
      if (isLess) delete granted[topic];
    }
    const listener = done || how;
    if (!isValid || (MQTT5 && behindId === undefined)) return refuse("MQTT_INVALID", listener);
    const id = newId();
    pending[id] = [
      // As this connection speaks; the next one may speak otherwise.
      encodeFilters(first, MQTT5 && five ? id + behindId : id, filters),
      listener as Listener,
      // No first byte of an acknowledgement: theirs are looked at closely.
      isLess ? "u" : "",
      filters,
    ];
    return accept(id);
  };

  // -------------------------------------------------------------------------------------------- the connection

  const watch = () => {
    const patience = options.replyTimeoutS ?? 30;
    const pause = (MQTT5 ? limits.serverKeepAlive : undefined) ?? options.keepalive ?? 60;
    idle++;
    if (!isUp || isAsking || queued) {
      // The URC that announces the answer may be lost: look once.
      if (++waited === 2) (transport as Transport).poll();
      if (patience && waited * TICK > patience) fail(failure(isAsking ? "MQTT_KEEPALIVE" : "MQTT_TIMEOUT"));
    } else waited = 0;
    if (isUp && pause && !isAsking && (idle + 1) * TICK >= pause) {
      isAsking = 1;
      replies += "\xc0\0";
      flush();
    }
  };

  /** `reason`: what MQTT 5 says to the broker. */
  const fail = (error: Failure, reason?: number) => {
    // Not into a write that is under way; the other one counted is the reading.
    if (MQTT5 && five && isUp && reason && busy < 2) write("\xe0\x01" + fromCharCode(reason));
    const from = transport;
    emit("error", error);
    if (transport === from) down(error);
  };

  const down = (error?: Failure) => {
    const old = transport;
    const done = ending;
    isLast = ending = undefined;
    if (old) {
      transport = undefined;
      client.connected = false;
      busy = 1;
      if (MQTT5) silent = isUp ? 0 : silent + 1;
      isWhole = isUp = quick = at = 0;
      rest = replies = "";
      clearInterval(timer);
      old.onData = old.onClose = undefined;
      old.close();
      // What has left goes again on the next connection, ahead of what waits, a PUBLISH with its DUP.
      const gone = Object.keys(pending).filter((id) => !waiting.includes(id));
      waiting = gone.concat(waiting);
      behind += gone.length;
      for (const id of gone) {
        const entry = pending[id] as Entry;
        if (entry[0] < "@") entry[0] = join((view(entry[0])[0] as number) | 8, entry[0].slice(1));
      }
      emit("close", error);
    }
    if (done) guard(done);
  };

  const client: { connected: boolean } & Omit<Client, "connected"> = {
    connected: false,

    attach(next) {
      down();
      if (transport) return next.close(); // a listener has attached another one
      transport = next;
      onWritten = (error) => {
        if (transport === next) {
          busy--;
          idle = 0;
          if (error || isLast) down(error);
          // No call where there is nothing to do: this is a tenth of what a message costs.
          else if (behind || replies || ending) flush();
        }
      };
      next.onData = receive;
      next.onClose = down;
      timer = setInterval(guard, TICK * 1000, watch);
      isAsking = waited = 0;
      window = options.maxInflight ?? 8;
      if (MQTT5) {
        // There are brokers of 3.1.1 that close without a word (RabbitMQ before 3.13, ActiveMQ): each fourth attempt is for them.
        five = options.protocolVersion === 5 && (silent & 3) < 3;
        for (const id of Object.keys(pending)) {
          const entry = pending[id] as Entry;
          const filters = entry[3];
          if (filters) {
            const wanted = (filters[0] as Subscription).properties;
            entry[0] = encodeFilters(entry[2] ? 162 : 130, id + propertiesFor(five, wanted), filters);
          }
        }
        limits = aliases = {};
        topics = {};
      }
      if (!isFive) quick = Math.min(window, most - 1);
      const bytes = encodeConnect(options, five);
      if (bytes) {
        busy++;
        next.write(bytes, onWritten);
      } else fail(failure("MQTT_INVALID"));
    },

    publish(topic, payload, how, done) {
      if (
        busy ||
        queued >= quick ||
        topic !== sent ||
        lastId > 9998 ||
        !how ||
        (how as PublishOptions).qos !== 1 ||
        (how as PublishOptions).retain
      )
        return /*@__NOINLINE__*/ publish(topic, payload, how, done);
      const id = fromCharCode(++lastId >> 8, lastId);
      if (queued && pending[id]) return /*@__NOINLINE__*/ publish(topic, payload, how, done);
      const length = payload.length + sentLength;
      const bytes = join(50, length < 128 ? length : varint(length), sentField, id, payload);
      pending[id] = [bytes, done as Listener | undefined, "@"];
      queued++;
      busy++;
      (transport as Transport).write(bytes, onWritten);
      return true;
    },

    subscribe: ask,
    unsubscribe: (filter, how, done) => ask(filter, how as SubscribeOptions, done as SubscribeDone, 162),

    end(force, done, packet) {
      ending = (done as Listener | undefined) || ending || (() => {});
      if (MQTT5) goodbye = five && packet ? encodeReason(224, packet) : "";
      if (force || !transport) down();
      else flush();
    },

    on(event: string, listener: Listener) {
      listeners[event] = listeners[event] ? ([] as Listener[]).concat(listeners[event], listener) : listener;
    },

    queued: () => queued,
  } as Client;
  if (MQTT5) client.auth = reply;
  if (OUTBOX && store)
    store.load((id, kind, since) => {
      if (kind === "P") received[word(view(id), 0)] = true;
      else {
        // Whether it had left nobody knows any more: DUP says that it may have.
        const flags = view(kind)[0] as number;
        pending[id] =
          kind === "b" ? ["b\x02" + id, undefined, "p"] : [fromCharCode(flags | 8), undefined, "@", undefined, since];
        waiting.push(id);
        behind++;
        queued++;
      }
    });
  return client;
};
