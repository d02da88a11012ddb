import { html, nothing, type TemplateResult } from "lit";
import { families } from "../../../tools/provision/inspect.ts";
import { isVirtual } from "../panel-link.ts";
import {
  addFiles,
  family,
  files,
  forget,
  forgetAll,
  host,
  provisionProblem,
  report,
  setFamily,
  setHost,
  setRole,
  written,
} from "../provision-run.ts";
import { bytes } from "../state/format.ts";
import { type DroppedFile, ROLE_WORDS, type Role } from "../state/provision-state.ts";
import { isWriting } from "../store-run.ts";
import "./drop-zone.ts";
import type { DroppedFiles } from "./drop-zone.ts";
import "./provision-report.ts";
import "./store-card.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { badge, panelHead, problemNotice } from "./parts.ts";

const isRole = (value: string): value is Role => Object.hasOwn(ROLE_WORDS, value);

/** What `npm start` has to try the panel with, as files. */
const SERVED: Readonly<Record<string, string>> = { ca: "ca.pem", cert: "client.pem", key: "client.key" };

/** Certificates and keys: checked in this page, written into the modem's own store. */
class GodwitProvision extends LightElement {
  private readonly files = this.watch(files);
  private readonly report = this.watch(report);
  private readonly host = this.watch(host);
  private readonly family = this.watch(family);
  private readonly writing = this.watch(isWriting);
  private readonly written = this.watch(written);
  private readonly problem = this.watch(provisionProblem);

  private async dropped({ files: list }: DroppedFiles): Promise<void> {
    const read = list.map(async (file) => ({
      name: file.name,
      bytes: new Uint8Array(await file.slice(0, 1_000_001).arrayBuffer()),
    }));
    await addFiles(await Promise.all(read));
  }

  private async fetchServed(): Promise<void> {
    const response = await fetch("./pki.json");
    const served: unknown = response.ok ? await response.json() : undefined;
    if (typeof served !== "object" || served === null) return;
    const texts = Object.entries(served).filter(([role]) => role in SERVED);
    const encoder = new TextEncoder();
    await addFiles(texts.map(([role, text]) => ({ name: SERVED[role] ?? role, bytes: encoder.encode(String(text)) })));
  }

  private file(file: DroppedFile): TemplateResult {
    const id = `role-${file.id}`;
    return html`<tr>
      <th scope="row">${file.name}</th>
      <td>
        <label class="visually-hidden" for=${id}>What ${file.name} is</label>
        <select
          class="field"
          id=${id}
          @change=${(event: Event) => {
            if (event.target instanceof HTMLSelectElement && isRole(event.target.value))
              void setRole(file.id, event.target.value);
          }}
        >
          ${Object.entries(ROLE_WORDS).map(
            ([role, words]) => html`<option value=${role} .selected=${role === file.role}>${words}</option>`,
          )}
        </select>
      </td>
      <td class="muted">${bytes(file.bytes.length)}</td>
      <td>
        <button class="button quiet square" type="button" aria-label="Forget ${file.name}" @click=${() => void forget(file.id)}>
          ${icon("cross")}
        </button>
      </td>
    </tr>`;
  }

  private against(): TemplateResult {
    return html`<div class="row spaced">
      <label for="provision-host">Broker</label>
      <input
        class="field grow"
        id="provision-host"
        placeholder="broker.example.com, compared with its chain"
        autocomplete="off"
        spellcheck="false"
        .value=${this.host.value}
        @change=${(event: Event) => {
          if (event.target instanceof HTMLInputElement) void setHost(event.target.value);
        }}
      />
    </div>
    <div class="row spaced">
      <label for="provision-family">Modem</label>
      <select
        class="field"
        id="provision-family"
        @change=${(event: Event) => {
          if (event.target instanceof HTMLSelectElement) void setFamily(event.target.value);
        }}
      >
        ${families.map((one) => html`<option value=${one.family} .selected=${one.family === this.family.value}>${one.models}</option>`)}
      </select>
    </div>`;
  }

  private picker(): TemplateResult {
    const list = this.files.value;
    const isWritten = this.written.value !== undefined;
    return html`<section class="card" aria-labelledby="files-title">
      <header>
        <h2 id="files-title">Files</h2>
        ${list.length > 0 || isWritten ? html`<button class="button small" type="button" @click=${forgetAll}>${isWritten ? "Begin anew" : "Forget all"}</button>` : nothing}
      </header>
      <godwit-drop
        label="Choose or drop CA, certificate and key"
        says=${isWritten ? "To begin anew: what was written is forgotten here" : "PEM or DER, several at once; what is what is found out"}
        .multiple=${true}
        .disabled=${this.writing.value}
        .compact=${list.length > 0 || isWritten}
        @files=${(event: CustomEvent<DroppedFiles>) => void this.dropped(event.detail)}
      ></godwit-drop>
      ${
        isVirtual
          ? html`<p class="served">
              <button class="button small" type="button" @click=${() => void this.fetchServed()}>
                ${icon("virtual")}Take the certificates of the demo
              </button>
            </p>`
          : nothing
      }
      ${this.problem.value === undefined ? nothing : problemNotice(this.problem.value, "Not taken")}
      ${
        list.length === 0
          ? nothing
          : html`<table class="file-list">
              <thead>
                <tr><th scope="col">File</th><th scope="col">Is</th><th scope="col">Size</th><th scope="col"><span class="visually-hidden">Forget</span></th></tr>
              </thead>
              <tbody>${list.map((file) => this.file(file))}</tbody>
            </table>`
      }
      ${isWritten ? nothing : this.against()}
      <p class="privacy small">
        ${icon("info")}<span
          >A key stays in this page’s memory until it is written to the modem, and is overwritten there when you forget it or leave.
          It goes into no storage of the browser, no log, and no server.</span
        >
      </p>
    </section>`;
  }

  private verdict(): TemplateResult | typeof nothing {
    if (this.written.value !== undefined) return badge("good", "Written and verified");
    const verdict = this.report.value?.verdict;
    const words = { ok: "All is well", warning: "It may fail", error: "It would fail" } as const;
    const tones = { ok: "good", warning: "warn", error: "bad" } as const;
    return verdict === undefined ? nothing : badge(tones[verdict], words[verdict]);
  }

  protected override render(): TemplateResult {
    return html`
      ${panelHead(
        "Provision",
        "Finds here what would fail in the field with one number, then writes into the modem’s own store and reads the checksum back.",
        html`<span role="status">${this.verdict()}</span>`,
      )}
      <div class="grid two">
        <div class="grid side">${this.picker()}<godwit-store></godwit-store></div>
        <godwit-report></godwit-report>
      </div>
    `;
  }
}

customElements.define("godwit-provision", GodwitProvision);
