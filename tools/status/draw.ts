/** A status report for a terminal. */
import pc from "picocolors";
import type { ExplainedFailure, StatusReport, StepMark, Verdict } from "./explain.ts";

const COLOURS: Readonly<Record<Verdict, (text: string) => string>> = {
  good: pc.green,
  info: (text) => text,
  warning: pc.yellow,
  fault: pc.red,
};

const STEPS: Readonly<Record<StepMark, (text: string) => string>> = {
  reached: (text) => text,
  here: (text) => pc.bold(pc.green(text)),
  failed: pc.red,
  ahead: pc.dim,
};

const MARKS = { reached: "●", here: "◉", failed: "✕", ahead: "○" } as const;
const LABEL = 14;

function failureLines(title: string, { failure, isPresent, explanation }: ExplainedFailure): string[] {
  const cause = failure.cause === undefined ? "" : ` (${failure.cause})`;
  const head = `${(isPresent ? pc.red : pc.dim)(`${title}: ${failure.code}${cause}`)}${isPresent ? "" : pc.dim(", it is over")}`;
  const details = [
    ...(failure.command === undefined ? [] : [`command  ${failure.command}`]),
    ...(failure.reason === undefined ? [] : [`reason   ${failure.reason}`]),
  ];
  if (!isPresent || explanation === undefined) return [head, ...details.map((line) => pc.dim(`  ${line}`))];
  const numbered = (items: readonly string[]): string[] =>
    items.map((item, index) => `  ${items.length > 1 ? `${index + 1}. ` : ""}${item}`);
  return [
    head,
    ...details.map((line) => pc.dim(`  ${line}`)),
    `  ${explanation.meaning}`,
    pc.bold("  likely causes"),
    ...numbered(explanation.causes).map((line) => `  ${line}`),
    pc.bold("  what to do"),
    ...numbered(explanation.remedies).map((line) => `  ${line}`),
  ];
}

/** `spark`: the variables in use, reading by reading. */
export function drawStatus(report: StatusReport, spark?: string): string {
  const lines = [COLOURS[report.verdict](pc.bold(report.summary)), ""];
  for (const { state, says, mark } of report.ladder.toReversed()) {
    const text = `${MARKS[mark]} ${state.padEnd(LABEL - 2)}${mark === "ahead" ? "" : says}`;
    lines.push(STEPS[mark](text.trimEnd()));
  }
  if (report.config !== undefined) lines.push("", ...failureLines("godwit.json", report.config));
  if (report.error !== undefined) lines.push("", ...failureLines("newest failure", report.error));
  const tls = report.tls.map(({ label, answer, verdict }) => `${label} ${COLOURS[verdict](answer)}`).join("  ");
  if (tls !== "") lines.push("", `${"TLS".padEnd(LABEL)}${tls}`);
  for (const { id, label, value, verdict, hint } of report.rows) {
    const trend = id === "memory" && spark !== undefined && spark !== "" ? `  ${pc.cyan(spark)}` : "";
    lines.push(
      `${label.padEnd(LABEL)}${COLOURS[verdict](value)}${trend}${hint === undefined ? "" : pc.dim(`  ${hint}`)}`,
    );
  }
  return lines.join("\n");
}
