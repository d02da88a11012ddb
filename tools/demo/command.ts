/** `godwit demo`: the whole path on this computer, with a timeline of what happens. */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../cli/errors.ts";
import { createClock } from "../clock.ts";
import type { Image } from "../flash/image.ts";
import type { Demo } from "./demo.ts";
import type { Entry, Extras, Mark } from "./entry.ts";
import { type DemoFault, FAULT_NAMES, FAULT_PLANS } from "./faults.ts";
import { ownBroker } from "./own-broker.ts";

interface Options {
  board: string;
  once?: number;
  fault?: DemoFault;
  broker?: string;
  ca?: string;
  cert?: string;
  key?: string;
  speed: number;
  interval: number;
  json: boolean;
  trace: boolean;
  page: boolean;
  pagePort: number;
  open: boolean;
  consolePort?: number;
}

/** A run that should end and does not is given up after so many seconds. */
const LIMIT_S = 60;

/** So that one who switches a fault off need not wait for minutes until the device tries again. */
const IMPATIENT = { registrationS: 20, backoffMaxS: 6 };

const HELP = `
What runs: the minified image that would be flashed, on a virtual board; a virtual BG96 on its UART, which opens real
TLS sockets and judges certificates by its own clock; a broker that demands a client certificate; a time server.
Every line of the timeline is something that one of them reported. "!" marks what went wrong.

A run that goes on until it is stopped also serves the page, on 127.0.0.1 only: flash, provision, REPL, trace and status
on this virtual board, and a panel of faults that can be switched on and off. The page is built when it is not fresh.

  npm start                          until Ctrl-C, with the page
  npm start -- --no-page             in the terminal only
  npm start -- --console-port 4401   and in another terminal: npx godwit repl --port tcp:127.0.0.1:4401
  npm start -- --once 3              ends after 3 acknowledged publishes and one executed command
  npm start -- --fault drop          and see it recover
  npm start -- --fault expired       and see what it says about it
  npm start -- --trace               with the AT traffic, secrets masked
  npm start -- --broker mqtts://broker.example.com:8883 --ca ca.pem --cert client.pem --key client.key

Faults
${FAULT_NAMES.map((name) => `  ${name.padEnd(15)} ${FAULT_PLANS[name].ends === "overcome" ? "overcome" : "refused "}  ${FAULT_PLANS[name].says.split(". ")[0]}`).join("\n")}

Keys (on a terminal): r report now, d drop the connection, x reset the modem, t AT trace, q quit

Exit codes: 0 as asked, 1 not reached or refused as it should be, 2 wrong usage, 3 connected where it had to be refused`;

function number(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= from && value <= to)) {
      throw new InvalidArgumentError(`a number from ${from} to ${to}.`);
    }
    return value;
  };
}

