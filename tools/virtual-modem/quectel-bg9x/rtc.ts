/** The modem's own clock. Certificate dates are judged by it, so it lives apart from the host's. */
import type { Clock } from "../../clock.ts";

/** [H] A clock that was never set stands near 80/01/06,00:00:00, the epoch of GPS time. */
export const POWER_ON_MS = Date.UTC(1980, 0, 6);

const QUARTER_MS = 15 * 60_000;

export interface Rtc {
  /** UTC milliseconds. */
  now(): number;
  /** Digits of AT+CCLK. */
  text(yearDigits: 2 | 4): string;
  readonly zone: number;
  /** `shows`: whether the digits are local time, or GMT with the zone only named behind it. */
  set(utcMs: number, zone: number, shows: "local" | "gmt"): void;
}

export function createRtc(clock: Clock): Rtc {
  let base = POWER_ON_MS;
  let since = clock.now();
  let zone = 0;
  let shows: "local" | "gmt" = "local";
  const now = (): number => base + (clock.now() - since);
  return {
    now,
    get zone() {
      return zone;
    },
    text: (yearDigits) => formatTime(now() + (shows === "local" ? zone * QUARTER_MS : 0), zone, yearDigits),
    set(utcMs, newZone, newShows) {
      base = utcMs;
      since = clock.now();
      zone = newZone;
      shows = newShows;
    },
  };
}

const two = (value: number): string => String(value).padStart(2, "0");

/** `yy/MM/dd,hh:mm:ss±zz`, the zone in quarter hours. */
export function formatTime(ms: number, zone: number, yearDigits: 2 | 4): string {
  const date = new Date(ms);
  const year = String(date.getUTCFullYear()).slice(4 - yearDigits);
  const day = `${year}/${two(date.getUTCMonth() + 1)}/${two(date.getUTCDate())}`;
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day},${time}${formatZone(zone)}`;
}

export function formatZone(zone: number): string {
  return `${zone < 0 ? "-" : "+"}${two(Math.abs(zone))}`;
}

export function localTime(utcMs: number, zone: number): number {
  return utcMs + zone * QUARTER_MS;
}

/** Reads the digits of AT+CCLK=; undefined when they are no date. Years from 80 on are of the last century. */
export function parseTime(text: string): { utcMs: number; zone: number } | undefined {
  const match = /^(\d\d)\/(\d\d)\/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zone = Number(match[7] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || zone < -48 || zone > 56) return undefined;
  const full = year + (year >= 80 ? 1900 : 2000);
  const digits = Date.UTC(full, month - 1, day, hour, minute, second);
  const date = new Date(digits);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return { utcMs: digits - zone * QUARTER_MS, zone };
}
