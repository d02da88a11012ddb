import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { CliError } from "../cli/errors.ts";

interface Options {
  readonly image: string;
  readonly board: string;
  readonly uart?: string;
  readonly storage?: string;
  readonly speed: string;
}

const HELP = `
  godwit build --board rak5010
  godwit modem --tcp 7001
  godwit board --image dist/rak5010.js --uart tcp:127.0.0.1:7001

Prints what the device prints; what you type is a line of its REPL. --storage keeps its files between runs.
Ctrl-C or Ctrl-D switches it off.`;

export function register(program: Command): void {
  program
    .command("board")
    .description("run an image on a virtual board, its modem UART joined to a TCP port")
    .requiredOption("--image <file>", "the bundle, as it would be flashed")
    .option("--board <name>", "which board: rak5010, nrf52840dk", "rak5010")
    .option("--uart <tcp:host:port>", "the far end of the modem's UART, e.g. of godwit modem")
    .option("--storage <file>", "JSON file that keeps the board's Storage")
    .option("--speed <factor>", "how much faster than real time", "1")
    .addHelpText("after", HELP)
    .action(run);
}

async function run(options: Options): Promise<void> {
  // Loaded here so that `godwit --help` does not pay for it.
  const [{ createClock }, { VirtualBoard }, { boardProfiles }] = await Promise.all([
    import("../clock.ts"),
    import("./board.ts"),
    import("./boards/index.ts"),
  ]);
  const speed = Number(options.speed);
  if (!(speed > 0 && Number.isFinite(speed))) throw new CliError("USAGE", `--speed ${options.speed}: not a factor`, 2);
  if (!Object.hasOwn(boardProfiles, options.board)) {
    const known = Object.keys(boardProfiles).join(", ");
    throw new CliError("USAGE", `no board ${options.board}; there are ${known}`, 2);
  }
  const image = readImage(options.image);
  const storage = readStorage(options.storage);
  const uart = options.uart === undefined ? undefined : await openUart(options.uart);
  const board = new VirtualBoard({ board: options.board, image, clock: createClock(speed), storage });
  board.on("console", (text) => process.stdout.write(Buffer.from(text, "latin1")));
  for (const event of ["reboot", "watchdog"] as const) board.on(event, () => console.error(`[board] ${event}`));
  board.on("overflow", (flag) => console.error(`[board] ${flag}`));
  board.on("flash-abuse", (message) => console.error(`[board] ${message}`));
  board.on("defect", (error) => console.error("[board] defect of the virtual board:", error));
  board.on("console-takeover", ({ device, executed }) => {
    const what = executed === undefined ? "what arrives there will be executed" : JSON.stringify(executed);
    console.error(`[board] THE CONSOLE IS ON ${device}: ${what}`);
  });
  if (uart !== undefined) {
    const port = board.serial(board.profile.modem.serial);
    port.pipe(uart).pipe(port, { end: false });
  }
  board.start();
  await untilOff(board, uart);
  board.stop();
  uart?.destroy();
  if (options.storage !== undefined) writeStorage(options.storage, storage);
}

/** Runs until the user ends it or the modem's side closes. */
function untilOff(board: { evaluate(line: string): unknown }, uart: Socket | undefined): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    const finish = (): void => {
      lines.close();
      process.stdin.destroy();
      resolve();
    };
    lines.on("line", (line) => {
      if (line.trim() === "") return;
      const value = board.evaluate(line);
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      if (value !== undefined) process.stdout.write(`=${text}\n`);
    });
    lines.on("close", finish);
    process.once("SIGINT", finish);
    process.once("SIGTERM", finish);
    uart?.once("close", finish);
  });
}

function readImage(file: string): string {
  if (!existsSync(file)) throw new CliError("NO_IMAGE", `no image ${file}; godwit build makes one`, 2);
  return readFileSync(file, "latin1");
}

function openUart(address: string): Promise<Socket> {
  const match = /^tcp:(.+):(\d+)$/.exec(address);
  if (match === null) throw new CliError("USAGE", `--uart ${address}: write tcp:host:port`, 2);
  const [, host, port] = match;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host as string, port: Number(port) }, () => resolve(socket));
    socket.once("error", (error) => reject(new CliError("NO_UART", `${address}: ${error.message}`)));
  });
}

function readStorage(file: string | undefined): Map<string, string> {
  if (file === undefined || !existsSync(file)) return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch {}
  if (typeof parsed !== "object" || parsed === null) throw new CliError("BAD_STORAGE", `${file} is no JSON object`, 2);
  return new Map(Object.entries(parsed).map(([name, data]) => [name, String(data)]));
}

/** The image is given anew each time, so it is not kept. */
function writeStorage(file: string, storage: ReadonlyMap<string, string>): void {
  const kept = [...storage].filter(([name]) => name !== ".bootcde");
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(kept), null, 1)}\n`);
}
