import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodedMappings, TraceMap } from "@jridgewell/trace-mapping";
import type { Features } from "./bundle.ts";
import { root } from "./paths.ts";

export interface ModuleSize {
  /** Path from the project's root; "(wrapper)" for what belongs to no line of TypeScript. */
  path: string;
  bytes: number;
}

export interface Budget {
  /** "core", "driver" or "image". */
  row: string;
  /** What may not be passed. */
  bytes: number;
  /** What was asked for, where that is less and not reached yet. */
  goal?: number;
  /** Only for this board; without one, for every board. */
  board?: string;
  /** Paths that count, `**` for any depth; those after `except` do not. */
  counts: string[];
  except: string[];
  /** A row of a feature: what it may add to these rows where it is on. */
  addsTo?: string[];
}

export interface BudgetResult {
  row: string;
  bytes: number;
  budget: number;
  goal?: number;
  isOver: boolean;
}

export const wrapper = "(wrapper)";

const columns = ["row", "board", "budget", "goal", "counts"];

/** Gives every byte of the code to the file that the source map says it comes from. */
export function moduleSizes(code: string, map: string): ModuleSize[] {
  const traced = new TraceMap(map);
  const lines = code.split("\n");
  const bytes = new Map<string, number>();
  const add = (path: string, count: number) => bytes.set(path, (bytes.get(path) ?? 0) + count);
  decodedMappings(traced).forEach((segments, lineIndex) => {
    const length = (lines[lineIndex] ?? "").length + (lineIndex < lines.length - 1 ? 1 : 0);
    let from = 0;
    let path = wrapper;
    for (const segment of segments) {
      add(path, segment[0] - from);
      from = segment[0];
      path = segment.length > 1 ? (traced.sources[segment[1] as number] ?? wrapper) : wrapper;
    }
    add(path, length - from);
  });
  return [...bytes]
    .map(([path, count]) => ({ path, bytes: count }))
    .filter((m) => m.bytes > 0)
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}

function bytesIn(row: string, cell: string): number {
  const bytes = Number(cell.replace(/,/g, ""));
  if (!Number.isInteger(bytes) || bytes <= 0) throw new Error(`docs/sizes.md: row ${row}: "${cell}" is no number`);
  return bytes;
}

/** Reads the rows of the first table in docs/sizes.md that has the columns row, board, budget, goal and counts. */
export function parseBudgets(markdown: string): Budget[] {
  const rows = markdown
    .split("\n")
    .filter((line) => line.trim().startsWith("|"))
    .map((line) =>
      line
        .trim()
        .replace(/^\||\|$/g, "")
        .split("|")
        .map((cell) => cell.trim()),
    );
  const head = rows.findIndex((cells) => columns.every((name, i) => cells[i] === name));
  if (head < 0) throw new Error(`docs/sizes.md has no table that starts with the columns ${columns.join(", ")}`);
  const budgets: Budget[] = [];
  for (const [row = "", board = "", budget = "", goal = "", counts = ""] of rows.slice(head + 2)) {
    const [included = "", excluded = ""] = counts.split(/\bexcept\b/);
    const globs = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map((m) => m[1] as string);
    const isFeature = counts.startsWith("adds to");
    budgets.push({
      row,
      bytes: bytesIn(row, budget),
      ...(goal === "" ? {} : { goal: bytesIn(row, goal) }),
      counts: isFeature ? [] : globs(included),
      except: globs(excluded),
      ...(board === "all" ? {} : { board }),
      ...(isFeature ? { addsTo: globs(included) } : {}),
    });
  }
  return budgets;
}

export function readBudgets(): Budget[] {
  return parseBudgets(readFileSync(join(root, "docs", "sizes.md"), "utf8"));
}

export function checkBudgets(
  sizes: ModuleSize[],
  budgets: Budget[],
  board: string,
  features: Partial<Features> = {},
): BudgetResult[] {
  const on = budgets.filter(({ row, addsTo }) => addsTo && features[row.toUpperCase() as keyof Features]);
  const added = (row: string, of: "bytes" | "goal") =>
    on.filter(({ addsTo }) => addsTo?.includes(row)).reduce((sum, one) => sum + (one[of] ?? one.bytes), 0);
  return budgets
    .filter((budget) => !budget.addsTo && (budget.board === undefined || budget.board === board))
    .map((budget) => {
      const counts = (path: string) =>
        budget.counts.some((glob) => matches(glob, path)) && !budget.except.some((glob) => matches(glob, path));
      const bytes = sizes.filter((m) => counts(m.path)).reduce((sum, m) => sum + m.bytes, 0);
      const allowed = budget.bytes + added(budget.row, "bytes");
      const asked = (budget.goal ?? budget.bytes) + added(budget.row, "goal");
      const goal = asked === allowed ? {} : { goal: asked };
      return { row: budget.row, bytes, budget: allowed, ...goal, isOver: bytes > allowed };
    });
}

function matches(glob: string, path: string): boolean {
  const pattern = glob
    .split("**")
    .map((part) =>
      part
        .split("*")
        .map((text) => text.replace(/[.+^${}()|[\]\\]/g, "\\$&"))
        .join("[^/]*"),
    )
    .join(".*");
  return new RegExp(`^${pattern}$`).test(path);
}
