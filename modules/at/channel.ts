import type { Failure } from "../failure.ts";
import { failure } from "../failure.ts";
import { after, guard } from "../guard.ts";
import type { AnswerDone, Command } from "./command.ts";
import { createDigest } from "./digest.ts";

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
  /**
   * `>` sent, `<` received, `!` of note. Secrets are masked, raw data is a count: what it was, is traced by the sockets, as
   * `>tls0` and `<tls0`, so that the contents of a file, which may be a private key, can never be a part of it.
   */
  onTrace?: (direction: string, text: string) => void;
}

interface Entry {
  command: Command;
  done: AnswerDone;
}

const DEFAULT_TIMEOUT_MS = 5000;

const PROBE_TIMEOUT_MS = 2000;

/** So often in a long wait is the modem looked at: one without power is not waited for. */
const LOOK_MS = 5000;

/**
 * The cause of a final result code that is a failure (V.250, 5.7.1), else ""; CME and CMS errors carry one (27.007, 9.1).
 * Not with `includes`: on the interpreter a needle whose beginning ends the text counts as found.
 */
function failureCause(line: string): string {
  const cause = line.startsWith("+CM") && line.split(" ERROR:")[1];
  if (cause) return cause.trim();
  // NO CARRIER is what some modems say of a connection; BUSY follows a dialled number, and none is dialled here.
  return line == "ERROR" || line == "SEND FAIL" || line.startsWith("NO ") ? line : "";
}

/**
 * One command in flight, the rest queued; no result ever reaches a command other than its own.
 *
 * `onUrc` gets every line that no command asked for, and says whether it is a known URC, and so no command's loose
 * answer. `onDown("MODEM_DEAF")`: the modem answered nothing, resynchronisation included; queued commands have failed with
 * `AT_DEAF`. `onDown("MODEM_RESET")`: it echoes, which was switched off, so it has booted unnoticed and has forgotten
 * everything else too. `onDown("MODEM_DEAF", true)`: a command is still waiting; only if the modem is off.
 */
export function createChannel(
  uart: { write(bytes: string): void },
  onUrc: (line: string) => boolean,
  onDown: (code: string, ifOff?: boolean) => void,
): Channel {
  const counters: ChannelCounters = { exchanges: 0, timeouts: 0, orphans: 0, lost: 0 };
  let queue: Entry[] = [];
  let current: Entry | undefined;
  /** Data that the current command still owes to its prompt. */
  let unsent: string | undefined;
  let lines: string[] = [];
  let raw = "";
  /** Bytes announced by the header of raw data; -1: no header yet. */
  let announced = -1;
  let timer = 0;
  /** Probes sent since the last answer. */
  let probes = 0;

  function note(direction: string, text: string): void {
    if (channel.onTrace) channel.onTrace(direction, text);
  }

  function masked(command: Command): string {
    return command.secret ? `${command.text.split("=")[0]}=***` : command.text;
  }

  function next(): void {
    if (current || !queue.length) return;
    current = queue.shift() as Entry;
    const command = current.command;
    lines = [];
    raw = "";
    announced = -1;
    unsent = command.payload;
    digest.prompt = command.prompt;
    counters.exchanges++;
    note(">", masked(command));
    wait(command.timeoutMs || DEFAULT_TIMEOUT_MS, true);
    uart.write(`${command.text}\r`);
  }

  function finish(code?: string, cause?: string): void {
    const entry = current as Entry;
    const error = code && failure(code, cause, masked(entry.command));
    clearTimeout(timer);
    current = digest.prompt = undefined;
    digest.need = 0;
    if (code) note("!", code);
    guard(entry.done, error as Failure | undefined, lines, raw);
    next();
  }

  function abort(code: string): void {
    const failed = queue;
    queue = [];
    probes = 0;
    if (current) finish(code);
    for (const entry of failed) guard(entry.done, failure(code), [], "");
  }

  function wait(leftMs: number, isFresh?: boolean): void {
    if (leftMs > 0) {
      timer = after(Math.min(leftMs, LOOK_MS), wait, leftMs - LOOK_MS);
      // Not while it is being sent: whoever sends does not expect the end of everything before that is done.
      if (!isFresh) onDown("MODEM_DEAF", true);
      return;
    }
    // One of these is asked, the next one when it is not answered either. Each has an information response of its own, and
    // a modem answers in order: whatever final result stands in front of it belongs to somebody before.
    const name = ["+CMEE", "+CFUN", "+CGATT"][probes++];
    counters.timeouts++;
    // The prompt may yet come, and would take the probe for data: give it line ends to eat. In command mode they are nothing.
    if (unsent) uart.write("\r".repeat(unsent.length));
    if (name) {
      queue.unshift({
        command: { text: `AT${name}?`, prefix: `${name}:`, timeoutMs: PROBE_TIMEOUT_MS, isProbe: true },
        done: (error) => {
          if (!error) probes = 0;
        },
      });
      finish("AT_TIMEOUT");
    } else {
      abort("AT_DEAF");
      onDown("MODEM_DEAF");
    }
  }

  function onInformation(command: Command, line: string): void {
    lines.push(line);
    if (!command.maxRaw || announced >= 0) return;
    announced = parseInt(line.substr((command.prefix as string).length), 10);
    // A count that nobody asked for must not swallow what follows; the result code is then `AT_INCOMPLETE`.
    if (announced > 0 && announced <= command.maxRaw) digest.need = announced;
  }

  function onLine(line: string): void {
    const command = current && current.command;
    const cause = failureCause(line);
    // An echo: not traced, it may hold a secret.
    if (command && line == command.text) {
      onDown("MODEM_RESET");
      return;
    }
    note("<", line);
    if (!command || (command.isProbe && !lines.length && !line.startsWith(command.prefix as string))) {
      if (cause || line == "OK") counters.orphans++;
      else onUrc(line);
    } else if (command.prefix && line.startsWith(command.prefix)) onInformation(command, line);
    else if (line.startsWith(command.success || "OK")) {
      if (command.success) lines.push(line);
      // The prompt never came, so the data never went; or the header of raw data was lost, and they went by as lines.
      if (unsent) finish("AT_PROMPT");
      else finish(command.maxRaw && announced != raw.length ? "AT_INCOMPLETE" : undefined);
    } else if (cause) finish("AT_ERROR", cause);
    else if (!onUrc(line) && command.prefix == "") lines.push(line);
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

  // Functions are not hoisted on the interpreter: this stands behind them.
  const digest = createDigest(onLine, onPrompt, onRaw);

  const channel: Channel = {
    send(command, done) {
      // The text is not repeated: it is what could not be trusted.
      if (command.text.includes("\0")) guard(done, failure("AT_TEXT"), [], "");
      else {
        queue.push({ command, done });
        next();
      }
    },
    feed(chunk) {
      guard(digest.feed, chunk);
      counters.lost = digest.lost;
    },
    abort,
    counters,
  };
  return channel;
}
