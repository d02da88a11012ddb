import type { Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after, guard } from "../guard.ts";
import type { AnswerDone, Command } from "./command.ts";
import { createDigest } from "./digest.ts";

export interface ChannelEvents {
  /** Every line that no command asked for. True: a known URC, so it is no command's loose answer. */
  onUrc(line: string): boolean;
  /** The modem answered nothing, resynchronisation included; queued commands have failed with `AT_DEAF`. */
  onDeaf(): void;
  /** `>` sent, `<` received, `!` of note. Secrets are masked, raw data is a count. */
  onTrace(direction: string, text: string): void;
}

/** @public */
export interface ChannelCounters {
  /** Command lines sent: the unit in which energy is spent. */
  exchanges: number;
  timeouts: number;
  /** Final result codes with no command in flight. */
  orphans: number;
  /** Bytes of over-long lines thrown away. */
  lost: number;
}

export interface Channel {
  /** Queues the command; `done` is called once. */
  send(command: Command, done: AnswerDone): void;
  /** Bytes from the UART. */
  feed(chunk: string): void;
  /** Fails what is in flight and queued with `code`; for a modem that was reset or switched off. */
  abort(code: string): void;
  counters: ChannelCounters;
}

interface Entry {
  command: Command;
  done: AnswerDone;
}

const DEFAULT_TIMEOUT_MS = 5000;

/**
 * After a time-out one of these is asked, the next one when it is not answered either. Each has an information response
 * of its own, and a modem answers in order: whatever final result stands in front of it belongs to somebody before.
 */
const PROBES = ["+CMEE", "+CFUN", "+CGATT"];
const PROBE_TIMEOUT_MS = 2000;

/** Final result codes of V.250 5.7.1 that end a command without success. */
const FAILED = "|ERROR|NO CARRIER|NO ANSWER|NO DIALTONE|BUSY|SEND FAIL|";

/** The cause of a final result code that is a failure, else ""; CME and CMS errors carry one (27.007, 9.1). */
function failureCause(line: string): string {
  const cause = line.startsWith("+CM") && line.split(" ERROR:")[1];
  return cause ? cause.trim() : FAILED.includes(`|${line}|`) ? line : "";
}

/** One command in flight, the rest queued; no result ever reaches a command other than its own. */
export function createChannel(uart: { write(bytes: string): void }, events: ChannelEvents): Channel {
  const counters: ChannelCounters = { exchanges: 0, timeouts: 0, orphans: 0, lost: 0 };
  const note = events.onTrace;
  let queue: Entry[] = [];
  let current: Command | undefined;
  let currentDone: AnswerDone;
  /** Data that the current command still owes to its prompt. */
  let unsent: string | undefined;
  let lines: string[] = [];
  let raw = "";
  /** Bytes announced by the header of raw data; -1: no header yet. */
  let announced = -1;
  let timer = 0;
  /** Probes sent since the last answer. */
  let probes = 0;

  function startTimer(ms: number, run?: () => void): void {
    if (timer) clearTimeout(timer);
    timer = run ? after(ms, run) : 0;
  }

  function masked(command: Command): string {
    return command.secret ? `${command.text.split("=")[0]}=***` : command.text;
  }

  function next(): void {
    const entry = !current && queue.shift();
    if (!entry) return;
    const command = entry.command;
    current = command;
    currentDone = entry.done;
    lines = [];
    raw = "";
    announced = -1;
    unsent = command.payload;
    if (command.text.includes("\0")) {
      // The text is not repeated: it is what could not be trusted.
      finish(failure("AT_TEXT"));
      return;
    }
    counters.exchanges++;
    note(">", masked(command));
    digest.expectPrompt(command.prompt);
    startTimer(command.timeoutMs || DEFAULT_TIMEOUT_MS, onTimeout);
    uart.write(`${command.text}\r`);
  }

  function finish(error?: Failure): void {
    current = undefined;
    startTimer(0);
    digest.expectPrompt();
    digest.expectRaw(0);
    guard(currentDone, error, lines, raw);
    next();
  }

  function fail(code: string, cause?: string): void {
    note("!", code);
    finish(failure(code, cause, masked(current as Command)));
  }

  function abort(code: string): void {
    const failed = queue;
    queue = [];
    probes = 0;
    if (current) fail(code);
    for (const entry of failed) guard(entry.done, failure(code, undefined, masked(entry.command)), [], "");
  }

  function onTimeout(): void {
    const name = PROBES[probes++];
    counters.timeouts++;
    // The prompt may yet come, and would take the probe for data: give it line ends to eat. In command mode they are nothing.
    if (unsent) uart.write("\r".repeat(unsent.length));
    if (name) {
      const command = { text: `AT${name}?`, prefix: `${name}:`, timeoutMs: PROBE_TIMEOUT_MS, isProbe: true };
      queue.unshift({ command, done: onProbe });
      fail("AT_TIMEOUT");
    } else {
      abort("AT_DEAF");
      events.onDeaf();
    }
  }

  function onProbe(error?: Failure): void {
    if (!error) probes = 0;
  }

  function onInformation(command: Command, line: string): void {
    lines.push(line);
    if (!command.maxRaw || announced >= 0) return;
    announced = parseInt(line.substr((command.prefix as string).length), 10);
    // A count that nobody asked for must not swallow what follows; `onSuccess` sees the difference.
    if (announced > 0 && announced <= command.maxRaw) digest.expectRaw(announced);
  }

  function onSuccess(command: Command, line: string): void {
    if (command.success) lines.push(line);
    // The prompt never came, so the data never went.
    if (unsent !== undefined) fail("AT_PROMPT");
    // The header was lost or garbled: its data went by as lines.
    else if (command.maxRaw && announced != raw.length) fail("AT_INCOMPLETE");
    else finish();
  }

  function onLine(line: string): void {
    const command = current;
    const cause = failureCause(line);
    // An echo: not traced, it may hold a secret.
    if (command && line == command.text) return;
    note("<", line);
    if (!command || (command.isProbe && !lines.length && !line.startsWith(command.prefix as string))) {
      if (cause || line == "OK") counters.orphans++;
      else events.onUrc(line);
    } else if (command.prefix && line.startsWith(command.prefix)) onInformation(command, line);
    else if (line.startsWith(command.success || "OK")) onSuccess(command, line);
    else if (cause) fail("AT_ERROR", cause);
    else if (!events.onUrc(line) && command.prefix == "") lines.push(line);
  }

  function onPrompt(): void {
    const bytes = unsent as string;
    unsent = undefined;
    note(">", `<${bytes.length} bytes>`);
    uart.write(bytes);
  }

  function onRaw(bytes: string): void {
    raw = bytes;
    note("<", `<${bytes.length} bytes>`);
  }

  function onLost(count: number): void {
    counters.lost += count;
  }

  // Functions are not hoisted on the interpreter: this stands behind them.
  const digest = createDigest({ onLine, onPrompt, onRaw, onLost });

  return {
    send(command, done) {
      queue.push({ command, done });
      next();
    },
    feed(chunk) {
      guard(digest.feed, chunk);
    },
    abort,
    counters,
  };
}
