/** A real mosquitto with mutual TLS on a free port, in a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pki } from "../../tools/pki/set.ts";

export interface Mosquitto {
  readonly port: number;
  /** What it wrote so far. */
  log(): string;
  stop(): Promise<void>;
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

async function untilUp(child: ChildProcess, port: number, log: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) break;
    if (await answers(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`mosquitto does not come up:\n${log()}`);
}

export async function startMosquitto(pki: Pki): Promise<Mosquitto> {
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
  ];
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  const child = spawn("mosquitto", ["-v", "-c", write("mosquitto.conf", `${config.join("\n")}\n`)], {
    env: { ...process.env, PATH: path },
  });
  let text = "";
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const log = (): string => text;
  await untilUp(child, port, log);
  return {
    port,
    log,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
