/** Which panels there are and which one is shown. */
export type TabId = "board" | "flash" | "provision" | "repl" | "trace" | "status";

export interface Tab {
  readonly id: TabId;
  readonly label: string;
}

const TABS: readonly Tab[] = [
  { id: "board", label: "Board" },
  { id: "flash", label: "Flash" },
  { id: "provision", label: "Provision" },
  { id: "repl", label: "REPL" },
  { id: "trace", label: "Trace" },
  { id: "status", label: "Status" },
];

/** The board's own panel is there where `npm start` serves the page. */
export function tabsFor(isVirtual: boolean): readonly Tab[] {
  return isVirtual ? TABS : TABS.filter(({ id }) => id !== "board");
}

export function tabFromHash(hash: string, tabs: readonly Tab[]): TabId {
  const wanted = hash.replace(/^#/, "");
  return (tabs.find(({ id }) => id === wanted) ?? tabs[0])?.id ?? "flash";
}

/** Arrow keys, Home and End in a list of tabs, as the ARIA pattern has them; undefined: not a key for tabs. */
export function tabForKey(key: string, current: TabId, tabs: readonly Tab[]): TabId | undefined {
  const at = tabs.findIndex(({ id }) => id === current);
  const steps: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: at - 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: -1,
  };
  const to = steps[key];
  return to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length]?.id;
}
