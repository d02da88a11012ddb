/** Times as modems write them (27.007 8.15, +CCLK): `yy/MM/dd,hh:mm:ss+zz`, zone in quarters of an hour. Pure. */

/** Seconds since 1970 -> `yy/MM/dd,hh:mm:ss+00`, in UTC. */
export function formatTime(unixS: number): string {
  const iso = new Date(Math.round(unixS) * 1000).toISOString();
  return `${iso.substr(2, 8).split("-").join("/")},${iso.substr(11, 8)}+00`;
}

/**
 * Two- or four-digit year, zone optional -> seconds since 1970, or undefined when it is no time. Years 70..99 are of
 * the last century: a modem that was never set says `80/01/06`.
 */
export function parseTime(text: string): number | undefined {
  const short = text[2] == "/" ? text : text.substr(2);
  const century = text[2] != "/" ? text.substr(0, 2) : short < "70" ? "20" : "19";
  const stamp = short.substr(0, 17);
  const unixS = Date.parse(`${century}${stamp.substr(0, 8).split("/").join("-")}T${stamp.substr(9)}Z`) / 1000;
  // Whatever the parser made of the text must read as the text again: no 31st of February, no missing field.
  if (!(unixS >= 0) || formatTime(unixS).substr(0, 17) != stamp) return undefined;
  const zone = short.substr(17, 3);
  return zone ? unixS - (parseInt(zone, 10) || 0) * 900 : unixS;
}

/** The zone of such a text, in quarters of an hour; 0 when it has none. */
export function zoneOf(text: string): number {
  return parseInt((text.split(":")[2] || "").substr(2), 10) || 0;
}
