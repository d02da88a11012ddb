/** What a line of the AT traffic says, in words. */

import { cmeText } from "./commands/causes.ts";
import { common } from "./commands/common.ts";
import { quectelBg9x } from "./commands/quectel-bg9x.ts";
import { type CommandRecord, type Explained, type Family, fieldsText } from "./commands/record.ts";
import { type CommandPart, splitArguments } from "./commands/split.ts";
import type { Severity } from "./event.ts";

/** As `godwit build` names the drivers. */
export const FAMILIES: readonly Family[] = [quectelBg9x];

export interface Explainer {
  record(name: string): CommandRecord | undefined;
  command(part: CommandPart): Explained | undefined;
  /** A line that starts with `+NAME:`, or one of the family's plain lines. */
  line(line: string, isUrc: boolean): Explained | undefined;
  isPlainLine(line: string): boolean;
  /** Comes also when nobody asked. */
  isNews(name: string): boolean;
}

const FINALS: Readonly<Record<string, Explained>> = {
  OK: { says: "done" },
  ERROR: { says: "refused, without a reason", severity: "fault", code: "AT_ERROR" },
  "NO CARRIER": { says: "no connection", severity: "fault", code: "AT_ERROR" },
  "NO ANSWER": { says: "no answer", severity: "fault", code: "AT_ERROR" },
  "NO DIALTONE": { says: "no dial tone", severity: "fault", code: "AT_ERROR" },
  BUSY: { says: "busy", severity: "fault", code: "AT_ERROR" },
};

/** A final result code (V.250, 5.7.1; 27.007, 9.1) in words; `undefined`: it is none. */
export function explainFinal(line: string): Explained | undefined {
  const error = /^\+(CME|CMS) ERROR:\s*(.*)$/.exec(line);
  if (error === null) return Object.hasOwn(FINALS, line) ? FINALS[line] : undefined;
  const cause = error[2] ?? "";
  const text = error[1] === "CME" && /^\d{1,5}$/.test(cause) ? cmeText(Number(cause)) : undefined;
  const code = cause === "10" || cause === "13" || cause === "15" ? "SIM_ABSENT" : "AT_ERROR";
  return { says: `refused: ${text ?? cause}`, severity: "fault", code };
}

const FORMS = { do: "", ask: "asks: ", test: "asks what is possible: ", set: "" } as const;

export function createExplainer(family: Family): Explainer {
  const records = new Map([...common, ...family.commands].map((record) => [record.name, record]));
  const isPlainLine = (line: string): boolean => Object.hasOwn(family.lines, line);

  function command(part: CommandPart): Explained | undefined {
    const record = records.get(part.name);
    if (record === undefined) return undefined;
    const special = part.form === "set" ? record.explainSet?.(part.args) : undefined;
    if (special !== undefined) return special;
    const fields = part.form === "set" ? fieldsText(record.parameters, part.args) : "";
    return { says: `${FORMS[part.form]}${record.says}${fields === "" ? "" : `: ${fields}`}` };
  }

  function line(text: string, isUrc: boolean): Explained | undefined {
    if (isPlainLine(text)) return family.lines[text];
    const [, name = "", rest = ""] = /^(\+[A-Z0-9]+):(.*)$/s.exec(text) ?? [];
    const record = records.get(name);
    if (record === undefined) return undefined;
    const args = splitArguments(rest);
    const special = record.explainResult?.(args, isUrc);
    if (special !== undefined) return special;
    const fields = record.results === undefined ? "" : fieldsText(record.results, args);
    return fields === "" ? undefined : { says: fields };
  }

  return {
    record: (name) => records.get(name),
    command,
    line,
    isPlainLine,
    isNews: (name) => records.get(name)?.isNews === true,
  };
}

/** Several parts of one line. */
export function joinExplained(parts: readonly (Explained | undefined)[]): {
  meaning: string | undefined;
  severity: Severity;
  code: string | undefined;
} {
  const known = parts.filter((part) => part !== undefined);
  const worst = known.find((part) => part.severity === "fault") ?? known.find((part) => part.severity === "good");
  return {
    meaning: known.length === 0 ? undefined : known.map(({ says }) => says).join("; "),
    severity: worst?.severity ?? "info",
    code: known.find((part) => part.code !== undefined)?.code,
  };
}
