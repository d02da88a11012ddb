import { isText, isTopic } from "../text.ts";
import type { Properties } from "../types.ts";
import { ALIAS_INVALID, MALFORMED, mayRepeat, PROTOCOL_ERROR, type PropertyRule, propertyRules } from "./rules.ts";

/**
 * Cuts fields off the front of a packet. The first thing that is wrong stays in `reason`, with the code of MQTT 5 for it;
 * from then on every field is empty or 0, so that nobody needs to look before the end.
 */
export interface Reader {
  data: Uint8Array;
  text: string;
  at: number;
  end: number;
  /** 0 while all is well. */
  reason: number;
}

export const refuse = (reader: Reader, reason: number): void => {
  reader.reason = reader.reason || reason;
  reader.at = reader.end;
};

export const expect = (reader: Reader, isFine: unknown, reason: number): void => {
  if (!isFine) refuse(reader, reason);
};

export const takeNumber = (reader: Reader, size: number): number => {
  const to = reader.at + size;
  let value = 0;
  if (to > reader.end) refuse(reader, MALFORMED);
  while (reader.at < to && !reader.reason) value = value * 256 + (reader.data[reader.at++] as number);
  return value;
};

/** A variable byte integer: four bytes at most, and no more of them than needed (1.5.5). */
export const takeVarint = (reader: Reader): number => {
  let value = 0;
  let factor = 1;
  let byte = 128;
  while (byte > 127) {
    byte = takeNumber(reader, 1);
    value += (byte & 127) * factor;
    if ((!byte && factor > 1) || (byte > 127 && factor > 16384)) refuse(reader, MALFORMED);
    factor *= 128;
    if (reader.reason) return 0;
  }
  return value;
};

export const takeBytes = (reader: Reader): string => {
  const length = takeNumber(reader, 2);
  const from = reader.at;
  if (from + length > reader.end) refuse(reader, MALFORMED);
  if (reader.reason) return "";
  reader.at = from + length;
  return reader.text.slice(from, reader.at);
};

const never = /\0/;
export const isString = (text: string) => text === "" || isText(text, never);

export const takeText = (reader: Reader): string => {
  const text = takeBytes(reader);
  expect(reader, isString(text), MALFORMED); // [MQTT-1.5.4-1, -2], in 3.1.1 [MQTT-1.5.3-1, -2]
  return text;
};

/** Malformed and not invalid: reason code 0x90 is for a name that is correctly formed but not accepted. */
export const takeTopic = (reader: Reader): string => {
  const topic = takeBytes(reader);
  expect(reader, isTopic(topic), MALFORMED);
  return topic;
};

/** Packet Identifier [MQTT-2.2.1-3]. */
export const takeId = (reader: Reader): number => {
  const id = takeNumber(reader, 2);
  expect(reader, id, PROTOCOL_ERROR);
  return id;
};

const takeValue = (reader: Reader, rule: PropertyRule): string | number | boolean => {
  const kind = rule.kind;
  if (kind === "text") return takeText(reader);
  if (kind === "topic") return takeTopic(reader);
  if (kind === "bytes") return takeBytes(reader);
  const size = kind === "word" ? 2 : kind === "long" ? 4 : 1;
  const number = kind === "varint" ? takeVarint(reader) : takeNumber(reader, size);
  if (size === 1 && kind !== "varint") expect(reader, number < 2, PROTOCOL_ERROR);
  // A Topic Alias of 0 [MQTT-3.3.2-8]; the others are Protocol Errors by the section of each.
  if (rule.isPositive) expect(reader, number, rule.id === 35 ? ALIAS_INVALID : PROTOCOL_ERROR);
  return kind === "flag" ? number > 0 : number;
};

interface Bag {
  [name: string]: unknown;
}

/** Adds what may come several times: the second makes it a list. */
const add = (bag: Bag, name: string, value: unknown): void => {
  // Not `bag.hasOwnProperty`: that may be the name of a User Property.
  const known = propertyRules.hasOwnProperty.call(bag, name) ? bag[name] : undefined;
  if (known === undefined) bag[name] = value;
  else if (Array.isArray(known)) known.push(value);
  else bag[name] = [known, value];
};

const takePair = (reader: Reader, pairs: Bag): void => {
  const name = takeText(reader);
  const value = takeText(reader);
  // The interpreter keeps this name for itself: a text there would be taken for the prototype.
  if (name !== "__proto__") add(pairs, name, value);
};

/** The properties of a packet or of `will`; nothing where there are none. */
export const takeProperties = (reader: Reader, packet: string): Properties | undefined => {
  const length = takeVarint(reader);
  const end = reader.end;
  const stop = reader.at + length;
  const found: Bag = {};
  const pairs: Bag = {};
  if (stop > end) refuse(reader, MALFORMED);
  if (!length || reader.reason) return undefined;
  reader.end = stop; // a property ends with its packet's properties
  while (reader.at < stop) {
    const id = takeVarint(reader);
    const rule = propertyRules.find((one) => one.id === id);
    if (!rule || !rule.where.includes(packet))
      refuse(reader, MALFORMED); // 2.2.2.2
    else if (rule.kind === "pair") {
      takePair(reader, pairs);
      found[rule.name] = pairs;
    } else {
      const value = takeValue(reader, rule);
      expect(reader, found[rule.name] === undefined || mayRepeat(rule, packet), PROTOCOL_ERROR);
      add(found, rule.name, value);
    }
  }
  reader.end = end;
  if (reader.reason) reader.at = end;
  return Object.keys(found).length ? (found as Properties) : undefined;
};
