/** Line icons on a 24 px grid, drawn for this page. Decoration only: words stand beside them. */
import { html, svg, type TemplateResult } from "lit";

const PATHS = {
  board: svg`<rect x="6" y="6" width="12" height="12" rx="2"/><path d="M9 2v4M15 2v4M9 18v4M15 18v4M2 9h4M2 15h4M18 9h4M18 15h4"/>`,
  flash: svg`<path d="M12 3v11M8 10l4 4 4-4M4 15v4a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-4"/>`,
  provision: svg`<circle cx="8" cy="15" r="4"/><path d="m11 12 9-9M16 7l3 3"/>`,
  repl: svg`<rect x="3" y="4" width="18" height="16" rx="2"/><path d="m7 9 3 3-3 3M13 15h4"/>`,
  trace: svg`<path d="M3 8h13M13 5l3 3-3 3M21 16H8M11 13l-3 3 3 3"/>`,
  status: svg`<path d="M3 12h4l2.5-7 5 14 2.5-7h4"/>`,
  bluetooth: svg`<path d="m7 7 10 10-5 4V3l5 4L7 17"/>`,
  serial: svg`<path d="M12 21V4M9 7l3-3 3 3M12 17l-5-3v-3M12 15l5-3V9"/><circle cx="12" cy="21" r="1"/>`,
  virtual: svg`<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M9 20h6M12 16v4"/>`,
  sun: svg`<circle cx="12" cy="12" r="4"/><path d="M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M5 19l1.5-1.5M17.5 6.5 19 5"/>`,
  moon: svg`<path d="M20 14a8 8 0 1 1-10-10 7 7 0 0 0 10 10z"/>`,
  check: svg`<path d="m4 12.5 5 5L20 6.5"/>`,
  warn: svg`<path d="M12 3 2.5 20h19zM12 10v4M12 17v.1"/>`,
  cross: svg`<path d="M6 6l12 12M18 6 6 18"/>`,
  info: svg`<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 8v.1"/>`,
  file: svg`<path d="M14 3H6v18h12V7zM14 3v4h4"/>`,
  power: svg`<path d="M12 3v9M6.5 7a8 8 0 1 0 11 0"/>`,
  cut: svg`<circle cx="6" cy="6" r="3"/><circle cx="6" cy="18" r="3"/><path d="M20 4 8.5 15.5M8.5 8.5 20 20"/>`,
  stop: svg`<rect x="6" y="6" width="12" height="12" rx="1"/>`,
  play: svg`<path d="M7 4v16l13-8z"/>`,
  pause: svg`<path d="M8 5v14M16 5v14"/>`,
  save: svg`<path d="M12 4v11M8 11l4 4 4-4M4 20h16"/>`,
  copy: svg`<rect x="8" y="8" width="12" height="12" rx="2"/><path d="M16 8V4H4v12h4"/>`,
  chain: svg`<path d="M9 15 15 9M11 6l2-2a5 5 0 0 1 7 7l-2 2M13 18l-2 2a5 5 0 0 1-7-7l2-2"/>`,
  down: svg`<path d="m6 9 6 6 6-6"/>`,
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${PATHS[name]}</svg>`;
}
