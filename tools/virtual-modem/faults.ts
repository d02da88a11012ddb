/** What goes wrong on request: now, after a while, or at the n-th command that matches a pattern. */
import { createRandom, type Random } from "./random.ts";

export const FAULTS = {
  "drop": "TCP and TLS connections die (id: one of them; silent: without a URC)",
  "reset": "the modem reboots by itself, without a word",
  "power-cut": "power goes and stays away",
  "garbage": "random bytes on the wire (bytes: how many; where: now or before an answer)",
  "urc": "a URC at a bad place (text, where: now, before, inside, header; cut: bytes missing at its front)",
  "late-answer": "an answer comes late (delayMs; when: answer or result)",
  "partial-answer": "an answer stops after some bytes (bytes)",
  "send-fail": "SEND FAIL instead of SEND OK",
  "no-prompt": "no prompt (mode: swallow = the command is lost, hang = the modem waits for data)",
  "deaf": "no answer to anything until reset by pin or power cycle",
  "pdp-lost": "the network takes the PDP context away (cid)",
  "wear-552": "every open fails with 552 until a power cycle",
  "rtc-wrong": "the modem's clock jumps (utcMs)",
  "file-timeout": "half of an upload is lost on the wire, so that it times out",
  "no-signal":
    "no cell in reach (stat: how the search ends, 2 = never, 0 = given up, 3 = denied; forMs: it comes back)",
  "sim-out": "the SIM card is pulled out (forMs: it is put back)",
} as const;

export type FaultName = keyof typeof FAULTS;

export interface FaultOptions {
  /** The fault waits for a command line (without `AT`) that matches; a string means `begins with`. */
  readonly on?: RegExp | string | undefined;
  /** Which match it is, from 1. Without `on`: the n-th command line of any kind. */
  readonly nth?: number | undefined;
  /** How many times in a row; default 1. */
  readonly times?: number | undefined;
  readonly afterMs?: number | undefined;
  readonly id?: number | undefined;
  readonly cid?: number | undefined;
  readonly silent?: boolean | undefined;
  readonly bytes?: number | undefined;
  readonly text?: string | undefined;
  readonly where?: "now" | "before" | "inside" | "header" | undefined;
  readonly cut?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly when?: "answer" | "result" | undefined;
  readonly mode?: "swallow" | "hang" | undefined;
  readonly utcMs?: number | undefined;
  readonly stat?: SearchEnd | undefined;
  /** How long `no-signal` and `sim-out` last; without it until they are healed. */
  readonly forMs?: number | undefined;
}

/** What +CEREG says while there is no cell (27.007 10.1.22): searching on, not searching, denied. */
export type SearchEnd = 0 | 2 | 3;

/** A harmless URC of the family, for `urc` without a text. */
const SAMPLE_URC = '+QIND: "csq",24,99';
/** Longer than any answer is waited for: the longest in the manuals is 150 s. */
const DEFAULT_DELAY_MS = 160_000;

type Piece = "info" | "open" | "prompt" | "raw" | "result";

/** Faults that change the shape of an answer and so wait for one. */
const SHAPING: readonly FaultName[] = ["late-answer", "partial-answer", "send-fail", "no-prompt", "file-timeout"];

/** Faults of what surrounds the modem: they last, whatever is done to the modem, until they are healed. */
const SURROUNDING = ["no-signal", "sim-out"] as const satisfies readonly FaultName[];
export type SurroundingFault = (typeof SURROUNDING)[number];

interface Armed {
  readonly name: FaultName;
  readonly options: FaultOptions;
  matches: number;
  left: number;
}

export interface FaultPorts {
  /** Faults of sockets, power, clock, network and SIM card, which the family plays. */
  readonly happen: (name: FaultName, options: FaultOptions) => void;
  /** A fault that the family plays and that lasts has ended. */
  readonly heal: (name: SurroundingFault) => void;
  readonly transmit: (bytes: Buffer) => void;
  readonly emit: (name: FaultName, detail: string) => void;
  readonly frame: (text: string) => Buffer;
  /** Runs later on the modem's clock. */
  readonly later: (ms: number, run: () => void) => void;
}

