/** Accessibility as axe-core judges it, in the page that is shown. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Every rule that axe has for WCAG 2.2 AA and its best practices; no element is excepted. Empty: all is well. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(source);
  // As a text, for what is evaluated in the page has no types here.
  const found: unknown =
    await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ": " + help + "; " + target.join(" ") + "; " + failureSummary)))`);
  return Array.isArray(found) ? found.map(String) : ["axe gave no list"];
}
