import { html, nothing, type TemplateResult } from "lit";
import type { TraceEvent } from "../../../tools/trace/event.ts";
import { exportTrace } from "../../../tools/trace/export.ts";
import { connector } from "../app.ts";
import { clockTime, count } from "../state/format.ts";
import { CHIPS, EVERYTHING, filtered, KIND_WORDS, type ViewFilter, visible } from "../state/trace-view.ts";
import { reading } from "../status-run.ts";
import { clearTrace, isTracing, log, revision, setTracing, traceProblem } from "../trace-run.ts";
import { openExplanation } from "./explain-sheet.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { connectButton, download, emptyState, panelHead, problemNotice } from "./parts.ts";

const DIRECTION = { out: ["→", "from the board"], in: ["←", "to the board"], none: ["·", "remark"] } as const;

/** AT commands, answers and MQTT packets with what they mean. */
class GodwitTrace extends LightElement {
  private readonly connection = this.watch(connector.state);
  private readonly revision = this.watch(revision);
  private readonly tracing = this.watch(isTracing);
  private readonly problem = this.watch(traceProblem);
  private filter: ViewFilter = EVERYTHING;
  /** What is shown while it stands still. */
  private frozen: readonly TraceEvent[] | undefined;
  private follows = true;
  private rowHeight = 0;

  constructor() {
    super();
    // The panel was hidden, and had neither height nor a place to scroll to.
    addEventListener("resize", () => this.requestUpdate());
  }

  private change(filter: Partial<ViewFilter>): void {
    this.filter = { ...this.filter, ...filter };
    this.requestUpdate();
  }

  private toggleChip(id: string): void {
    const chips = new Set(this.filter.chips);
    if (!chips.delete(id)) chips.add(id);
    this.change({ chips });
  }

  private pause(): void {
    this.frozen = this.frozen === undefined ? [...log.events] : undefined;
    this.follows = this.frozen === undefined;
    this.requestUpdate();
  }

  private save(): void {
    const { value } = this.connection;
    const board = value.kind === "connected" ? value.board : undefined;
    const atMs = Date.now();
    const name = `godwit-trace-${new Date(atMs).toISOString().slice(0, 19).replaceAll(":", "")}.txt`;
    download(
      name,
      exportTrace(filtered(log.events, this.filter), {
        board: board?.board,
        interpreter: board?.version,
        firmware: reading.value?.view.firmware,
        atMs,
      }),
    );
  }

  private actions(): TemplateResult {
    const isConnected = this.connection.value.kind === "connected";
    const isOn = this.tracing.value;
    return html`
      <button class="button ${isOn ? "" : "primary"}" type="button" ?disabled=${!isConnected} @click=${() => void setTracing(!isOn)}>
        ${icon(isOn ? "stop" : "play")}${isOn ? "Stop" : "Start"}
      </button>
      <button class="button" type="button" aria-pressed=${this.frozen !== undefined} @click=${this.pause}>
        ${icon(this.frozen === undefined ? "pause" : "play")}${this.frozen === undefined ? "Pause" : "Go on"}
      </button>
      <button class="button" type="button" ?disabled=${log.events.length === 0} @click=${this.save}>${icon("save")}Export</button>
      <button class="button" type="button" ?disabled=${log.events.length === 0} @click=${clearTrace}>Clear</button>
    `;
  }

  private filters(): TemplateResult {
    const chip = (label: string, isOn: boolean, toggle: () => void) =>
      html`<button class="chip" type="button" aria-pressed=${isOn} @click=${toggle}>${label}</button>`;
    return html`<div class="row trace-filters" role="group" aria-label="What is shown">
      ${CHIPS.map(({ id, label }) => chip(label, this.filter.chips.has(id), () => this.toggleChip(id)))}
      <span class="divider" aria-hidden="true"></span>
      ${chip("Faults only", this.filter.faultsOnly, () => this.change({ faultsOnly: !this.filter.faultsOnly }))}
      <label class="visually-hidden" for="trace-search">Search</label>
      <input
        class="field"
        id="trace-search"
        type="search"
        placeholder="Search text and meaning"
        @input=${(event: Event) => {
          if (event.target instanceof HTMLInputElement) this.change({ search: event.target.value });
        }}
      />
    </div>`;
  }

