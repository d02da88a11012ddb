/** How good a signal is, in a word. */

export interface SignalQuality {
  readonly word: "excellent" | "good" | "fair" | "weak" | "very weak" | "not known";
  readonly verdict: "good" | "info" | "warning" | "fault";
  /** 0 to 4. */
  readonly bars: number;
}

const QUALITIES: readonly SignalQuality[] = [
  { word: "excellent", verdict: "good", bars: 4 },
  { word: "good", verdict: "good", bars: 3 },
  { word: "fair", verdict: "info", bars: 2 },
  { word: "weak", verdict: "warning", bars: 1 },
  { word: "very weak", verdict: "fault", bars: 0 },
];

const UNKNOWN: SignalQuality = { word: "not known", verdict: "info", bars: 0 };

/**
 * Bounds of the words, dBm. RSRP: what is usual for LTE; LTE-M and NB-IoT go on to work below -120, by repetition, at more
 * energy. RSSI, where there is no RSRP: GSM. Both rules of thumb (R).
 */
const RSRP = [-80, -95, -110, -120] as const;
const RSSI = [-70, -85, -95, -105] as const;

export function signalQuality(signal: {
  readonly rsrpDbm?: number | undefined;
  readonly rssiDbm?: number | undefined;
}): SignalQuality {
  const value = signal.rsrpDbm ?? signal.rssiDbm;
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const bounds = signal.rsrpDbm === undefined ? RSSI : RSRP;
  const at = bounds.findIndex((bound) => value >= bound);
  return QUALITIES[at < 0 ? bounds.length : at] ?? UNKNOWN;
}
