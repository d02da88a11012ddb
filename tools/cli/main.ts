import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { root } from "../build/paths.ts";
import { CliError } from "./errors.ts";

interface CommandModule {
  register(program: Command): void;
}

interface Entry {
  /** The first words that lead to it, so that only what is asked for is loaded. */
  names: readonly string[];
  load(): Promise<CommandModule>;
}

/** Every command of the project: one line here, and a `register(program)` in the area's command.ts. */
const entries: Entry[] = [
  { names: ["build", "build-modules", "lint-device"], load: () => import("../build/command.ts") },
  { names: ["flash"], load: () => import("../flash/command.ts") },
  { names: ["demo"], load: () => import("../demo/command.ts") },
  { names: ["pki"], load: () => import("../pki/command.ts") },
  { names: ["provision"], load: () => import("../provision/command.ts") },
  { names: ["trace"], load: () => import("../trace/command.ts") },
  { names: ["status"], load: () => import("../status/command.ts") },
  { names: ["board"], load: () => import("../virtual-board/command.ts") },
  { names: ["repl", "logs"], load: () => import("../repl/command.ts") },
  { names: ["modem"], load: () => import("../virtual-modem/command.ts") },
];

export async function main(argv: string[]): Promise<void> {
  endWithReader();
  const program = new Command("godwit");
  const { version, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  program
    .description(description ?? "")
    .version(version ?? "")
    .showHelpAfterError("(--help shows how)")
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(`godwit: ${plain(text)} (USAGE)\n`) })
    .exitOverride();
  try {
    const wanted = entries.filter((entry) => entry.names.includes(argv[2] ?? ""));
    for (const { load } of wanted.length > 0 ? wanted : entries) (await load()).register(program);
    for (const command of program.commands) command.exitOverride();
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error, argv.includes("--json"));
  }
}

/** Of a sentence of commander's. */
const plain = (text: string): string => text.replace(/^error: /, "").trimEnd();

/**
 * Whoever read the output has gone (`godwit demo | head`). That is Ctrl-C for a command that listens to it, so that it takes
 * back what it has switched on; any other is over.
 */
function endWithReader(): void {
  let isOver = false;
  function onError({ code, message }: NodeJS.ErrnoException): void {
    if (isOver) return;
    isOver = true;
    if (code !== "EPIPE") {
      console.error(`godwit: the output cannot be written: ${message}`);
      process.exit(1);
    }
    if (process.listenerCount("SIGINT") === 0) process.exit();
    process.emit("SIGINT");
  }
  process.stdout.on("error", onError);
  process.stderr.on("error", onError);
}

/** Says what went wrong, on stderr or as JSON, and gives the exit code: 1 failed, 2 wrong usage. */
function report(error: unknown, isJson: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // --help and --version
    if (isJson) console.log(JSON.stringify({ ok: false, code: "USAGE", message: plain(error.message) }));
    return 2; // commander has printed it
  }
  const { code, message, exitCode } = error instanceof CliError ? error : describe(error);
  if (isJson) console.log(JSON.stringify({ ok: false, code, message }));
  else console.error(`godwit: ${message}${message.includes(code) ? "" : ` (${code})`}`);
  if (!(error instanceof CliError) && process.env["GODWIT_DEBUG"]) console.error(error);
  return exitCode;
}

/** What no command has foreseen: the system's own code (`EACCES`, `ENOSPC`), or `FAILED`. */
function describe(error: unknown): { code: string; message: string; exitCode: number } {
  if (!(error instanceof Error)) return { code: "FAILED", message: String(error), exitCode: 1 };
  const { code, syscall } = error as NodeJS.ErrnoException;
  const isSystem = syscall !== undefined && code !== undefined;
  return { code: isSystem ? code : "FAILED", message: error.message, exitCode: 1 };
}
