/** The choice of large packets by Bluetooth, kept for the next time. */
import { isLarge, PACKETS_KEY } from "./state/packets.ts";
import { createStore } from "./state/store.ts";

/** Storage may be forbidden; the choice then lasts as long as the page. */
function stored(): string | null {
  try {
    return localStorage.getItem(PACKETS_KEY);
  } catch {
    return null;
  }
}

export const largePackets = createStore(isLarge(stored()));

export function setLargePackets(large: boolean): void {
  largePackets.set(large);
  try {
    if (large) localStorage.setItem(PACKETS_KEY, "large");
    else localStorage.removeItem(PACKETS_KEY);
  } catch {
    // As above.
  }
}
