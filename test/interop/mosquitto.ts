/** A real mosquitto with mutual TLS on a free port, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pki } from "../../tools/pki/set.ts";

/** A broker that runs beside the tests. */
export interface Mosquitto {
  readonly port: number;
  /** What it wrote so far. */
  log(): string;
  stop(): Promise<void>;
  /** Stops it in good order and starts it again with the same files: sessions outlive it with `persistence true`. */
  restart(): Promise<void>;
}

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

/** Waits until the broker that `child` is takes connections. */
export async function untilUp(child: ChildProcess, port: number, log: () => string, patienceMs = 5000): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
    if (child.exitCode !== null) break;
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.spawnfile} does not come up:\n${log()}`);
}

/** `more`: further lines of its configuration. `FOLDER` in them stands for a folder that goes with it. */
export async function startMosquitto(pki: Pki, more: readonly string[] = []): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-mosquitto-"));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const port = await freePort();
  const config = [
    // As root mosquitto would become another user, which cannot read this folder; for others the line means nothing.
    "user root",
    `listener ${port} 127.0.0.1`,
    `cafile ${write("ca.pem", pki.clientCa)}`,
    `certfile ${write("server.pem", pki.server.chain)}`,
    `keyfile ${write("server.key", pki.server.key)}`,
    "require_certificate true",
    "use_identity_as_username true",
    "tls_version tlsv1.2",
    "allow_anonymous false",
    "log_type all",
    ...more.map((line) => line.replace("FOLDER", folder)),
  ];
  const file = write("mosquitto.conf", `${config.join("\n")}\n`);
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  let text = "";
  const log = (): string => text;
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  const start = async (): Promise<ChildProcess> => {
    const started = spawn("mosquitto", ["-v", "-c", file], { env: { ...process.env, PATH: path } });
    started.stdout.on("data", collect);
    started.stderr.on("data", collect);
    await untilUp(started, port, log);
    return started;
  };
  let child = await start();
  const end = async (): Promise<void> => {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  };
  return {
    port,
    log,
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
    async restart() {
      await end();
      child = await start();
    },
  };
}
