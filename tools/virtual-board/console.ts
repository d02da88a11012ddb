import { ConsoleInput } from "./console-input.ts";
import { InputLine } from "./input-line.ts";
import { type PacketHost, Packets } from "./packets.ts";
import type { ConsoleDevice } from "./profile.ts";
import type { Completion } from "./tab-complete.ts";

const NAMES: ReadonlySet<string> = new Set(["Serial1", "Serial2", "USB", "Bluetooth"]);

export const isConsoleDevice = (name: unknown): name is ConsoleDevice => name === null || NAMES.has(String(name));

/** jsiOneSecondAfterStartup is called this long after boot (jsinteractive.c:995). */
export const CONSOLE_MOVE_MS = 1000;

export interface ConsoleHost extends Omit<PacketHost, "put"> {
  /** What the device code prints and what is reported of its errors, wherever the console is. */
  text(text: string): void;
  /** Bytes that leave the board on a serial port because it is the console. */
  transmit(device: string, text: string): void;
  /** A serial port becomes the console, and is set up if nothing has. */
  opened(device: ConsoleDevice): void;
  /** A serial port has become the console by itself: what arrives there will be executed. */
  takeover(device: string): void;
  /** A line of the console; its value as the console shows it, undefined after an exception, which it has reported. */
  execute(line: string, device: ConsoleDevice): string | undefined;
  /** Where it goes when nothing says otherwise (jsiGetPreferredConsoleDevice). */
  preferred(): ConsoleDevice;
  /** The loop has to come round, to put the input line back. */
  wake(): void;
  outOfMemory(): void;
  completions(line: string): Completion | undefined;
  /** `JS_VERSION` and the board's name. */
  readonly identity: string;
}

/** What of the console outlives a run of the interpreter; less of it after `reset()` than after `load()`. */
export interface ConsoleState {
  readonly device: ConsoleDevice;
  readonly forced: boolean;
  readonly locked: boolean;
  readonly echo: boolean;
}

/**
 * The console: where it is, what is typed there, and what is shown. On a board whose default console is Serial1, it moves
 * there one second after boot and on each BLE or USB disconnect, unless the device code has forced it to stay
 * (jsinteractive.c:229, bluetooth.c:1215).
 */
export class Console {
  device: ConsoleDevice = "Limbo";
  forced = false;
  /** `echo(0)`. */
  private echoOff = false;
  private quiet = false;
  private isLocked = false;
  private password: string | undefined;
  /** Ctrl-C has come; what has been typed is thrown away when the loop comes round. */
  private interrupted = false;
  private limbo = "";
  private alive = true;
  readonly line: InputLine;
  readonly packets: Packets;
  private readonly input: ConsoleInput;
  private readonly host: ConsoleHost;

  constructor(host: ConsoleHost) {
    this.host = host;
    this.line = new InputLine(this);
    this.packets = new Packets({ ...host, put: (text) => this.put(text) });
    this.input = new ConsoleInput(this);
  }

  // ---- echo and lock

  get echo(): boolean {
    return !this.echoOff && !this.quiet;
  }

  set echo(on: boolean) {
    this.echoOff = !on;
  }

  get quietLine(): boolean {
    return this.quiet;
  }

  get packetBytes(): string | undefined {
    return this.packets.active ? this.packets.content : undefined;
  }

  full(): void {
    this.host.outOfMemory();
  }

  setQuietLine(quiet: boolean): void {
    this.quiet = quiet;
  }

  get locked(): boolean {
    return this.isLocked;
  }

  get identity(): string {
    return this.host.identity;
  }

  /** `E.setPassword`. */
  setPassword(password: string | undefined): void {
    this.password = password;
  }

  /** `E.lockConsole`. */
  lock(): void {
    if (this.password !== undefined) this.isLocked = true;
  }

  unlock(password: string): boolean {
    // reset() forgets the password and not the lock: nothing opens it then.
    if (this.password !== undefined && password === this.password) this.isLocked = false;
    return !this.isLocked;
  }

  // ---- from run to run

  get state(): ConsoleState {
    return { device: this.device, forced: this.forced, locked: this.isLocked, echo: !this.echoOff };
  }

  /** `load()` goes on with everything, `reset()` and `load(file)` only with the place and the lock (jsiSemiInit). */
  resume(state: ConsoleState, whole: boolean): void {
    this.device = state.device;
    this.isLocked = state.locked;
    if (!whole) return;
    this.forced = state.forced;
    this.echoOff = !state.echo;
    this.line.removed = true;
  }