function whole(from: number, to: number): (text: string) => number {
  const parse = number(from, to);
  return (text) => {
    const value = parse(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError("a whole number.");
    return value;
  };
}

async function showEntries(json: boolean): Promise<(entry: Entry) => void> {
  const { createPrinter, toJsonLine } = await import("./print.ts");
  if (json) return (entry) => process.stdout.write(`${toJsonLine(entry)}\n`);
  const { isColorSupported } = (await import("picocolors")).default;
  const print = createPrinter({ colour: isColorSupported, columns: process.stdout.columns ?? 124 });
  return (entry) => process.stdout.write(`${print(entry)}\n`);
}

/** Resolves when the user wants to stop. */
function untilStopped(demo: Demo): { stopped: Promise<void>; release: () => void } {
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const keys: Record<string, () => void> = {
    "r": () => demo.act("report"),
    "d": () => demo.act("drop"),
    "x": () => demo.act("reset"),
    "t": () => {
      demo.trace = !demo.trace;
    },
    "q": stop,
    "\x03": stop,
  };
  /** Over a slow line several come in one piece. */
  const onKey = (bytes: Buffer): void => {
    for (const key of bytes.toString("latin1")) keys[key]?.();
  };
  const { stdin } = process;
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  if (stdin.isTTY) stdin.setRawMode(true).on("data", onKey);
  return {
    stopped,
    release() {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      if (stdin.isTTY) stdin.setRawMode(false).off("data", onKey).pause();
    },
  };
}

/** A run that is judged has nobody who looks at a page. */
function isOpenEnded({ once, json, fault }: Options): boolean {
  return once === undefined && !json && (fault === undefined || FAULT_PLANS[fault].ends === "overcome");
}

async function run(options: Options): Promise<void> {
  if (options.broker !== undefined && options.fault !== undefined && FAULT_PLANS[options.fault].ends === "refused") {
    const why = "needs certificates of the demo's own: leave --broker out";
    throw new CliError("USAGE", `--fault ${options.fault} ${why}`, 2);
  }
  const own = ownBroker(options);
  const isServed = isOpenEnded(options) && (options.page || options.consolePort !== undefined);
  if (options.consolePort !== undefined && !isServed) {
    throw new CliError("USAGE", "--console-port goes with a run that goes on until it is stopped", 2);
  }
  const startedAt = performance.now();
  const [{ Demo }, { readErrorTable }, show] = await Promise.all([
    import("./demo.ts"),
    import("../errors/read-error-table.ts"),
    showEntries(options.json),
  ]);
  let running: Demo | undefined;
  const note = (text: string, mark: Mark = "info", extras: Extras = {}): void =>
    show({ atMs: running?.elapsedMs ?? 0, topic: "demo", mark, text, ...extras });
  const image = await buildImage(options.board, note);
  const page = isServed ? await preparePage(options, image, note) : undefined;
  const spent = (performance.now() - startedAt) / 1000;
  const demo = new Demo({
    board: options.board,
    image,
    errors: readErrorTable(),
    clock: createClock(options.speed),
    once: options.once,
    fault: options.fault,
    ownBroker: own,
    trace: options.trace,
    limitS: Math.max(1, LIMIT_S - Math.ceil(spent) - 2),
    settings: { intervalS: options.interval, ...own?.login, ...(page === undefined ? {} : IMPATIENT) },
    onEntry: (entry) => {
      show(entry);
      if (entry.mark !== "trace") page?.feed.entry(entry);
    },
    ...(page === undefined ? {} : { onTrace: page.feed.entry }),
    onFaults: () => page?.feed.faults(),
    onBoard: (state) => page?.feed.board(state),
  });
  running = demo;
  let served: { close(): Promise<void> } | undefined;
  try {
    await demo.start();
    served = await page?.serve(demo);
    if (process.stdin.isTTY && options.once === undefined) {
      note("keys: r report now, d drop the connection, x reset the modem, t AT trace, q quit");
    }
    const { stopped, release } = untilStopped(demo);
    const verdict = await Promise.race([demo.verdict, stopped.then(() => undefined)]);
    release();
    process.exitCode = verdict?.exitCode ?? 0;
  } finally {
    // Also when a part did not start: what listens would keep the process for ever.
    await served?.close();
    await demo.stop();
  }
}

type Note = (text: string, mark?: Mark, extras?: Extras) => void;

/** Writes all that `godwit build` writes, so that `--image dist/<board>.image.json` is what runs. */
async function buildImage(board: string, note: Note): Promise<Image> {
  const startedAt = performance.now();
  const [{ bundleFirmware, writeFirmware }, { formatFinding }, { imageOf }, { serialiseImage }, { boardProfiles }] =
    await Promise.all([
      import("../build/firmware.ts"),
      import("../build/profile.ts"),
      import("../flash/make-image.ts"),
      import("../flash/image-file.ts"),
      import("../virtual-board/boards/index.ts"),
    ]);
  const firmware = await bundleFirmware({ board });
  if (!Object.hasOwn(boardProfiles, board)) {
    const missing = `tools/virtual-board/boards has no ${board}: what simulates it has to be written first`;
    throw new CliError("UNKNOWN_BOARD", `${missing} (docs/adding-a-board.md, 3)`, 2);
  }
  const [path = ""] = writeFirmware(firmware);
  const { version, total: bytes, pretokenised } = firmware;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const built = `godwit ${version}: ${relative(process.cwd(), path)} built in ${seconds} s`;
  note(
    `${built}, ${bytes.toLocaleString("en-US")} bytes, ${pretokenised.toLocaleString("en-US")} pretokenised`,
    "info",
    {
      data: { bytes, pretokenised },
    },
  );
  // The types are the build's to check; what the interpreter would do differently shows nowhere else here.
  for (const finding of firmware.findings) {
    const [text = "", ...why] = formatFinding(finding, path).split("\n");
    note(text, "fault", { details: why.map((line) => ({ text: line.trim() })) });
  }
  const image = await imageOf(firmware);
  writeFileSync(path.replace(/\.js$/, ".image.json"), serialiseImage(image));
  return image;
}

/** What takes its time is done before the demo starts. */
async function preparePage(options: Options, image: Image, note: Note) {
  const [{ createFeed, startPage }, { readyWeb }, { BROWSER_PACE }, { serialiseImage }] = await Promise.all([
    import("./page.ts"),
    import("../build-web/build-web.ts"),
    import("../console/virtual-desk.ts"),
    import("../flash/image-file.ts"),
  ]);
  const { board, pagePort, consolePort, open: opens } = options;
  const web = options.page ? await readyWeb(note) : undefined;
  const feed = createFeed();
  const page = {
    board,
    web,
    port: pagePort,
    consolePort,
    opens,
    pace: BROWSER_PACE,
    imageFile: serialiseImage(image),
    note,
  };
  return { feed, serve: (demo: Demo) => startPage(demo, feed, page) };
}

export function register(program: Command): void {
  program
    .command("demo")
    .description("run the firmware here: virtual board, virtual modem, real TLS, a broker, and a timeline")
    .option("--once <publishes>", "end after so many acknowledged publishes and one command", whole(1, 1000))
    .addOption(new Option("--fault <name>", "what goes wrong").choices(FAULT_NAMES))
    .option("--broker <url>", "a broker of yours, mqtts://host:port or mqtts://user:password@host:port")
    .option("--ca <file>", "CA certificate of your broker, PEM")
    .option("--cert <file>", "client certificate, PEM")
    .option("--key <file>", "private key of the client certificate, PEM")
    .option("--board <name>", "board to build for", "rak5010")
    .option("--interval <s>", "seconds between reports", whole(1, 3600), 5)
    .option("--speed <factor>", "clock of board and modem: 1 is real time", number(0.1, 50), 1)
    .option("--trace", "show the AT traffic, secrets masked", false)
    .option("--json", "one JSON object a line", false)
    .option("--no-page", "without the page")
    .option("--page-port <n>", "where the page is served; the next free one if it is taken", whole(0, 65_535), 4400)
    .option("--no-open", "do not open a browser")
    .option("--console-port <n>", "also the board's console, on a TCP port of 127.0.0.1", whole(0, 65_535))
    .addHelpText("after", HELP)
    .action((options: Options) => run(options));
}
