import { html, nothing, type TemplateResult } from "lit";
import { connect, connector, unavailable } from "../app.ts";
import { largePackets, setLargePackets } from "../packets.ts";
import { isVirtual } from "../panel-link.ts";
import { describe, type Way } from "../state/connection.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";
import { problemNotice } from "./parts.ts";

const WAYS: readonly { readonly way: Way; readonly title: string; readonly says: string }[] = [
  { way: "virtual", title: "Virtual board", says: "The board that npm start runs; no hardware needed" },
  { way: "bluetooth", title: "Bluetooth", says: "A board nearby, by the Nordic UART Service" },
  { way: "serial", title: "USB or serial", says: "A board on a cable, at 115,200 baud" },
];

/** State of the connection, and the menu that makes and ends one. */
class GodwitConnect extends LightElement {
  private readonly connection = this.watch(connector.state);
  private readonly large = this.watch(largePackets);

  private close(): void {
    const menu = this.querySelector<HTMLElement>("#connect-menu");
    if (menu?.matches(":popover-open") === true) menu.hidePopover();
  }

  private async start(way: Way): Promise<void> {
    this.close();
    await connect(way);
    const { value } = this.connection;
    // Why it failed stands in the menu.
    if (value.kind === "disconnected" && value.problem !== undefined) {
      await this.updateComplete;
      this.querySelector<HTMLElement>("#connect-menu")?.showPopover();
    }
  }

  private packets(): TemplateResult {
    return html`<div class="menu-option">
      <label class="check">
        <input
          type="checkbox"
          aria-describedby="packets-warning"
          .checked=${this.large.value}
          @change=${(event: Event) => {
            if (event.target instanceof HTMLInputElement) setLargePackets(event.target.checked);
          }}
        /><span>Large packets (128 bytes, <span class="unbroken">nRF52840 DK</span>)</span>
      </label>
      <p class="small muted" id="packets-warning">
        A board that takes only 20 bytes cuts longer packets without an error, and then nothing works.
      </p>
    </div>`;
  }

  private entry({ way, title, says }: (typeof WAYS)[number]): TemplateResult {
    const why = unavailable(way, isVirtual);
    return html`<button type="button" ?disabled=${why !== undefined} @click=${() => this.start(way)}>
      ${icon(way)}<strong>${title}</strong><span>${why ?? says}</span>
    </button>`;
  }

  private ways(): TemplateResult[] {
    return WAYS.filter(({ way }) => way !== "virtual" || isVirtual).map((entry) => {
      const hasOptions = entry.way === "bluetooth" && unavailable("bluetooth", isVirtual) === undefined;
      return html`${this.entry(entry)}${hasOptions ? this.packets() : nothing}`;
    });
  }

  protected override render(): TemplateResult {
    const { value } = this.connection;
    const isOn = value.kind !== "disconnected";
    return html`
      <div class="link-state" role="status">
        <span class="lamp ${value.kind}"></span>
        <span>${describe(value)}${value.kind === "connected" && value.board ? html` <span class="muted board-name">${value.board.board} ${value.board.version}</span>` : nothing}</span>
      </div>
      <button class="button ${isOn ? "is-on" : "primary"}" type="button" popovertarget="connect-menu">
        <span>${isOn ? "Connection" : "Connect"}</span>${icon("down")}
      </button>
      <div class="menu" id="connect-menu" popover aria-label="Connection">
        ${value.kind === "disconnected" && value.problem !== undefined ? problemNotice(value.problem, "Not connected") : nothing}
        ${value.kind === "connected" && value.problem !== undefined ? problemNotice(value.problem, "It does not answer") : nothing}
        ${
          isOn
            ? html`<button type="button" @click=${() => this.disconnect()}>
                ${icon("cross")}<strong>${value.kind === "connected" ? "Disconnect" : "Give up"}</strong
                ><span>${value.kind === "connected" ? "The board goes on by itself" : "No further tries"}</span>
              </button>`
            : this.ways()
        }
      </div>
    `;
  }

  private disconnect(): void {
    this.close();
    void connector.disconnect();
  }
}

customElements.define("godwit-connect", GodwitConnect);
