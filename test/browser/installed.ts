/** Whether there is a Chromium to test in. Apart from chromium.ts so that who only asks loads no browser's driver. */
import { existsSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** Debian calls it `chromium`; `CHROMIUM` names another, e.g. a Chrome. */
export function chromiumPath(): string | undefined {
  const asked = process.env["CHROMIUM"];
  if (asked && isAbsolute(asked)) return existsSync(asked) ? asked : undefined;
  const names = asked ? [asked] : ["chromium", "chromium-browser"];
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  for (const folder of [...folders, "/usr/bin"]) {
    const found = names.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Why the suite cannot run here, or undefined. */
export function reasonWithoutChromium(): string | undefined {
  if (chromiumPath() !== undefined) return undefined;
  const asked = process.env["CHROMIUM"];
  return asked ? `CHROMIUM names ${asked}, which is not there` : "chromium is not installed, and CHROMIUM not set";
}
