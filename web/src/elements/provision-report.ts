import { html, nothing, type TemplateResult } from "lit";
import type { CertificateFacts, Finding } from "../../../tools/provision/inspect.ts";
import { report, written } from "../provision-run.ts";
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
  private readonly written = this.watch(written);
  /** The command that was copied last. */
  private copied = "";
  private says = "";

  private node(node: ChainNode, next: ChainNode | undefined): TemplateResult {
    const mark = html`${icon(node.severity === "error" ? "cross" : "warn")}<span class="visually-hidden">${node.severity}</span>`;
    return html`<li>
      <div class="chain-node ${node.kind} ${node.severity}">
        <div>
          <span class="small muted">${node.title}${node.severity === "ok" ? nothing : mark}</span>
          <strong>${node.name}</strong>
        </div>
        <div class="small muted chain-details">${node.details.map((detail) => html`<span>${detail}</span>`)}</div>
      </div>
      ${
        next === undefined
          ? nothing
          : html`<span class="chain-arrow"><b aria-hidden="true">${next.kind === "key" ? "←" : "→"}</b>${node.kind === "gap" || next.kind === "gap" ? "?" : next.kind === "key" ? "belongs to" : "signed"}</span>`
      }
    </li>`;
  }

  private async copy(command: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(command);
      this.copied = command;
      this.says = "Copied";
    } catch {
      this.says = "This browser does not let the page copy";
    }
    this.requestUpdate();
  }

  /** Broken between its words only: `-nodes` is one. */
  private command(command: string): TemplateResult {
    return html`<div class="command">
      <pre>${command.split(" ").map((word, index) => html`${index > 0 ? " " : ""}<span>${word}</span>`)}</pre>
      <button class="button quiet small" type="button" aria-label="Copy the command" title="Copy" @click=${() => void this.copy(command)}>
        ${icon(this.copied === command ? "check" : "copy")}
      </button>
    </div>`;
  }

  private finding({ severity, subject, code, text, why, remedy, commands, at }: Finding): TemplateResult {
    const [tone, word] = SEVERITY[severity];
    return html`<li>
      <div>${badge(tone, word)}</div>
      <div>
        <p><strong>${text}</strong>${at === undefined ? nothing : html` <span class="muted">line ${at.line}, column ${at.column}</span>`}</p>
        ${why === "" ? nothing : html`<p>${why}</p>`} ${remedy === "" ? nothing : html`<p class="remedy">${remedy}</p>`}
        ${commands.map((command) => this.command(command))}
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
    const isWritten = this.written.value !== undefined;
    const nodes = chainOf(value, isWritten);
    const { ca, cert, server } = value.facts;
    const certificates = [...ca, ...cert, ...server];
    return html`<div class="grid side">
      ${
        nodes.length === 0
          ? nothing
          : html`<section class="card chain-card" aria-labelledby="chain-title">
              <header><h2 id="chain-title">Chain</h2></header>
              <ol class="chain" aria-label="From the root to the key">
                ${nodes.map((node, index) => this.node(node, nodes[index + 1]))}
              </ol>
            </section>`
      }
      <section class="card" aria-labelledby="findings-title">
        <header><h2 id="findings-title">${isWritten ? "Findings on what was written" : "Findings"}</h2></header>
        <p class="visually-hidden" role="status">${this.says}</p>
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
