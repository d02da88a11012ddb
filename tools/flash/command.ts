/** `godwit flash`: an image onto a board, over any port. */
import { type Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { CliError } from "../cli/errors.ts";
import { readSmallFile } from "../cli/read-file.ts";
import {
  asCliError,
  PORT_HELP,
  type PortCliOptions,
  sessionSourceOf,
  withPortOptions,
  withSession,
} from "../port/cli.ts";
import type { Session } from "../repl/session.ts";
import { type FlashProgress, type FlashResult, flash, revoke } from "./flasher.ts";
import type { Image } from "./image.ts";
import { MAX_IMAGE_FILE, parseImage } from "./image-file.ts";
import { type Lock, lockScript, putLock, randomPasskey, removeLock } from "./lock.ts";
import { readSlots, type Slots } from "./slots.ts";

interface Options extends PortCliOptions {
  board?: string;
  list?: boolean;
  rollback?: boolean;
  lock?: Lock["mode"];
  passkey?: string;
  unlock?: boolean;
  trust?: boolean;
  again?: boolean;
  wait: number;
  json?: boolean;
}

const HELP = `
What happens: the image goes into the slot that is not needed while the board runs on, is read back, is made valid by its
header, and is started. If it does not connect within three starts, the image that was there before runs again.
docs/flashing.md says how.
${PORT_HELP}

Examples
  npx godwit flash --board rak5010 --port "ble:Espruino 0001"      builds and flashes
  npx godwit flash dist/rak5010.image.json --port /dev/ttyACM0
  npx godwit flash --board rak5010 --port ble:Espruino --lock passkey
  npx godwit flash --list --port tcp:127.0.0.1:4401
  npx godwit flash --rollback --port tcp:127.0.0.1:4401

Exit codes: 0 it runs (proved, or waiting for its first connection), 1 it does not, 2 wrong usage`;

export function register(program: Command): void {
  withPortOptions(program.command("flash"))
    .description("bring an image onto a board: upload, read back, start, and go back if it does not connect")
    .argument("[image]", "dist/<board>.image.json; without it, --board is built")
    .option("-b, --board <id>", "build for this board and flash that")
    .option("--list", "only say what is in the two slots")
    .option("--rollback", "take the image that runs out of use; the other one runs")
    .addOption(new Option("--lock <how>", "close the console: for production").choices(["passkey", "button", "off"]))
    .option("--passkey <digits>", "six digits for --lock passkey; without it they are drawn, and shown once")
    .option("--unlock", "open a console that is locked, over that console")
    .option("--trust", "take the image as proved when it has started: for a desk without a network")
    .option("--again", "write it even where it runs already")
    .option("--wait <s>", "seconds to wait for its first connection", seconds, 180)
    .option("--json", "the result as JSON")
    .addHelpText("after", HELP)
    .action((image: string | undefined, options: Options) => run(image, options));
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 86_400) || text.trim() === "") throw new InvalidArgumentError("seconds, 0 to 86400.");
  return value;
}

async function run(path: string | undefined, options: Options): Promise<void> {
  if (options.passkey !== undefined && options.lock !== "passkey") {
    throw new CliError("USAGE", "--passkey goes with --lock passkey", 2);
  }
  if (options.list === true) {
    return withSession(options, async (session) => showSlots(await readSlots(session), options));
  }
  if (options.rollback === true) return withSession(options, (session) => rollback(session, options));
  if (options.unlock === true) return withSession(options, (session) => unlock(session, options));
  await flashImage(await readImage(path, options.board), options);
}

/** With the codes of the library as the command line says them. */
async function said<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw asCliError(error);
  }
}

async function readImage(path: string | undefined, board: string | undefined): Promise<Image> {
  if (path === undefined) {
    if (board === undefined) throw new CliError("USAGE", "which image? dist/<board>.image.json, or --board <id>", 2);
    const [{ bundleFirmware, writeFirmware }, { imageOf, writeImage }] = await Promise.all([
      import("../build/firmware.ts"),
      import("./make-image.ts"),
    ]);
    console.error(`building ${board}`);
    const firmware = await bundleFirmware({ board });
    if (firmware.findings.length > 0 || firmware.budgets.some(({ isOver }) => isOver)) {
      throw new CliError("FLASH_IMAGE", `the build has findings: npm run build -- --board ${board} shows them`);
    }
    writeFirmware(firmware);
    await writeImage(firmware);
    return imageOf(firmware);
  }
  let text: string;
  try {
    text = readSmallFile(path, MAX_IMAGE_FILE, "utf8");
  } catch (error) {
    throw new CliError("NO_FILE", `cannot read ${path}: ${(error as Error).message}; npm run build writes images`, 2);
  }
  const image = await said(() => parseImage(text));
  if (board !== undefined && image.board !== board) {
    throw new CliError("FLASH_BOARD", `${path} is for ${image.board}, not for ${board}`);
  }
  return image;
}

