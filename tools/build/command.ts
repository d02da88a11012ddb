import { existsSync, readFileSync, statSync } from "node:fs";
import { relative } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { CliError } from "../cli/errors.ts";
import { writeImage } from "../flash/make-image.ts";
import { type Features, featureNames } from "./bundle.ts";
import { boardIds, bundleFirmware, type Firmware, writeFirmware } from "./firmware.ts";
import { root } from "./paths.ts";
import { checkProfile, type Finding, formatFinding } from "./profile.ts";
import { rules } from "./profile-rules.ts";
import { buildReport } from "./report.ts";
import { typecheckDevice } from "./typecheck.ts";

interface BuildFlags {
  board?: string;
  with?: (keyof Features)[];
  without?: (keyof Features)[];
  minify: boolean;
  typecheck: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command("build")
    .description("type-check the device code and write one script for a board: dist/<board>.js")
    .option("-b, --board <id>", "the board to build for: a file in boards/")
    .option("--with <features>", "parts that the board's file leaves out: mqtt5, outbox", features)
    .option("--without <features>", "parts that it has and this image has not", features)
    .option("--no-minify", "leave names and lines as they are, for reading")
    .option("--no-typecheck", "only bundle")
    .option("--json", "sizes and findings as JSON")
    .addHelpText("after", buildHelp)
    .action(build);

  program
    .command("build-modules")
    .description("write the parts of the device code as files for plain require(): dist/modules")
    .option("--json", "names and sizes as JSON")
    .addHelpText("after", "\nFor users of the Espruino Web IDE: dist/modules/README.md says where the files go.\n")
    .action(buildModules);

  program
    .command("lint-device")
    .description("look through a script for what Espruino lacks or gets silently wrong")
    .argument("<script>", "a JavaScript file; with <script>.map beside it, lines are those of the source")
    .option("--json", "findings as JSON")
    .option("--rules", "list the rules first")
    .addHelpText("after", "\nExample:\n  npx godwit lint-device dist/rak5010.js\n")
    .action(lintDevice);
}

const buildHelp = `
Writes
  dist/<board>.js          the script for the board, one char a byte
  dist/<board>.js.map      from its bytes to the lines of TypeScript
  dist/<board>.names.json  short property names, by the names in the source
  dist/<board>.image.json  all of it in one file, for npx godwit flash and for the page

Fails when the types are wrong, when the script has something that Espruino lacks or gets
silently wrong (with the TypeScript line and what to write instead), or when a size is over
its budget in docs/sizes.md.

SOURCE_DATE_EPOCH sets the build time that goes into the image: two builds of the same
source are then the same, byte for byte.

Examples:
  npm run build -- --board rak5010
  npx godwit build --board nrf52840dk --with mqtt5 --json
  npx godwit build --board rak5010 --without outbox
`;

function features(list: string): (keyof Features)[] {
  return list.split(",").map((word) => {
    const name = featureNames.find((known) => known === word.trim().toUpperCase());
    if (!name) throw new InvalidArgumentError(`There are: ${featureNames.join(", ").toLowerCase()}.`);
    return name;
  });
}

async function build(flags: BuildFlags): Promise<void> {
  const board = flags.board;
  if (!board) {
    throw new CliError("NO_BOARD", `which board? --board ${boardIds().join(" or --board ")}`, 2);
  }
  const started = performance.now();
  const [types, firmware] = await Promise.all([
    flags.typecheck ? typecheckDevice() : undefined,
    bundleFirmware({
      board,
      minify: flags.minify,
      features: Object.fromEntries([
        ...(flags.with ?? []).map((name) => [name, true]),
        ...(flags.without ?? []).map((name) => [name, false]),
      ]),
    }),
  ]);
  // For reading only: an image is what the board can take.
  const paths = [...writeFirmware(firmware), ...(flags.minify ? [await writeImage(firmware)] : [])];
  const files = paths.map((file) => relative(root, file));
  const ms = Math.round(performance.now() - started);
  const typesOk = types?.isOk ?? true;
  const over = flags.minify ? firmware.budgets.filter((budget) => budget.isOver) : [];
  const ok = typesOk && firmware.findings.length === 0 && over.length === 0;
  if (!ok) process.exitCode = 1;

  if (flags.json) {
    console.log(JSON.stringify(summary(firmware, { ok, files, ms, types: types?.output.trim() ?? "" })));
    return;
  }
  if (!typesOk && types) console.error(types.output.trimEnd());
  printFindings(firmware.findings, files[0] ?? "");
  console.log(buildReport(firmware, { files, ms }));
  for (const { row, bytes, budget } of over) {
    console.error(`godwit: ${row} is ${bytes} bytes, ${bytes - budget} over its budget of ${budget} (docs/sizes.md)`);
  }
  if (!typesOk) console.error("godwit: the types are wrong, see above");
  if (firmware.findings.length > 0) {
    const { length } = firmware.findings;
    const places = length === 1 ? "1 place" : `${length} places`;
    console.error(`godwit: ${places} that would not work on the chip as written, see above`);
  }
}

async function buildModules(flags: { json?: boolean }): Promise<void> {
  const { writeModules } = await import("./espruino-modules.ts");
  const built = await writeModules();
  if (flags.json) {
    console.log(JSON.stringify({ ok: true, modules: built.map(({ name, code }) => ({ name, bytes: code.length })) }));
    return;
  }
  for (const { name, code } of built) {
    console.log(`  ${name.padEnd(12)} ${String(code.length).padStart(7)}  dist/modules/${name}.js, ${name}.md`);
  }
}

function summary(
  firmware: Firmware,
  facts: { ok: boolean; files: string[]; ms: number; types: string },
): Record<string, unknown> {
  const { board, version, buildTime, features, total, pretokenised, modules, budgets, findings } = firmware;
  return { ...facts, board, version, buildTime, features, total, pretokenised, modules, budgets, findings };
}

function printFindings(findings: Finding[], script: string): void {
  for (const finding of findings) console.error(`${formatFinding(finding, script)}\n`);
}

function lintDevice(script: string, flags: { json?: boolean; rules?: boolean }): void {
  if (!existsSync(script)) throw new CliError("NO_FILE", `there is no file ${script}`, 2);
  if (!statSync(script).isFile()) throw new CliError("NO_FILE", `${script} is no file`, 2);
  if (flags.rules) {
    for (const [id, { why, instead }] of Object.entries(rules)) console.log(`${id}\n    ${why}\n    write ${instead}`);
  }
  const map = existsSync(`${script}.map`) ? readFileSync(`${script}.map`, "utf8") : undefined;
  const findings = checkProfile(readFileSync(script, "utf8"), map);
  if (findings.length > 0) process.exitCode = 1;
  if (flags.json) {
    console.log(JSON.stringify({ ok: findings.length === 0, findings }));
    return;
  }
  printFindings(findings, script);
  console.log(findings.length === 0 ? `${script}: nothing found` : `${script}: ${findings.length} found`);
}
