import { html, nothing, type TemplateResult } from "lit";
import type { CertificateFacts, Finding } from "../../../tools/provision/inspect.ts";
import { report } from "../provision-run.ts";
import { type ChainNode, chainOf } from "../state/provision-state.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { badge, emptyState, facts } from "./parts.ts";

const SEVERITY = {
  error: ["bad", "error"],
  warning: ["warn", "warning"],
  ok: ["good", "ok"],
} as const;

const SUBJECT = {
  ca: "CA",
  cert: "client certificate",
  key: "key",
  pair: "key and certificate",
  chain: "chain",
  host: "host name",
  server: "broker’s chain",
};

const day = (date: Date): string => (Number.isNaN(date.getTime()) ? "?" : date.toISOString().slice(0, 10));

/** What was found: the chain as a picture, findings with reason and remedy, and the facts. */
class GodwitReport extends LightElement {
  private readonly report = this.watch(report);

  private node(node: ChainNode, next: ChainNode | undefined): TemplateResult {
    const mark = html`${icon(node.severity === "error" ? "cross" : "warn")}<span class="visually-hidden">${node.severity}</span>`;
    return html`<li>
      <div class="chain-node ${node.kind} ${node.severity}">
        <span class="small muted">${node.title}${node.severity === "ok" ? nothing : mark}</span>
        <strong>${node.name}</strong>
        <span class="small muted">${node.detail}</span>
      </div>
      ${
        next === undefined
          ? nothing
          : html`<span class="chain-arrow"><b aria-hidden="true">${next.kind === "key" ? "←" : "→"}</b>${next.kind === "key" ? "belongs to" : next.kind === "gap" ? "?" : "signed"}</span>`
      }
    </li>`;
  }

  private finding({ severity, subject, code, text, why, remedy, commands, at }: Finding): TemplateResult {
    const [tone, word] = SEVERITY[severity];
    return html`<li>
      <div>${badge(tone, word)}</div>
      <div>
        <p><strong>${text}</strong>${at === undefined ? nothing : html` <span class="muted">line ${at.line}, column ${at.column}</span>`}</p>
        ${why === "" ? nothing : html`<p>${why}</p>`} ${remedy === "" ? nothing : html`<p class="remedy">${remedy}</p>`}
        ${commands.map((command) => html`<pre tabindex="0">${command}</pre>`)}
        <p class="small muted">${SUBJECT[subject]}, <code>${code}</code></p>
      </div>
    </li>`;
  }

  private certificate(one: CertificateFacts): TemplateResult {
    return html`<details class="certificate">
      <summary>${one.subject}</summary>
      ${facts([
        ["Issuer", one.isSelfSigned ? "itself" : one.issuer],
        ["Valid", `${day(one.notBefore)} to ${day(one.notAfter)}`],
        ["Key", `${one.key}, signed with ${one.signature}`],
        ["Names", one.names.join(", ") || "–"],
        ["Usage", [...one.keyUsage, ...one.extendedKeyUsage].join(", ") || "–"],
        ["Serial", html`<code>${one.serial}</code>`],
        ["SHA-256", html`<code>${one.fingerprint}</code>`],
      ])}
    </details>`;
  }

  protected override render(): TemplateResult {
    const { value } = this.report;
    if (value === undefined) {
      return html`<section class="card" aria-label="Findings">
        ${emptyState(
          "provision",
          "Nothing to look at yet",
          "Drop the files that the modem shall have. Damage, order of the chain, dates, key and certificate, algorithms and sizes are checked against the modem, on this computer.",
        )}
      </section>`;
    }
    const nodes = chainOf(value);
    const { ca, cert, server } = value.facts;
    const certificates = [...ca, ...cert, ...server];
    return html`<div class="grid side">
      ${
        nodes.length === 0
          ? nothing
          : html`<section class="card" aria-labelledby="chain-title">
              <header><h2 id="chain-title">Chain</h2></header>
              <ol class="chain">
                ${nodes.map((node, index) => this.node(node, nodes[index + 1]))}
              </ol>
            </section>`
      }
      <section class="card" aria-labelledby="findings-title">
        <header><h2 id="findings-title">Findings</h2></header>
        <ul class="findings">
          ${value.findings.map((one) => this.finding(one))}
        </ul>
      </section>
      ${
        certificates.length === 0
          ? nothing
          : html`<section class="card" aria-labelledby="certificates-title">
              <header><h2 id="certificates-title">Certificates</h2></header>
              ${certificates.map((one) => this.certificate(one))}
            </section>`
      }
    </div>`;
  }
}

customElements.define("godwit-report", GodwitReport);
