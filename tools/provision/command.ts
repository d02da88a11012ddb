/** `godwit provision`: certificates and key, checked and written into the modem's store. */
import { open } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import pc from "picocolors";
import { CliError } from "../cli/errors.ts";
import { PORT_HELP, withSession } from "../port/cli.ts";
import type { Session } from "../repl/session.ts";
import type { Files, Report } from "./inspect.ts";
import type { ModemRules } from "./rules/rules.ts";
import type { ProvisionOptions, StoreRole } from "./write.ts";

export interface Options {
  port?: string;
  ca?: string;
  cert?: string;
  key?: string;
  server?: string;
  modem: string;
  host?: string;
  check?: boolean;
  list?: boolean;
  remove?: string;
  nameCa?: string;
  nameCert?: string;
  nameKey?: string;
  force?: boolean;
  yes?: boolean;
  reboot: boolean;
  json?: boolean;
}

/** What the command needs of its surroundings. */
export interface Surroundings {
  readonly print: (line: string) => void;
  readonly withSession: (port: string, use: (session: Session) => Promise<void>) => Promise<void>;
  /** Undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  readonly now: () => Date;
  /** For an exit code of 1 when everything has been said. */
  readonly fail: () => void;
}

const HELP = `
Examples
  npx godwit provision --check --ca ca.pem --cert client.pem --key client.key
  npx godwit provision --port ble:Godwit --ca ca.pem --cert client.pem --key client.key --host broker.example.com
  npx godwit provision --port tcp:127.0.0.1:4401 --list
  npx godwit provision --port /dev/ttyACM0 --remove old-ca.pem

--server takes what the broker shows, to compare it with the CA and with --host:
  openssl s_client -connect broker.example.com:8883 -servername broker.example.com -showcerts </dev/null > server.pem

The checks are made here, and nothing leaves this computer but what is written. The key is converted into the form that the
modem reads, goes to the modem in two packets, and what it leaves in the board's memory is overwritten.

Exit codes: 0 fine, 1 it failed or was refused because of errors, 2 wrong usage`;

export function register(program: Command): void {
  program
    .command("provision")
    .description("check certificates and key, and write them into the modem's store")
    .option("-p, --port <port>", "where the board's console is, see below")
    .option("--ca <file>", "CA of the broker, PEM or DER")
    .option("--cert <file>", "client certificate, with its intermediates")
    .option("--key <file>", "private key of the client certificate")
    .option("--server <file>", "the broker's chain, only to compare")
    .option("--modem <family>", "rules of this modem family", "quectel-bg9x")
    .option("--host <name>", "name of the broker, compared with --server")
    .option("--check", "only check: no board is needed")
    .option("--list", "only say what is in the modem's store")
    .option("--remove <name>", "remove a file from the modem's store")
    .option("--name-ca <name>", "name in the store, as in godwit.json", "ca.pem")
    .option("--name-cert <name>", "likewise", "client.pem")
    .option("--name-key <name>", "likewise", "client.key")
    .option("--force", "write in spite of errors")
    .option("-y, --yes", "replace files without asking")
    .option("--no-reboot", "leave the board running with what it had")
    .option("--json", "as JSON, one object")
    .addHelpText("after", HELP + PORT_HELP)
    .action((options: Options) => run(options, terminal()));
}

function terminal(): Surroundings {
  return {
    print: (line) => console.log(line),
    withSession: (port, use) => withSession({ port }, use),
    ask: process.stdin.isTTY ? ask : undefined,
    now: () => new Date(),
    fail: () => {
      process.exitCode = 1;
    },
  };
}

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

function usage(message: string): CliError {
  return new CliError("USAGE", message, 2);
}

/** The options that exclude each other, before anything is done. */
function checkUsage(options: Options): void {
  const given = [options.ca, options.cert, options.key].filter((path) => path !== undefined).length;
  const isStoreOnly = options.list === true || options.remove !== undefined;
  if (options.list === true && options.remove !== undefined) throw usage("either --list or --remove");
  if (isStoreOnly && (given > 0 || options.check === true))
    throw usage("--list and --remove go without files and --check");
  if (!isStoreOnly && given === 0 && options.server === undefined) throw usage("give --ca, --cert and --key");
  if (options.check !== true && options.port === undefined)
    throw usage("give --port to write, or --check to check only");
  if (options.check !== true && !isStoreOnly && given === 0) throw usage("there is nothing to write");
}

