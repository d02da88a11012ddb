/** The error codes as docs/errors.md explains them: the document is the source, this only reads it. */
export interface ErrorExplanation {
  readonly code: string;
  readonly meaning: string;
  /** Most likely first. */
  readonly causes: readonly string[];
  readonly remedies: readonly string[];
}

export type ErrorTable = ReadonlyMap<string, ErrorExplanation>;

/** Cells of a table row; a `\|` is a character of its cell. */
function cells(line: string): string[] {
  return line
    .trim()
    .replace(/^\|/, "")
    .replace(/\|$/, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll("\\|", "|").trim());
}

/** A cell that lists: separated by `<br>`, each with or without its number. */
function list(cell: string): string[] {
  return cell
    .split(/<br\s*\/?>/)
    .map((item) => plain(item.replace(/^\s*\d+[.)]\s+/, "")))
    .filter((item) => item !== "" && item !== "-");
}

/** Markdown's marks mean nothing on a terminal. */
function plain(text: string): string {
  return text
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\*\*|`/g, "")
    .trim();
}

/** Reads every table that has the columns code, meaning, likely causes and what to do, in any order. */
export function parseErrorTable(markdown: string): ErrorTable {
  const table = new Map<string, ErrorExplanation>();
  let columns: string[] | undefined;
  for (const line of markdown.split("\n")) {
    if (!line.trim().startsWith("|")) {
      columns = undefined;
      continue;
    }
    const row = cells(line);
    if (columns === undefined) {
      columns = row.map((name) => name.toLowerCase());
      continue;
    }
    const cell = (name: string): string => row[columns?.findIndex((column) => column.includes(name)) ?? -1] ?? "";
    const code = plain(cell("code"));
    if (!/^[A-Z][A-Z0-9_]+$/.test(code)) continue;
    table.set(code, {
      code,
      meaning: plain(cell("meaning")),
      causes: list(cell("cause")),
      remedies: list(cell("what to do")),
    });
  }
  return table;
}
