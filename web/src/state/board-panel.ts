/** What `npm start` tells of its virtual board: its faults, whether it is on, and its story. */
import type { BoardState, PanelFault } from "../../../tools/console/messages.ts";
import type { Detail, Entry, Mark } from "../../../tools/demo/entry.ts";

export interface BoardPanel {
  /** `closed`: the server went away; it is asked again. */
  readonly link: "connecting" | "open" | "closed";
  readonly board: string;
  readonly model: string;
  readonly power: BoardState;
  readonly faults: readonly PanelFault[];
  /** Oldest first; AT traffic and all the rest are bounded each by itself. */
  readonly story: readonly Entry[];
  /** How far the guided path is: 1 it connected, 2 something broke, 3 it recovered. Never goes back. */
  readonly progress: 0 | 1 | 2 | 3;
}

export const MOST_ENTRIES = 500;
/** A boot with TLS has a hundred lines. */
export const MOST_TRAFFIC = 400;

export const NO_PANEL: BoardPanel = {
  link: "connecting",
  board: "",
  model: "",
  power: "on",
  faults: [],
  story: [],
  progress: 0,
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown, most = 4000): string => (typeof value === "string" ? value.slice(0, most) : "");
const marks: readonly Mark[] = ["info", "good", "fault", "trace"];
const isMark = (value: unknown): value is Mark => marks.some((mark) => mark === value);

function readDetail(value: unknown): Detail[] {
  if (!isFields(value)) return [];
  const label = text(value["label"], 80);
  const { mark } = value;
  return [{ text: text(value["text"]), ...(label === "" ? {} : { label }), ...(isMark(mark) ? { mark } : {}) }];
}

/** Topics are shown as they come: a newer server may know more of them. */
const isTopic = (value: unknown): value is Entry["topic"] => typeof value === "string" && /^[a-z-]{1,16}$/.test(value);

function readEntry(value: unknown): Entry | undefined {
  if (!isFields(value)) return undefined;
  const { atMs, topic, mark, details } = value;
  if (typeof atMs !== "number" || !isTopic(topic)) return undefined;
  const entry = { atMs, topic, mark: isMark(mark) ? mark : "info", text: text(value["text"]) } as const;
  return Array.isArray(details) ? { ...entry, details: details.slice(0, 40).flatMap(readDetail) } : entry;
}

function readFault(value: unknown): PanelFault[] {
  if (!isFields(value) || typeof value["name"] !== "string") return [];
  const [name, says, expect] = [value["name"], value["says"], value["expect"]].map((part) => text(part, 1000));
  if (name === undefined || says === undefined || expect === undefined) return [];
  return [{ name, says, expect, once: value["once"] === true, active: value["active"] === true }];
}

/** A frame of the server; what is not understood changes nothing. */
export function heard(panel: BoardPanel, frame: string): BoardPanel {
  let message: unknown;
  try {
    message = JSON.parse(frame);
  } catch {
    return panel;
  }
  if (!isFields(message)) return panel;
  switch (message["type"]) {
    case "hello": {
      const faults = Array.isArray(message["faults"]) ? message["faults"].slice(0, 50).flatMap(readFault) : [];
      // The story is told anew at every connection.
      return {
        ...panel,
        link: "open",
        board: text(message["board"], 60),
        model: text(message["model"], 60),
        faults,
        story: [],
      };
    }
    case "entry": {
      const entry = readEntry(message["entry"]);
      if (entry === undefined) return panel;
      return { ...panel, story: withEntry(panel.story, entry), progress: advanced(panel.progress, entry) };
    }
    case "faults": {
      const names: readonly unknown[] = Array.isArray(message["active"]) ? message["active"] : [];
      return { ...panel, faults: panel.faults.map((fault) => ({ ...fault, active: names.includes(fault.name) })) };
    }
    case "board": {
      const { state } = message;
      return state === "on" || state === "off" || state === "rebooting" ? { ...panel, power: state } : panel;
    }
    default:
      return panel;
  }
}

/** What the story has only on request. */
export function isTraffic({ topic }: Entry): boolean {
  return topic === "at";
}

/** The oldest of its kind makes room: a minute of AT traffic must not push out what there is to tell. */
function withEntry(story: readonly Entry[], entry: Entry): readonly Entry[] {
  const next = [...story, entry];
  const isAlike = (one: Entry): boolean => isTraffic(one) === isTraffic(entry);
  if (next.filter(isAlike).length > (isTraffic(entry) ? MOST_TRAFFIC : MOST_ENTRIES)) {
    next.splice(next.findIndex(isAlike), 1);
  }
  return next;
}

/** A fault on the way up is none of the user's doing; what he breaks comes after the first connection. */
function advanced(progress: BoardPanel["progress"], entry: Entry): BoardPanel["progress"] {
  const isUp = entry.topic === "mqtt" && entry.mark === "good";
  const isBroken = entry.mark === "fault" && !isTraffic(entry);
  if (progress === 0 && isUp) return 1;
  if (progress === 1 && isBroken) return 2;
  return progress === 2 && isUp ? 3 : progress;
}

export interface Step {
  readonly id: "watch" | "break" | "read";
  readonly isDone: boolean;
}

export function guide({ progress }: BoardPanel): readonly Step[] {
  return (["watch", "break", "read"] as const).map((id, index) => ({ id, isDone: progress > index }));
}