export class Faults {
  private readonly ports: FaultPorts;
  private readonly random: Random;
  private armed: Armed[] = [];
  /** How often each lasting fault was struck. */
  private readonly strikes: Partial<Record<SurroundingFault, number>> = {};
  /** Wait for their time. */
  private readonly due = new Set<{ readonly name: FaultName }>();
  private shaping: { name: FaultName; options: FaultOptions }[] = [];
  private budget = Number.POSITIVE_INFINITY;
  private pieces = 0;
  deaf = false;
  worn = false;
  /** The current command's answer is late: what the host types meanwhile waits. */
  late = false;

  constructor(ports: FaultPorts, seed: number) {
    this.ports = ports;
    this.random = createRandom(seed);
  }

  arm(name: FaultName, options: FaultOptions = {}): void {
    if (options.afterMs !== undefined) {
      const { afterMs, ...rest } = options;
      const due = { name };
      this.due.add(due);
      this.ports.later(afterMs, () => {
        if (this.due.delete(due)) this.arm(name, rest);
      });
      return;
    }
    const waits = options.on !== undefined || options.nth !== undefined || SHAPING.includes(name);
    const placed = (name === "urc" || name === "garbage") && options.where !== undefined && options.where !== "now";
    if (!waits && !placed) {
      this.fire(name, options);
      return;
    }
    this.armed.push({ name, options, matches: 0, left: options.times ?? 1 });
  }

  /** Takes back what has not happened yet and ends what lasts: of one kind, or of all. */
  clear(only?: FaultName): void {
    const meant = (name: FaultName): boolean => only === undefined || only === name;
    for (const due of this.due) if (meant(due.name)) this.due.delete(due);
    this.armed = this.armed.filter(({ name }) => !meant(name));
    this.shaping = this.shaping.filter(({ name }) => !meant(name));
    if (meant("partial-answer")) this.budget = Number.POSITIVE_INFINITY;
    if (meant("deaf")) this.deaf = false;
    if (meant("wear-552")) this.worn = false;
    if (meant("late-answer")) this.late = false;
    for (const name of SURROUNDING) if (meant(name)) this.ports.heal(name);
  }

  /** A power cycle or a hardware reset cures what is only a state of the chip. */
  powerCycled(): void {
    this.deaf = false;
    this.worn = false;
    this.late = false;
    this.commandEnds();
  }

  /** Called with every command line before it runs. */
  commandStarts(line: string): void {
    this.pieces = 0;
    this.budget = Number.POSITIVE_INFINITY;
    for (const armed of [...this.armed]) {
      if (!fits(armed, line)) continue;
      armed.matches++;
      if (armed.matches < (armed.options.nth ?? 1)) continue;
      armed.left--;
      if (armed.left <= 0) this.armed = this.armed.filter((other) => other !== armed);
      this.fire(armed.name, armed.options);
    }
  }

  commandEnds(): void {
    this.shaping = [];
    this.budget = Number.POSITIVE_INFINITY;
    this.late = false;
  }

  /** The fault of this kind that concerns the command which runs now. */
  current(name: FaultName): FaultOptions | undefined {
    return this.shaping.find((fault) => fault.name === name)?.options;
  }

  /** How long the answer or its result is held back. */
  delay(part: "answer" | "result"): number {
    const late = this.current("late-answer");
    if (late === undefined || (late.when ?? "answer") !== part) return 0;
    return late.delayMs ?? DEFAULT_DELAY_MS;
  }

  /** Sends a piece of an answer, with what stands in front of it, inside it or is missing from it. */
  send(piece: Piece, bytes: Buffer): void {
    const first = this.pieces++ === 0;
    for (const { name, options } of [...this.shaping]) {
      if (name !== "urc" && name !== "garbage") continue;
      const place = options.where ?? "before";
      const here =
        (place === "before" && first) ||
        (place === "inside" && (piece === "result" || !first)) ||
        (place === "header" && (piece === "info" || piece === "open"));
      if (!here) continue;
      this.shaping = this.shaping.filter((fault) => fault.options !== options);
      const noise = this.noise(name, options);
      if (place !== "header") this.put(noise);
      else {
        // Behind CR LF and five characters: in the middle of `+QSSLRECV`.
        const cutAt = Math.min(7, bytes.length);
        this.put(bytes.subarray(0, cutAt));
        this.put(noise);
        this.put(bytes.subarray(cutAt));
        return;
      }
    }
    this.put(bytes);
  }