async function flashImage(image: Image, options: Options): Promise<void> {
  const lock = lockOf(options);
  // A lock that cannot be is found out before anything is written.
  const script = lock === undefined ? undefined : await said(() => lockScript(lock, image));
  const bar = options.json === true ? undefined : await progressBar(image);
  const source = sessionSourceOf(options);
  let session: Session | undefined;
  const open = async (): Promise<Session> => {
    session = await source();
    return session;
  };
  const result = await said(async () => {
    const flashed = await flash(open, image, {
      waitS: options.wait,
      ...(options.trust === true ? { trust: true } : {}),
      ...(options.again === true ? { again: true } : {}),
      ...(bar === undefined ? {} : { onProgress: bar.show }),
    });
    // Over the session that is there: a board has one connection, and may not have noticed yet that another one has ended.
    if (script !== undefined && session !== undefined) {
      await putLock(session, script);
      await session.evaluate("(setTimeout(function(){E.reboot()},200),0)");
    }
    return flashed;
  }).finally(async () => {
    bar?.stop();
    await session?.close();
  });
  report(image, result, lock, options);
}

function lockOf({ lock, passkey }: Options): Lock | undefined {
  if (lock === undefined) return undefined;
  return lock === "passkey" ? { mode: lock, passkey: passkey ?? randomPasskey() } : { mode: lock };
}

const STAGES: Readonly<Record<FlashProgress["stage"], string>> = {
  look: "looking",
  stop: "stopping",
  upload: "uploading",
  verify: "reading back",
  activate: "activating",
  boot: "starting",
  prove: "waiting for its first connection",
};

async function progressBar(image: Image): Promise<{ show(progress: FlashProgress): void; stop(): void }> {
  const { default: cliProgress } = await import("cli-progress");
  const bar = new cliProgress.SingleBar({
    format: "{bar} {percentage} % {value}/{total} bytes {rate} {stage}",
    barCompleteChar: "#",
    barIncompleteChar: ".",
    hideCursor: true,
    // In a log file: a line now and then.
    noTTYOutput: true,
    notTTYSchedule: 5000,
    stream: process.stderr,
  });
  let isStarted = false;
  return {
    show({ stage, doneBytes, bytesPerS, leftS, resumed }) {
      const rate = bytesPerS === 0 ? "" : `${Math.round(bytesPerS)} B/s`;
      const left = leftS === undefined ? "" : `, ${Math.ceil(leftS)} s left`;
      const again = resumed === 0 ? "" : `, link found again ${resumed}x`;
      const words = { rate: rate + left, stage: STAGES[stage] + again };
      if (isStarted) bar.update(doneBytes, words);
      else bar.start(image.code.length, doneBytes, words);
      isStarted = true;
    },
    stop: () => bar.stop(),
  };
}

/** Slots by the letters that the page has for them, too. */
const letter = (slot: number): string => String.fromCharCode(65 + slot);

const when = (seconds: number | undefined): string =>
  seconds === undefined ? "" : new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

function report(image: Image, result: FlashResult, lock: Lock | undefined, options: Options): void {
  const { outcome, slot, bytes, uploadMs, resumed } = result;
  if (options.json === true) {
    const passkey = lock?.mode === "passkey" && options.passkey === undefined ? { passkey: lock.passkey } : {};
    console.log(JSON.stringify({ ok: true, outcome, slot, bytes, uploadMs, resumed, lock: lock?.mode, ...passkey }));
    return;
  }
  const name = `${image.board} ${image.version} of ${when(image.buildTime)}`;
  const rate = uploadMs === 0 ? "" : `, ${bytes} bytes in ${(uploadMs / 1000).toFixed(1)} s`;
  if (outcome === "same")
    console.log(`${name} runs already, from slot ${letter(slot)}; --again writes it all the same`);
  else if (outcome === "proved")
    console.log(pc.green(`${name} runs from slot ${letter(slot)} and has connected${rate}`));
  else {
    console.log(`${name} runs from slot ${letter(slot)} and has not connected yet${rate}`);
    console.log("it has three starts to do so, then what ran before comes back; npx godwit status says how far it is");
  }
  if (lock !== undefined) console.log(`the console is locked (${lock.mode}) from the restart that is under way on`);
  if (lock?.mode === "passkey" && options.passkey === undefined) {
    console.log(`passkey ${pc.bold(lock.passkey)}: write it down, it is shown this once`);
  }
}

async function rollback(session: Session, options: Options): Promise<void> {
  const slots = await revoke(session);
  await session.evaluate("(setTimeout(function(){E.reboot()},200),0)");
  if (options.json === true) console.log(JSON.stringify({ ok: true, slots: slots.slots }));
  else console.log("the image that ran is out of use; the board restarts with the other one");
}

async function unlock(session: Session, options: Options): Promise<void> {
  await removeLock(session);
  if (options.json === true) console.log(JSON.stringify({ ok: true }));
  else console.log("unlocked; the console is open from the next start on");
}

async function showSlots({ board, running, slots, isLocked }: Slots, options: Options): Promise<void> {
  if (options.json === true) {
    console.log(JSON.stringify({ ok: true, board, running: running ?? null, isLocked, slots }));
    return;
  }
  console.log(`${board}${isLocked ? ", locked" : ""}`);
  for (const [index, slot] of slots.entries()) {
    const what =
      slot.bytes === 0
        ? ""
        : `${slot.board ?? ""} ${slot.version ?? ""} of ${when(slot.buildTime)}, ${slot.bytes.toLocaleString("en-US")} bytes`;
    const tries = slot.tries > 0 && slot.state !== "proved" ? `, started ${slot.tries}x` : "";
    console.log(
      `  ${index === running ? pc.green("runs") : "    "}  slot ${letter(index)}  ${slot.state.padEnd(8)} ${what}${tries}`,
    );
  }
  if (running === undefined)
    console.log("  nothing runs from a slot: reset() at the REPL, or an image that was put there in another way");
}
