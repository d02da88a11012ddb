/** The recovery ladder: which rung after which failure, and how long to wait first. Pure. */
import { MQTT5 } from "godwit:features";
import type { Failure } from "../failure.ts";

/** Lowest first; each costs more energy and mends more. In one string, because an array would take fifteen variables. */
export const RUNGS = "socket pdp radio reset power mcu";
const HIGHEST_RUNG = 5;

/** Failures in a row on one rung before the next is climbed. */
const TRIES = 2;
/** SOCKET_WORN in a row before the modem is power-cycled: one may be a bad parameter (Quectel's 552). */
const WORN = 3;

/**
 * The rung for the `count`-th failure in a row (from 1). What only a person can mend (a wrong certificate, a locked
 * SIM, a refused login) stays on the lowest rung: switching the modem off and on would spend energy for nothing.
 */
export function rungFor(error: Failure, count: number): number {
  const code = error.code;
  if (/TLS_|SIM_|MQTT_REFUSED/.test(code)) return 0;
  // What a broker of MQTT 5 says in words is no fault of the path either.
  if (MQTT5 && ["MQTT_TAKEN_OVER", "MQTT_MOVED", "MQTT_VERSION", "MQTT_DISCONNECTED"].includes(code)) return 0;
  const least =
    code == "MODEM_DEAF" ? 3 : code == "NET_REGISTRATION" ? 2 : code == "SOCKET_WORN" && count >= WORN ? 4 : 0;
  return Math.clip(Math.floor((count - 1) / TRIES), least, HIGHEST_RUNG);
}

/** Seconds before the next attempt: doubling from 1 s, at most `maxS`, times 0.5..1.5 so that a fleet spreads out. */
export function backoffS(count: number, maxS: number, random: number): number {
  return Math.min(Math.pow(2, count - 1), maxS) * (0.5 + random);
}
