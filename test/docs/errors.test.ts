/** docs/errors.md is the source of the error codes: the device has these and no others. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/build/paths.ts";
import { parseErrorTable } from "../../tools/errors/error-table.ts";

const PREFIXES = [
  "AT",
  "MODEM",
  "SIM",
  "NET",
  "SOCKET",
  "FILE",
  "CLOCK",
  "SNTP",
  "TLS",
  "MQTT",
  "OUTBOX",
  "CLOUD",
  "CONFIG",
  "COMMAND",
];
/** Those of the tools, which have no failure(). */
const HOST_PREFIXES = [
  "PORT",
  "REPL",
  "FLASH",
  "TRACE",
  "SYMBOLS",
  "PEM",
  "KEY",
  "PAIR",
  "CERT",
  "CHAIN",
  "HOST",
  "STORE",
  "PROVISION",
];
/** Findings that praise need no row. */
const GOOD = ["CERT_GOOD", "CHAIN_COMPLETE", "HOST_NAMED", "KEY_FORM_FITS", "PAIR_MATCHES"];
const CODE = new RegExp(`["'\`]((?:${PREFIXES.join("|")})_[A-Z0-9_]+)["'\`]`, "g");
const text = readFileSync(join(root, "docs", "errors.md"), "utf8");
const table = parseErrorTable(text);

/** Comments name codes too; only what the compiler sees counts. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

function sourceFiles(): string[] {
  return ["modules", "src", "boards"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(folder, file)),
  );
}

/** Codes by the files that have them. */
function codesIn(files: readonly string[], pattern: RegExp): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const file of files) {
    const source = withoutComments(readFileSync(join(root, file), "utf8"));
    for (const [, code = ""] of source.matchAll(pattern)) found.set(code, [...(found.get(code) ?? []), file]);
  }
  return [...found];
}

/** The commands' own, anywhere in tools. */
const COMMAND_CODE = /\b(?:CliError\(\s*|code: )"(USAGE|FAILED|[A-Z]+|(?:NO|NOT|BAD|UNKNOWN|FILE)_[A-Z]+)"/g;
const toolFiles = readdirSync(join(root, "tools"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join("tools", file));
const hostFiles = ["port", "repl", "flash", "trace", "symbols", "provision"].flatMap((folder) =>
  readdirSync(join(root, "tools", folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join("tools", folder, file)),
);
const HOST_CODE = new RegExp(`"((?:${HOST_PREFIXES.join("|")})_[A-Z0-9_]+)"`, "g");
const inTools = codesIn(hostFiles, HOST_CODE).filter(([code]) => !GOOD.includes(code));
const inCommands = codesIn(toolFiles, COMMAND_CODE);
const inSources = new Map([...codesIn(sourceFiles(), CODE), ...inTools, ...inCommands]);

test("every code of the device and of the tools is explained", () => {
  const missing = [...inSources].filter(([code]) => !table.has(code)).map(([code, files]) => `${code} (${files[0]})`);
  assert.deepEqual(missing, []);
});

test("every code that is explained exists", () => {
  assert.deepEqual(
    [...table.keys()].filter((code) => !inSources.has(code)),
    [],
  );
});

test("failure() is called with a known prefix: no code escapes this test", () => {
  for (const file of sourceFiles()) {
    const source = withoutComments(readFileSync(join(root, file), "utf8"));
    for (const [, code = ""] of source.matchAll(/failure\(\s*"([^"]*)"/g)) {
      assert.match(code, new RegExp(`^(?:${PREFIXES.join("|")})_`), file);
    }
  }
});

for (const [code, { meaning, causes, remedies }] of table) {
  test(`${code} has a meaning, causes and a remedy that fit a screen`, () => {
    assert.ok(meaning.length > 10 && meaning.length < 400, meaning);
    assert.ok(causes.length > 0, "causes");
    assert.ok(remedies.length > 0, "remedies");
    for (const line of [...causes, ...remedies]) assert.ok(line.length < 260, line);
  });
}

test("no code stands in two rows", () => {
  const rows = text.split("\n").flatMap((line) => /^\| `([A-Z][A-Z0-9_]+)` \|/.exec(line)?.[1] ?? []);
  assert.deepEqual(
    rows.filter((code, index) => rows.indexOf(code) !== index),
    [],
  );
  assert.equal(rows.length, table.size);
});

test("codes that a text refers to exist", () => {
  for (const [code] of text.matchAll(
    new RegExp(`\\b(?:${[...PREFIXES, ...HOST_PREFIXES].join("|")})_[A-Z_]+\\b`, "g"),
  )) {
    assert.ok(table.has(code), code);
  }
});
