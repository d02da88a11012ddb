/** How many bytes a write by Bluetooth has. Web Bluetooth does not tell what the board takes. */
export const PACKETS_KEY = "godwit.packets";

/** What every board takes. */
export const SMALL_PACKETS = 20;
/** What the interpreter on an nRF52840 DK takes: its MTU is 131 there, of which three are the header. */
export const LARGE_PACKETS = 128;

/** Anything else in the storage is none of ours. */
export function isLarge(stored: string | null): boolean {
  return stored === "large";
}

export function packetBytes(large: boolean): number {
  return large ? LARGE_PACKETS : SMALL_PACKETS;
}
