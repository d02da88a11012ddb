/**
 * Runs an image on the real interpreter: stored in Storage as `.bootcde` and started from there, as on a board, so that
 * its functions stay in flash and JsVars are counted as on the chip. Wants the interpreter's path in `ESPRUINO`, and
 * socat. For numbers the build should be board-like: 32 bit, 12,500 variables of 14 bytes, unsigned char, no Unicode.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Duplex } from "node:stream";
import { writeStorage } from "./flash.ts";
import { createFrameReader, evaluationLine } from "./frames.ts";
import { boardPrelude, pinExpression } from "./prelude.ts";
import { ended, openWire, type Wire } from "./wire.ts";

export type Level = 0 | 1;

export interface InterpreterOptions {
  /** The built image, one char a byte; absent: the bare interpreter with the same prelude. */
  image?: string;
  /** Further files in Storage. */
  storage?: Readonly<Record<string, string>>;
  /** The other end of Serial1. */
  uart?: Duplex;
  /** The image drove a pin, e.g. `D2`. */
  onPin?: (pin: string, level: Level) => void;
  /** What a terminal would show. */
  onConsole?: (text: string) => void;
  /** The image restarted the board; the next run has begun. */
  onReboot?: () => void;
  /** Runs on the interpreter behind the harness' own prelude: what else the image expects of its board. */
  boardPrelude?: string;
  evaluateTimeoutMs?: number;
}

/** `process.memory()` of the interpreter, after a garbage collection. */
export interface MemoryUse {
  usage: number;
  total: number;
  free: number;
  blocksize: number;
}

