import { html, type PropertyValues, type TemplateResult } from "lit";
import { connector, shownTab } from "../app.ts";
import { isVirtual, joinPanel, panel } from "../panel-link.ts";
import { type Tab, type TabId, tabForKey, tabFromHash, tabsFor } from "../state/tabs.ts";
import { theme, toggleTheme } from "../theme.ts";
import "./connect-menu.ts";
import "./explain-sheet.ts";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";

const CONTENT: Readonly<Record<TabId, () => TemplateResult>> = {
  board: () => html`<godwit-board></godwit-board>`,
  flash: () => html`<godwit-flash></godwit-flash>`,
  provision: () => html`<godwit-provision></godwit-provision>`,
  repl: () => html`<godwit-repl></godwit-repl>`,
  trace: () => html`<godwit-trace></godwit-trace>`,
  status: () => html`<godwit-status></godwit-status>`,
};

/** A panel's code comes when it is first shown: the terminal and the certificates are larger than all the rest. */
const LOAD: Readonly<Record<TabId, () => Promise<unknown>>> = {
  board: () => import("./board-panel.ts"),
  flash: () => import("./flash-panel.ts"),
  provision: () => import("./provision-panel.ts"),
  repl: () => import("./repl-panel.ts"),
  trace: () => import("./trace-panel.ts"),
  status: () => import("./status-panel.ts"),
};

/** The frame: header, tabs, and the panel of the tab. All panels stay alive, so that an upload goes on behind another tab. */
class GodwitConsole extends LightElement {
  private readonly theme = this.watch(theme);
  private readonly panel = this.watch(panel);
  private readonly connection = this.watch(connector.state);
  private shown: TabId | undefined;

  constructor() {
    super();
    joinPanel();
    addEventListener("hashchange", () => this.show(tabFromHash(location.hash, this.tabs())));
  }

  private tabs(): readonly Tab[] {
    return tabsFor(isVirtual);
  }

  private show(id: TabId): void {
    this.shown = id;
    shownTab.set(id);
    void LOAD[id]().then(() => dispatchEvent(new Event("resize")));
    if (location.hash !== `#${id}`) history.replaceState(null, "", `#${id}`);
    document.title = `${this.tabs().find((tab) => tab.id === id)?.label ?? ""} – Godwit console`;
    this.requestUpdate();
    // Terminals and charts have no size while they are hidden.
    void this.updateComplete.then(() => dispatchEvent(new Event("resize")));
  }

  private onKey(event: KeyboardEvent): void {
    const id = this.shown && tabForKey(event.key, this.shown, this.tabs());
    if (id === undefined) return;
    event.preventDefault();
    this.show(id);
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(`#tab-${id}`)?.focus());
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const id = tabFromHash(location.hash, this.tabs());
    if (id !== this.shown) this.show(id);
  }

  private tab({ id, label }: Tab): TemplateResult {
    const isShown = id === this.shown;
    return html`<button
      type="button"
      role="tab"
      id="tab-${id}"
      aria-selected=${isShown}
      aria-controls="panel-${id}"
      tabindex=${isShown ? 0 : -1}
      @click=${() => this.show(id)}
    >
      ${icon(id)}${label}
    </button>`;
  }

  protected override render(): TemplateResult {
    const isDark = this.theme.value === "dark";
    const { board, model, link } = this.panel.value;
    const isConnected = this.connection.value.kind === "connected";
    return html`
      <header class="top">
        <div class="brand"><img src="./icon.svg" alt="" width="32" height="32" /><b>Godwit</b> <span>console</span></div>
        <godwit-connect></godwit-connect>
        <button class="button quiet square" type="button" aria-label="Dark theme" aria-pressed=${isDark} @click=${toggleTheme}>
          ${icon(isDark ? "sun" : "moon")}
        </button>
      </header>
      <nav class="rail" aria-label="Panels">
        <div class="tabs" role="tablist" aria-label="Panels" aria-orientation="vertical" @keydown=${this.onKey}>
          ${this.tabs().map((tab) => this.tab(tab))}
        </div>
        <footer>
          ${link === "open" ? html`<p>${board} with ${model}, virtual</p>` : ""}
          <p>Godwit ${__VERSION__}${isConnected ? "" : ", works offline"}</p>
        </footer>
      </nav>
      <main class="main">
        ${this.tabs().map(
          ({ id }) => html`<section
            class="panel"
            role="tabpanel"
            id="panel-${id}"
            aria-labelledby="tab-${id}"
            tabindex="0"
            ?hidden=${id !== this.shown}
          >
            ${CONTENT[id]()}
          </section>`,
        )}
      </main>
      <godwit-explain></godwit-explain>
    `;
  }
}

customElements.define("godwit-console", GodwitConsole);
