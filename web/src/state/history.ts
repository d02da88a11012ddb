/** Lines typed at the REPL, in memory only: they may hold secrets. */
export interface History {
  add(line: string): void;
  /** `draft` is what stands in the input line; it comes back behind the newest. Undefined: there is none older. */
  older(draft: string): string | undefined;
  newer(): string | undefined;
}

const MOST = 200;

export function createHistory(): History {
  const lines: string[] = [];
  let at = 0;
  let saved = "";
  return {
    add(line) {
      if (line.trim() !== "" && lines.at(-1) !== line) lines.push(line);
      if (lines.length > MOST) lines.shift();
      at = lines.length;
      saved = "";
    },
    older(draft) {
      if (at === lines.length) saved = draft;
      if (at === 0) return undefined;
      return lines[--at];
    },
    newer() {
      if (at >= lines.length) return undefined;
      at++;
      return at === lines.length ? saved : lines[at];
    },
  };
}
