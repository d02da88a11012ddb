/**
 * A real Chromium for a test file, one page a test. What a user would find in the page's console as an error fails the
 * test that it came up in.
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { chromiumPath } from "./installed.ts";

/** Not in the repository: for eyes, and for whoever looks at a failed run. */
export const screensDirectory = fileURLToPath(new URL("../../dist/screens/", import.meta.url));

export async function launchChromium(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error("there is no Chromium");
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      "--no-sandbox", // containers run as root
      "--disable-gpu",
      "--disable-background-networking",
      "--force-color-profile=srgb", // screenshots and contrast do not depend on the machine's screen
      // On Linux Web Bluetooth is behind a flag still; on the other systems it is there.
      "--enable-features=WebBluetooth",
    ],
  });
}

/** In this process, which is that of one test file. */
let failures = 0;
const testFile = basename(process.argv[1] ?? "", ".test.ts");

export interface TestPage {
  readonly page: Page;
  /** Errors so far: uncaught ones, and what was logged as an error. */
  readonly errors: readonly string[];
  /** A picture of the whole page in dist/screens. */
  screenshot(name: string): Promise<void>;
}

/** Runs a test with a page of its own; fails when the test does, or when the page has errors. */
export async function withPage(
  browser: Browser,
  options: BrowserContextOptions,
  run: (shown: TestPage) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    ...options,
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const errors: string[] = [];
    const note = (error: string): void => void errors.push(error);
    page.on("pageerror", (error) => note(`uncaught: ${error.stack ?? error.message}`));
    page.on("crash", () => note("the page crashed"));
    page.on("console", (message) => {
      if (message.type() === "error") note(`console: ${message.text()} (${message.location().url})`);
    });
    const screenshot = (name: string): Promise<void> => takePicture(page, name);
    try {
      await run({ page, errors, screenshot });
    } catch (error) {
      await screenshot(`failed-${testFile}-${++failures}`).catch(() => undefined);
      throw withErrors(error, errors);
    }
    assert.deepEqual(errors, [], "errors in the page");
  } finally {
    await context.close();
  }
}

/** As high as what is shown, also where it scrolls within the window. */
async function takePicture(page: Page, name: string): Promise<void> {
  const size = page.viewportSize();
  const hidden: unknown = await page.evaluate(
    "Math.max(0, ...[...document.querySelectorAll('main')].map((one) => one.scrollHeight - one.clientHeight))",
  );
  const more = typeof hidden === "number" ? Math.min(hidden, 4000) : 0;
  if (size !== null && more > 0) await page.setViewportSize({ width: size.width, height: size.height + more });
  mkdirSync(screensDirectory, { recursive: true });
  await page.screenshot({ path: `${screensDirectory}${name}.png`, fullPage: true });
  if (size !== null && more > 0) await page.setViewportSize(size);
}

/** A test that waits for what an error of the page has prevented says so. */
function withErrors(error: unknown, errors: readonly string[]): unknown {
  if (error instanceof Error && errors.length > 0) error.message += `\nerrors in the page:\n${errors.join("\n")}`;
  return error;
}
