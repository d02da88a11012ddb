/** xterm.js, dressed as this page; loaded when it is first shown. */
import { FitAddon } from "@xterm/addon-fit";
import { type ITheme, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { bytesOf } from "../../../tools/port/make-port.ts";
import type { Theme } from "../state/theme.ts";

export interface TerminalHooks {
  readonly onInput: (text: string) => void;
  /** Known codes are links. */
  readonly isCode: (word: string) => boolean;
  readonly onCode: (code: string) => void;
  readonly onPlace: (place: string) => void;
}

export interface TerminalView {
  write(bytes: string): void;
  clear(): void;
  text(): string;
  fit(): void;
  setTheme(theme: Theme): void;
}

const THEMES: Readonly<Record<Theme, ITheme>> = {
  light: {
    background: "#ffffff",
    foreground: "#16211f",
    cursor: "#0b6570",
    cursorAccent: "#ffffff",
    selectionBackground: "#bfe0e1",
    cyan: "#0b6570",
    red: "#a8203a",
    green: "#1b6b3a",
    yellow: "#80520a",
    brightBlack: "#53615f",
  },
  dark: {
    background: "#0c1315",
    foreground: "#e4ebeb",
    cursor: "#54c1c4",
    cursorAccent: "#0c1315",
    selectionBackground: "#1f4c50",
    cyan: "#54c1c4",
    red: "#f58a9b",
    green: "#6ccb8d",
    yellow: "#e3b25c",
    brightBlack: "#9badb0",
  },
};

const LINKS = /\b[A-Z]+(?:_[A-Z0-9]+)+\b|<- (?:perhaps )?([\w./-]+:\d+)/g;

function provideLinks(terminal: Terminal, { isCode, onCode, onPlace }: TerminalHooks): void {
  terminal.registerLinkProvider({
    provideLinks(y, give) {
      const line = terminal.buffer.active.getLine(y - 1)?.translateToString(true) ?? "";
      const links = [...line.matchAll(LINKS)].flatMap((match) => {
        const [text, place] = match;
        if (place === undefined && !isCode(text)) return [];
        const range = { start: { x: match.index + 1, y }, end: { x: match.index + text.length, y } };
        return [{ text, range, activate: () => (place === undefined ? onCode(text) : onPlace(place)) }];
      });
      give(links.length > 0 ? links : undefined);
    },
  });
}

export function createTerminal(container: HTMLElement, theme: Theme, hooks: TerminalHooks): TerminalView {
  const terminal = new Terminal({
    convertEol: true,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    fontFamily: getComputedStyle(container).getPropertyValue("--mono"),
    fontSize: 13,
    lineHeight: 1.35,
    minimumContrastRatio: 4.5,
    screenReaderMode: true,
    scrollback: 5000,
    theme: THEMES[theme],
  });
  const fitter = new FitAddon();
  terminal.loadAddon(fitter);
  terminal.open(container);
  terminal.onData(hooks.onInput);
  // A terminal must not be a trap: Escape and then Tab leaves it. The board is not told of the Escape: it would wait for the
  // rest of a sequence and swallow the next key.
  let wasEscape = false;
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown") return true;
    const leaves = event.key === "Tab" && wasEscape;
    if (event.key !== "Shift") wasEscape = event.key === "Escape";
    return !leaves && !wasEscape;
  });
  provideLinks(terminal, hooks);
  return {
    // As bytes: xterm reads them as UTF-8, also when a char is cut in two.
    write: (bytes) => terminal.write(bytesOf(bytes)),
    clear: () => terminal.reset(),
    text() {
      const { active } = terminal.buffer;
      const lines = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "");
      return `${lines.join("\n").trimEnd()}\n`;
    },
    fit: () => {
      if (container.clientWidth > 0) fitter.fit();
    },
    setTheme: (next) => {
      terminal.options.theme = THEMES[next];
    },
  };
}
