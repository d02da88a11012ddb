/** `godwit trace`: the AT and MQTT traffic of a board, decoded. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { CliError } from "../cli/errors.ts";
import { PORT_HELP, type PortCliOptions, untilEnd, withPortOptions, withSession } from "../port/cli.ts";
import type { Session } from "../repl/session.ts";
import { STATUS_EXPRESSION } from "../status/read-status.ts";
import { parseStatus } from "../status/view.ts";
import type { TraceEvent, TraceKind } from "./event.ts";
import { type ExportHeader, exportTrace } from "./export.ts";
import { isTopicFilter, LEVELS, matches, type TraceFilter } from "./filter.ts";
import { createTraceLog } from "./log.ts";
import { maskIdentifiers } from "./mask.ts";
import { startTrace } from "./start-trace.ts";

interface Options extends PortCliOptions {
  level: "at" | "mqtt" | "all";
  filter?: string;
  topic?: string;
  socket?: string;
  faults?: boolean;
  export?: string;
  identifiers?: boolean;
  payloads: boolean;
  for?: number;
  json?: boolean;
}

const HELP = `
The board prints its traffic only while this runs. Secrets (PIN, passwords, keys) are masked in what is printed and
exported; of a CONNECT the board never shows user name and password. Payloads are those of your application: --no-payloads.

Examples
  npx godwit trace --port ble:Godwit
  npx godwit trace --port /dev/ttyACM0 --level at --faults
  npx godwit trace --port tcp:127.0.0.1:4401 --topic "godwit/+/telemetry" --for 60 --json
  npx godwit trace --port ble:Godwit --export trace.txt       for a report: IMEI, IMSI and ICCID masked

Exit codes: 0 the time is over or Ctrl-C, 1 the link was lost or never came, or no firmware of Godwit, 2 wrong usage
`;

export function register(program: Command): void {
  withPortOptions(program.command("trace"))
    .description("show the AT and MQTT traffic of a board, decoded and explained")
    .addOption(new Option("-l, --level <level>", "what of it").choices(["at", "mqtt", "all"]).default("all"))
    .option("-f, --filter <text>", "only lines with this text")
    .option("--topic <filter>", "only PUBLISH packets whose topic matches this Topic Filter", topicFilter)
    .option("--socket <name>", "only this socket, e.g. tls0")
    .option("--faults", "only what failed")
    .option("-o, --export <file>", "at the end, write what was seen into a file, as text")
    .option("--identifiers", "show IMEI, IMSI and ICCID in full")
    .option("--no-payloads", "leave payloads out of the export")
    .option("--for <s>", "end after so many seconds; else at Ctrl-C", seconds)
    .option("--json", "one JSON object a line")
    .addHelpText("after", HELP + PORT_HELP)
    .action((options: Options) => {
      if (options.export !== undefined) proveWritable(options.export);
      return withSession(options, (session) => run(session, options));
    });
}

function topicFilter(text: string): string {
  if (!isTopicFilter(text)) throw new InvalidArgumentError('a Topic Filter: "+" is a whole level, "#" the last one.');
  return text;
}

/** Before an hour is traced that could not be written. What is there already stays until the end. */
function proveWritable(path: string): void {
  try {
    closeSync(openSync(path, "a"));
  } catch (error) {
    throw new CliError("NO_FILE", `cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`, 2);
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 604_800)) throw new InvalidArgumentError("seconds, up to 604800.");
  return value;
}

const COLOURS: Readonly<Record<TraceKind, (text: string) => string>> = {
  "at-command": pc.cyan,
  "at-response": (text) => text,
  urc: pc.yellow,
  prompt: pc.dim,
  "data-out": pc.dim,
  "data-in": pc.dim,
  mqtt: pc.magenta,
  note: pc.yellow,
  text: pc.dim,
};

/** One event for a terminal. */
export function terminalLine(event: TraceEvent): string {
  const time = new Date(event.atMs).toTimeString().slice(0, 8) + `.${String(event.atMs % 1000).padStart(3, "0")}`;
  const sign = event.direction === "out" ? ">" : event.direction === "in" ? "<" : " ";
  const colour = event.severity === "fault" ? pc.red : event.severity === "good" ? pc.green : COLOURS[event.kind];
  const code = event.code === undefined ? "" : pc.red(` [${event.code}]`);
  const meaning = event.meaning === undefined ? "" : pc.dim(`  ${event.meaning}`);
  return `${pc.dim(time)} ${(event.socket ?? "").padEnd(5)}${sign} ${colour(event.text)}${meaning}${code}`;
}

async function run(session: Session, options: Options): Promise<void> {
  const filter: TraceFilter = {
    kinds: LEVELS[options.level] ?? new Set(),
    ...(options.filter === undefined ? {} : { text: options.filter }),
    ...(options.topic === undefined ? {} : { topic: options.topic }),
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    ...(options.faults === true ? { faultsOnly: true } : {}),
  };
  const shown = (text: string): string => (options.identifiers === true ? text : maskIdentifiers(text));
  const log = createTraceLog();
  const { interpreter, board, firmware } = parseStatus(await session.evaluate(STATUS_EXPRESSION), Date.now());
  const trace = await startTrace(session, {
    level: options.level === "at" ? 1 : 2,
    onEvent(event) {
      if (!matches(event, filter)) return;
      log.add(event);
      console.log(shown(options.json === true ? JSON.stringify(event) : terminalLine(event)));
    },
    onError: () => console.error("godwit: the board rebooted and its trace could not be switched on again"),
  });
  try {
    await untilEnd(session, options.for);
    await trace.stop();
  } finally {
    if (options.export !== undefined) {
      const header: ExportHeader = { board, interpreter, firmware, atMs: Date.now() };
      write(
        options.export,
        exportTrace(log.events, header, { identifiers: options.identifiers === true, payloads: options.payloads }),
      );
      if (options.json !== true) console.error(`${log.events.length} events in ${options.export}`);
    }
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new CliError("NO_FILE", `cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
