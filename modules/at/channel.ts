import type { Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after, guard } from "../guard.ts";
import type { Answer, AnswerDone, Command } from "./command.ts";
import { createDigest } from "./digest.ts";

/** What the channel needs of a UART: an Espruino Serial, or its equal on the host. */
export interface Uart {
  write(bytes: string): void;
}

export interface ChannelEvents {
  /** Every line that no command asked for. True: a known URC, so it is no command's loose answer. */
  onUrc(line: string): boolean;
  /** The modem answered nothing, resynchronisation included; queued commands have failed with `AT_DEAF`. */
  onDeaf(): void;
  /** `>` sent, `<` received, `!` of note. Secrets are masked, raw data is a count. */
  onTrace?: ((direction: string, text: string) => void) | undefined;
}

/** @public */
export interface ChannelCounters {
  /** Command lines sent, resynchronisation not counted: the unit in which energy is spent. */
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

/** Longest line kept. The longest that the drivers ask for are TLS settings read back, under 100. */
const MAX_LINE = 512;
const MAX_QUEUE = 24;
const DEFAULT_TIMEOUT_MS = 5000;

/**
 * The probe has an information response of its own. A modem answers in order, so a final result that stands in front
 * of `+CMEE:` belongs to the command that timed out, and is thrown away.
 */
const PROBE = "AT+CMEE?";
const PROBE_PREFIX = "+CMEE:";
const PROBE_TIMEOUT_MS = 1500;
const PROBE_TRIES = 4;
/** Earlier probes may be answered late too: so long must it be quiet behind the last answer. */
const QUIET_MS = 200;

/** Final result codes of V.250 5.7.1 that end a command without success; CME and CMS errors carry a cause (27.007, 9.1). */
const FAILED = "|ERROR|NO CARRIER|NO ANSWER|NO DIALTONE|BUSY|SEND FAIL|";

/** The cause of a final result code that is a failure, else undefined. */
function failureCause(line: string): string | undefined {
  if (line.startsWith("+CME ERROR:") || line.startsWith("+CMS ERROR:")) return line.substr(11).trim();
  return FAILED.includes(`|${line}|`) ? line : undefined;
}

/** One command in flight, the rest queued; no result ever reaches a command other than its own. */
export function createChannel(uart: Uart, events: ChannelEvents): Channel {
  const counters: ChannelCounters = { exchanges: 0, timeouts: 0, orphans: 0, lost: 0 };
  let queue: Entry[] = [];
  let current: Entry | undefined;
  /** Data that the current command still owes to its prompt. */
  let unsent: string | undefined;
  let lines: string[] = [];
  let data = "";
  /** Bytes announced by the header of raw data; -1: no header yet. */
  let announced = -1;
  let timer = 0;
  let syncing = false;
  let probes = 0;
  let probeAnswers = 0;
  let probeSeen = false;

  function trace(direction: string, text: string): void {
    if (events.onTrace) events.onTrace(direction, text);
  }

  function masked(command: Command): string {
    return command.secret ? `${command.text.split("=")[0]}=***` : command.text;
  }

  function startTimer(ms: number, run?: () => void): void {
    if (timer) clearTimeout(timer);
    timer = run ? after(ms, run) : 0;
  }

  function next(): void {
    if (current || syncing || !queue.length) return;
    current = queue.shift() as Entry;
    const command = current.command;
    lines = [];
    data = "";
    announced = -1;
    if (command.text.includes("\0")) {
      // The text is not repeated: it is what could not be trusted.
      finish(failure("AT_TEXT"));
      return;
    }
    counters.exchanges++;
    trace(">", masked(command));
    unsent = command.data;
    digest.expectPrompt(command.prompt);
    startTimer(command.timeoutMs || DEFAULT_TIMEOUT_MS, onTimeout);
    uart.write(`${command.text}\r`);
  }

  function finish(error?: Failure): void {
    const entry = current as Entry;
    const answer: Answer = { lines, data };
    current = unsent = undefined;
    startTimer(0);
    digest.expectPrompt();
    digest.expectRaw(0);
    if (error) trace("!", `${error.code} ${error.cause || ""}`);
    guard(entry.done, error, answer);
    next();
  }

  function fail(code: string, cause?: number | string): void {
    finish(failure(code, cause, masked((current as Entry).command)));
  }

  function abort(code: string): void {
    const failed = queue;
    queue = [];
    syncing = false;
    startTimer(0);
    if (current) fail(code);
    for (const entry of failed)
      guard(entry.done, failure(code, undefined, masked(entry.command)), { lines: [], data: "" });
  }

  function onTimeout(): void {
    const owed = unsent ? unsent.length : 0;
    counters.timeouts++;
    syncing = true;
    probes = probeAnswers = 0;
    probeSeen = false;
    fail("AT_TIMEOUT");
    // The prompt may yet come, and would take the probe for data: give it line ends to eat. In command mode they are nothing.
    if (owed) uart.write("\r".repeat(owed));
    probe();
  }

  function probe(): void {
    if (probes++ == PROBE_TRIES) {
      abort("AT_DEAF");
      events.onDeaf();
      return;
    }
    startTimer(PROBE_TIMEOUT_MS, probe);
    trace(">", PROBE);
    uart.write(`${PROBE}\r`);
  }

  function synced(): void {
    syncing = false;
    startTimer(0);
    next();
  }

  function onSyncLine(line: string): void {
    if (line.startsWith(PROBE_PREFIX)) probeSeen = true;
    else if (line != "OK" && !failureCause(line)) events.onUrc(line);
    else if (!probeSeen) counters.orphans++;
    else if (++probeAnswers == probes) synced();
    else startTimer(QUIET_MS, synced);
  }

  function onInformation(command: Command, line: string): void {
    lines.push(line);
    if (!command.maxRaw || announced >= 0) return;
    announced = parseInt(line.substr((command.prefix as string).length), 10);
    // A count that nobody asked for must not swallow what follows; `onSuccess` sees the difference.
    if (announced > 0 && announced <= command.maxRaw) digest.expectRaw(announced);
  }

  function onSuccess(command: Command): void {
    // The prompt never came, so the data never went.
    if (unsent !== undefined) fail("AT_PROMPT");
    // The header was lost or garbled: its data went by as lines.
    else if (command.maxRaw && announced != data.length) fail("AT_INCOMPLETE");
    else finish();
  }

  function onLine(line: string): void {
    const command = current && current.command;
    // An echo: not traced, it may hold a secret.
    if (command && line == command.text) return;
    trace("<", line);
    if (syncing) onSyncLine(line);
    else if (command && command.prefix && line.startsWith(command.prefix)) onInformation(command, line);
    else if (line == ((command && command.success) || "OK")) {
      if (command) onSuccess(command);
      else counters.orphans++;
    } else {
      const cause = failureCause(line);
      if (cause && command) fail("AT_ERROR", cause);
      else if (cause) counters.orphans++;
      else if (!events.onUrc(line) && command && command.prefix == "") lines.push(line);
    }
  }

  function onPrompt(): void {
    if (unsent === undefined) return;
    trace(">", `<${unsent.length} bytes>`);
    const bytes = unsent;
    unsent = undefined;
    uart.write(bytes);
  }

  function onRaw(bytes: string): void {
    trace("<", `<${bytes.length} bytes>`);
    data = bytes;
  }

  function onLost(count: number): void {
    counters.lost += count;
  }

  // Functions are not hoisted on the interpreter: this stands behind them.
  const digest = createDigest({ onLine, onPrompt, onRaw, onLost }, MAX_LINE);

  return {
    send(command, done) {
      if (queue.length >= MAX_QUEUE) {
        guard(done, failure("AT_FULL", undefined, masked(command)), { lines: [], data: "" });
        return;
      }
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
