/** Ports by their names, as `--port` takes them. */
import { bleSource } from "./ble.ts";
import { PortError, type PortSource } from "./port.ts";
import { serialSource } from "./serial.ts";
import { tcpSource } from "./tcp.ts";
import { type WebSocketLike, webSocketSource } from "./web-socket.ts";

export interface PortOptions {
  /** Bluetooth: bytes in a write, default 20. */
  readonly chunkBytes?: number;
  /** Serial: default 115,200. */
  readonly baudRate?: number;
}

/** For messages and `--help`. */
export const PORT_FORMS = `ble:<name>            Bluetooth, by the name that the board advertises; "ble:" takes the first that is found
serial:/dev/ttyACM0   a serial port; the path alone will do, as will COM3
tcp:<host>:<port>     raw bytes, e.g. of a serial-to-network bridge
ws://<host>/board     the virtual board of npm start`;

/**
 * Opens nothing yet.
 * @throws {PortError} PORT_UNSUPPORTED for a name that is none of the forms.
 */
export function openPort(name: string, options: PortOptions = {}): PortSource {
  const { chunkBytes, baudRate } = options;
  const [, scheme = "", rest = ""] = /^(ble|serial|tcp|wss?):(.*)$/s.exec(name) ?? [];
  const speed = baudRate === undefined ? {} : { baudRate };
  if (hasControl(name)) throw unknown(name);
  if (scheme === "ble") {
    return bleSource({ ...(rest === "" ? {} : { name: rest }), ...(chunkBytes === undefined ? {} : { chunkBytes }) });
  }
  if (scheme === "serial" && rest !== "") return serialSource({ path: rest, ...speed });
  if (scheme === "tcp") return tcpSource(tcpAddress(name, rest));
  if (scheme === "ws" || scheme === "wss") return webSocketPort(name);
  if (scheme === "" && /^(?:[./]|COM\d+$|\\\\\.\\)/i.test(name)) return serialSource({ path: name, ...speed });
  throw unknown(name);
}

function tcpAddress(name: string, rest: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(rest) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65_535)) throw unknown(name);
  return { host, port };
}

function webSocketPort(url: string): PortSource {
  if (!URL.canParse(url)) throw unknown(url);
  return {
    async open() {
      // Node 20 has no WebSocket of its own.
      const { WebSocket } = await import("ws");
      const open = (address: string): WebSocketLike => new WebSocket(address);
      return webSocketSource(url, open).open();
    },
  };
}

function hasControl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return /[\x00-\x1f\x7f]/.test(text) || text.length > 256;
}

function unknown(name: string): PortError {
  return new PortError("PORT_UNSUPPORTED", `"${name.slice(0, 80)}" is no port. A port is one of\n${PORT_FORMS}`);
}
