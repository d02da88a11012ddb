/**
 * The console of a board whose `godwit.trace` is on -> what happened, event by event. Pure and streaming: text may come in
 * any pieces, and with anything between the lines of the trace. Memory is bounded, whatever comes.
 */
import type { Explained, Family } from "./commands/record.ts";
import { type CommandPart, splitArguments, splitCommandLine } from "./commands/split.ts";
import { createConsoleLines } from "./console-lines.ts";
import type { Direction, Severity, TraceEvent, TraceKind } from "./event.ts";
import { createExplainer, explainFinal, FAMILIES, joinExplained } from "./explain.ts";
import { createLineMask, MASK, maskCommandLine, maskText } from "./mask.ts";
import { createMqttStream, type MqttStream } from "./mqtt-stream.ts";
import { bytesText, printableBytes, shortened } from "./printable.ts";
import { unescapeJs } from "./unescape.ts";

export interface TraceParser {
  /** The console's text, one char a byte; `atMs`: when it came, milliseconds since 1970. */
  feed(text: string, atMs: number): void;
  /** Nothing more comes: an unfinished line counts. */
  end(atMs: number): void;
}

export interface TraceParserOptions {
  onEvent(event: TraceEvent): void;
  /** Default: the family of the boards that there are. */
  readonly family?: Family;
}

/** Longest text of an event. */
const LONGEST_TEXT = 600;
/** Sockets of a modem: 12 at most on any family; more are taken for garbage. */
const MOST_SOCKETS = 16;

/** As src/main.ts prints it: a state, or a state and the failure that led to it. */
const LINK = /^link (\w+)(?: ! ([A-Z][A-Z0-9_]+) (.*?) ?retry ([\d.]+) s, (\w+))?$/;
const REMARK = /^\w+ ! ([A-Z][A-Z0-9_]+)/;

/** The command under way. */
interface Current {
  readonly parts: readonly CommandPart[];
  /** The board showed the first name of the line only: any answer may be its. */
  readonly isMasked: boolean;
  /** OK has come, and the result is still to come. */
  isAccepted: boolean;
}

interface Details {
  readonly direction?: Direction;
  readonly meaning?: string | undefined;
  readonly severity?: Severity;
  readonly code?: string | undefined;
  readonly socket?: string | undefined;
  readonly bytes?: number;
  readonly packet?: TraceEvent["packet"];
}

