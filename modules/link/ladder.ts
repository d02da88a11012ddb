/** The recovery ladder: which rung after which failure, and how long to wait first. Pure. */
import type { Failure } from "../failure.ts";

/** Lowest first. Each costs more energy and mends more. */
export const RUNGS = ["socket", "pdp", "radio", "reset", "power", "mcu"];

/** Failures in a row on one rung before the next is climbed. */
const TRIES = 2;
/** SOCKET_WORN in a row before the modem is power-cycled: one may be a bad parameter (quectel dossier, quirk 5). */
const WORN = 3;
const POWER = 4;

/**
 * The rung for the `count`-th failure in a row (from 1). What only a person can mend (a wrong certificate, a locked
 * SIM, a refused login) stays on the lowest rung: switching the modem off and on would spend energy for nothing.
 */
export function rungFor(error: Failure, count: number): number {
  const code = error.code;
  if (code == "SOCKET_WORN" && count >= WORN) return POWER;
  if (code.startsWith("TLS_") || code.startsWith("SIM_") || code == "MQTT_REFUSED") return 0;
  const climbed = Math.min(Math.floor((count - 1) / TRIES), RUNGS.length - 1);
  return Math.max(climbed, code == "MODEM_DEAF" ? 3 : code == "NET_REGISTRATION" ? 2 : 0);
}

/** Seconds before the next attempt: doubling from 1 s, at most `maxS`, times 0.5..1.5 so that a fleet spreads out. */
export function backoffS(count: number, maxS: number, random: number): number {
  return Math.min(Math.pow(2, Math.min(count - 1, 20)), maxS) * (0.5 + random);
}
