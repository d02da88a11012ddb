import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/**
 * Who may import whom. Biome can forbid an import by its text; these rules are about where it leads and whether it is
 * of types only, so they are a test.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

interface Import {
  from: string;
  to: string;
  isTypeOnly: boolean;
}

interface LayerRule {
  says: string;
  applies(from: string): boolean;
  allows(to: string, isTypeOnly: boolean): boolean;
}

const inside =
  (...folders: string[]) =>
  (path: string) =>
    folders.some((folder) => path.startsWith(`${folder}/`));
const device = inside("modules", "src", "boards");

const rules: LayerRule[] = [
  {
    says: "a driver imports only driver.ts",
    applies: inside("modules/modem/drivers"),
    allows: (to) => to === "modules/modem/driver.ts",
  },
  {
    says: "modules/mqtt knows a Transport, never AT or the modem",
    applies: inside("modules/mqtt"),
    allows: (to) => !inside("modules/at", "modules/modem")(to),
  },
  {
    says: "modules can be used without this firmware, this computer and this board",
    applies: inside("modules"),
    allows: (to) => !inside("src", "tools", "boards", "web", "test", "bench")(to),
  },
  {
    says: "the firmware does not import host code",
    applies: inside("src", "boards"),
    allows: (to) => !inside("tools", "web", "test", "bench")(to),
  },
  {
    says: "host code takes the types of device code, and runs it only as a bundle",
    // test/support/device*.ts and bench/device are bundled too: they gather what is loaded into one script.
    applies: (from) =>
      inside("tools", "web", "test", "bench")(from) && !/^(test\/support\/device[^/]*\.ts$|bench\/device\/)/.test(from),
    allows: (to, isTypeOnly) => !device(to) || isTypeOnly,
  },
];

export function importsOf(path: string, text: string): Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const specifier = statement.moduleSpecifier;
    if (!specifier || !ts.isStringLiteral(specifier) || !specifier.text.startsWith(".")) return [];
    const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined;
    const isTypeOnly = ts.isExportDeclaration(statement) ? statement.isTypeOnly : clause?.isTypeOnly === true;
    return [{ from: path, to: relative(root, resolve(root, dirname(path), specifier.text)), isTypeOnly }];
  });
}

function broken(imports: Import[]): string[] {
  return imports.flatMap(({ from, to, isTypeOnly }) =>
    rules
      .filter((rule) => rule.applies(from) && !rule.allows(to, isTypeOnly))
      .map((rule) => `${from} imports ${to}: ${rule.says}`),
  );
}

function sourceFiles(): string[] {
  const folders = ["modules", "src", "boards", "tools", "web", "test", "bench"];
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
    )
    .filter((file) => file.endsWith(".ts") && !file.includes("/fixtures/") && !file.includes("/node_modules/"));
}

describe("layers", () => {
  it("keep to their neighbours", () => {
    const imports = sourceFiles().flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));
    assert.deepEqual(broken(imports), []);
  });

  const wrong: [string, string][] = [
    ["modules/modem/drivers/a.ts", 'import type { X } from "../modem.ts";'],
    ["modules/mqtt/client.ts", 'import { x } from "../at/digest.ts";'],
    ["modules/mqtt/client.ts", 'export { x } from "../modem/modem.ts";'],
    ["modules/link/link.ts", 'import config from "../../src/config.ts";'],
    ["modules/link/link.ts", 'import type { Board } from "../../boards/board.ts";'],
    ["src/main.ts", 'import { x } from "../tools/clock.ts";'],
    ["tools/doctor/a.ts", 'import { decode } from "../../modules/mqtt/packet.ts";'],
    ["test/mqtt/a.test.ts", 'import { type Packet, decode } from "../../modules/mqtt/packet.ts";'],
  ];
  for (const [path, text] of wrong) {
    it(`refuse ${text} in ${path}`, () => assert.equal(broken(importsOf(path, text)).length, 1));
  }

  const right: [string, string][] = [
    ["modules/modem/drivers/a.ts", 'import type { Driver } from "../driver.ts";'],
    ["modules/mqtt/client.ts", 'import { failure } from "../failure.ts";'],
    ["tools/doctor/a.ts", 'import type * as Packet from "../../modules/mqtt/packet.ts";'],
    ["src/main.ts", 'import { createLink } from "../modules/link/link.ts";'],
  ];
  for (const [path, text] of right) {
    it(`allow ${text} in ${path}`, () => assert.deepEqual(broken(importsOf(path, text)), []));
  }
});
