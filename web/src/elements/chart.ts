/** uPlot in the colours of the page; loaded when it is first shown. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clockTime } from "../state/format.ts";

export function createMemoryChart(frame: HTMLElement, data: uPlot.AlignedData, height: number): uPlot {
  const style = getComputedStyle(frame);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: `11px ${colour("--sans")}`,
  };
  const options: uPlot.Options = {
    width: frame.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: {
      x: { time: true },
      // Around what there is: the interesting part is whether it grows.
      y: {
        range: (_, least, most) => [Math.max(0, Math.floor((least - 60) / 50) * 50), Math.ceil((most + 60) / 50) * 50],
      },
    },
    series: [
      {},
      {
        label: "variables",
        stroke: colour("--accent"),
        width: 1.5,
        fill: `color-mix(in srgb, ${colour("--accent")} 14%, transparent)`,
        points: { show: false },
      },
    ],
    axes: [
      { ...axis, space: 80, size: 32, values: (_, ticks) => ticks.map((tick) => clockTime(tick * 1000).slice(0, 8)) },
      { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en-US")) },
    ],
  };
  return new uPlot(options, data, frame);
}
