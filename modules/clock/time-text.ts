/** Times as modems write them (27.007 8.15, +CCLK): `yy/MM/dd,hh:mm:ss+zz`, zone in quarters of an hour. Pure. */

/** Seconds since 1970 -> `yy/MM/dd,hh:mm:ss`, in UTC. */
export function formatTime(unixS: number): string {
  const iso = new Date(Math.round(unixS) * 1000).toISOString();
  return `${iso.substr(2, 8).split("-").join("/")},${iso.substr(11, 8)}`;
}

/**
 * Two- or four-digit year, zone optional -> seconds since 1970, or 0 when it is no time. Two digits from 70 on are of
 * the last century: a modem that was never set says `80/01/06`.
 */
export function parseTime(text: string): number {
  const short = text[2] == "/" ? text : text.substr(2);
  const century = short != text ? text.substr(0, 2) : text < "7" ? "20" : "19";
  const stamp = short.substr(0, 17);
  const iso = `${century}${stamp.split("/").join("-").replace(",", "T")}Z`;
  const unixS = Date.parse(iso) / 1000;
  // Whatever the parser made of the text must read as the text again: no 31st of February, no missing field.
  return unixS > 0 && formatTime(unixS) == stamp ? unixS - zoneOf(text) * 900 : 0;
}

/** The zone of such a text, in quarters of an hour; 0 when it has none. */
export function zoneOf(text: string): number {
  return parseInt((text.split(":")[2] || "").substr(2), 10) || 0;
}
