import pc from "picocolors";
import type { Firmware } from "./firmware.ts";

/** The size table: what the image is made of, and what that is against its budgets. */
export function buildReport(firmware: Firmware, facts: { files: string[]; ms: number }): string {
  const widest = Math.max(5, ...firmware.modules.map((m) => m.path.length));
  const line = (name: string, bytes: string, rest = "") =>
    `  ${name.padEnd(widest)} ${bytes.padStart(7)}  ${rest}`.trimEnd();
  const share = (bytes: number) => `${((100 * bytes) / firmware.total).toFixed(1).padStart(4)} %`;
  const features = Object.entries(firmware.features)
    .filter(([, isOn]) => isOn)
    .map(([name]) => name.toLowerCase())
    .join(" and ");
  const lines = [
    pc.dim(line("module", "bytes", "share")),
    ...firmware.modules.map((m) => line(m.path, count(m.bytes), share(m.bytes))),
    line("total", count(firmware.total), `pretokenised ${count(firmware.pretokenised)}`),
    "",
    pc.dim(line("budget", "bytes", "allowed")),
    ...firmware.budgets.map((b) => {
      const state = b.isOver ? "OVER" : `${count(b.budget - b.bytes)} left`;
      const missed = b.goal === undefined || b.bytes <= b.goal ? 0 : b.bytes - b.goal;
      const goal = missed > 0 ? `, ${count(missed)} above its goal of ${count(b.goal ?? 0)}` : "";
      const text = line(b.row, count(b.bytes), `${count(b.budget).padStart(6)}  ${state}${goal}`);
      if (b.isOver) return pc.red(text);
      return missed > 0 ? pc.yellow(text) : text;
    }),
    "",
    `${firmware.board} ${firmware.version}${features ? ` with ${features}` : ""}: ${facts.files.join(", ")} in ${(facts.ms / 1000).toFixed(2)} s`,
  ];
  return lines.join("\n");
}

function count(bytes: number): string {
  return bytes.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}
