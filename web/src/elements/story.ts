import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Detail, Entry, Mark } from "../../../tools/demo/entry.ts";
import { panel } from "../panel-link.ts";
import { isTraffic } from "../state/board-panel.ts";
import { stamp } from "../state/format.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { emptyState } from "./parts.ts";

const MARK_ICON: Readonly<Record<Mark, TemplateResult | typeof nothing>> = {
  good: html`${icon("check")}<span class="visually-hidden">good: </span>`,
  fault: html`${icon("warn")}<span class="visually-hidden">fault: </span>`,
  info: nothing,
  trace: nothing,
};

/** Lines that say the same thing over and over do not need to be read out. */
const isNews = ({ mark }: Entry): boolean => mark === "good" || mark === "fault";

/** What happened, line by line, with what there is to know below each. */
class GodwitStory extends LightElement {
  private readonly panel = this.watch(panel);
  private showsTrace = false;
  /** Follows the newest line, until somebody scrolls back to read. */
  private follows = true;

  constructor() {
    super();
    // The panel was hidden, and had no place to scroll to.
    addEventListener("resize", () => this.toNewest());
  }

  /** Without a label it goes on with the one above it; where there is none, it has the whole width. */
  private detail({ label, text, mark = "info" }: Detail, isFirst: boolean): TemplateResult {
    if (label === undefined) {
      return html`<div class=${isFirst ? "whole" : "more"}>
        <dt class="visually-hidden">${isFirst ? "content" : "and"}</dt>
        <dd class=${mark}>${text}</dd>
      </div>`;
    }
    return html`<div><dt>${label}</dt><dd class=${mark}>${MARK_ICON[mark]}${text}</dd></div>`;
  }

  private entry({ atMs, topic, mark, text, details = [] }: Entry): TemplateResult {
    return html`<li class="entry ${mark}">
      <time>${stamp(atMs)}</time>
      <span class="topic">${topic}</span>
      <div>
        <p>${MARK_ICON[mark]}${text}</p>
        ${details.length === 0 ? nothing : html`<dl>${details.map((detail, index) => this.detail(detail, index === 0))}</dl>`}
      </div>
    </li>`;
  }

  private scrolled(event: Event): void {
    const list = event.target;
    if (list instanceof HTMLElement && list.clientHeight > 0)
      this.follows = list.scrollTop + list.clientHeight > list.scrollHeight - 40;
  }

  protected override updated(): void {
    this.toNewest();
  }

  private toNewest(): void {
    const list = this.querySelector<HTMLElement>(".story");
    if (this.follows && list !== null) list.scrollTop = list.scrollHeight;
  }

  protected override render(): TemplateResult {
    const { story } = this.panel.value;
    const shown = this.showsTrace ? story : story.filter((entry) => !isTraffic(entry));
    const news = shown.findLast(isNews);
    return html`<section class="card story-card" aria-labelledby="story-title">
      <header>
        <h2 id="story-title">What happens</h2>
        <button
          class="chip"
          type="button"
          aria-pressed=${this.showsTrace}
          @click=${() => {
            this.showsTrace = !this.showsTrace;
            this.requestUpdate();
          }}
        >
          AT traffic
        </button>
      </header>
      <p class="visually-hidden" role="status">${news === undefined ? "" : `${news.topic}: ${news.text}`}</p>
      ${
        shown.length === 0
          ? emptyState(
              "board",
              "Nothing has happened yet",
              "The board was switched on a moment ago; its first words come at once.",
            )
          : html`<ol class="story" tabindex="0" aria-label="Story of the board" @scroll=${this.scrolled}>
              ${repeat(
                shown,
                (entry) => entry,
                (entry) => this.entry(entry),
              )}
            </ol>`
      }
    </section>`;
  }
}

customElements.define("godwit-story", GodwitStory);
