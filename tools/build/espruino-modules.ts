/** `npm run build:modules`: the parts of the device code as files that plain `require()` of Espruino's tools can load. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../cli/errors.ts";
import { bundleModule, type Features } from "./bundle.ts";
import { minifyScript, plainIntegers } from "./minify.ts";
import { describeModule } from "./module-docs.ts";
import { distDir, root } from "./paths.ts";
import { checkProfile, type Finding, formatFinding } from "./profile.ts";
import { deviceNames } from "./property-names.ts";

const SOURCES = join(root, "modules", "espruino");
/** Any board will do: of its record only the driver is taken. */
const BOARD = "rak5010";
const FEATURES: Readonly<Record<string, Partial<Features>>> = {
  GodwitMQTT: { MQTT5: false, OUTBOX: true },
  GodwitMQTT5: { MQTT5: true, OUTBOX: true },
};

/**
 * The Web IDE minifies modules of its own accord, and what it makes of `a;for(b of c)` is `for(b of a,c)`, which is no
 * JavaScript. This it cannot read, so it sends the module as it is; the interpreter can.
 */
const AS_IT_IS = "0??0;";

export interface EspruinoModule {
  readonly name: string;
  /** Names are plain, so that modules fit together and can be read in a debugger; variables are short. */
  readonly code: string;
  /** Markdown. */
  readonly page: string;
  readonly findings: readonly Finding[];
}

export const moduleNames = (): string[] =>
  readdirSync(SOURCES)
    .map((file) => file.replace(/\.ts$/, ""))
    .sort();

export async function buildModule(name: string): Promise<EspruinoModule> {
  const path = join(SOURCES, `${name}.ts`);
  const bundle = await bundleModule(path, {
    board: BOARD,
    features: FEATURES[name] ?? { MQTT5: false, OUTBOX: false },
  });
  const minified = await minifyScript(bundle.code, {
    keepProperties: deviceNames.properties,
    keepVariables: deviceNames.globals,
    mangleProperties: false,
  });
  const code = AS_IT_IS + plainIntegers(minified.code).toString().trimEnd();
  return {
    name,
    code: `${code}\n`,
    page: await describeModule(path, { name, bytes: code.length }),
    findings: checkProfile(code, undefined),
  };
}

/** Writes `dist/modules/<name>.js` and `<name>.md`; returns what was written. */
export async function writeModules(directory = join(distDir, "modules")): Promise<EspruinoModule[]> {
  mkdirSync(directory, { recursive: true });
  const built: EspruinoModule[] = [];
  for (const name of moduleNames()) {
    const module = await buildModule(name);
    if (module.findings[0] !== undefined) {
      throw new CliError("PROFILE", formatFinding(module.findings[0], `dist/modules/${name}.js`));
    }
    writeFileSync(join(directory, `${name}.js`), module.code, "latin1");
    writeFileSync(join(directory, `${name}.md`), module.page);
    built.push(module);
  }
  writeFileSync(join(directory, "README.md"), index(built));
  return built;
}

function index(built: readonly EspruinoModule[]): string {
  const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
  const rows = built.map(({ name, code, page }) => {
    const what = /^# .*\n\n((?:.+\n)+)/.exec(page)?.[1]?.replace(/\n/g, " ").split(/[.:] /)[0] ?? "";
    return `| [${name}](${name}.md) | ${code.length.toLocaleString("en-US")} | ${what} |`;
  });
  return `# Godwit ${version} as modules for Espruino

Without Godwit's own build: put the files where your Espruino tools look for modules, and \`require\` them.

- **espruino command line** (0.1.67): \`espruino --config "MODULE_URL=dist/modules|https://www.espruino.com/modules" app.js\`, with the
  folder as it is seen from where you are.
- **Espruino Web IDE**: a project folder (Settings, Project), the files in its \`modules\` folder.
- Both say that they cannot minify them (\`Unexpected token ?\`; the command line also that there is no \`.min.js\`) and send them as
  they are: that is right, they are small already.
- **On the board**: as files in Storage, named without \`.js\`: their functions then stay in flash and take no variables.

| module | bytes | what |
|---|---|---|
${rows.join("\n")}
`;
}
