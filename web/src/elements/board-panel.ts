import { html, nothing, type TemplateResult } from "lit";
import type { DeviceCommand, PanelFault } from "../../../tools/console/messages.ts";
import { connect, connector } from "../app.ts";
import { panel, tellPanel } from "../panel-link.ts";
import { guide } from "../state/board-panel.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { badge, panelHead } from "./parts.ts";
import "./story.ts";

const STEPS = {
  watch: {
    title: "Watch it connect",
    says: "Power, network, clock, TLS, MQTT: each line below is something a part has reported. Nothing is scripted.",
  },
  break: {
    title: "Break it",
    says: "Switch a fault on, cut the power, or reset the modem. Start with drop or wrong-clock.",
  },
  read: {
    title: "Read why, and watch it recover",
    says: "The device gives a code; the causes stand below it in the order in which to look.",
  },
} as const;

const POWER_WORDS = { on: "on", off: "off", rebooting: "rebooting" } as const;

/** The virtual board of `npm start`: break it, and read what the firmware makes of it. */
class GodwitBoard extends LightElement {
  private readonly panel = this.watch(panel);
  private readonly connection = this.watch(connector.state);
  private intervalS = 4;

  private guide(): TemplateResult {
    const steps = guide(this.panel.value);
    const next = steps.find(({ isDone }) => !isDone)?.id;
    return html`<ol class="guide" aria-label="The first five minutes">
      ${steps.map(({ id, isDone }, index) => {
        const { title, says } = STEPS[id];
        return html`<li class="${isDone ? "done" : ""} ${id === next ? "next" : ""}" aria-current=${id === next ? "step" : "false"}>
          <span class="guide-number" aria-hidden="true">${isDone ? icon("check") : index + 1}</span>
          <div>
            <h2>${title}${isDone ? html`<span class="visually-hidden"> (done)</span>` : ""}</h2>
            <p>${says}</p>
          </div>
        </li>`;
      })}
    </ol>`;
  }

  private fault({ name, says, expect, once, active }: PanelFault): TemplateResult {
    const toggle = () => tellPanel({ type: "fault", name, on: once || !active });
    const id = `fault-${name}`;
    return html`<li>
      ${
        once
          ? html`<button class="button small" type="button" aria-describedby=${id} @click=${toggle}>${icon("play")}<code>${name}</code></button>`
          : html`<button class="switch" type="button" role="switch" aria-checked=${active} aria-describedby=${id} @click=${toggle}>
              <i aria-hidden="true"></i><code>${name}</code>
            </button>`
      }
      <p class="small muted" id=${id}>${says}</p>
      ${
        expect === ""
          ? nothing
          : html`<details class="small">
              <summary>What to expect</summary>
              ${expect}
            </details>`
      }
    </li>`;
  }

  private power(): TemplateResult {
    const { power, board, model } = this.panel.value;
    const isOn = power !== "off";
    return html`<section class="card" aria-labelledby="power-title">
      <header>
        <h2 id="power-title">${board} with ${model}</h2>
        ${badge(power === "on" ? "good" : power === "off" ? "none" : "warn", POWER_WORDS[power])}
      </header>
      <div class="row">
        <button class="switch" type="button" role="switch" aria-checked=${isOn} @click=${() => tellPanel({ type: "power", on: !isOn })}>
          <i aria-hidden="true"></i>Power
        </button>
        ${this.bluetooth()}
      </div>
      ${this.commands()}
    </section>`;
  }

  private bluetooth(): TemplateResult {
    const { kind } = this.connection.value;
    if (kind === "disconnected") {
      return html`<button class="button" type="button" @click=${() => void connect("virtual")}>${icon("virtual")}Connect its console</button>`;
    }
    return html`<button class="button" type="button" ?disabled=${kind !== "connected"} @click=${() => tellPanel({ type: "cut-link" })}>
      ${icon("cut")}Cut the Bluetooth link
    </button>`;
  }

  private commands(): TemplateResult {
    const send = (command: DeviceCommand) => tellPanel({ type: "command", command });
    return html`<h3 class="spaced">Command, through the broker</h3>
      <div class="row">
        <button class="button small" type="button" @click=${() => send({ cmd: "report" })}>Report now</button>
        <button class="button small" type="button" @click=${() => send({ cmd: "dance" })}>One that does not exist</button>
      </div>
      <div class="row spaced">
        <label for="interval">Report every</label>
        <input
          class="field"
          id="interval"
          type="number"
          min="1"
          max="604800"
          .value=${String(this.intervalS)}
          @input=${(event: Event) => {
            if (event.target instanceof HTMLInputElement) this.intervalS = Number(event.target.value);
          }}
        />
        s
        <button class="button small" type="button" @click=${() => send({ cmd: "interval", seconds: this.intervalS })}>Set</button>
      </div>`;
  }

  protected override render(): TemplateResult {
    const { link, faults } = this.panel.value;
    return html`
      ${panelHead(
        "Virtual board",
        "The image that would be flashed, through a virtual modem, over real TLS, to a broker on this computer.",
        link === "closed" ? badge("bad", "npm start has ended") : "",
      )}
      ${this.guide()}
      <div class="grid wide-narrow board-columns">
        <godwit-story></godwit-story>
        <div class="grid side">
          ${this.power()}
          <section class="card faults-card" aria-labelledby="faults-title">
            <header><h2 id="faults-title">Faults</h2></header>
            <ul class="faults">
              ${faults.map((fault) => this.fault(fault))}
            </ul>
          </section>
        </div>
      </div>
    `;
  }
}

customElements.define("godwit-board", GodwitBoard);
