/** Brokers and servers that run beside the tests, each on a free port and with files in a folder of its own. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

export async function freePort(): Promise<number> {
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

export interface Program {
  /** What it wrote so far. */
  log(): string;
  /** A line on its standard input. */
  say(line: string): void;
  stop(): Promise<void>;
  /** Stops it in good order and starts it again. */
  restart(): Promise<void>;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly options?: SpawnOptions;
  /** It is up when this port takes connections. */
  readonly port: number;
  readonly patienceMs?: number;
}

export async function startProgram({ command, args, options, port, patienceMs = 5000 }: Launch): Promise<Program> {
  let text = "";
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(command, [...args], options ?? {});
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
      if (child.exitCode !== null) break;
      if (await answers(port)) return child;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill("SIGKILL");
    throw new Error(`${command} does not come up:\n${text}`);
  };
  let child = await start();
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return {
    log: () => text,
    say: (line) => void child.stdin?.write(`${line}\n`),
    stop,
    async restart() {
      await stop();
      child = await start();
    },
  };
}
