import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { type Program, parse } from "acorn";
import { jsonChecks } from "./profile-json.ts";
import { nameChecks } from "./profile-names.ts";
import { orderChecks } from "./profile-order.ts";
import { type Rule, type RuleId, rules } from "./profile-rules.ts";
import { syntaxChecks } from "./profile-syntax.ts";
import { deviceNames } from "./property-names.ts";
import { analyseScopes, type Node, type ScopeTree } from "./scopes.ts";

export interface Finding {
  rule: RuleId;
  /** The TypeScript file when there is a source map, else "" for the script itself. */
  file: string;
  line: number;
  column: number;
  /** The first words of what was found. */
  text: string;
}

export interface ProfileContext {
  code: string;
  program: Program;
  scopes: ScopeTree;
  report(rule: RuleId, node: Node): void;
}

export interface ProfileOptions {
  /** Property names that the build does not rename: for these `o.a` and `o["a"]` are the same. */
  keepProperties?: ReadonlySet<string>;
  /** The script is as it was written, and the build will rename all other properties. */
  willRename?: boolean;
}

/** Finds what the interpreter lacks or gets wrong in a script; with a source map it gives the place in TypeScript. */
export function checkProfile(code: string, map?: string, options: ProfileOptions = {}): Finding[] {
  const findings: Finding[] = [];
  const traced = map === undefined ? undefined : new TraceMap(map);
  const add = (rule: RuleId, start: { line: number; column: number }, text: string) => {
    const place = traced && originalPositionFor(traced, start);
    const file = place?.source ?? "";
    const line = place?.source ? place.line : start.line;
    const column = (place?.source ? place.column : start.column) + 1;
    if (findings.some((f) => f.rule === rule && f.file === file && f.line === line && f.column === column)) return;
    findings.push({ rule, file, line, column, text });
  };

  let program: Program;
  try {
    program = parse(code, { ecmaVersion: "latest", sourceType: "script", locations: true });
  } catch (error) {
    const { loc, message } = error as SyntaxError & { loc?: { line: number; column: number } };
    add("syntax", loc ?? { line: 1, column: 0 }, message);
    return findings;
  }
  const context: ProfileContext = {
    code,
    program,
    scopes: analyseScopes(program),
    report(rule, node) {
      const start = node.loc?.start ?? { line: 1, column: 0 };
      add(rule, start, code.slice(node.start, Math.min(node.end, node.start + 60)).split("\n")[0] ?? "");
    },
  };
  syntaxChecks(context);
  nameChecks(context, deviceNames, options.keepProperties);
  if (options.willRename === true) jsonChecks(context, options.keepProperties ?? new Set());
  orderChecks(context);
  return findings.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
}

/** One finding as the compiler would write it, with the reason and the way out below. */
export function formatFinding(finding: Finding, script = "script"): string {
  const rule: Rule = rules[finding.rule];
  const place = `${finding.file || script}:${finding.line}:${finding.column}`;
  return `${place} ${finding.rule}: ${finding.text}\n    ${rule.why}\n    write ${rule.instead}`;
}
