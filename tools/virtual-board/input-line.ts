import { isComplete } from "./brackets.ts";

/** What the input line needs of the console that shows it. */
export interface Screen {
  /** Bytes as they are. */
  put(text: string): void;
  /** Neither `echo(0)` nor a line that began with DLE. */
  readonly echo: boolean;
  readonly locked: boolean;
  /** This line began with DLE. */
  readonly quietLine: boolean;
  /** The bytes of a packet that is coming in, which stand in the line's place meanwhile. */
  readonly packetBytes: string | undefined;
  /** There is no memory for more of the line. */
  full(): void;
}

const ESC = "\x1b";
/** Longer lines do not go into the history (jsiHistoryAddLine). */
const MAX_HISTORY_CHARS = 500;
/** About what fits into 12,500 JsVars of 14 bytes, 12 of them chars. */
const MAX_LINE_CHARS = 140_000;

interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * The line that is being typed, with its cursor and the history, and what of it is on the terminal: the functions of
 * jsinteractive.c that are called there jsiHandle... and jsiConsole..., byte for byte.
 */
export class InputLine {
  text = "";
  /** Not on the terminal at present, since something was printed; put back when the loop comes round. */
  removed = false;
  private cursor = 0;
  private history: string[] = [];
  /** The entry of the history that the line is, until it is edited. */
  private recalled: number | undefined;

  private readonly screen: Screen;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  get isEmpty(): boolean {
    return this.text === "";
  }

  private get isShown(): boolean {
    return this.screen.echo && !this.removed && !this.screen.locked;
  }

  private show(text: string): void {
    if (this.isShown) this.screen.put(text);
  }

  // ---- as a whole

  /** jsiConsoleRemoveInputLine: takes it off the terminal, so that something can be printed. */
  remove(): void {
    if (this.removed) return;
    this.removed = true;
    if (!this.screen.echo) return;
    this.move(this.position(this.cursor), { line: 1, column: 1 });
    this.screen.put(`\r${ESC}[J`);
  }

  /** jsiConsoleReturnInputLine. */
  restore(): void {
    if (!this.removed) return;
    this.removed = false;
    const { echo, locked } = this.screen;
    if (!echo) return;
    const text = this.screen.packetBytes ?? this.text;
    this.screen.put(`${locked ? "password" : ""}>${withPrompts(text)}`);
    this.move(this.position(text.length), this.position(this.cursor));
  }

  /** jsiClearInputLine. */
  clear(onTerminal: boolean): void {
    if (this.isEmpty) return;
    if (onTerminal) this.remove();
    this.replace("", 0);
  }

  private replace(text: string, cursor: number): void {
    this.text = text;
    this.cursor = cursor;
    this.recalled = undefined;
  }

  /** Without any echo and without the cursor: a password. */
  appendHidden(char: string): void {
    this.text += char;
  }

  // ---- editing

  insert(text: string): void {
    if (this.text.length + text.length > MAX_LINE_CHARS) {
      this.screen.full();
      return;
    }
    const { cursor } = this;
    if (cursor === this.text.length) {
      this.replace(this.text + text, cursor + text.length);
      this.show(text);
      return;
    }
    const before = this.text.slice(0, cursor);
    const after = this.text.slice(cursor);
    this.replace(before + text + after, cursor + text.length);
    this.show(this.restOfLine(cursor) + text);
  }

  /** The text from `from` to the end of its line, a blank over what was there before, and back again. */
  private restOfLine(from: number): string {
    const end = this.text.indexOf("\n", from);
    const rest = this.text.slice(from, end < 0 ? this.text.length : end);
    return `${rest} ${"\b".repeat(rest.length + 1)}`;
  }

  delete(backwards: boolean): void {
    const at = backwards ? this.cursor - 1 : this.cursor;
    if (at < 0 || at >= this.text.length) return;
    const isNewline = this.text[at] === "\n";
    if (isNewline && this.isShown) {
      this.screen.put(`${ESC}[J`);
      if (backwards) {
        this.screen.put("\b ");
        this.move(this.position(this.cursor), this.position(this.cursor - 1));
      }
    }
    this.replace(this.text.slice(0, at) + this.text.slice(at + 1), at);
    if (!this.isShown) return;
    if (isNewline) {
      this.screen.put(withPrompts(this.text.slice(at)));
      this.move(this.position(this.text.length), this.position(at));
    } else this.screen.put((backwards ? "\b" : "") + this.restOfLine(at));
  }