  private row(event: TraceEvent): TemplateResult {
    const { atMs, direction, kind, text, meaning, severity, code } = event;
    const [sign, words] = DIRECTION[direction ?? "none"];
    const speaks = meaning !== undefined || code !== undefined;
    return html`<tr class="${severity} ${kind}">
      <td class="when">${clockTime(atMs)}</td>
      <td class="way"><span aria-hidden="true">${sign}</span><span class="visually-hidden">${words}</span></td>
      <td class="kind">${KIND_WORDS[kind]}</td>
      <td class="what" title=${text} colspan=${speaks ? 1 : 2}><code>${text}</code></td>
      ${speaks ? this.meaning(event) : nothing}
    </tr>`;
  }

  private meaning({ meaning = "", code, severity }: TraceEvent): TemplateResult {
    return html`<td class="meaning" title=${meaning}>
      ${severity === "fault" ? html`${icon("warn")}<span class="visually-hidden">fault: </span>` : nothing}${
        code === undefined
          ? nothing
          : html`<button class="code-link" type="button" @click=${() => openExplanation(code)}>${code}</button> `
      }${meaning}
    </td>`;
  }

  private table(rows: readonly TraceEvent[]): TemplateResult {
    const frame = this.querySelector<HTMLElement>(".trace-scroll");
    const height = frame?.clientHeight ?? 600;
    const top = this.follows ? Math.max(0, rows.length * this.rowHeight - height) : (frame?.scrollTop ?? 0);
    const { from, to } = visible(rows.length, top, height, this.rowHeight);
    const spacer = (n: number) =>
      n > 0
        ? html`<tr class="spacer" aria-hidden="true" style="height:${n * this.rowHeight}px"><td colspan="5"></td></tr>`
        : nothing;
    return html`<div class="trace-scroll" tabindex="0" role="region" aria-label="Trace" @scroll=${this.scrolled}>
      <table class="trace-table" aria-rowcount=${rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col"><span class="visually-hidden">Direction</span></th>
            <th scope="col">Kind</th>
            <th scope="col">Text</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          ${spacer(from)}${rows.slice(from, to).map((event) => this.row(event))}${spacer(rows.length - to)}
        </tbody>
      </table>
    </div>`;
  }

  private scrolled(event: Event): void {
    const frame = event.target;
    if (!(frame instanceof HTMLElement) || frame.clientHeight === 0) return;
    this.follows = this.frozen === undefined && frame.scrollTop + frame.clientHeight > frame.scrollHeight - 40;
    this.requestUpdate();
  }

  protected override updated(): void {
    const frame = this.querySelector<HTMLElement>(".trace-scroll");
    const height = frame?.querySelector<HTMLElement>("tbody tr:not(.spacer)")?.offsetHeight ?? 0;
    if (height > 0 && height !== this.rowHeight) {
      this.rowHeight = height;
      this.requestUpdate();
    }
    if (this.follows && frame !== null) frame.scrollTop = frame.scrollHeight;
  }

  private empty(): TemplateResult {
    if (this.connection.value.kind === "disconnected") {
      return emptyState("trace", "No board is connected", "Connect one, then start the trace.", connectButton());
    }
    if (!this.tracing.value) {
      return emptyState(
        "trace",
        "The trace is off",
        "Start it, and every AT command and MQTT packet stands here with its meaning.",
      );
    }
    return emptyState(
      "trace",
      "Nothing so far",
      "A board that is connected and idle says nothing: its keep alive comes after minutes.",
    );
  }

  protected override render(): TemplateResult {
    const rows = filtered(this.frozen ?? log.events, this.filter);
    const total = log.events.length;
    return html`
      ${panelHead(
        "Trace",
        "What board and modem say to each other, decoded. Passwords, PINs and keys are masked before they get here.",
        this.actions(),
      )}
      ${this.problem.value === undefined ? nothing : problemNotice(this.problem.value, "The trace could not be switched")}
      <section class="card trace-card" aria-label="Events">
        ${this.filters()} ${total === 0 ? this.empty() : this.table(rows)}
        <footer class="small muted" data-revision=${this.revision.value}>
          ${rows.length === total ? count(total, "event") : `${rows.length.toLocaleString("en-US")} of ${count(total, "event")}`}${
            log.dropped > 0 ? `, ${log.dropped.toLocaleString("en-US")} older ones let go` : ""
          }${this.frozen === undefined ? "" : "; paused, the rest is still collected"}
        </footer>
      </section>
    `;
  }
}

customElements.define("godwit-trace", GodwitTrace);
