/** What page and server say to each other on `/panel`, and the codes with which WebSockets are closed. No Node in here. */
import type { Entry } from "../demo/entry.ts";

export interface PanelFault {
  readonly name: string;
  /** One sentence: what it does. */
  readonly says: string;
  /** One sentence: what to expect of the firmware. */
  readonly expect: string;
  /** It happens and is over: a button, not a switch. */
  readonly once: boolean;
  readonly active: boolean;
}

export type BoardState = "on" | "off" | "rebooting";

/** Server to page. After `hello` comes the state of the board, then the story so far, then what happens. */
export type PanelMessage =
  | {
      readonly type: "hello";
      readonly board: string;
      readonly model: string;
      readonly faults: readonly PanelFault[];
    }
  | { readonly type: "entry"; readonly entry: Entry }
  | { readonly type: "faults"; readonly active: readonly string[] }
  | { readonly type: "board"; readonly state: BoardState };

export type DeviceCommand = Readonly<Record<string, string | number | boolean>>;

/** Page to server. */
export type PanelRequest =
  | { readonly type: "fault"; readonly name: string; readonly on: boolean }
  | { readonly type: "power"; readonly on: boolean }
  | { readonly type: "command"; readonly command: DeviceCommand }
  | { readonly type: "cut-link" };

/** `/board`, the first frame of the server. */
export interface BoardHello {
  readonly chunkBytes: number;
  readonly name: string;
}

export const CLOSE = {
  /** Not of the protocol: text in place of binary, no JSON, a message that does not exist. */
  misunderstood: 4400,
  /** The board cannot be found: it has no supply, or its radio is off. */
  boardOff: 4404,
  /** The peer does not take what it is sent. */
  tooSlow: 4408,
  /** Somebody else is connected to the board, which has one connection. */
  inUse: 4409,
  /** The connection to the board ended: it rebooted, lost its supply, or the link was cut. */
  linkLost: 4410,
  /** A frame that is longer than `chunkBytes`, or a message longer than any that exists. */
  tooLong: 4413,
  /** The board's Nordic UART Service is locked or not there: its image was built with a closed console. */
  locked: 4423,
  /** More messages than a person makes, or more pages than one opens. */
  tooMany: 4429,
} as const;

/** Longest message of the page; commands are a few words. */
export const MAX_REQUEST = 1024;
const MAX_KEYS = 8;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function commandOf(value: unknown): DeviceCommand | undefined {
  if (!isRecord(value) || typeof value["cmd"] !== "string") return undefined;
  const entries = Object.entries(value);
  if (entries.length > MAX_KEYS) return undefined;
  const plain: Record<string, string | number | boolean> = {};
  for (const [name, part] of entries) {
    if (typeof part !== "string" && typeof part !== "number" && typeof part !== "boolean") return undefined;
    // As own property whatever it is called.
    Object.defineProperty(plain, name, { value: part, enumerable: true });
  }
  return plain;
}

/** Undefined: no request. */
export function parseRequest(text: string): PanelRequest | undefined {
  if (text.length > MAX_REQUEST) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { type, name, on, command } = value;
  if (type === "fault" && typeof name === "string" && typeof on === "boolean") return { type, name, on };
  if (type === "power" && typeof on === "boolean") return { type, on };
  if (type === "cut-link") return { type };
  const plain = type === "command" ? commandOf(command) : undefined;
  return plain === undefined ? undefined : { type: "command", command: plain };
}
