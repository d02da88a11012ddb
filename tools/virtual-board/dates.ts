import { typeName } from "./bytes.ts";
import { DATE_GETTERS, DATE_SETTERS } from "./natives.ts";
import { BoardError, type Native, type Realm } from "./realm.ts";
import type { DeviceTime } from "./time.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const two = (value: number): string => String(value).padStart(2, "0");
const three = (value: number): string => String(value).padStart(3, "0");
const zoneText = (hours: number): string => {
  const minutes = Math.abs(Math.round(hours * 60));
  return (hours < 0 ? "-" : "+") + two(Math.floor(minutes / 60)) + two(minutes % 60);
};

function clockTime(text: string, zone: number): number {
  const match = /^(\d+)(?::(\d+)(?::(\d+(?:\.\d*)?)\s*(GMT|Z)?\s*(?:([+-])(\d+)(?::(\d+))?)?)?)?/.exec(text);
  if (match === null) return -zone * HOUR_MS;
  const [, hour, minute, second, utc, sign, zoneHours, zoneMinutes] = match;
  let offset = zone * 60;
  if (second !== undefined && utc !== undefined) offset = 0;
  if (sign !== undefined && zoneHours !== undefined) {
    const given =
      zoneHours.length === 4 ? Number(zoneHours.slice(0, 2)) * 60 + Number(zoneHours.slice(2)) : Number(zoneHours) * 60;
    offset = (given + Number(zoneMinutes ?? 0)) * (sign === "-" ? -1 : 1);
  }
  const ms = Math.trunc(Number(second ?? 0) * 1000);
  return Number(hour) * HOUR_MS + Number(minute ?? 0) * MINUTE_MS + ms - offset * MINUTE_MS;
}

/** jswrap_date_parse: three forms; what it cannot read is 1970, never NaN. */
export function parseDate(text: string, zone: number): number {
  const iso = /^\s*(\d+)-(\d+)-(\d+)(?:\s*T?\s*(.*))?$/s.exec(text);
  if (iso !== null)
    return Date.UTC(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3])) + clockTime(iso[4] ?? "", iso[4] ? zone : 0);
  const american = /^\s*([A-Z][a-z]{2})\s+(\d+)\s*,\s*(\d+)\s*(.*)$/s.exec(text);
  const month = MONTHS.indexOf(american?.[1] ?? "");
  if (american !== null && month >= 0)
    return Date.UTC(Number(american[3]), month, Number(american[2])) + clockTime(american[4] ?? "", zone);
  const mail = /^\s*[A-Z][a-z]{2}\s*,\s*(\d+)\s+([A-Z][a-z]{2})\s+(\d+)\s*(.*)$/s.exec(text);
  const mailMonth = MONTHS.indexOf(mail?.[2] ?? "");
  if (mail !== null && mailMonth >= 0)
    return Date.UTC(Number(mail[3]), mailMonth, Number(mail[1])) + clockTime(mail[4] ?? "", zone);
  return -zone * HOUR_MS;
}

/** Espruino's Date: the device's clock and time zone, never the host's. */
export function installDate(realm: Realm, time: DeviceTime): void {
  const values = new WeakMap<object, number>();
  const read = (self: unknown): number => {
    const value = realm.isObject(self) ? values.get(self) : undefined;
    if (value === undefined) throw new BoardError("not a Date", "TypeError");
    return value;
  };
  const type = realm.constructorOf(
    "Date",
    (args, self) => void values.set(self as object, construct(args, time, realm)),
  );
  const local = (self: unknown): Date => new Date(read(self) + time.zone * HOUR_MS);
  const utc = (self: unknown): Date => new Date(read(self));
  const natives: Record<string, Native> = {};
  type Part = "FullYear" | "Month" | "Date" | "Hours" | "Minutes" | "Seconds" | "Milliseconds";
  for (const part of DATE_GETTERS as readonly (Part | "Day")[]) {
    natives[`get${part}`] = (_, self) => local(self)[`getUTC${part}`]();
    natives[`getUTC${part}`] = (_, self) => utc(self)[`getUTC${part}`]();
  }
  for (const part of DATE_SETTERS as readonly Part[]) {
    natives[`set${part}`] = (args, self) => {
      const date = local(self);
      const change = date[`setUTC${part}`] as (...given: number[]) => number;
      change.apply(date, args.filter((value) => value !== undefined).map(Number));
      values.set(self as object, date.getTime() - time.zone * HOUR_MS);
      return read(self);
    };
  }
  const stamp = (date: Date): string =>
    `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}T${two(date.getUTCHours())}:` +
    `${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}.${three(date.getUTCMilliseconds())}`;
  const hms = (date: Date): string =>
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const toIso: Native = (_, self) => `${stamp(utc(self))}Z`;
  realm.defineNatives(type.prototype, {
    ...natives,
    getTime: (_, self) => read(self),
    valueOf: (_: unknown[], self: unknown) => read(self),
    setTime([ms], self) {
      values.set(self as object, Number(ms));
      return Number(ms);
    },
    getTimezoneOffset: () => -time.zone * 60,
    getIsDST: () => false,
    toISOString: toIso,
    toJSON: toIso,
    toLocalISOString: (_, self) => stamp(local(self)) + zoneText(time.zone),
    toUTCString(_, self) {
      const date = utc(self);
      return `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${hms(date)} GMT`;
    },
    toString(_: unknown[], self: unknown) {
      const date = local(self);
      const day = `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()} ${date.getUTCFullYear()}`;
      return `${day} ${hms(date)} GMT${zoneText(time.zone)}`;
    },
  });
  realm.defineNatives(type, {
    now: () => time.nowMs(),
    parse: ([text]) => (typeof text === "string" ? parseDate(text, time.zone) : 0),
  });
  realm.define(realm.global, "Date", type);
}

function construct(args: unknown[], time: DeviceTime, realm: Realm): number {
  if (args.length === 0) return time.nowMs();
  const [first] = args;
  if (args.length > 1) {
    const part = (index: number): number => Math.trunc(Number(args[index] ?? 0)) || 0;
    const day = Date.UTC(part(0), part(1), part(2));
    return day + part(3) * HOUR_MS + part(4) * MINUTE_MS + part(5) * 1000 + part(6) - time.zone * HOUR_MS;
  }
  if (typeof first === "string") return parseDate(first, time.zone);
  if (typeof first === "number") return first;
  if (realm.isObject(first) && realm.isFunction(first.getTime)) return Number(realm.call(first.getTime, first, []));
  throw new BoardError(`Variables of type ${typeName(first)} are not supported in date constructor`, "TypeError");
}
