import { html, nothing, type TemplateResult } from "lit";
import { connector } from "../app.ts";
import { report, written } from "../provision-run.ts";
import { bytes } from "../state/format.ts";
import { list, remove, stored, storeRun, write } from "../store-run.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { badge, connectButton, problemNotice } from "./parts.ts";

/** The modem's own file store. */
class GodwitStore extends LightElement {
  private readonly connection = this.watch(connector.state);
  private readonly stored = this.watch(stored);
  private readonly run = this.watch(storeRun);
  private readonly report = this.watch(report);
  private readonly written = this.watch(written);
  /** Asked once more before it is gone. */
  private doomed = "";

  private ask(name: string): void {
    this.doomed = name;
    this.requestUpdate();
  }

  private removal(name: string): TemplateResult {
    if (this.doomed !== name) {
      return html`<button class="button quiet small" type="button" @click=${() => this.ask(name)}>
        Remove<span class="visually-hidden"> ${name}</span>
      </button>`;
    }
    return html`<span class="row end">
      <button
        class="button danger small"
        type="button"
        @click=${() => {
          this.ask("");
          void remove(name);
        }}
      >
        Really remove
      </button>
      <button class="button small" type="button" @click=${() => this.ask("")}>Keep</button>
    </span>`;
  }

  private table(): TemplateResult {
    const known = this.stored.value;
    if (known === undefined) return html`<p class="muted">List it to see what the modem has.</p>`;
    if (known.length === 0) return html`<p class="muted">It is empty, or this modem’s firmware lists nothing.</p>`;
    const sizes = Object.values(this.report.value?.facts.bytes ?? {});
    return html`<table>
      <thead>
        <tr><th scope="col">File</th><th scope="col">Size</th><th scope="col"><span class="visually-hidden">Remove</span></th></tr>
      </thead>
      <tbody>
        ${known.map(
          (file) => html`<tr>
            <th scope="row"><code>${file.name}</code></th>
            <td>${bytes(file.bytes)} ${sizes.includes(file.bytes) ? badge("good", "as above") : nothing}</td>
            <td class="actions">${this.removal(file.name)}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
  }

  private outcome(): TemplateResult | typeof nothing {
    const { value } = this.run;
    if (value.kind === "busy")
      return html`<p role="status" class="busy"><span class="lamp connecting"></span>${value.says}…</p>`;
    if (value.kind === "failed") return problemNotice(value.problem, "Not done");
    const result = this.written.value;
    if (result === undefined) return nothing;
    const { isScrubbed } = result;
    const hasKey = result.written.some(({ role }) => role === "key");
    return html`<div class="notice good" role="status">
      ${icon("check")}
      <div>
        <p><strong>Written and verified by the modem’s checksum</strong></p>
        ${result.written.map(({ name, bytes: n, isReplaced }) => html`<p><code>${name}</code>, ${bytes(n)}${isReplaced ? ", replaced" : ""}</p>`)}
        ${
          hasKey
            ? html`<p class="small">
                The key was forgotten here${isScrubbed ? ", and the board’s freed memory was overwritten" : "; reboot the board, its freed memory could not be overwritten"}.
              </p>`
            : nothing
        }
      </div>
    </div>`;
  }

  private actions(): TemplateResult {
    const { kind } = this.connection.value;
    if (kind === "disconnected") return connectButton();
    const isBusy = this.run.value.kind === "busy" || kind !== "connected";
    const inspected = this.report.value;
    const isGood =
      inspected !== undefined &&
      this.written.value === undefined &&
      inspected.verdict !== "error" &&
      Object.keys(inspected.facts.bytes).length > 0;
    return html`<button class="button" type="button" ?disabled=${isBusy} @click=${() => void list()}>List</button>
      <button class="button primary" type="button" ?disabled=${isBusy || !isGood} @click=${() => void write()}>
        ${icon("provision")}Write to the modem
      </button>`;
  }

  protected override render(): TemplateResult {
    const isBad = this.report.value?.verdict === "error";
    return html`<section class="card" aria-labelledby="store-title">
      <header>
        <h2 id="store-title">The modem’s own store</h2>
        <div class="row">${this.actions()}</div>
      </header>
      ${isBad ? html`<p class="refusal">${icon("warn")}With the errors found it would not connect, so it is not written.</p>` : nothing}
      ${this.outcome()} ${this.table()}
    </section>`;
  }
}

customElements.define("godwit-store", GodwitStore);
