import { html, type TemplateResult } from "lit";
import { createStore } from "../state/store.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { explanation } from "./parts.ts";

const shownCode = createStore("");

/** What a code means, over the panel from which it was asked for. */
export function openExplanation(code: string): void {
  shownCode.set(code);
  document.querySelector<HTMLElement>("#explain-sheet")?.showPopover();
}

class GodwitExplain extends LightElement {
  private readonly code = this.watch(shownCode);

  protected override render(): TemplateResult {
    const code = this.code.value;
    return html`<div class="sheet" id="explain-sheet" popover role="dialog" aria-labelledby="explain-title">
      <div class="row sheet-head">
        <h2 id="explain-title"><code>${code}</code></h2>
        <button
          class="button quiet square"
          type="button"
          popovertarget="explain-sheet"
          popovertargetaction="hide"
          aria-label="Close"
          autofocus
        >
          ${icon("cross")}
        </button>
      </div>
      ${code === "" ? "" : explanation(code)}
    </div>`;
  }
}

customElements.define("godwit-explain", GodwitExplain);
