import { html, nothing, type TemplateResult } from "lit";
import { MAX_CODE, type SlotView } from "../../../tools/flash/layout.ts";
import { connector } from "../app.ts";
import { goBack, look, run, slots, slotsProblem } from "../flash-run.ts";
import { hasOther, slotWords } from "../state/flash-state.ts";
import { bytes, hex32 } from "../state/format.ts";
import { LightElement } from "./light.ts";
import { badge, problemNotice } from "./parts.ts";

const NAMES = ["A", "B"];

/** The two slots in the board's flash as a picture: which one runs, what is kept, how full they are. */
class GodwitSlots extends LightElement {
  private readonly connection = this.watch(connector.state);
  private readonly slots = this.watch(slots);
  private readonly problem = this.watch(slotsProblem);
  private readonly run = this.watch(run);

  /** Asked once more: what runs is taken out of use. */
  private isAsked = false;

  private ask(isAsked: boolean): void {
    this.isAsked = isAsked;
    this.requestUpdate();
  }

  private back(): TemplateResult {
    if (!this.isAsked) {
      return html`<button class="button small" type="button" @click=${() => this.ask(true)}>Go back to the other image</button>`;
    }
    return html`<span class="row">
      <button
        class="button danger small"
        type="button"
        @click=${() => {
          this.ask(false);
          void goBack();
        }}
      >
        Withdraw what runs, and restart
      </button>
      <button class="button small" type="button" @click=${() => this.ask(false)}>Keep</button>
    </span>`;
  }

  private picture(view: SlotView, index: number, running: number | undefined): TemplateResult {
    const isRunning = index === running;
    const { text, tone, says } = slotWords(view.state, isRunning);
    const share = Math.min(100, Math.round((100 * view.bytes) / MAX_CODE));
    return html`<li class="slot ${isRunning ? "running" : ""}">
      <div class="row">
        <span class="slot-name">Slot ${NAMES[index] ?? index}</span>
        ${isRunning ? badge("accent", "runs") : nothing}${badge(tone, text)}
      </div>
      <div class="slot-fill is-${view.state}" aria-hidden="true"><i class="fill" style="width:${share}%"></i></div>
      <p class="small muted">
        ${
          view.bytes === 0
            ? "Nothing is in it"
            : html`${view.version ?? "?"} for ${view.board ?? "?"}, ${bytes(view.bytes)}, ${share}% full, <code>${hex32(view.crc32)}</code>`
        }${view.tries > 0 ? html`, started ${view.tries}×` : nothing}
      </p>
      ${says === undefined ? nothing : html`<p class="small">${says}</p>`}
    </li>`;
  }

  private canAct(): boolean {
    return this.connection.value.kind === "connected" && this.run.value.kind !== "running";
  }

  private content(): TemplateResult {
    if (this.problem.value !== undefined) return problemNotice(this.problem.value, "The slots could not be read");
    if (this.connection.value.kind === "disconnected") {
      return html`<p class="muted">Connect a board to see what it runs and which image it keeps in reserve.</p>`;
    }
    const known = this.slots.value;
    if (known === undefined) return html`<p class="muted">Asking the board…</p>`;
    return html`<ol class="slots">
        ${known.slots.map((view, index) => this.picture(view, index, known.running))}
      </ol>
      ${hasOther(known) && this.canAct() ? html`<p class="spaced">${this.back()}</p>` : nothing}
      ${
        known.running === undefined
          ? html`<p class="small muted spaced">
              What runs now is in none of them: it was sent to the board’s Storage, or nothing runs. A flash puts it into a slot.
            </p>`
          : nothing
      }`;
  }

  private locking(): TemplateResult {
    if (this.slots.value?.isLocked === true) {
      return html`<p class="small muted spaced">This board’s console is locked for production.</p>`;
    }
    return html`<p class="small muted spaced">
      A board that goes into production is locked by <code class="unbroken">npx godwit flash --lock</code>. It is no button here: a wrong click
      would shut this page out, too, and on a board without a button perhaps for good.
    </p>`;
  }

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="slots-title">
      <header>
        <h2 id="slots-title">Flash slots of the board</h2>
        <button class="button quiet small" type="button" ?disabled=${!this.canAct()} @click=${() => void look()}>Look again</button>
      </header>
      ${this.content()} ${this.locking()}
    </section>`;
  }
}

customElements.define("godwit-slots", GodwitSlots);
