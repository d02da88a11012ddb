import { html, nothing, type TemplateResult } from "lit";
import { parseImage } from "../../../tools/flash/image-file.ts";
import { connector, image, type PickedImage } from "../app.ts";
import { cancelFlash, isFlashing, run, startFlash } from "../flash-run.ts";
import { isVirtual } from "../panel-link.ts";
import { takeServedImage } from "../served-image.ts";
import { fileRefusal, refusal } from "../state/flash-state.ts";
import { bytes, date, hex32 } from "../state/format.ts";
import { type Problem, toProblem } from "../state/problem.ts";
import "./drop-zone.ts";
import type { DroppedFiles } from "./drop-zone.ts";
import "./flash-progress.ts";
import "./slots-picture.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { badge, connectButton, facts, panelHead, problemNotice } from "./parts.ts";

/** Puts an image onto the board: what it is, whether it fits, and how far it is. */
class GodwitFlash extends LightElement {
  private readonly connection = this.watch(connector.state);
  private readonly image = this.watch(image);
  private readonly run = this.watch(run);
  private chosen = "auto";
  private trust = false;
  private again = false;
  private problem: Problem | undefined;

  private take(text: string, name: string): void {
    try {
      this.image.set({ image: parseImage(text), from: name });
      this.problem = undefined;
    } catch (error) {
      this.problem = toProblem(error);
    }
    this.requestUpdate();
  }

  private async dropped({ files }: DroppedFiles): Promise<void> {
    const [file] = files;
    if (file === undefined) return;
    const why = files.length > 1 ? "One image at a time." : fileRefusal(file.name, file.size);
    if (why !== undefined) {
      this.problem = { code: "FLASH_IMAGE", message: why };
      this.requestUpdate();
    } else this.take(await file.text(), file.name);
  }

  private async fetchServed(): Promise<void> {
    try {
      await takeServedImage();
      this.problem = undefined;
    } catch (error) {
      this.problem = toProblem(error);
    }
    this.requestUpdate();
  }

  private choice(): TemplateResult {
    const options = [["auto", "as the connected board says"], ...__BOARDS__.map((id) => [id, id])];
    return html`<div class="row">
      <label for="flash-board">Board</label>
      <select class="field" id="flash-board" @change=${(event: Event) => {
        if (event.target instanceof HTMLSelectElement) this.chosen = event.target.value;
        this.requestUpdate();
      }}>
        ${options.map(([id, label]) => html`<option value=${id ?? ""} ?selected=${id === this.chosen}>${label}</option>`)}
      </select>
    </div>`;
  }

  private about({ image: picked, from }: PickedImage): TemplateResult {
    return facts([
      ["From", from],
      ["Board", html`${picked.board} <span class="muted">(${picked.espruinoBoard})</span>`],
      ["Version", picked.version],
      ["Built", date(picked.buildTime)],
      ["Size", bytes(picked.code.length)],
      ["Checksum", html`<code>${hex32(picked.crc32)}</code>`],
      [
        "Has",
        picked.features.length === 0
          ? "the core only"
          : html`<span class="row">${picked.features.map((feature) => badge("none", feature))}</span>`,
      ],
    ]);
  }

  private options(): TemplateResult {
    const box = (id: "trust" | "again", label: string) => html`<label class="check">
      <input
        type="checkbox"
        .checked=${this[id]}
        @change=${(event: Event) => {
          if (event.target instanceof HTMLInputElement) this[id] = event.target.checked;
        }}
      />${label}
    </label>`;
    return html`<div class="checks">
      ${box("trust", "Take it as proved once it has started: there is no network here")}
      ${box("again", "Write it even where it runs already")}
    </div>`;
  }

  private picker(): TemplateResult {
    const picked = this.image.value;
    return html`<section class="card" aria-labelledby="flash-image">
      <header>
        <h2 id="flash-image">Image</h2>
        ${this.choice()}
      </header>
      <godwit-drop
        label=${picked === undefined ? "Choose or drop an image" : "Another image"}
        says="dist/<board>.image.json, as npm run build writes it"
        accept=".json,application/json"
        .compact=${picked !== undefined}
        .disabled=${isFlashing()}
        @files=${(event: CustomEvent<DroppedFiles>) => void this.dropped(event.detail)}
      ></godwit-drop>
      ${
        isVirtual
          ? html`<p class="served">
              <button class="button small" type="button" ?disabled=${isFlashing()} @click=${() => void this.fetchServed()}>
                ${icon("virtual")}Take the image of the virtual board
              </button>
            </p>`
          : nothing
      }
      ${this.problem === undefined ? nothing : problemNotice(this.problem, "Not taken")}
      ${picked === undefined ? nothing : [this.about(picked), this.options()]}
    </section>`;
  }

  private action(): TemplateResult {
    const { value } = this.connection;
    const picked = this.image.value;
    const board = value.kind === "connected" ? value.board : undefined;
    const why = picked === undefined ? undefined : refusal(picked.image, this.chosen, board);
    if (this.run.value.kind === "running") {
      const { isCancelling } = this.run.value;
      return html`<button class="button danger" type="button" ?disabled=${isCancelling} @click=${cancelFlash}>
        ${icon("stop")}${isCancelling ? "Cancelling…" : "Cancel"}
      </button>`;
    }
    const isReady = picked !== undefined && value.kind === "connected" && why === undefined;
    return html`${value.kind === "disconnected" ? connectButton() : nothing}
      ${why === undefined ? nothing : html`<span class="refusal">${icon("warn")}${why}</span>`}
      <button class="button ${value.kind === "disconnected" ? "" : "primary"}" type="button" ?disabled=${!isReady} @click=${() => void startFlash({ trust: this.trust, again: this.again })}>
        ${icon("flash")}Flash
      </button>`;
  }

  protected override render(): TemplateResult {
    return html`
      ${panelHead(
        "Flash",
        "Sends an image into the slot that does not run. The one that runs stays until the new one has proved itself.",
        this.action(),
      )}
      <div class="grid two">
        ${this.picker()}
        <div class="grid side">
          <godwit-slots></godwit-slots>
          <godwit-flash-progress></godwit-flash-progress>
        </div>
      </div>
    `;
  }
}

customElements.define("godwit-flash", GodwitFlash);
