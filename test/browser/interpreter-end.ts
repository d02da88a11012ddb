/** The real interpreter as a far end: its console on a UART of its own, beside that of a virtual modem, which is on. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { createClock } from "../../tools/clock.ts";
import { findProfile } from "../../tools/virtual-board/boards/index.ts";
import { createVirtualModem, type VirtualModem } from "../../tools/virtual-modem/index.ts";
import { writeStorage } from "../interpreter/flash.ts";
import { boardPrelude, pinExpression } from "../interpreter/prelude.ts";
import { ended, openWire, type Wire } from "../interpreter/wire.ts";
import { BOARD } from "./desk.ts";
import type { FarEnd } from "./far-end.ts";

/** As the Nordic UART Service of a board with the smallest MTU. */
const CHUNK_BYTES = 20;
/** Before the prelude, which takes `E.setConsole` away from the image. */
const CONSOLE = 'Serial2.setup(115200,{path:"./console/uart"});E.setConsole("Serial2",{force:true});';
/** The modem's STATUS: its keys are not wired, so it is on from the beginning. */
const STATUS = pinExpression(findProfile(BOARD).modem.status?.pin ?? "", 1);
/** What an interpreter without an image prints when it listens. */
const PRESS_MS = 700;
const PROMPT = "\n>";

function poweredModem(): VirtualModem {
  // The interpreter has the computer's clock, so the modem cannot be faster than that.
  const clock = createClock(1);
  const modem = createVirtualModem({ clock, latency: 0.1, baud: 115_200 });
  modem.setPin("pwrkey", 0);
  clock.setTimeout(() => modem.setPin("pwrkey", 1), PRESS_MS);
  return modem;
}

class Line extends Duplex {
  onBytes: (bytes: Buffer) => void = () => {};
  constructor() {
    super({ read() {} });
  }
  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.onBytes(bytes);
    done();
  }
}

export class InterpreterBoard {
  /** Runs so far: one more after each `E.reboot()`. */
  starts = 0;
  private readonly binary: string;
  private readonly directory = mkdtempSync(join(tmpdir(), "godwit-browser-"));
  private readonly line = new Line();
  private readonly wires: Wire[] = [];
  private child: ChildProcess | undefined;
  private link: FarEnd | undefined;
  private isStopped = false;

  private constructor(binary: string) {
    this.binary = binary;
  }

  static async start(binary: string): Promise<InterpreterBoard> {
    const board = new InterpreterBoard(binary);
    mkdirSync(join(board.directory, "console"));
    board.wires.push(await openWire(board.directory, poweredModem().uart));
    board.wires.push(await openWire(join(board.directory, "console"), board.line));
    writeStorage(binary, board.directory, { ".boot0": CONSOLE + boardPrelude("./uart") + STATUS });
    // Input that arrives before the boot code runs can be lost.
    const listens = new Promise<void>((resolve) => {
      let text = "";
      board.line.onBytes = (bytes) => {
        text += bytes.toString("latin1");
        if (text.includes(PROMPT)) resolve();
      };
    });
    board.boot();
    await listens;
    return board;
  }

  private boot(): void {
    this.starts++;
    const child = spawn(this.binary, [], { cwd: this.directory, stdio: ["pipe", "ignore", "ignore"] });
    this.child = child;
    child.once("exit", () => {
      if (this.isStopped) return;
      // A board that restarts drops its connection.
      void this.link?.close();
      this.boot();
    });
  }

  /** A connection; the one before it has ended. */
  reach = (): FarEnd => {
    const { line } = this;
    const link: FarEnd = {
      chunkBytes: CHUNK_BYTES,
      onData: undefined,
      onClose: undefined,
      async write(bytes) {
        line.push(Buffer.from(bytes, "latin1"));
      },
      close: async () => {
        if (this.link !== link) return;
        this.link = undefined;
        line.onBytes = () => {};
        link.onClose?.(undefined);
      },
    };
    line.onBytes = (bytes) => {
      const text = bytes.toString("latin1");
      for (let at = 0; at < text.length; at += CHUNK_BYTES) link.onData?.(text.slice(at, at + CHUNK_BYTES));
    };
    this.link = link;
    return link;
  };

  async stop(): Promise<void> {
    this.isStopped = true;
    if (this.child) await ended(this.child);
    for (const wire of this.wires) await wire.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
