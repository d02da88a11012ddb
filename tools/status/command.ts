/** `godwit status`: where a board's link stands, and why. */
import { type Command, InvalidArgumentError } from "commander";
import { readErrorTable } from "../errors/read-error-table.ts";
import { PORT_HELP, type PortCliOptions, untilEnd, withPortOptions, withSession } from "../port/cli.ts";
import type { Session } from "../repl/session.ts";
import { drawStatus } from "./draw.ts";
import { explainStatus } from "./explain.ts";
import { createStatusHistory, sparkline } from "./history.ts";
import { readStatus } from "./read-status.ts";

interface Options extends PortCliOptions {
  watch?: boolean;
  every: number;
  for?: number;
  json?: boolean;
}

const HELP = `
Examples
  npx godwit status --port ble:Godwit
  npx godwit status --port tcp:127.0.0.1:4401 --watch
  npx godwit status --port /dev/ttyACM0 --json

Exit codes: 0 it was read, 1 the board did not answer, 2 wrong usage
`;

export function register(program: Command): void {
  withPortOptions(program.command("status"))
    .description("show where a board's link stands, why, and what to do")
    .option("-w, --watch", "again and again, until Ctrl-C")
    .option("--every <s>", "seconds between readings with --watch", seconds, 2)
    .option("--for <s>", "with --watch: end after so many seconds", seconds)
    .option("--json", "as JSON, with --watch one object a line")
    .addHelpText("after", HELP + PORT_HELP)
    .action((options: Options) => withSession(options, (session) => run(session, options)));
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.5 && value <= 604_800)) throw new InvalidArgumentError("seconds, 0.5 to 604800.");
  return value;
}

const CLEAR = "\x1b[H\x1b[J";
const TREND = 40;

async function run(session: Session, options: Options): Promise<void> {
  const errors = readErrorTable();
  const history = createStatusHistory();

  async function show(): Promise<void> {
    const view = await readStatus(session);
    history.add(view);
    const report = explainStatus(view, errors, history.flags);
    if (options.json === true) console.log(JSON.stringify({ ok: true, status: view, report }));
    else {
      const spark =
        options.watch === true
          ? sparkline(
              history.memory.map(({ used }) => used),
              TREND,
            )
          : undefined;
      const clear = options.watch === true && process.stdout.isTTY ? CLEAR : "";
      console.log(clear + drawStatus(report, spark));
    }
  }

  await show();
  if (options.watch !== true) return;
  let isOver = false;
  /** One reading after the other: a slow link is not asked twice. */
  async function watch(): Promise<void> {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, options.every * 1000));
      if (!isOver) await show();
    }
  }
  try {
    await Promise.race([untilEnd(session, options.for), watch()]);
  } finally {
    isOver = true;
  }
}