export function createTraceParser(options: TraceParserOptions): TraceParser {
  const family = options.family ?? FAMILIES[0];
  if (family === undefined) throw new Error("no modem family is known");
  const explainer = createExplainer(family);
  // Each remembers whether it stands within a private key.
  const maskConsole = createLineMask();
  const maskAnswer = createLineMask();
  const streams = new Map<string, MqttStream>();
  let number = 0;
  let now = 0;
  let current: Current | undefined;
  /** The board has said that so much was read from a socket: its bytes come next, where they are traced. */
  let awaited: { readonly socket: string; readonly bytes: number } | undefined;

  function emit(kind: TraceKind, text: string, details: Details = {}): void {
    options.onEvent({
      number: number++,
      atMs: now,
      kind,
      direction: details.direction,
      text: shortened(text, LONGEST_TEXT),
      meaning: details.meaning === undefined ? undefined : shortened(details.meaning, LONGEST_TEXT),
      severity: details.severity ?? "info",
      code: details.code,
      socket: details.socket,
      bytes: details.bytes,
      packet: details.packet,
    });
  }

  /** The socket that a part of the command under way is about. */
  function socketOf(part: CommandPart): { name: string; is: "open" | "close" | undefined } | undefined {
    const socket = explainer.record(part.name)?.socket;
    const id = part.form === "set" && socket !== undefined ? part.args[socket.at] : undefined;
    if (socket === undefined || id === undefined || !/^\d{1,3}$/.test(id)) return undefined;
    const kind = part.args.some((arg) => arg === "UDP") ? "udp" : socket.kind;
    return { name: `${kind}${id}`, is: socket.is };
  }

  function onCommand(text: string): void {
    const parts = splitCommandLine(text);
    const masked = printableBytes(maskText(maskCommandLine(text)));
    const sockets = parts.map(socketOf).filter((socket) => socket !== undefined);
    // An identifier is used again: what comes then is another stream.
    for (const { name, is } of sockets) if (is !== undefined) streams.delete(name);
    // What the board masked has no parameters left to explain.
    const isMasked = text.endsWith(`=${MASK}`);
    current = { parts, isMasked, isAccepted: false };
    const explained = isMasked
      ? parts.map((part) => explainer.command({ ...part, form: "do", args: [] }))
      : parts.map(explainer.command);
    emit("at-command", masked, { direction: "out", socket: sockets[0]?.name, ...joinExplained(explained) });
  }

  /** What ends the command under way, besides OK and errors. */
  function isSuccess(line: string): boolean {
    return current?.parts.some(({ name }) => explainer.record(name)?.success === line) === true;
  }

  function isDeferred(): boolean {
    return (
      current?.parts.some(({ name, form }) => form === "set" && explainer.record(name)?.isDeferred === true) === true
    );
  }

  function commandSocket(): string | undefined {
    return current?.parts.map(socketOf).find((socket) => socket !== undefined)?.name;
  }

  function onAnswer(line: string): void {
    const text = printableBytes(maskAnswer(line));
    const final = explainFinal(line);
    const socket = commandSocket();
    const asDetails = (explained: Explained | undefined): Details => ({
      direction: "in",
      ...joinExplained([explained]),
    });
    if (final !== undefined || isSuccess(line) || line === "SEND FAIL") {
      emit("at-response", text, { socket, ...asDetails(final ?? explainer.line(line, false)) });
      if (line === "OK" && isDeferred() && current !== undefined) current.isAccepted = true;
      else current = undefined;
      return;
    }
    const name = /^(\+[A-Z0-9]+):/.exec(line)?.[1];
    const isAsked =
      current !== undefined &&
      (name === undefined
        ? !explainer.isPlainLine(line) && !current.isAccepted
        : current.parts.some((part) => part.name === name) || (current.isMasked && !explainer.isNews(name)));
    if (isAsked) {
      emit("at-response", text, { socket, ...asDetails(explainer.line(line, false)) });
      if (current?.isAccepted === true) current = undefined;
    } else onUrc(line, text, asDetails(explainer.line(line, true)));
  }

  function onUrc(line: string, text: string, details: Details): void {
    // The modem has booted: no socket of before is left.
    if (line === "RDY" || line === "APP RDY") streams.clear();
    const event = /^\+(QSSLURC|QIURC):\s*(.*)$/.exec(line);
    const id = event === null ? undefined : splitArguments(event[2] ?? "")[1];
    const socket =
      id !== undefined && /^\d{1,3}$/.test(id) && !line.includes("pdpdeact")
        ? `${event?.[1] === "QSSLURC" ? "tls" : "tcp"}${id}`
        : undefined;
    emit("urc", text, { ...details, socket });
  }

  function onData(direction: Direction, [, kind = "", id = "", literal = ""]: readonly string[]): void {
    const socket = `${kind}${id}`;
    const bytes = unescapeJs(literal);
    const what = direction === "out" ? "data-out" : "data-in";
    if (bytes === undefined) {
      emit("note", `a line with data of ${socket} is damaged: ${bytesText(literal.length)} of text not decoded`, {
        socket,
        severity: "fault",
      });
      streams.delete(socket);
      return;
    }
    if (direction === "in" && awaited !== undefined) {
      if (awaited.socket === socket && awaited.bytes !== bytes.length) onGap(socket);
      awaited = undefined;
    }
    const verb = direction === "out" ? "writes" : "read";
    emit(what, `${socket} ${verb} ${bytesText(bytes.length)}`, {
      direction,
      socket,
      bytes: bytes.length,
      ...(kind === "udp" && bytes.length === 48
        ? { meaning: `SNTP ${direction === "out" ? "request" : "reply"}` }
        : {}),
    });
    if (kind !== "udp") onMqtt(direction, socket, bytes);
  }

  /** A line of the trace did not get here, so the rest of a packet would be taken for the whole. */
  function onGap(socket: string): void {
    if (!streams.delete(socket)) return;
    emit("note", `data of ${socket} are missing in this trace`, { socket, severity: "fault" });
  }

  function onMqtt(direction: Direction, socket: string, bytes: string): void {
    let stream = streams.get(socket);
    if (stream === undefined) {
      if (streams.size >= MOST_SOCKETS) streams.clear();
      stream = createMqttStream();
      streams.set(socket, stream);
    }
    for (const found of stream.feed(direction, bytes)) {
      if (found.kind === "packet")
        emit("mqtt", found.text, {
          direction,
          socket,
          severity: found.severity,
          code: found.code,
          packet: found.packet,
        });
      else
        emit("note", `${bytesText(found.bytes)} of ${socket} are no MQTT: ${found.why}`, {
          direction,
          socket,
          severity: "fault",
        });
    }
  }

  function onText(line: string): void {
    const text = printableBytes(line);
    const link = LINK.exec(line);
    if (link !== null) {
      const [, state, code, , retryS, rung] = link;
      if (code === undefined)
        emit("text", text, {
          meaning: `the link is ${state ?? ""}`,
          severity: state === "connected" ? "good" : "info",
        });
      else
        emit("text", text, {
          meaning: `the next attempt in ${retryS ?? "?"} s, rung ${rung ?? "?"}`,
          severity: "fault",
          code,
        });
      return;
    }
    const code = REMARK.exec(line)?.[1];
    const isLoud = code !== undefined || line.startsWith("INSECURE") || line.startsWith("Uncaught");
    emit("text", text, { code, severity: isLoud ? "fault" : "info" });
  }

  function onCount(kind: "prompt" | "data-in", direction: Direction, bytes: number): void {
    const socket = commandSocket();
    if (direction === "in") {
      if (awaited !== undefined) onGap(awaited.socket);
      awaited = socket === undefined ? undefined : { socket, bytes };
    }
    const says = direction === "out" ? "asked for, and sent" : "follow the answer";
    emit(kind, bytesText(bytes), {
      direction,
      bytes,
      socket,
      meaning: `${bytesText(bytes)} of data ${says}`,
    });
  }

  function onNote(code: string): void {
    // The command that was under way has failed; its answer, should it come, is nobody's.
    current = undefined;
    emit("note", code, { code, severity: "fault" });
  }

  // In front of a line may stand the prompt, where the interpreter did not erase it. The first that fits takes the line.
  const takers: readonly [RegExp, (found: readonly string[]) => void][] = [
    [/^>{1,2}(AT(?:[+*^#$%&A-Z0-9].*)?)$/, ([, text = ""]) => onCommand(text)],
    [/^>{1,2}(tls|tcp|udp)(\d{1,3})(".*)$/, (found) => onData("out", found)],
    [/^>?<(tls|tcp|udp)(\d{1,3})(".*)$/, (found) => onData("in", found)],
    [/^>{1,2}<(\d{1,7}) bytes>$/, ([, count]) => onCount("prompt", "out", Number(count))],
    [/^>?<<(\d{1,7}) bytes>$/, ([, count]) => onCount("data-in", "in", Number(count))],
    [/^>?<(.+)$/, ([, text = ""]) => onAnswer(text)],
    [/^>?!([A-Z][A-Z0-9_]+)$/, ([, code = ""]) => onNote(code)],
  ];

  function onLine(raw: string): void {
    const line = raw.trimEnd();
    for (const [pattern, take] of takers) {
      const found = pattern.exec(line);
      if (found !== null) {
        take(found);
        return;
      }
    }
    if (line !== ">") onText(maskConsole(line));
  }

  const lines = createConsoleLines(onLine, (chars) =>
    emit("note", `a line of ${chars} characters was thrown away`, { severity: "fault" }),
  );

  return {
    feed(text, atMs) {
      now = atMs;
      lines.feed(text);
    },
    end(atMs) {
      now = atMs;
      lines.end();
    },
  };
}
