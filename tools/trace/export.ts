/** A trace as text, one aligned line an event: what is attached to a report of a fault. Pure. */
import type { TraceEvent } from "./event.ts";
import { maskIdentifiers } from "./mask.ts";
import { printableText } from "./printable.ts";

export interface ExportHeader {
  /** As the board says it, e.g. `RAK5010`; absent where it was not asked. */
  readonly board?: string | undefined;
  /** Version of the interpreter, e.g. `2v29`. */
  readonly interpreter?: string | undefined;
  /** Version of the firmware, e.g. `0.1.0`. */
  readonly firmware?: string | undefined;
  /** When it was exported, milliseconds since 1970. */
  readonly atMs: number;
}

export interface ExportOptions {
  /** Default false: of IMEI, IMSI and ICCID only what says type, country and operator. */
  readonly identifiers?: boolean;
  /** Default true: the beginning of each payload. */
  readonly payloads?: boolean;
}

const SIGNS = { out: ">", in: "<", none: " " } as const;

const time = (atMs: number): string => new Date(atMs).toISOString().slice(11, 23);

function textOf(event: TraceEvent, options: ExportOptions): string {
  const { packet, text } = event;
  if (options.payloads !== false || packet?.payload === undefined || packet.payload === "") return text;
  const at = text.indexOf(` ${packet.payload}`);
  return at < 0 ? text : text.slice(0, at);
}

/** One line, without its end. */
export function exportLine(event: TraceEvent, options: ExportOptions = {}): string {
  const sign = SIGNS[event.direction ?? "none"];
  const flag = event.severity === "fault" ? "!" : " ";
  const code = event.code === undefined ? "" : `  [${event.code}]`;
  const meaning = event.meaning === undefined ? "" : `  -- ${event.meaning}`;
  const line = `${time(event.atMs)} ${flag} ${event.kind.padEnd(11)} ${(event.socket ?? "").padEnd(5)} ${sign} ${textOf(event, options)}${meaning}${code}`;
  return options.identifiers === true ? line : maskIdentifiers(line);
}

/** The whole, with a head that says what it is of. Ends with a line end. */
export function exportTrace(events: readonly TraceEvent[], header: ExportHeader, options: ExportOptions = {}): string {
  const first = events[0]?.atMs ?? header.atMs;
  const last = events.at(-1)?.atMs ?? header.atMs;
  const known = (text: string | undefined): string => printableText(text ?? "not asked");
  const head = [
    `# Godwit trace, exported ${new Date(header.atMs).toISOString()}`,
    `# board ${known(header.board)}, interpreter ${known(header.interpreter)}, firmware ${known(header.firmware)}`,
    `# ${events.length} events, ${new Date(first).toISOString()} to ${new Date(last).toISOString()}, times in UTC by the computer's clock`,
    `# secrets are masked; IMEI, IMSI, ICCID ${options.identifiers === true ? "are shown" : "are masked"}; payloads ${
      options.payloads === false ? "are left out" : "are shown in part"
    }`,
    "# > from the board, < to the board, ! something failed, [code] see docs/errors.md",
  ];
  return `${[...head, ...events.map((event) => exportLine(event, options))].join("\n")}\n`;
}
