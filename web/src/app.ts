/** What the panels share: the connection, the image, and what the error codes mean. */
import errorsMarkdown from "../../docs/errors.md?raw";
import { type ErrorExplanation, parseErrorTable } from "../../tools/errors/error-table.ts";
import type { Image } from "../../tools/flash/image.ts";
import type { PortSource } from "../../tools/port/port.ts";
import { bluetoothSource } from "../../tools/port/web-bluetooth.ts";
import { webSerialSource } from "../../tools/port/web-serial.ts";
import { webSocketSource } from "../../tools/port/web-socket.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import { largePackets } from "./packets.ts";
import { serverUrl } from "./server-url.ts";
import { createConnector, type Way } from "./state/connection.ts";
import { packetBytes } from "./state/packets.ts";
import { createStore } from "./state/store.ts";
import type { TabId } from "./state/tabs.ts";

export const errors = parseErrorTable(errorsMarkdown);

export function explain(code: string): ErrorExplanation | undefined {
  return errors.get(code);
}

export const errorCodes: ReadonlySet<string> = new Set(errors.keys());

export const connector = createConnector({
  openSession,
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    }),
});

const SOURCES: Readonly<Record<Way, () => PortSource>> = {
  bluetooth: () => bluetoothSource(navigator.bluetooth, { chunkBytes: packetBytes(largePackets.value) }),
  serial: () => webSerialSource(navigator.serial),
  virtual: () => webSocketSource(serverUrl("board"), (url) => new WebSocket(url)),
};

export async function connect(way: Way): Promise<void> {
  // So that nothing which the board says first is missed.
  await import("./collectors.ts");
  await connector.connect(way, SOURCES[way]());
  // So that stack traces have their lines at once; without it they have none, and nothing else fails.
  if (way === "virtual" && image.value === undefined) {
    await import("./served-image.ts").then(({ takeServedImage }) => takeServedImage()).catch(() => undefined);
  }
}

/** Chromium on Linux has it behind a flag. */
function withoutBluetooth(userAgent: string): string {
  return /Linux/.test(userAgent) && /Chrome/.test(userAgent) && !/Android/.test(userAgent)
    ? "Switched off in Chrome on Linux: enable chrome://flags/#enable-web-bluetooth"
    : "Not in this browser: take Chrome, Edge or Opera";
}

/** Why this way is not open here, or undefined where it is. */
export function unavailable(way: Way, isVirtual: boolean): string | undefined {
  const { userAgent } = navigator;
  if (way === "virtual") return isVirtual ? undefined : "Only where `npm start` serves this page";
  if (!isSecureContext) return "Only over https:// or on localhost";
  if (way === "bluetooth" && !("bluetooth" in navigator)) return withoutBluetooth(userAgent);
  if (way === "serial" && !("serial" in navigator))
    return "Not in this browser: take Chrome, Edge or Opera on a computer";
  return undefined;
}

/** The image that was picked: for flashing, and for telling lines of TypeScript from addresses. */
export const image = createStore<PickedImage | undefined>(undefined);

export interface PickedImage {
  readonly image: Image;
  /** A file's name, or where else it came from. */
  readonly from: string;
}

export const shownTab = createStore<TabId | undefined>(undefined);