export interface Interpreter {
  /** Evaluates on the REPL; strings as they are (one char a byte), all else as the interpreter writes it. */
  evaluate(expression: string): Promise<string>;
  memory(): Promise<MemoryUse>;
  /** Sets an input pin; watches see it, and so does the next run from its beginning. */
  setPin(pin: string, level: Level): Promise<void>;
  /** What the console has shown so far. */
  console(): string;
  /** The plug out and in again: variables are gone, flash is kept. */
  powerCycle(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined when no interpreter is at hand: the suite is skipped then. */
export function interpreterPath(): string | undefined {
  const path = process.env["ESPRUINO"];
  return path ? resolve(path) : undefined;
}

export async function startInterpreter(options: InterpreterOptions = {}): Promise<Interpreter> {
  const binary = interpreterPath();
  if (binary === undefined) throw new Error("ESPRUINO does not name an interpreter");
  const directory = mkdtempSync(join(tmpdir(), "godwit-interpreter-"));
  const session = new Session(binary, directory, options);
  try {
    await session.prepare();
    await session.start();
  } catch (error) {
    await session.stop();
    throw error;
  }
  return session;
}

/** JsVars of the interpreter with the prelude alone: what an image costs is counted above it. */
export async function bareUsage(options: Omit<InterpreterOptions, "image" | "uart"> = {}): Promise<number> {
  const interpreter = await startInterpreter(options);
  try {
    return (await interpreter.memory()).usage;
  } finally {
    await interpreter.stop();
  }
}

interface Pending {
  resolve(value: string): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

class Session implements Interpreter {
  private readonly binary: string;
  private readonly directory: string;
  private readonly options: InterpreterOptions;
  private readonly pending = new Map<number, Pending>();
  private readonly levels: Record<string, Level> = {};
  /** The prelude as it is in Storage. */
  private prelude = "";
  private wire: Wire | undefined;
  private child: ChildProcessWithoutNullStreams | undefined;
  private readonly timeoutMs: number;
  private onStarted: () => void = () => {};
  private nextId = 1;
  private shown = "";
  private rebooting = false;
  private stopped = false;

  constructor(binary: string, directory: string, options: InterpreterOptions) {
    this.binary = binary;
    this.directory = directory;
    this.options = options;
    this.timeoutMs = options.evaluateTimeoutMs ?? 10_000;
  }

  async prepare(): Promise<void> {
    this.wire = await openWire(this.directory, this.options.uart ?? silence());
    this.writePrelude();
    const files: Record<string, string> = { ...this.options.storage };
    if (this.options.boardPrelude !== undefined) files[".boot1"] = this.options.boardPrelude;
    if (this.options.image !== undefined) files[".bootcde"] = this.options.image;
    writeStorage(this.binary, this.directory, files);
  }

  /** The path is the same on every run, and short: its length would count as variables. */
  private writePrelude(): void {
    const prelude = boardPrelude("./uart", this.levels);
    if (prelude !== this.prelude) writeStorage(this.binary, this.directory, { ".boot0": prelude });
    this.prelude = prelude;
  }

  async start(): Promise<void> {
    this.writePrelude();
    this.wire?.flush();
    // No argument: the interpreter loads and runs what is in its flash. stdin stays open, its end would be read as bytes.
    const child = spawn(this.binary, [], { cwd: this.directory, stdio: "pipe" });
    this.child = child;
    const reader = createFrameReader({
      onFrame: (kind, rest) => this.onFrame(kind, rest),
      onText: (text) => this.onText(text),
    });
    child.stdout.on("data", (bytes: Buffer) => reader.feed(bytes.toString("latin1")));
    child.stdin.on("error", () => {}); // it may end while a line is under way
    child.stderr.resume(); // only how the build was made
    child.once("error", (error) => this.failAll(error));
    child.once("exit", (code, signal) => this.onExit(child, signal ?? code));
    // Input that arrives before the boot code runs can be lost.
    await this.startedWithin(this.timeoutMs);
    await this.evaluate("1");
  }

  private startedWithin(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error(`the interpreter did not start within ${timeoutMs} ms: ${this.shown}`));
      const timer = setTimeout(fail, timeoutMs);
      this.onStarted = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  evaluate(expression: string): Promise<string> {
    const child = this.child;
    if (this.stopped || child === undefined) return Promise.reject(new Error("the interpreter does not run"));
    const id = this.nextId++;
    const { timeoutMs } = this;
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject(
          new Error(`no answer to ${expression} within ${timeoutMs} ms; the console's end: ${this.shown.slice(-500)}`),
        );
      }, timeoutMs);
      this.pending.set(id, { resolve, reject, timer });
      child.stdin.write(evaluationLine(id, expression), "latin1");
    });
  }

  async memory(): Promise<MemoryUse> {
    return JSON.parse(await this.evaluate("JSON.stringify(process.memory())")) as MemoryUse;
  }

  async setPin(pin: string, level: Level): Promise<void> {
    this.levels[pin] = level;
    await this.evaluate(pinExpression(pin, level));
  }

  console(): string {
    return this.shown;
  }

  async powerCycle(): Promise<void> {
    const child = this.child;
    this.child = undefined; // or its exit would be taken for a crash
    if (child) await ended(child);
    this.failAll(new Error("the interpreter was switched off"));
    await this.start();
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    this.failAll(new Error("the interpreter was stopped"));
    if (this.child) await ended(this.child);
    await this.wire?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private onFrame(kind: string, rest: string): void {
    if (kind === "P") this.onPin(rest);
    else if (kind === "S") this.onStarted();
    else if (kind === "R") this.rebooting = true;
    else if (kind === "=" || kind === "!") this.onAnswer(kind === "=", rest);
  }

  private onPin(rest: string): void {
    const [pin = "", level] = rest.split("=");
    this.options.onPin?.(pin, level === "1" ? 1 : 0);
  }

  private onAnswer(good: boolean, rest: string): void {
    const comma = rest.indexOf(",");
    const id = Number(rest.slice(0, comma));
    const entry = this.pending.get(id);
    if (!entry) return;
    this.pending.delete(id);
    clearTimeout(entry.timer);
    const value = Buffer.from(rest.slice(comma + 1), "base64").toString("latin1");
    if (good) entry.resolve(value);
    else entry.reject(new Error(value));
  }

  private onText(text: string): void {
    this.shown += text;
    this.options.onConsole?.(text);
  }

  private onExit(child: ChildProcessWithoutNullStreams, code: NodeJS.Signals | number | null): void {
    if (this.stopped || this.child !== child) return;
    this.child = undefined;
    this.failAll(new Error(`the interpreter ended with ${code}; the console's end: ${this.shown.slice(-500)}`));
    if (!this.rebooting) return;
    this.rebooting = false;
    this.start().then(
      () => this.options.onReboot?.(),
      (error: Error) => this.onText(`the interpreter did not start again: ${error.message}\n`),
    );
  }

  private failAll(error: Error): void {
    for (const entry of this.pending.values()) {
      clearTimeout(entry.timer);
      entry.reject(error);
    }
    this.pending.clear();
  }
}

/** A UART with nothing at its end. */
function silence(): Duplex {
  return new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
}
