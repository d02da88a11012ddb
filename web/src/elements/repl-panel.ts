import { html, nothing, type TemplateResult } from "lit";
import { connector, explain, image } from "../app.ts";
import { attachTerminal, interrupt, isPasting, replProblem, seen, send, showsTrace, typed } from "../repl-run.ts";
import { createHistory } from "../state/history.ts";
import { theme } from "../theme.ts";
import { isTracing } from "../trace-run.ts";
import { openExplanation } from "./explain-sheet.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { connectButton, emptyState, panelHead, problemNotice } from "./parts.ts";
import type { TerminalView } from "./terminal.ts";

/** The interpreter's console, with stack traces in TypeScript and codes in words. */
class GodwitRepl extends LightElement {
  private readonly connection = this.watch(connector.state);
  private readonly seen = this.watch(seen);
  private readonly problem = this.watch(replProblem);
  private readonly pasting = this.watch(isPasting);
  private readonly image = this.watch(image);
  private readonly tracing = this.watch(isTracing);
  private readonly showsTrace = this.watch(showsTrace);
  private readonly history = createHistory();
  private terminal: TerminalView | undefined;
  private isLoading = false;
  private copied = "";

  constructor() {
    super();
    theme.subscribe((next) => this.terminal?.setTheme(next));
    addEventListener("resize", () => {
      void this.load();
      this.terminal?.fit();
    });
  }

  /** Not before the panel is shown for the first time: the terminal is the largest part of this page. */
  private async load(): Promise<void> {
    const container = this.querySelector<HTMLElement>(".terminal");
    if (this.isLoading || container === null || container.clientWidth === 0) return;
    this.isLoading = true;
    const { createTerminal } = await import("./terminal.ts");
    const terminal = createTerminal(container, theme.value, {
      onInput: typed,
      isCode: (word) => explain(word) !== undefined,
      onCode: openExplanation,
      onPlace: (place) => void this.copy(place, place),
    });
    this.terminal = terminal;
    terminal.fit();
    attachTerminal((text) => terminal.write(text));
  }

  protected override updated(): void {
    void this.load();
  }

  private async copy(text: string, what: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.copied = `Copied ${what}`;
    } catch {
      this.copied = "This browser does not let the page copy";
    }
    this.requestUpdate();
  }

  private input(): HTMLTextAreaElement | null {
    return this.querySelector("textarea.compose");
  }

  private submit(): void {
    const field = this.input();
    if (field === null || field.value === "") return;
    this.history.add(field.value);
    void send(field.value);
    field.value = "";
    this.resizeInput();
  }

  /** One line high, and as many as there are. */
  private resizeInput(): void {
    const field = this.input();
    if (field !== null) field.rows = Math.min(8, field.value.split("\n").length);
  }

  private onKey(event: KeyboardEvent): void {
    const field = this.input();
    if (field === null) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
      return;
    }
    const isAtStart = event.key === "ArrowUp" && !field.value.slice(0, field.selectionStart).includes("\n");
    const isAtEnd = event.key === "ArrowDown" && !field.value.slice(field.selectionEnd).includes("\n");
    const line = isAtStart ? this.history.older(field.value) : isAtEnd ? this.history.newer() : undefined;
    if (line === undefined) return;
    event.preventDefault();
    field.value = line;
    this.resizeInput();
  }

  private traceChip(): TemplateResult | typeof nothing {
    if (!this.tracing.value) return nothing;
    return html`<button class="chip" type="button" aria-pressed=${this.showsTrace.value} @click=${() => showsTrace.update((on) => !on)}>
      Trace lines
    </button>`;
  }

  private actions(isConnected: boolean): TemplateResult {
    return html`
      ${this.traceChip()}
      <button class="button" type="button" ?disabled=${!isConnected} @click=${() => void interrupt()}>${icon("stop")}Interrupt</button>
      <button class="button" type="button" @click=${() => void this.copy(this.terminal?.text() ?? "", "all lines")}>
        ${icon("copy")}Copy all
      </button>
      <button class="button" type="button" @click=${() => this.terminal?.clear()}>Clear</button>
    `;
  }

  private noticed(): TemplateResult | typeof nothing {
    const entries = this.seen.value;
    if (entries.length === 0) return nothing;
    return html`<div class="noticed">
      <h2 class="small">Seen above</h2>
      <ul class="row">
        ${entries.map(
          ({ kind, text }) => html`<li>
            <button
              class="chip"
              type="button"
              title=${kind === "code" ? "What it means" : "Copy the place"}
              @click=${() => (kind === "code" ? openExplanation(text) : void this.copy(text, text))}
            >
              ${icon(kind === "code" ? "info" : "file")}<code>${text}</code>
            </button>
          </li>`,
        )}
      </ul>
    </div>`;
  }

  private compose(isConnected: boolean): TemplateResult {
    return html`<form
      class="compose-row"
      @submit=${(event: Event) => {
        event.preventDefault();
        this.submit();
      }}
    >
      <label class="visually-hidden" for="compose">Lines to send</label>
      <textarea
        class="compose mono"
        id="compose"
        rows="1"
        placeholder="godwit.status()"
        aria-describedby="compose-help"
        spellcheck="false"
        autocomplete="off"
        autocapitalize="off"
        ?disabled=${!isConnected}
        @keydown=${this.onKey}
        @input=${this.resizeInput}
      ></textarea>
      <button class="button primary" type="submit" ?disabled=${!isConnected}>${this.pasting.value ? "Sending…" : "Send"}</button>
    </form>`;
  }

  protected override render(): TemplateResult {
    const isConnected = this.connection.value.kind === "connected";
    const isBlank = this.connection.value.kind === "disconnected" && this.terminal === undefined;
    return html`
      ${panelHead(
        "REPL",
        "The interpreter’s console. Stack traces point to TypeScript, codes are explained.",
        this.actions(isConnected),
      )}
      ${this.problem.value === undefined ? nothing : problemNotice(this.problem.value, "Not sent")}
      <section class="card terminal-card" aria-label="Console">
        ${
          isBlank
            ? emptyState(
                "repl",
                "No board is connected",
                "Connect one, and what it prints stands here.",
                connectButton(),
              )
            : nothing
        }
        <div class="terminal" ?hidden=${isBlank}></div>
        ${this.compose(isConnected)}
      </section>
      ${this.noticed()}
      <p class="small muted spaced" id="compose-help">
        Enter sends, Shift+Enter makes a new line, arrow up and down bring back what was sent. Escape, then Tab leaves the
        terminal.
      </p>
      <p class="small muted" role="status">
        ${
          this.copied ||
          (this.image.value === undefined
            ? "For TypeScript lines pick the image on Flash that the board runs."
            : `Lines are looked up in ${this.image.value.image.board} ${this.image.value.image.version}.`)
        }
      </p>
    `;
  }
}

customElements.define("godwit-repl", GodwitRepl);