/** @throws CliError with the exit code. */
export async function run(options: Options, surroundings: Surroundings): Promise<void> {
  checkUsage(options);
  // Loaded here so that `godwit --help` does not pay for the X.509 library.
  const { findRules, families } = await import("./inspect.ts");
  const rules = findRules(options.modem);
  if (rules === undefined)
    throw usage(`--modem: there are rules for ${families.map(({ family }) => family).join(", ")}`);
  if (options.list === true || options.remove !== undefined) return store(options, rules, surroundings);
  const files = await readFiles(options);
  const report = await look(files, options, rules, surroundings);
  const hasErrors = report.verdict === "error";
  if (options.check !== true && (!hasErrors || options.force === true))
    return writeAll(files, report, options, rules, surroundings);
  if (options.json === true) {
    surroundings.print(JSON.stringify({ ok: !hasErrors, ...(hasErrors ? { code: REFUSED } : {}), report }));
    if (hasErrors) surroundings.fail();
  } else if (hasErrors)
    throw new CliError(
      REFUSED,
      options.check === true
        ? "there are errors"
        : "there are errors; nothing was written (--force writes nevertheless)",
    );
}

const REFUSED = "PROVISION_REFUSED";

async function readFiles(options: Options): Promise<Files> {
  const { MAX_SOURCE } = await import("./source.ts");
  const read = async (path: string | undefined): Promise<Uint8Array | undefined> => {
    if (path === undefined) return undefined;
    try {
      const file = await open(path, "r");
      try {
        // One more than is taken, so that a longer one is seen as such.
        const bytes = new Uint8Array(MAX_SOURCE + 1);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
        return bytes.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      const why = error instanceof Error && "code" in error ? String(error.code) : "it cannot be read";
      throw new CliError("FILE_UNREADABLE", `${path}: ${why}`, 2);
    }
  };
  const [ca, cert, key, server] = await Promise.all([options.ca, options.cert, options.key, options.server].map(read));
  return { ca, cert, key, server };
}

async function look(files: Files, options: Options, rules: ModemRules, { print, now }: Surroundings): Promise<Report> {
  const [{ inspect }, { reportLines }] = await Promise.all([import("./inspect.ts"), import("./print.ts")]);
  const report = await inspect(files, rules, { now: now(), host: options.host });
  if (options.json !== true) {
    const width = Math.min(process.stdout.columns ?? 100, 120);
    for (const line of reportLines(report, { color: pc.isColorSupported, width })) print(line);
  }
  return report;
}

/** Runs with a session; what the library says becomes what the command line says. */
async function onBoard(
  options: Options,
  surroundings: Surroundings,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  const { ProvisionError } = await import("./write.ts");
  try {
    await surroundings.withSession(options.port ?? "", use);
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    throw new CliError(error.code, `${error.message} (${error.code}, docs/errors.md)`);
  }
}

function store(options: Options, rules: ModemRules, surroundings: Surroundings): Promise<void> {
  return onBoard(options, surroundings, async (session) => {
    const [{ listStore, removeFile }, { storeLines }] = await Promise.all([import("./write.ts"), import("./print.ts")]);
    const { remove } = options;
    const stored = await (remove === undefined ? listStore(session, rules) : removeFile(session, remove, rules));
    if (options.json === true) surroundings.print(JSON.stringify({ ok: true, stored }));
    else for (const line of storeLines(stored)) surroundings.print(line);
  });
}

function writeAll(
  files: Files,
  report: Report,
  options: Options,
  rules: ModemRules,
  surroundings: Surroundings,
): Promise<void> {
  return onBoard(options, surroundings, async (session) => {
    const [{ prepare }, { listStore, provision }, print] = await Promise.all([
      import("./inspect.ts"),
      import("./write.ts"),
      import("./print.ts"),
    ]);
    const say = (line: string | undefined): void => {
      if (options.json !== true && line !== undefined) surroundings.print(line);
    };
    const names: ProvisionOptions["names"] = {
      ...(options.nameCa === undefined ? {} : { ca: options.nameCa }),
      ...(options.nameCert === undefined ? {} : { cert: options.nameCert }),
      ...(options.nameKey === undefined ? {} : { key: options.nameKey }),
    };
    const prepared = await prepare(files, rules);
    const stored = await listStore(session, rules);
    await confirm(
      Object.keys(prepared) as StoreRole[],
      names,
      stored.map(({ name }) => name),
      options,
      surroundings,
    );
    const result = await provision(session, prepared, { rules, names, reboot: options.reboot }, (progress) =>
      say(print.progressLine(progress)),
    );
    if (options.json === true) surroundings.print(JSON.stringify({ ok: true, report, result }));
    else for (const line of print.resultLines(result)) say(line);
  });
}

async function confirm(
  roles: readonly StoreRole[],
  names: ProvisionOptions["names"],
  stored: readonly string[],
  options: Options,
  { ask: question }: Surroundings,
): Promise<void> {
  const { DEFAULT_NAMES } = await import("./write.ts");
  const replaced = roles.map((role) => names?.[role] ?? DEFAULT_NAMES[role]).filter((name) => stored.includes(name));
  if (replaced.length === 0 || options.yes === true) return;
  const list = replaced.join(", ");
  if (question === undefined || options.json === true)
    throw new CliError("PROVISION_CONFIRM", `${list} would be replaced; --yes does it without asking`);
  if (!(await question(`Replace ${list} in the modem's store?`)))
    throw new CliError("PROVISION_CONFIRM", "nothing was written");
}