  private put(bytes: Buffer): void {
    const part = bytes.subarray(0, this.budget);
    this.budget -= part.length;
    if (part.length > 0) this.ports.transmit(part);
  }

  private noise(name: FaultName, options: FaultOptions): Buffer {
    if (name === "garbage") return this.random.bytes(options.bytes ?? 16);
    return this.ports.frame(options.text ?? SAMPLE_URC).subarray(options.cut ?? 0);
  }

  private fire(name: FaultName, options: FaultOptions): void {
    this.ports.emit(name, describe(options));
    switch (name) {
      case "deaf":
        this.deaf = true;
        return;
      case "wear-552":
        this.worn = true;
        return;
      case "partial-answer":
        this.budget = options.bytes ?? 4;
        return;
      case "urc":
      case "garbage":
        if (options.where !== undefined && options.where !== "now") this.shaping.push({ name, options });
        else this.ports.transmit(this.noise(name, options));
        return;
      case "late-answer":
        this.late = true;
        this.shaping.push({ name, options });
        return;
      case "send-fail":
      case "no-prompt":
      case "file-timeout":
        this.shaping.push({ name, options });
        return;
      default:
        this.ports.happen(name, options);
        this.endLater(name, options.forMs);
    }
  }

  private endLater(name: FaultName, forMs: number | undefined): void {
    const lasting = SURROUNDING.find((other) => other === name);
    if (lasting === undefined) return;
    // Struck anew meanwhile: then the later one says when it ends.
    const strike = (this.strikes[lasting] ?? 0) + 1;
    this.strikes[lasting] = strike;
    if (forMs === undefined) return;
    this.ports.later(forMs, () => {
      if (this.strikes[lasting] === strike) this.ports.heal(lasting);
    });
  }
}

/** What a fault waits for when it is not told: the command that it can spoil. */
const NATURAL: Partial<Record<FaultName, RegExp>> = {
  "send-fail": /^\+Q(?:I|SSL)SEND(?:EX)?=/i,
  "no-prompt": /^\+Q(?:I|SSL)SEND=/i,
  "file-timeout": /^\+QFUPL=/i,
};

function fits(armed: Armed, line: string): boolean {
  const { on } = armed.options;
  if (on === undefined) return NATURAL[armed.name]?.test(line) ?? true;
  if (typeof on === "string") return line.toUpperCase().startsWith(on.toUpperCase().replace(/^AT/, ""));
  return new RegExp(on.source, on.flags.replace(/[gy]/g, "")).test(line);
}

function describe(options: FaultOptions): string {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(" ");
}

/** `name` or `name:key=value,key=value`, as on a command line. */
export function parseFault(text: string): { name: FaultName; options: FaultOptions } {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!Object.hasOwn(FAULTS, name))
    throw new Error(`no fault ${JSON.stringify(name)}; there are ${Object.keys(FAULTS).join(", ")}`);
  const options: Record<string, string | number | boolean> = {};
  for (const pair of colon < 0 ? [] : text.slice(colon + 1).split(",")) {
    const [key = "", value = ""] = pair.split(/=(.*)/s);
    if (!OPTION_KEYS.includes(key))
      throw new Error(`fault option ${JSON.stringify(key)} is none of ${OPTION_KEYS.join(", ")}`);
    options[key] = /^-?\d+$/.test(value) ? Number(value) : value === "true" || value === "" ? true : value;
  }
  return { name: name as FaultName, options };
}

const OPTION_KEYS = ["on", "nth", "times", "afterMs", "id", "cid", "silent", "bytes", "text", "where", "cut"].concat([
  "delayMs",
  "when",
  "mode",
  "utcMs",
  "stat",
  "forMs",
]);
