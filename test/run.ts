/**
 * Runs a suite: `npm test` everything that needs nothing but this checkout, `npm test -- at/` only files whose path
 * contains "at/", `npm run test:interop` and the like what needs a broker or an interpreter beside it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const testDirectory = dirname(fileURLToPath(import.meta.url));
const root = dirname(testDirectory);

const chromium = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Suites that need something from outside, or more time than `npm test` may take: why they cannot run now, or undefined. */
const outside: Record<string, () => string | undefined> = {
  interop: () => (isInstalled("mosquitto") ? undefined : "mosquitto is not installed"),
  interpreter: () => (process.env["ESPRUINO"] ? undefined : "ESPRUINO is not set"),
  browser: () => (existsSync(chromium) ? undefined : `there is no ${chromium}; CHROMIUM names another one`),
  chaos: () => undefined,
  long: () => undefined,
  nightly: () => undefined,
};

/** Milliseconds that a file may take; else 90 s. */
const limitsMs: Record<string, number> = { chaos: 3_600_000, nightly: 3_600_000, browser: 180_000, long: 180_000 };

/** What is random, with far more of it: `npm run test:nightly`. */
const random = /^(long\/damage|long\/outbox|mqtt\/(oracle|properties|model|five-fuzz|outbox)|chaos\/)/;
/** 100,000 good packets of each version and more bad ones, 40,000 faults, every global of the image. */
const nightlyRuns = { GODWIT_RUNS: "40000", GODWIT_MQTT_FAULTS: "40000", GODWIT_GLOBALS: "100" };

function isInstalled(program: string): boolean {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  return !spawnSync(program, ["-h"], { env: { ...process.env, PATH: path } }).error;
}

function testFiles(suite: string | undefined, patterns: string[]): string[] {
  return readdirSync(testDirectory, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .filter((file) => {
      const [first = ""] = file.split("/");
      if (suite === "nightly") return random.test(file);
      return suite === undefined ? !(first in outside) : first === suite;
    })
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => `test/${file}`.includes(pattern)))
    .sort()
    .map((file) => join(testDirectory, file));
}

function main(): void {
  const args = process.argv.slice(2);
  const at = args.indexOf("--suite");
  const [, suite] = at < 0 ? [] : args.splice(at, 2);
  if (suite !== undefined && !(suite in outside)) {
    console.error(`there is no suite "${suite}"; there are: ${Object.keys(outside).join(", ")}`);
    process.exit(2);
  }
  const reason = suite === undefined ? undefined : outside[suite]?.();
  if (reason !== undefined) {
    console.log(`suite ${suite}: skipped, ${reason}`);
    return;
  }
  const files = testFiles(suite, args);
  if (files.length === 0) {
    console.error(`no test file${args.length > 0 ? ` has ${args.join(" or ")} in its path` : "s"}`);
    process.exit(suite === undefined || args.length > 0 ? 2 : 0);
  }
  if (suite === "nightly") Object.assign(process.env, { ...nightlyRuns, ...process.env });
  runFiles(files, limitsMs[suite ?? ""] ?? 90_000);
}

function runFiles(files: string[], timeout: number): void {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  // Three at a time: most machines that run this have two cores to give, and some files wait for sockets and timers most of
  // their time.
  // A test that waits for ever is a failure and not a reason to wait for ever.
  const stream = run({ files, concurrency: 3, timeout });
  stream.on("test:fail", (test) => {
    if (test.details.type !== "suite") failed++;
    process.exitCode = 1;
  });
  stream.on("test:pass", (test) => {
    if (test.details.type === "suite") return;
    if (test.skip !== undefined || test.todo !== undefined) skipped++;
    else passed++;
  });
  stream
    .compose(new spec())
    .on("end", () => console.log(`${passed} passed, ${failed} failed, ${skipped} skipped in ${files.length} files`))
    .pipe(process.stdout);
}

if (!existsSync(join(root, "node_modules", "tsx")))
  throw new Error(`run npm ci in ${relative(".", root) || "."} first`);
main();
