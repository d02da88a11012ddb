import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import MagicString from "magic-string";
import type { Plugin } from "rollup";
import { CliError } from "../cli/errors.ts";
import { type Bundle, type Features, featuresOf, lowering, rollupScript } from "./bundle.ts";
import { minifyScript, plainIntegers } from "./minify.ts";
import { distDir, root } from "./paths.ts";
import { pretokenise } from "./pretokenise.ts";
import { checkProfile, type Finding } from "./profile.ts";
import { deviceNames, publicNames } from "./property-names.ts";
import { type BudgetResult, checkBudgets, type ModuleSize, moduleSizes, readBudgets } from "./sizes.ts";

export interface FirmwareOptions {
  board: string;
  /** Default true. */
  minify?: boolean;
  /** In place of what the board says. */
  features?: Partial<Features>;
  /** Default src/main.ts. */
  entry?: string;
  /** Seconds since 1970 that the image says it was built at; default SOURCE_DATE_EPOCH or now. */
  buildTime?: number;
}

export interface Firmware extends Bundle {
  board: string;
  version: string;
  buildTime: number;
  features: Features;
  /** Mangled property name by the name in the source. */
  names: Record<string, string>;
  findings: Finding[];
  modules: ModuleSize[];
  budgets: BudgetResult[];
  total: number;
  /** Bytes of the image as the interpreter's tokens. */
  pretokenised: number;
}

/**
 * Makes the globals that every method call looks for, before the image declares its own: the interpreter makes them at
 * first use, at the end of the list that it walks (docs/adr/0003-device-language.md, with figures).
 */
export const banner = "Object.prototype;String.prototype;Array.prototype;Function.prototype;";

export function boardIds(): string[] {
  return readdirSync(join(root, "boards"))
    .filter((file) => file.endsWith(".ts") && file !== "board.ts")
    .map((file) => file.slice(0, -3))
    .sort();
}

export async function bundleFirmware(options: FirmwareOptions): Promise<Firmware> {
  const { board } = options;
  const boards = boardIds();
  if (!boards.includes(board)) {
    throw new CliError("UNKNOWN_BOARD", `there is no board "${board}"; there are: ${boards.join(", ")}`, 2);
  }
  const entry = options.entry ?? join(root, "src", "main.ts");
  if (!existsSync(entry)) throw new CliError("NO_ENTRY", `there is no ${entry}`);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const buildTime = options.buildTime ?? buildTimeNow();
  const features = featuresOf(board, options.features);
  const constants = { BUILD_TIME: buildTime, VERSION: version, BOARD: board };

  const sources = new Set(["modules", "src", "boards"].map((dir) => join(root, dir)).filter(existsSync));
  if (options.entry) sources.add(dirname(options.entry));
  const own = await publicNames([...sources]);
  const keepProperties = new Set([...deviceNames.properties, ...own]);
  let names: Record<string, string> = {};
  const minify: Plugin = {
    name: "godwit-minify",
    async renderChunk(code) {
      const minified = await minifyScript(code, {
        keepProperties,
        keepVariables: deviceNames.globals,
        mangleProperties: true,
      });
      names = minified.names;
      return { code: minified.code, map: minified.map };
    },
  };
  const integers: Plugin = {
    name: "godwit-integers",
    renderChunk(code) {
      const text = plainIntegers(code);
      return { code: text.toString(), map: text.generateMap({ hires: true }) };
    },
  };
  // Behind terser, to which these are statements without effect.
  const firstGlobals: Plugin = {
    name: "godwit-first-globals",
    renderChunk(code) {
      const text = new MagicString(code).prepend(banner);
      return { code: text.toString(), map: text.generateMap({ hires: true }) };
    },
  };
  const finish = [...(options.minify === false ? [] : [minify]), integers, firstGlobals];
  const bundles = await rollupScript(
    entry,
    { board, build: constants, features },
    { format: "es", outputs: [[], [...(await lowering()), ...finish]] },
  );
  const [written, bundle] = bundles as [Bundle, Bundle];

  // Checked as written, where names are plain and nothing is lowered, and, when that is clean, as it will run.
  // Exponents are the build's to write out (plainIntegers), so the author may use them.
  const willRename = options.minify !== false;
  const found = checkProfile(written.code, written.map, { keepProperties, willRename });
  const plain = found.filter((finding) => finding.rule !== "exponent-number");
  const code = `${bundle.code.trimEnd()}\n`;
  const modules = moduleSizes(code, bundle.map);
  return {
    board,
    version,
    buildTime,
    features,
    names,
    code,
    map: bundle.map,
    findings: plain.length > 0 ? plain : checkProfile(code, bundle.map, { keepProperties }),
    modules,
    budgets: checkBudgets(modules, readBudgets(), board, features),
    total: code.length,
    pretokenised: pretokenise(code).length,
  };
}

/** In the year 2106. A time beyond is a mistake, and a device that was built then believes no clock. */
const LAST_SECOND = 0xffff_ffff;

function buildTimeNow(): number {
  const epoch = process.env["SOURCE_DATE_EPOCH"];
  if (epoch === undefined || epoch === "") return Math.floor(Date.now() / 1000);
  if (!/^\d{1,10}$/.test(epoch) || Number(epoch) > LAST_SECOND) {
    throw new CliError("BAD_EPOCH", `SOURCE_DATE_EPOCH is "${epoch}", not a count of seconds since 1970`, 2);
  }
  return Number(epoch);
}

/** Writes dist/<board>.js with its map and its name table; returns the paths. */
export function writeFirmware(firmware: Firmware, directory = distDir): string[] {
  mkdirSync(directory, { recursive: true });
  const file = (extension: string) => join(directory, `${firmware.board}.${extension}`);
  writeFileSync(file("js"), firmware.code, "latin1");
  writeFileSync(file("js.map"), firmware.map);
  writeFileSync(file("names.json"), `${JSON.stringify(firmware.names, null, 1)}\n`);
  return [file("js"), file("js.map"), file("names.json")];
}
