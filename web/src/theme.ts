/** Puts the theme on the page and keeps the choice. */
import { createStore } from "./state/store.ts";
import { readChoice, THEME_KEY, type Theme, themeOf, toggled } from "./state/theme.ts";

const system = matchMedia("(prefers-color-scheme: dark)");

export const theme = createStore<Theme>("light");

/** Storage may be forbidden; the choice then lasts as long as the page. */
function stored(): string | null {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null;
  }
}

let choice = readChoice(stored());

function apply(): void {
  theme.set(themeOf(choice, system.matches));
  document.documentElement.dataset["theme"] = theme.value;
}

export function startTheme(): void {
  system.addEventListener("change", apply);
  apply();
}

export function toggleTheme(): void {
  choice = toggled(choice, system.matches);
  try {
    if (choice === "system") localStorage.removeItem(THEME_KEY);
    else localStorage.setItem(THEME_KEY, choice);
  } catch {
    // As above.
  }
  apply();
}
