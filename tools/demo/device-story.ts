/** What the device itself says: its console, line by line, and `godwit.status()` where a line asks for more. */
import type { DeviceStatus } from "../../src/device.ts";
import type { ErrorTable } from "../errors/error-table.ts";
import { annotateStack } from "../symbols/annotate-stack.ts";
import { formatPlace } from "../symbols/format.ts";
import type { SymbolImage } from "../symbols/symbols.ts";
import { count, type Detail, type Tell, utc } from "./entry.ts";

export interface DeviceFailure {
  readonly code: string;
  readonly cause: string | undefined;
  /** Failures in a row, this one included. */
  readonly inRow: number;
}

export interface DeviceStoryOptions {
  readonly tell: Tell;
  readonly errors: ErrorTable;
  /** Undefined: what runs on the board is not this firmware. */
  readonly status: () => DeviceStatus | undefined;
  /** When the image was built, Unix seconds. */
  readonly buildTime: number;
  /** What stack traces are looked up in; undefined: they are shown as the interpreter prints them. */
  readonly image?: SymbolImage | undefined;
  /** `false`: somebody else says at the end what a code means. */
  readonly explains: boolean;
  readonly onFailure: (failure: DeviceFailure) => void;
  readonly onState: (state: string) => void;
}

export interface DeviceStory {
  console(text: string): void;
  uncaught(message: string, stack: string | undefined): void;
  /** Forgets how often things failed: the device booted. */
  rebooted(): void;
  /** What was explained once is explained once more: somebody wants to see it. */
  explainAgain(): void;
}

/** As src/main.ts prints it: `link <state> ! <code> <cause> retry <n> s, <rung>`. */
const FAILURE = /^link (\w+) ! (\w+) (.*?) ?retry ([\d.]+) s, (\w+)$/;
const STATE = /^link (\w+)$/;
/** As src/main.ts prints a running trace. The modem tells the same, better, and a trace would push out all the rest. */
const TRACE = /^(?:>{1,2}AT|>{0,2}<|>{1,2}(?:tls|tcp|udp)\d|>?![A-Z][A-Z0-9_]+$)/;
const MOST_FRAMES = 12;

const RUNGS: Readonly<Record<string, string>> = {
  socket: "open the socket again",
  pdp: "activate the PDP context anew",
  radio: "switch the radio off and on",
  reset: "reset the modem",
  power: "switch the modem off and on",
  mcu: "reboot the board",
};

export function explain(errors: ErrorTable, code: string): Detail[] {
  const found = errors.get(code);
  if (found === undefined) return [];
  const numbered = (label: string, items: readonly string[]): Detail[] =>
    items.map((text, index) => ({
      label: index === 0 ? label : "",
      text: items.length > 1 ? `${index + 1}. ${text}` : text,
    }));
  return [
    { label: "meaning", text: found.meaning },
    ...numbered("likely causes", found.causes),
    ...numbered("what to do", found.remedies),
    { label: "more", text: "docs/errors.md" },
  ];
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The frames of `error.stack`, innermost first: where they are in the source, else as the interpreter has them. */
function frames(stack: string, image: SymbolImage | undefined): Detail[] {
  return annotateStack(stack, image === undefined ? [] : [image])
    .flatMap((part) => (part.kind === "frame" ? [part.frame] : []))
    .slice(0, MOST_FRAMES)
    .map(({ text, source }, index) => ({
      label: index === 0 ? "at" : "",
      text: source === undefined ? text.trim().replace(/^at /, "") : formatPlace(source),
    }));
}

export function createDeviceStory(options: DeviceStoryOptions): DeviceStory {
  const { tell, errors } = options;
  const explained = new Set<string>();
  let pending = "";
  /** What the console is about to print of an error that was told already. */
  let echo: string[] = [];
  let inRow = 0;
  /** The proof of the time that the newest TLS attempt rests on; the link forgets its own at a refusal. */
  let proof: string | undefined;

  function failed(code: string, cause: string, retryS: string, rung: string): void {
    inRow++;
    const known = cause === "undefined" || cause === "" ? undefined : cause;
    const { command } = options.status()?.error ?? {};
    const details: Detail[] = !options.explains || explained.has(code) ? [] : explain(errors, code);
    explained.add(code);
    if (code.startsWith("TLS_") && proof !== undefined) details.unshift({ label: "clock", text: proof });
    if (command !== undefined) details.unshift({ label: "command", text: command });
    details.push({ label: "next", text: `in ${retryS} s: ${RUNGS[rung] ?? rung}` });
    tell("link", `${code}${known === undefined ? "" : ` (${known})`}`, {
      mark: "fault",
      details,
      data: { code, cause: known, command, retryS: Number(retryS), rung },
    });
    options.onFailure({ code, cause: known, inRow });
  }

  function clockProved(): void {
    const clock = options.status()?.clock;
    if (clock === undefined) return;
    const refused = clock.refused.trim();
    proof = `proved by ${clock.source} before this attempt, so dates were judged by the right time`;
    const details: Detail[] = refused === "" ? [] : [{ label: "passed over", text: refused.split(" ").join(", ") }];
    details.push({ label: "not before", text: `${utc(options.buildTime * 1000)} UTC, when this image was built` });
    tell("clock", `proved: source ${clock.source}, device and modem differ by ${Math.abs(clock.rtcErrorS)} s`, {
      mark: "good",
      details,
      data: { ...clock },
    });
  }

  function reached(state: string): void {
    const status = options.status();
    if (state === "timed") clockProved();
    else if (status === undefined) {
      // Somebody wrote at the REPL what the firmware writes.
      tell("device", `link ${state}`);
      return;
    } else if (state === "secured") {
      const { readBack, host } = status.tls;
      tell("tls", "settings written one by one, read back and compared: as asked", {
        data: { ...status.tls },
        details: [{ label: "this modem", text: `reads settings back: ${readBack}; compares the host name: ${host}` }],
      });
    } else if (state === "connected") {
      inRow = 0;
      tell("link", `connected: ${count(status.at.exchanges, "AT exchange")} since the board started`, {
        mark: "good",
        data: { exchanges: status.at.exchanges },
      });
    }
    options.onState(state);
  }

  function line(text: string): void {
    if (text === echo[0]) {
      echo.shift();
      return;
    }
    if (TRACE.test(text)) return;
    const failure = FAILURE.exec(text);
    if (failure !== null) failed(failure[2] ?? "", failure[3] ?? "", failure[4] ?? "", failure[5] ?? "");
    else {
      const state = STATE.exec(text)?.[1];
      if (state !== undefined) reached(state);
      else {
        const code = /^\w+ ! ([A-Z_]+)/.exec(text)?.[1];
        if (code === undefined) tell("device", text);
        else tell("device", text, { mark: "fault", details: explain(errors, code), data: { code } });
      }
    }
  }

  return {
    console(text) {
      const heard = pending + text;
      const end = heard.lastIndexOf("\n") + 1;
      pending = heard.slice(end);
      for (const each of lines(heard.slice(0, end))) line(each);
    },
    uncaught(message, stack) {
      tell("device", `uncaught: ${message}`, {
        mark: "fault",
        ...(stack === undefined ? {} : { details: frames(stack, options.image) }),
      });
      echo = lines(`Uncaught ${stack ?? message}`);
    },
    explainAgain: () => explained.clear(),
    rebooted() {
      inRow = 0;
      pending = "";
      echo = [];
      proof = undefined;
    },
  };
}
