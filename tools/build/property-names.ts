import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, hash, pipelineVersion } from "./cache.ts";
import { declarationFiles } from "./paths.ts";

export interface DeviceNames {
  /** Variables that exist before the first line of the image runs. */
  globals: ReadonlySet<string>;
  /** Property names that the interpreter knows: nobody may rename them. */
  properties: ReadonlySet<string>;
  /** What the globals that are namespaces or constructors have: `Math`, `E`, `Object` … */
  members: ReadonlyMap<string, ReadonlySet<string>>;
}

// The compiler takes half a second to load, so it is asked once for each version of the declarations.
const declarations = declarationFiles.map((file) => readFileSync(file, "utf8")).join("\0");
const collected = await cached("names", hash(pipelineVersion() + declarations), async () =>
  (await import("./collect-names.ts")).collectDeviceNames(),
);

/** What types/espruino.d.ts and @types/espruino say that a board has. */
export const deviceNames: DeviceNames = {
  globals: new Set(collected.globals),
  properties: new Set(collected.properties),
  members: new Map(collected.members.map(([name, members]) => [name, new Set(members)])),
};

/**
 * The names of members in interfaces and types whose doc comment has `@public`: they are read by the user's
 * application, written in a configuration file or printed on the console, so they keep their names.
 */
export async function publicNames(directories: string[]): Promise<Set<string>> {
  const texts = directories
    .flatMap((directory) =>
      readdirSync(directory, { recursive: true, encoding: "utf8" }).map((file) => join(directory, file)),
    )
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(file, "utf8"))
    .filter((text) => text.includes("@public"));
  const key = hash(pipelineVersion() + texts.join("\0"));
  return new Set(
    await cached("names", key, async () => (await import("./collect-names.ts")).collectPublicNames(texts)),
  );
}
