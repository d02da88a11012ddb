/** Servers of other TLS stacks, started from their own commands on a free port, with files in a folder of their own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type Program, startProgram } from "./program.ts";

export interface TlsServer extends Pick<Program, "log" | "say" | "stop"> {
  readonly port: number;
}

/** Its command and arguments; `file` puts a text into the folder and returns the path. */
export type Launch = (port: number, file: (name: string, text: string) => string) => readonly [string, ...string[]];

/** Why its tests cannot run, as `skip` of a test wants it. */
export function missing(program: string, debianPackage: string): string | false {
  return spawnSync(program, ["--version"]).error ? `${program} is not installed (apt: ${debianPackage})` : false;
}

export async function startTlsServer(launch: Launch): Promise<TlsServer> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-tls-"));
  const port = await freePort();
  const [command, ...args] = launch(port, (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  });
  const { log, say, stop } = await startProgram({ command, args, port });
  return {
    ...{ port, log, say },
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
