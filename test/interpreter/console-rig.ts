/**
 * A real interpreter as a board on the desk: its console on a UART of its own, where any byte can be sent, its flash kept from
 * start to start, and started again whenever it ends, as a chip does.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { makePort, type PortEnd } from "../../tools/port/make-port.ts";
import { type Port, PortError } from "../../tools/port/port.ts";
import { openSession } from "../../tools/repl/open-session.ts";
import type { Session } from "../../tools/repl/session.ts";
import { writeStorage } from "./flash.ts";
import { interpreterPath } from "./harness.ts";
import { ended, openWire, type Wire } from "./wire.ts";

/** A UART with nothing at its end. */
export const silence = (): Duplex => new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });

class Uart extends Duplex {
  onBytes: ((bytes: Buffer) => void) | undefined;
  constructor() {
    super({ read() {} });
  }
  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.onBytes?.(bytes);
    done();
  }
}

/** Serial2, so that Serial1 is the modem's. What an image asks of its console is asked in vain, as it stays where it is. */
const CONSOLE = `Serial2.setup(115200,{path:"./console/uart"});E.setConsole("Serial2",{force:true});E.setConsole=function(){};`;

export interface ConsoleRigOptions {
  /** Runs at each start, behind the console's own line and before anything that is flashed. */
  readonly prelude?: string;
  /** Further files in Storage. */
  readonly storage?: Readonly<Record<string, string>>;
  /** The far end of Serial1, which is at `./uart`. */
  readonly uart?: Duplex;
}

export class ConsoleRig {
  readonly directory = mkdtempSync(join(tmpdir(), "godwit-console-"));
  /** Since the newest start: what the console has sent. */
  shown = "";
  /** Exit code or signal of each time that the interpreter ended by itself. */
  readonly ends: string[] = [];
  /** Whether it is to be started when it ends. */
  private isOn = false;
  private readonly binary: string;
  private readonly options: ConsoleRigOptions;
  private readonly uart = new Uart();
  private wire: Wire | undefined;
  private modemWire: Wire | undefined;
  private child: ChildProcess | undefined;
  private end: PortEnd | undefined;

  constructor(options: ConsoleRigOptions = {}) {
    this.binary = interpreterPath() ?? "";
    this.options = options;
  }

  async prepare(): Promise<this> {
    const { directory, uart } = this;
    mkdirSync(join(directory, "console"));
    this.wire = await openWire(join(directory, "console"), uart);
    uart.onBytes = (bytes) => {
      this.shown += bytes.toString("latin1");
      this.end?.receive(bytes);
    };
    if (this.options.uart !== undefined) this.modemWire = await openWire(directory, this.options.uart);
    const { prelude = "", storage } = this.options;
    writeStorage(this.binary, directory, { ".boot0": CONSOLE + prelude, ...storage });
    return this;
  }

  /** `env`: as the interpreter's build knows it, e.g. to fail in the middle of a write; for this start only. */
  start(env: Readonly<Record<string, string>> = {}): void {
    this.isOn = true;
    this.wire?.flush();
    this.modemWire?.flush();
    this.shown = "";
    const child = spawn(this.binary, [], {
      cwd: this.directory,
      env: { ...process.env, ...env },
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.child = child;
    child.once("exit", (code, signal) => {
      if (this.child !== child) return;
      this.ends.push(signal ?? String(code));
      this.child = undefined;
      this.lose();
      if (!this.isOn) return;
      this.start();
    });
  }

  private lose(): void {
    const { end } = this;
    this.end = undefined;
    end?.lost(new PortError("PORT_LOST", "the interpreter has ended"));
  }

  /** The plug: whatever it does, it ends now. */
  async cut(): Promise<void> {
    this.isOn = false;
    const { child } = this;
    this.child = undefined;
    this.lose();
    if (child !== undefined) await ended(child);
  }

  /** It ends as by a fault, and starts again. */
  kill(): void {
    this.child?.kill("SIGKILL");
  }

  get restarts(): number {
    return this.ends.length;
  }

  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Resolves when the prompt has come: what is sent before the boot code has run can be lost. */
  async up(limitMs = 10_000): Promise<void> {
    const until = Date.now() + limitMs;
    while (!/(^|\n)>/.test(this.shown)) {
      if (!this.isOn || Date.now() > until) throw new PortError("PORT_ABSENT", `no prompt: ${this.shown.slice(-300)}`);
      await sleep(10);
    }
  }

  /**
   * Bytes as they are, in chunks of Bluetooth and no faster than the interpreter takes them: a build for Linux has one thread for
   * both directions, and stands still for ever when its queue is more than half full while it waits for room to print.
   */
  async send(bytes: string): Promise<void> {
    for (let at = 0; at < bytes.length; at += 20) {
      this.uart.push(Buffer.from(bytes.slice(at, at + 20), "latin1"));
      await sleep(5);
    }
  }

  private readonly open = async (): Promise<Port> => {
    await this.up();
    this.end = makePort({
      name: "interpreter",
      chunkBytes: 20,
      send: async (chunk) => void this.uart.push(Buffer.from(chunk)),
      close: async () => undefined,
    });
    return this.end.port;
  };

  readonly source = async (): Promise<Session> => openSession(await this.open());

  async with<T>(use: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.source();
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }

  /** Keeps the flash as it is now, to come back to it; only while the interpreter is off. */
  keep(name: string): void {
    copyFileSync(join(this.directory, "espruino.flash"), join(this.directory, name));
  }

  restore(name: string): void {
    copyFileSync(join(this.directory, name), join(this.directory, "espruino.flash"));
  }

  async stop(): Promise<void> {
    await this.cut();
    await this.wire?.close();
    await this.modemWire?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