  /** `\n` in the text: the line is executed by the caller when this gives its code, else it goes on. */
  newLine(mayExecute: boolean): string | undefined {
    if (this.text.slice(this.cursor).trim() !== "") {
      this.splitLine();
      return undefined;
    }
    if (!mayExecute || !isComplete(this.text)) {
      this.show("\r\n:");
      // At the end of the text, wherever the cursor stands in blanks before it (jsiAppendToInputLine).
      this.replace(`${this.text}\n`, this.cursor + 1);
      return undefined;
    }
    this.show("\r\n");
    if (!this.screen.quietLine) this.removed = true;
    const code = this.text.replace(/ +$/, "").replace(/ +(?=\n)/g, "");
    this.clear(false);
    return code;
  }

  private splitLine(): void {
    const { cursor } = this;
    this.show(`${ESC}[J`);
    this.replace(`${this.text.slice(0, cursor)}\n${this.text.slice(cursor)}`, cursor);
    if (this.isShown) {
      this.screen.put(withPrompts(this.text.slice(cursor)));
      this.move(this.position(this.text.length), this.position(cursor + 1));
    }
    this.cursor++;
  }

  /** The text in front of the cursor. */
  get beforeCursor(): string {
    return this.text.slice(0, this.cursor);
  }

  /** Something below the line, which is then typed again under it. */
  showBelow(text: string): void {
    this.move(this.position(this.cursor), this.position(this.text.length));
    this.removed = true;
    this.screen.put(`\r\n\r\n${text}\r\n`);
    this.restore();
  }

  // ---- moving

  left(): void {
    if (this.cursor === 0 || this.text[this.cursor - 1] === "\n") return;
    this.cursor--;
    this.show(`${ESC}[D`);
  }

  right(): void {
    if (this.cursor >= this.text.length || this.text[this.cursor] === "\n") return;
    this.cursor++;
    this.show(`${ESC}[C`);
  }

  home(): void {
    while (this.cursor > 0 && this.text[this.cursor - 1] !== "\n") {
      this.show("\b");
      this.cursor--;
    }
  }

  end(): void {
    for (let char = this.text[this.cursor]; char !== undefined && char !== "\n"; char = this.text[this.cursor]) {
      this.show(char);
      this.cursor++;
    }
  }

  /** Page Up and Page Down move the terminal's cursor even where there is no echo. */
  page(down: boolean): void {
    const from = this.position(this.cursor);
    this.cursor = down ? this.text.length : 0;
    this.move(from, this.position(this.cursor));
  }

  vertical(step: 1 | -1): void {
    if ((this.text === "" || this.recalled !== undefined) && this.cursor === this.text.length) this.recall(step);
    else this.moveLines(step);
  }

  private moveLines(step: 1 | -1): void {
    const from = this.position(this.cursor);
    const lines = this.text.split("\n").length;
    const line = Math.min(lines, Math.max(1, from.line + step));
    this.cursor = this.indexOf(line, from.column);
    if (this.isShown) this.move(from, this.position(this.cursor));
  }

  // ---- history

  remember(line: string): void {
    if (line === "" || line.length > MAX_HISTORY_CHARS) return;
    this.history = [...this.history.filter((known) => known !== line), line];
  }

  private recall(step: 1 | -1): void {
    const index = this.recalled === undefined ? (step < 0 ? this.history.length - 1 : -1) : this.recalled + step;
    const found = this.history[index];
    if (found === undefined && step < 0) return;
    if (this.isShown) {
      this.move(this.position(this.cursor), { line: 1, column: 1 });
      this.screen.put(`${ESC}[J${withPrompts(found ?? "")}`);
    }
    this.replace(found ?? "", found?.length ?? 0);
    if (found !== undefined) this.recalled = index;
  }

  // ---- the terminal's cursor

  private position(index: number): Position {
    const before = (this.screen.packetBytes ?? this.text).slice(0, index);
    const line = before.split("\n").length;
    return { line, column: before.length - before.lastIndexOf("\n") };
  }

  /** jsvGetIndexFromLineAndCol. */
  private indexOf(line: number, column: number): number {
    const lines = this.text.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    return start + Math.min(column - 1, (lines[line - 1] ?? "").length);
  }

  private move(from: Position, to: Position): void {
    const across = to.column - from.column;
    const down = to.line - from.line;
    this.screen.put(`${ESC}[C`.repeat(Math.max(0, across)) + `${ESC}[D`.repeat(Math.max(0, -across)));
    this.screen.put(`${ESC}[B`.repeat(Math.max(0, down)) + `${ESC}[A`.repeat(Math.max(0, -down)));
  }
}

/** Each further line with the `:` in front that it had when it was typed. */
function withPrompts(text: string): string {
  return text.replaceAll("\n", "\r\n:");
}
