/** Servers of other TLS stacks, started from their own commands on a free port, with files in a folder of their own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TlsServer {
  readonly port: number;
  /** What it wrote so far. */
  log(): string;
  /** A line on its standard input. */
  say(line: string): void;
  stop(): Promise<void>;
}

/** Its command and arguments; `file` puts a text into the folder and returns the path. */
export type Launch = (port: number, file: (name: string, text: string) => string) => readonly [string, ...string[]];

/** Why its tests cannot run, as `skip` of a test wants it. */
export function missing(program: string, debianPackage: string): string | false {
  return spawnSync(program, ["--version"]).error ? `${program} is not installed (apt: ${debianPackage})` : false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function startTlsServer(launch: Launch): Promise<TlsServer> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-tls-"));
  const port = await freePort();
  const [command, ...args] = launch(port, (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  });
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100 || child.exitCode !== null) {
      await stop();
      throw new Error(`${command} does not come up:\n${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return { port, log: () => text, say: (line) => void child.stdin?.write(`${line}\n`), stop };
}
