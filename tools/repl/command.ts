/** `godwit repl` and `godwit logs`: the board's console in a terminal, and as lines. */
import { type Command, InvalidArgumentError } from "commander";
import { PORT_HELP, type PortCliOptions, untilEnd, withPortOptions, withSession } from "../port/cli.ts";
import { LineReader } from "./lines.ts";
import { ReplError, type Session } from "./session.ts";
import { TerminalFilter } from "./terminal.ts";
import { TraceText } from "./trace-text.ts";

interface ConsoleOptions extends PortCliOptions {
  image: string[];
}

interface LogOptions extends ConsoleOptions {
  json: boolean;
  for?: number;
}

const INTERRUPT = "\x03";
const QUIT = "\x1d";
/** After the end of a piped input: so long without text, and what was asked for has been answered. */
const QUIET_MS = 1000;
/** A trace behind which no prompt comes. */
const TRACE_MS = 300;

const REPL_HELP = `
Keys go to the board as they are; it has the history (up, down), completes names (Tab) and edits the line.
  Ctrl-C   ends what runs, and empties the line
  Ctrl-]   leaves; the board goes on

Without a terminal, lines are read from the input, and it ends when the board has been silent for a second.
${PORT_HELP}

Exit codes: 0 left, 1 the link was lost or never came, 2 wrong usage`;

const LOGS_HELP = `
Prints what the firmware prints, by lines. Nothing is sent to the board.
${PORT_HELP}

Exit codes: 0 the time is over or Ctrl-C, 1 the link was lost or never came, 2 wrong usage`;

/** Bytes of the terminal, not characters: what the user types in UTF-8 arrives as it is. */
const output = (text: string): void => {
  process.stdout.write(Buffer.from(text, "latin1"));
};
const note = (text: string): void => {
  process.stderr.write(`${text}\r\n`);
};

/** Console text with places in the source, when there is an image to find them in. */
async function annotated(images: readonly string[], show: (text: string) => void): Promise<(text: string) => void> {
  if (images.length === 0) return show;
  const [{ createSymbols }, { readImages }, { readErrorTable }] = await Promise.all([
    import("../symbols/create-symbols.ts"),
    import("../symbols/read-images.ts"),
    import("../errors/read-error-table.ts"),
  ]);
  const symbols = createSymbols(readImages(images), new Set(readErrorTable().keys()));
  const trace = new TraceText(symbols);
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (text) => {
    clearTimeout(timer);
    show(trace.feed(text));
    timer = setTimeout(() => show(trace.flush()), TRACE_MS);
  };
}

async function runRepl(options: ConsoleOptions): Promise<void> {
  const filter = new TerminalFilter();
  const show = await annotated(options.image, (text) => output(text));
  await withSession(options, async (session) => {
    let heardAt = performance.now();
    session.onText((text) => {
      heardAt = performance.now();
      show(filter.feed(text));
    });
    const lost = untilEnd(session, undefined);
    note(await greeting(session));
    const left = process.stdin.isTTY ? typeKeys(session) : typeInput(session, () => performance.now() - heardAt);
    try {
      await Promise.race([left, lost]);
    } finally {
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      process.stdin.pause();
      lost.catch(() => undefined); // the end that we make
    }
  });
}

async function greeting(session: Session): Promise<string> {
  const { name } = session.port;
  try {
    const { version, board } = await session.identify();
    return `${name}: Espruino ${version} on ${board}. Ctrl-] leaves.`;
  } catch (error) {
    if (!(error instanceof ReplError) || error.code === "REPL_CLOSED") throw error;
    if (error.code === "REPL_LOCKED") return `${name}: the console is locked, type its password. Ctrl-] leaves.`;
    return `${name}: nothing that looks like the interpreter answers; Ctrl-C ends what it may be busy with. Ctrl-] leaves.`;
  }
}

/** Resolves at Ctrl-]. */
function typeKeys(session: Session): Promise<void> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve, reject) => {
    stdin.on("data", (bytes: Buffer) => {
      const [keys = "", ...rest] = bytes.toString("latin1").split(QUIT);
      sendKeys(session, keys).catch(reject);
      if (rest.length > 0) resolve();
    });
  });
}

async function sendKeys(session: Session, keys: string): Promise<void> {
  const [first = "", ...more] = keys.split(INTERRUPT);
  const sent = [session.type(first)];
  for (const text of more) sent.push(session.interrupt(), session.type(text));
  await Promise.all(sent);
}

/** Resolves when the input has ended and the board has nothing more to say. */
async function typeInput(session: Session, quietMs: () => number): Promise<void> {
  for await (const bytes of process.stdin) await session.type(Buffer.from(bytes).toString("latin1"));
  while (quietMs() < QUIET_MS) await new Promise((resolve) => setTimeout(resolve, QUIET_MS - quietMs()));
}

async function runLogs(options: LogOptions): Promise<void> {
  const reader = new LineReader();
  const print = (lines: readonly string[]): void => {
    const at = new Date().toISOString();
    for (const text of lines) output(`${options.json ? JSON.stringify({ at, text }) : `${at} ${text}`}\n`);
  };
  const show = await annotated(options.image, (text) => print(reader.feed(text)));
  try {
    await withSession(options, async (session) => {
      session.onText(show);
      if (!options.json) note(`${session.port.name}: listening${options.for === undefined ? ", Ctrl-C ends it" : ""}`);
      await untilEnd(session, options.for);
    });
  } finally {
    print(reader.flush());
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value <= 1_000_000)) throw new InvalidArgumentError("seconds, more than 0.");
  return value;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

export function register(program: Command): void {
  withPortOptions(program.command("repl"))
    .description("the board's console in this terminal")
    .option("--image <file>", "image on the board, for places in the source; may be repeated", collect, [])
    .addHelpText("after", REPL_HELP)
    .action((options: ConsoleOptions) => runRepl(options));
  withPortOptions(program.command("logs"))
    .description("what the board's firmware prints, by lines")
    .option("--image <file>", "image on the board, for places in the source; may be repeated", collect, [])
    .option("--for <s>", "end after so many seconds", seconds)
    .option("--json", "one JSON object a line", false)
    .addHelpText("after", LOGS_HELP)
    .action((options: LogOptions) => runLogs(options));
}
