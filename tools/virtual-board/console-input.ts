import type { InputLine } from "./input-line.ts";
import type { Packets } from "./packets.ts";
import { type Completion, columns, commonPrefix } from "./tab-complete.ts";

/** jsinteractive.c, InputState, without the states of a packet, which Packets has. */
type State = "none" | "dle" | "escape" | "escape-O" | "escape-bracket" | "escape-number";

/** Passwords are taken up to this length; what comes behind it is lost (jsiHandleConsoleChar). */
const MAX_PASSWORD_CHARS = 20;
/** Keys of the numeric pad, `ESC O` and a letter. */
const KEYPAD: Readonly<Record<string, string>> = { o: "/", j: "*", m: "-", k: "+", M: "\r" };

export interface InputHost {
  readonly line: InputLine;
  readonly packets: Packets;
  readonly locked: boolean;
  readonly echo: boolean;
  put(text: string): void;
  /** True when this is the password; the console is open then. */
  unlock(password: string): boolean;
  setQuietLine(quiet: boolean): void;
  /** Ctrl-C that came before its turn is forgotten. */
  forgetInterrupt(): void;
  /** `Espruino 2v29 BOARD`. */
  readonly identity: string;
  execute(code: string): void;
  completions(line: string): Completion | undefined;
}

/** What the console does with one char (jsinteractive.c, jsiHandleConsoleChar), quirks included. */
export class ConsoleInput {
  private state: State = "none";
  private number = 0;

  private readonly host: InputHost;

  constructor(host: InputHost) {
    this.host = host;
  }

  receive(char: string): void {
    const { host } = this;
    if (host.locked) this.takePassword(char);
    else if (host.packets.active) {
      if (char === "\x03") host.forgetInterrupt();
      host.packets.receive(char);
    } else if (!this.takeControl(char)) this.takeKey(char);
  }

  private takePassword(char: string): void {
    const { host } = this;
    const { line } = host;
    if (char !== "\r" && char !== "\n") {
      if (line.text.length < MAX_PASSWORD_CHARS) line.appendHidden(char);
      return;
    }
    const opened = host.unlock(line.text);
    line.clear(false);
    if (opened) {
      host.put("\r\n  Logged in.\r\n");
      line.removed = true;
      line.restore();
    } else host.put("\r\n  Invalid password\r\npassword>");
  }

  /** Chars that mean the same wherever they stand, also within an escape sequence. */
  private takeControl(char: string): boolean {
    const { host } = this;
    if (char === "\0") this.state = "none";
    else if (char === "\x01") this.startPacket();
    else if (char === "\x03") return true;
    else if (char === "\x05") {
      if (host.line.isEmpty) host.put(`${host.identity}\r\n`);
    } else if (char === "\x10") {
      if (host.line.isEmpty) host.setQuietLine(true);
      this.state = "dle";
    } else if (char === "\x1b") this.state = "escape";
    else return false;
    return true;
  }

  private startPacket(): void {
    if (this.state !== "dle") return;
    this.state = "none";
    // The DLE has switched the echo off for a line that is none.
    this.host.setQuietLine(false);
    this.host.packets.start();
  }

  private takeKey(char: string): void {
    const { state } = this;
    this.state = "none";
    if (state === "escape") this.takeEscape(char);
    else if (state === "escape-O") this.takeKeypad(char);
    else if (state === "escape-bracket") this.takeBracket(char);
    else if (state === "escape-number") this.takeNumber(char);
    else this.takeText(char);
  }

  private takeEscape(char: string): void {
    if (char === "O") this.state = "escape-O";
    else if (char === "[") this.state = "escape-bracket";
    else if (char === "\n") this.enter(false);
  }

  private takeKeypad(char: string): void {
    const { line } = this.host;
    if (char === "F") line.end();
    else if (char === "H") line.home();
    else {
      const key = KEYPAD[char];
      if (key !== undefined) this.receive(key);
    }
  }

  private takeBracket(char: string): void {
    const { line } = this.host;
    if (/[0-9]/.test(char)) {
      this.number = Number(char);
      this.state = "escape-number";
    } else if (char === "D") line.left();
    else if (char === "C") line.right();
    else if (char === "A") line.vertical(-1);
    else if (char === "B") line.vertical(1);
    else if (char === "F") line.end();
    else if (char === "H") line.home();
  }

  private takeNumber(char: string): void {
    const { line } = this.host;
    if (/[0-9]/.test(char)) {
      this.number = (10 * this.number + Number(char)) & 0xffff;
      this.state = "escape-number";
    } else if (char === "H") {
      if (this.number === 2) line.clear(true);
    } else if (char === "~") {
      if (this.number === 1) line.home();
      else if (this.number === 3) line.delete(false);
      else if (this.number === 4) line.end();
      else if (this.number === 5) line.page(false);
      else if (this.number === 6) line.page(true);
    }
  }

  private takeText(char: string): void {
    const { line } = this.host;
    if (char === "\b" || char === "\x7f") line.delete(true);
    // `\r\n` is two line ends: the state that should have skipped the second is lost before it is looked at.
    else if (char === "\r" || char === "\n") this.enter(true);
    else if (char === "\t" && this.host.echo) this.complete();
    else if (char === "\t") line.insert("    ");
    else if (char >= " ") line.insert(char);
  }

  private complete(): void {
    const { host } = this;
    const found = host.completions(host.line.beforeCursor);
    if (found === undefined || found.names.length === 0) return;
    const { names, typed } = found;
    if (names.length > 1) host.line.showBelow(columns(names));
    const more = commonPrefix(names).slice(typed.length);
    if (more !== "") host.line.insert(more);
  }

  private enter(mayExecute: boolean): void {
    const code = this.host.line.newLine(mayExecute);
    if (code !== undefined) this.host.execute(code);
  }
}
