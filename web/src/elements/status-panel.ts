import { html, nothing, type TemplateResult } from "lit";
import type { ExplainedFailure, LadderStep, StatusRow, TlsCell, Verdict } from "../../../tools/status/explain.ts";
import { signalQuality } from "../../../tools/status/signal.ts";
import { connector } from "../app.ts";
import { clockTime } from "../state/format.ts";
import { type Reading, reading, statusProblem } from "../status-run.ts";
import "./memory-chart.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { badge, connectButton, emptyState, explanation, panelHead, problemNotice, type Tone } from "./parts.ts";

const TONES: Readonly<Record<Verdict, Tone>> = { good: "good", info: "none", warning: "warn", fault: "bad" };
const ANSWERS = { yes: "yes", no: "no", unproved: "unproved", unknown: "?" } as const;
const STEP_WORDS = { reached: "reached", here: "here now", failed: "failed", ahead: "not yet" } as const;

/** What the rows are grouped by, in the order of the page; what is in none of them stands in the last. */
const GROUPS: readonly { readonly title: string; readonly ids: readonly string[] }[] = [
  { title: "Network", ids: ["registration", "signal", "ip"] },
  { title: "Clock", ids: ["clock", "time", "rtc", "drift", "uptime"] },
  { title: "MQTT", ids: ["mqtt", "connects", "rungs", "queued", "outbox"] },
  { title: "Board", ids: [] },
];

/** How far the link is, and how the board is. */
class GodwitStatus extends LightElement {
  private readonly connection = this.watch(connector.state);
  private readonly reading = this.watch(reading);
  private readonly problem = this.watch(statusProblem);

  private step({ state, says, mark }: LadderStep): TemplateResult {
    return html`<li class=${mark} aria-current=${mark === "here" ? "step" : "false"}>
      <span class="ladder-dot" aria-hidden="true">${mark === "reached" || mark === "here" ? icon("check") : mark === "failed" ? icon("cross") : nothing}</span>
      <strong>${state}</strong>
      <span class="small muted">${says}</span>
      <span class="visually-hidden">${STEP_WORDS[mark]}</span>
    </li>`;
  }

  private row({ label, value, verdict, hint }: StatusRow): TemplateResult {
    const isMarked = verdict === "warning" || verdict === "fault";
    return html`<div>
      <dt>${label}</dt>
      <dd>
        ${isMarked ? html`<span class="mark ${TONES[verdict]}">${icon("warn")}<span class="visually-hidden">${verdict}: </span></span>` : nothing}${value}
        ${hint === undefined ? nothing : html`<span class="small muted hint">${hint}</span>`}
      </dd>
    </div>`;
  }

  private bars({ view }: Reading): TemplateResult | typeof nothing {
    if (view.signal === undefined || view.signal.rat === "NOSERVICE") return nothing;
    const { bars } = signalQuality(view.signal);
    return html`<span class="bars" aria-hidden="true">${[1, 2, 3, 4].map((n) => html`<i class=${n <= bars ? "on" : ""}></i>`)}</span>`;
  }

  private groups(now: Reading): TemplateResult[] {
    const named = new Set(GROUPS.flatMap(({ ids }) => ids));
    return GROUPS.map(({ title, ids }) => {
      const rows = now.report.rows.filter(({ id }) => (ids.length > 0 ? ids.includes(id) : !named.has(id)));
      if (rows.length === 0) return html``;
      return html`<section class="card" aria-label=${title}>
        <header><h2>${title}</h2>${title === "Network" ? this.bars(now) : nothing}</header>
        <dl class="facts">${rows.map((row) => this.row(row))}</dl>
      </section>`;
    });
  }

  private tls(cells: readonly TlsCell[], version: string | undefined): TemplateResult {
    return html`<section class="card" aria-labelledby="tls-title">
      <header>
        <h2 id="tls-title">What this modem’s TLS enforces</h2>
        ${version === undefined ? nothing : html`<span class="muted">up to TLS ${version}</span>`}
      </header>
      <ul class="tls-row">
        ${cells.map(
          ({ label, answer, verdict, says }) => html`<li>
            <strong>${label}</strong> ${badge(TONES[verdict], ANSWERS[answer])}
            <p class="small muted">${says}</p>
          </li>`,
        )}
      </ul>
    </section>`;
  }

  private failure(title: string, failed: ExplainedFailure | undefined): TemplateResult | typeof nothing {
    if (failed === undefined) return nothing;
    const { code, cause, command, reason } = failed.failure;
    const details = [cause && `cause ${cause}`, command, reason].filter((part) => part !== undefined && part !== "");
    return html`<section class="card" aria-label=${title}>
      <header>
        <h2>${title}: <code>${code}</code></h2>
        ${failed.isPresent ? badge("bad", "now") : badge("none", "over")}
      </header>
      ${details.length > 0 ? html`<p class="mono">${details.join("  ")}</p>` : nothing}
      ${
        failed.isPresent
          ? explanation(code)
          : html`<details>
              <summary>What it meant</summary>
              ${explanation(code)}
            </details>`
      }
    </section>`;
  }

  private content(now: Reading): TemplateResult {
    const { report, view } = now;
    return html`
      <section class="card" aria-labelledby="ladder-title">
        <header>
          <h2 id="ladder-title">${report.summary}</h2>
          <span class="small muted">read at ${clockTime(view.atMs).slice(0, 8)}</span>
        </header>
        <p class="visually-hidden" role="status">${report.summary}</p>
        <ol class="ladder">
          ${report.ladder.map((step) => this.step(step))}
        </ol>
      </section>
      <div class="grid two">
        <div class="grid side">${this.failure("Failure", report.error)} ${this.failure("Configuration", report.config)} ${this.groups(now)}</div>
        <div class="grid side">
          <section class="card" aria-labelledby="memory-title">
            <header>
              <h2 id="memory-title">Variables in use</h2>
              ${view.memory === undefined ? nothing : html`<span class="muted">${view.memory.used.toLocaleString("en-US")} of ${view.memory.total.toLocaleString("en-US")}</span>`}
            </header>
            <godwit-memory></godwit-memory>
          </section>
          ${this.tls(report.tls, view.tls.maxVersion)}
          ${
            view.crashes?.last === undefined
              ? nothing
              : html`<section class="card" aria-labelledby="crash-title">
                  <header><h2 id="crash-title">Newest exception that was caught</h2></header>
                  <pre class="crash" tabindex="0">${view.crashes.last}</pre>
                </section>`
          }
        </div>
      </div>
    `;
  }

  private empty(): TemplateResult {
    const { kind } = this.connection.value;
    return html`<section class="card" aria-label="Status">
      ${
        kind === "disconnected"
          ? emptyState(
              "status",
              "No board is connected",
              "Connect one to see how far its link is, and why no further.",
              connectButton(),
            )
          : emptyState("status", "Asking the board…", "The first answer comes in a moment.")
      }
    </section>`;
  }

  protected override render(): TemplateResult {
    const now = this.reading.value;
    return html`
      ${panelHead(
        "Status",
        "How far the link is, why no further, and what the board has left.",
        now === undefined ? nothing : badge(TONES[now.report.verdict], now.view.link.state ?? "no firmware"),
      )}
      ${this.problem.value === undefined ? nothing : problemNotice(this.problem.value, "The board did not answer")}
      <div class="grid">${now === undefined ? this.empty() : this.content(now)}</div>
    `;
  }
}

customElements.define("godwit-status", GodwitStatus);