  /** What the interpreter says when it has started. */
  greet(): void {
    if (!this.echo) return;
    this.put(`${BANNER}\r\n`);
    this.line.removed = true;
  }

  stop(): void {
    this.packets.stop();
    this.alive = false;
  }

  // ---- where it is

  set(device: ConsoleDevice, force: boolean): void {
    this.forced = force;
    this.move(device);
  }

  private move(device: ConsoleDevice): void {
    const from = this.device;
    if (device === from) return;
    this.host.opened(device);
    const speaks = this.echo && from !== "Limbo";
    if (speaks) {
      this.line.remove();
      this.put(`-> ${device ?? ""}\r\n`);
    }
    this.device = device;
    if (from === "Limbo") this.releaseLimbo();
    if (!speaks) return;
    this.put(`<- ${from ?? ""}\r\n`);
    this.host.wake();
  }

  /** One second after boot: only a console that is still nowhere moves. */
  settle(): void {
    if (this.device !== "Limbo") return;
    this.device = this.host.preferred();
    this.host.opened(this.device);
    this.releaseLimbo();
    this.announceTakeover();
  }

  /** A BLE or USB connection has ended. */
  disconnected(device: "USB" | "Bluetooth"): void {
    if (this.device !== device) return;
    if (device === "Bluetooth") this.line.clear(false);
    const preferred = this.host.preferred();
    if (this.forced || this.device === preferred) return;
    this.move(preferred);
    this.announceTakeover();
  }

  connected(device: "USB" | "Bluetooth"): void {
    if (this.forced) return;
    if (device === "Bluetooth") this.line.clear(false);
    else if (this.device === "Limbo") return;
    this.move(device);
  }

  private announceTakeover(): void {
    if (this.device === "Serial1" || this.device === "Serial2") this.host.takeover(this.device);
  }

  private releaseLimbo(): void {
    const text = this.limbo;
    this.limbo = "";
    if (text !== "" && this.isSerial) this.host.transmit(this.device as string, text);
  }

  private get isSerial(): boolean {
    return this.device !== null && this.device !== "Limbo";
  }

  // ---- output

  /** Bytes to wherever the console is, as they are. */
  put(text: string): void {
    if (!this.alive || text === "") return;
    if (this.device === "Limbo") this.limbo += text;
    else if (this.isSerial) this.host.transmit(this.device as string, text);
  }

  /**
   * What the device code prints, with `\n` at line ends, as jsiConsolePrintStringVar takes it: in place of the input line,
   * which comes back when the loop comes round.
   */
  print(text: string): void {
    if (!this.alive) return;
    this.takeLineOff();
    const lines = text.replaceAll("\n", "\r\n");
    this.host.text(lines);
    this.put(lines);
  }

  takeLineOff(): void {
    if (this.line.removed) return;
    this.line.remove();
    this.host.wake();
  }

  // ---- input

  /** In the interrupt, when the bytes arrive: Ctrl-C does not wait for its turn. */
  arrived(device: string, bytes: readonly number[]): void {
    if (device !== this.device || !bytes.includes(3)) return;
    if (!this.isLocked && !this.packets.active) this.interrupted = true;
  }

  completions(line: string): Completion | undefined {
    return this.host.completions(line);
  }

  forgetInterrupt(): void {
    this.interrupted = false;
  }

  /** Bytes from the device that is the console. */
  receive(text: string): void {
    const { device } = this;
    if (device === "Limbo") return;
    for (const char of text) {
      if (!this.alive) return;
      this.input.receive(char);
    }
  }

  execute(code: string): void {
    const shown = this.host.execute(code, this.device);
    if (!this.alive) return;
    if (code !== "" && this.echo) {
      this.line.remember(code);
      if (shown !== undefined) this.put(`=${shown.replaceAll("\n", "\r\n")}\r\n`);
    }
    this.quiet = false;
  }

  /** The loop has come round. */
  endPass(): void {
    if (this.interrupted && !this.packets.active) {
      this.interrupted = false;
      this.line.clear(true);
    }
    this.line.restore();
  }
}

/** jsinteractive.c:910: switches the terminal's line wrap off first. */
const BANNER = [
  "\x1b[?7l",
  " ____                 _ ",
  "|  __|___ ___ ___ _ _|_|___ ___ ",
  "|  __|_ -| . |  _| | | |   | . |",
  "|____|___|  _|_| |___|_|_|_|___|",
  "         |_| espruino.com",
  " 2v29 (c) 2026 G.Williams",
  "",
  "Espruino is Open Source. Our work is supported",
  "only by sales of official boards and donations:",
  "http://espruino.com/Donate",
  "",
].join("\r\n");
