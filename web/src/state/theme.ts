/** Light, dark, or as the system says. */
export type ThemeChoice = "system" | "light" | "dark";
export type Theme = "light" | "dark";

export const THEME_KEY = "godwit.theme";

export function readChoice(stored: string | null): ThemeChoice {
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function themeOf(choice: ThemeChoice, systemIsDark: boolean): Theme {
  if (choice === "system") return systemIsDark ? "dark" : "light";
  return choice;
}

/** The toggle goes to the other one of the two; back to what the system says is no choice any more. */
export function toggled(choice: ThemeChoice, systemIsDark: boolean): ThemeChoice {
  const next: Theme = themeOf(choice, systemIsDark) === "dark" ? "light" : "dark";
  return next === themeOf("system", systemIsDark) ? "system" : next;
}
