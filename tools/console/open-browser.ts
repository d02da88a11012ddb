/** Opens a page in the user's browser, where there is a user and a screen. */
import { spawn } from "node:child_process";

export interface Surroundings {
  readonly isTty: boolean;
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The program that opens a URL with what the user has chosen for that, or undefined where nobody would see it. Pure. */
export function opener({ isTty, platform, env }: Surroundings): readonly string[] | undefined {
  const isRemote = (env["SSH_CONNECTION"] ?? "") !== "";
  if (!isTty || (env["CI"] ?? "") !== "" || isRemote) return undefined;
  if (platform === "darwin") return ["open"];
  // The empty word is the title of the window that `start` could open.
  if (platform === "win32") return ["cmd", "/c", "start", ""];
  const hasScreen = (env["DISPLAY"] ?? env["WAYLAND_DISPLAY"] ?? "") !== "";
  return hasScreen ? ["xdg-open"] : undefined;
}

/** Whether it was tried; a browser that does not come is no error, the URL stands on the screen. */
export function openBrowser(
  url: string,
  surroundings: Surroundings = {
    isTty: process.stdout.isTTY === true,
    platform: process.platform,
    env: process.env,
  },
): boolean {
  const [program, ...words] = opener(surroundings) ?? [];
  if (program === undefined) return false;
  const child = spawn(program, [...words, url], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
  return true;
}
