/** Pieces that several panels are made of. */
import { html, nothing, type TemplateResult } from "lit";
import { explain } from "../app.ts";
import type { Problem } from "../state/problem.ts";
import { type IconName, icon } from "./icons.ts";

export type Tone = "good" | "warn" | "bad" | "accent" | "none";

const TONE_ICON: Readonly<Record<Tone, IconName | undefined>> = {
  good: "check",
  warn: "warn",
  bad: "cross",
  accent: undefined,
  none: undefined,
};

/** Never by colour alone: a mark and a word. */
export function badge(tone: Tone, text: string): TemplateResult {
  const mark = TONE_ICON[tone];
  return html`<span class="badge ${tone}">${mark === undefined ? nothing : icon(mark)}${text}</span>`;
}

export function panelHead(title: string, says: string, actions: unknown = nothing): TemplateResult {
  return html`<header class="panel-head">
    <div>
      <h1>${title}</h1>
      <p>${says}</p>
    </div>
    <div class="row">${actions}</div>
  </header>`;
}

/** What docs/errors.md says of a code: meaning, causes in order, what to do. */
export function explanation(code: string): TemplateResult {
  const known = explain(code);
  if (known === undefined) return html`<p class="muted">This code is not in docs/errors.md of this version.</p>`;
  return html`<div class="explanation">
    <p>${known.meaning}</p>
    ${list("Likely causes, most likely first", known.causes, true)} ${list("What to do", known.remedies, false)}
  </div>`;
}

function list(title: string, items: readonly string[], isRanked: boolean): TemplateResult | typeof nothing {
  if (items.length === 0) return nothing;
  const rows = items.map((item) => html`<li>${item}</li>`);
  return html`<h3>${title}</h3>
    ${isRanked ? html`<ol>${rows}</ol>` : html`<ul>${rows}</ul>`}`;
}

export function problemNotice(problem: Problem, title = "It failed"): TemplateResult {
  const { code, message } = problem;
  return html`<div class="notice bad" role="alert">
    ${icon("warn")}
    <div>
      <p><strong>${title}</strong>${code === undefined ? nothing : html` <code>${code}</code>`}</p>
      <p class="message">${message}</p>
      ${
        code === undefined || explain(code) === undefined
          ? nothing
          : html`<details>
              <summary>What it means and what to do</summary>
              ${explanation(code)}
            </details>`
      }
    </div>
  </div>`;
}

/** Where there is nothing to show yet: says what to do about it. */
export function emptyState(name: IconName, title: string, says: unknown, action: unknown = nothing): TemplateResult {
  return html`<div class="empty">
    ${icon(name)}
    <h2>${title}</h2>
    <p>${says}</p>
    ${action}
  </div>`;
}

/** Opens the connect menu, which is in the header. */
export function connectButton(): TemplateResult {
  return html`<button class="button primary" type="button" popovertarget="connect-menu">Connect a board</button>`;
}

export function facts(rows: readonly (readonly [string, unknown])[]): TemplateResult {
  return html`<dl class="facts">
    ${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** Hands a text to the user as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
