/** A UART whose far end is a table: for what a modem may say and the virtual modem, which is right, does not. */
import type { Clock } from "../../tools/clock.ts";

export interface Reply {
  /** Information responses. */
  readonly lines?: readonly string[];
  /** Final result; default `OK`. */
  readonly result?: string;
  /** URCs behind the result. */
  readonly behind?: readonly string[];
  /** Sent first; the result follows when `bytes` of data have come. */
  readonly prompt?: string;
  readonly bytes?: number;
  /** Raw data: announced by the only line, which stands in front of it. */
  readonly raw?: string;
  /** Nothing at all. */
  readonly silent?: boolean;
  /** Until the reply. */
  readonly afterMs?: number;
}

/** What one part of a command line (without `AT`) gives; undefined is what any modem would answer. */
export type Script = (part: string) => Reply | undefined;

export interface ScriptedUart {
  setup(): void;
  unsetup(): void;
  write(bytes: string): void;
  on(event: string, listener: (bytes: string) => void): void;
  removeAllListeners(): void;
}

export interface ScriptedModem {
  readonly uart: ScriptedUart;
  /** Command lines, and data in `<>`. */
  readonly written: string[];
  /** Parts of command lines that were executed. */
  readonly parts: string[];
  script: Script;
  /** Says something by itself; CR LF around it. */
  say(line: string): void;
}

/** Questions of 27.007 that every modem answers, so that the channel can find its step again. */
const KNOWN = /^(\+CMEE|\+CFUN|\+CGATT)\?$/;

function usual(part: string): Reply {
  const name = KNOWN.exec(part)?.[1];
  return name === undefined ? {} : { lines: [`${name}: 1`] };
}

/** Splits at the semicolons of V.250 5.2.1 that are not in quotes. */
function partsOf(line: string): string[] {
  return line.replace(/^AT/, "").match(/(?:"[^"]*"|[^;"])+/g) ?? [""];
}

export function createScriptedModem(clock: Clock, script: Script = () => undefined): ScriptedModem {
  const written: string[] = [];
  const parts: string[] = [];
  let listener: ((bytes: string) => void) | undefined;
  let input = "";
  let awaited: { bytes: number; reply: Reply } | undefined;

  const send = (text: string, ms = 1): void => void clock.setTimeout(() => listener?.(text), ms);
  const framed = (line: string): string => `\r\n${line}\r\n`;

  function finish(reply: Reply, lines: readonly string[]): void {
    const raw = reply.raw === undefined ? "" : `${reply.raw}\r\n`;
    const info = lines.map((line) => `${line}\r\n`).join("");
    const tail = (reply.behind ?? []).map(framed).join("");
    send(`${info && `\r\n${info}`}${raw}${framed(reply.result ?? "OK")}${tail}`, reply.afterMs);
  }

  function execute(line: string): void {
    written.push(line);
    const lines: string[] = [];
    let last: Reply = {};
    for (const part of partsOf(line)) {
      parts.push(part);
      last = modem.script(part) ?? usual(part);
      if (last.silent === true) return;
      if (last.prompt !== undefined) {
        awaited = { bytes: last.bytes ?? 0, reply: last };
        send(`\r\n${last.prompt}${last.prompt === ">" ? " " : "\r\n"}`);
        return;
      }
      lines.push(...(last.lines ?? []));
      if (last.result !== undefined) break;
    }
    finish(last, lines);
  }

  function take(): void {
    while (input !== "") {
      if (awaited !== undefined) {
        if (input.length < awaited.bytes) return;
        const { bytes, reply } = awaited;
        written.push(`<${input.slice(0, bytes)}>`);
        input = input.slice(bytes);
        awaited = undefined;
        finish(reply, reply.lines ?? []);
        continue;
      }
      const end = input.indexOf("\r");
      if (end < 0) return;
      const line = input.slice(0, end);
      input = input.slice(end + 1);
      if (line !== "") execute(line);
    }
  }

  const modem: ScriptedModem = {
    uart: {
      setup: () => undefined,
      unsetup: () => undefined,
      write(bytes) {
        input += bytes;
        take();
      },
      on(_event, added) {
        listener = added;
      },
      removeAllListeners() {
        listener = undefined;
      },
    },
    written,
    parts,
    script,
    say: (line) => send(framed(line), 0),
  };
  return modem;
}
