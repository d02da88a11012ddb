/** A real mosquitto with mutual TLS on a free port, in a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pki } from "../../tools/pki/set.ts";
import { freePort, type Program, startProgram } from "./program.ts";

/** A broker that runs beside the tests; sessions outlive a restart with `persistence true`. */
export interface Mosquitto extends Program {
  readonly port: number;
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
  const options = { env: { ...process.env, PATH: path } };
  const program = await startProgram({ command: "mosquitto", args: ["-v", "-c", file], options, port });
  return {
    ...program,
    port,
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
