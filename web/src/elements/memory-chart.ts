import { html, type TemplateResult } from "lit";
import type UPlot from "uplot";
import { history, reading } from "../status-run.ts";
import { theme } from "../theme.ts";
import { LightElement } from "./light.ts";

const HEIGHT = 200;

/** Variables of the interpreter over time; the numbers are beside it, so the picture is decoration to who cannot see it. */
class GodwitMemory extends LightElement {
  private chart: UPlot | undefined;
  private isLoading = false;

  constructor() {
    super();
    reading.subscribe(() => this.draw());
    // Its colours are those of the theme at the time when it was made.
    theme.subscribe(() => {
      this.chart?.destroy();
      this.chart = undefined;
      this.isLoading = false;
      void this.load();
    });
    addEventListener("resize", () => this.draw());
  }

  private frame(): HTMLElement | null {
    return this.querySelector<HTMLElement>(".chart");
  }

  private data(): UPlot.AlignedData {
    return [history.memory.map(({ atMs }) => atMs / 1000), history.memory.map(({ used }) => used)];
  }

  private async load(): Promise<void> {
    const frame = this.frame();
    if (this.isLoading || frame === null || frame.clientWidth === 0) return;
    this.isLoading = true;
    const { createMemoryChart } = await import("./chart.ts");
    this.chart = createMemoryChart(frame, this.data(), HEIGHT);
  }

  private draw(): void {
    const frame = this.frame();
    if (frame === null || frame.clientWidth === 0) return;
    if (this.chart === undefined) void this.load();
    else {
      this.chart.setSize({ width: frame.clientWidth, height: HEIGHT });
      this.chart.setData(this.data());
    }
  }

  protected override updated(): void {
    this.draw();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.chart?.destroy();
    this.chart = undefined;
    this.isLoading = false;
  }

  protected override render(): TemplateResult {
    return html`<div class="chart" role="img" aria-label="Variables in use over time"></div>`;
  }
}

customElements.define("godwit-memory", GodwitMemory);
