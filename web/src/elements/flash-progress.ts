import { html, nothing, type TemplateResult } from "lit";
import { connector } from "../app.ts";
import { run } from "../flash-run.ts";
import {
  announcement,
  OUTCOME_WORDS,
  percent,
  STAGES,
  type Stage,
  stagesFor,
  stepState,
} from "../state/flash-state.ts";
import { bytes, hex32, rate, seconds } from "../state/format.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { problemNotice } from "./parts.ts";

type Running = Extract<typeof run.value, { kind: "running" }>;

/** How far a flash is: stage, bytes, rate, time left; and how it ended. */
class GodwitFlashProgress extends LightElement {
  private readonly run = this.watch(run);
  private readonly connection = this.watch(connector.state);

  private steps(current: Stage | "end"): TemplateResult {
    return html`<ol class="steps">
      ${stagesFor(current).map(({ id, label }) => {
        const state = current === "end" ? "done" : stepState(id, current);
        return html`<li class=${state} aria-current=${state === "current" ? "step" : nothing}>
          ${state === "done" ? icon("check") : html`<i></i>`}${label}${
            state === "done" ? html`<span class="visually-hidden"> (done)</span>` : nothing
          }
        </li>`;
      })}
    </ol>`;
  }

  private numbers({ progress }: Running): TemplateResult {
    const n = progress === undefined ? 0 : percent(progress);
    const left = progress?.leftS === undefined ? "–" : seconds(progress.leftS);
    return html`<div class="progress-head">
        <span class="number">${n}<small>%</small></span>
        <span class="muted">${STAGES.find(({ id }) => id === progress?.stage)?.says ?? "Starting"}</span>
      </div>
      <progress max="100" value=${n} aria-label="Upload"></progress>
      <dl class="readouts">
        <div><dt>Sent</dt><dd>${bytes(progress?.doneBytes ?? 0)} of ${bytes(progress?.totalBytes ?? 0)}</dd></div>
        <div><dt>Rate</dt><dd>${rate(progress?.bytesPerS ?? 0)}</dd></div>
        <div><dt>Left</dt><dd>${left}</dd></div>
        <div><dt>Resumed</dt><dd>${progress?.resumed ?? 0}×</dd></div>
      </dl>`;
  }

  private ended({ result, tookS }: Extract<typeof run.value, { kind: "done" }>): TemplateResult {
    const { title, says } = OUTCOME_WORDS[result.outcome];
    const isGood = result.outcome !== "trying";
    const sum = hex32(result.slots.slots[result.slot]?.crc32 ?? 0);
    return html`${this.steps("end")}
      <div class="notice ${isGood ? "good" : "warn"}" role="status">
        ${icon(isGood ? "check" : "info")}
        <div>
          <p><strong>${title}</strong></p>
          <p>${says}</p>
          <p class="small">
            ${bytes(result.bytes)} in slot ${"AB"[result.slot]}, checksum <code>${sum}</code> read back from the board, ${seconds(tookS)}
            in all${result.uploadMs > 0 ? `, ${rate((result.bytes * 1000) / result.uploadMs)} while sending` : ""}${
              result.resumed > 0 ? `, resumed ${result.resumed}×` : ""
            }.
          </p>
        </div>
      </div>`;
  }

  private content(): TemplateResult {
    const { value } = this.run;
    switch (value.kind) {
      case "idle":
        return html`<p class="muted">
          Pick an image, connect a board, press Flash. A link that is lost in the middle is made again, and the upload goes on
          where it was.
        </p>`;
      case "running": {
        const isWaiting = this.connection.value.kind !== "connected";
        return html`${this.steps(value.progress?.stage ?? "look")} ${this.numbers(value)}
          ${isWaiting ? html`<p class="refusal">${icon("warn")}The link is gone; it goes on by itself when it is back.</p>` : nothing}
          <p class="visually-hidden" role="status">${value.progress === undefined ? "" : announcement(value.progress)}</p>`;
      }
      case "done":
        return this.ended(value);
      case "failed":
        return problemNotice(value.problem, "Not flashed");
      case "cancelled":
        return html`<div class="notice" role="status">
          ${icon("info")}
          <div>
            <p><strong>Cancelled</strong></p>
            <p>What ran before still does. The half that was sent is never started.</p>
          </div>
        </div>`;
    }
  }

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="progress-title">
      <header><h2 id="progress-title">Progress</h2></header>
      ${this.content()}
    </section>`;
  }
}

customElements.define("godwit-flash-progress", GodwitFlashProgress);
