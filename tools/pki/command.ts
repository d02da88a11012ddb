/** `godwit pki`: certificates for the desk. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { isIPv4, isIPv6 } from "node:net";
import { join } from "node:path";
import { domainToASCII } from "node:url";
import { type Command, Option } from "commander";
import { CliError } from "../cli/errors.ts";
import type { KeyKind } from "./pki.ts";

interface Options {
  out: string;
  host: string[];
  client: string;
  keys: KeyKind;
  intermediate: boolean;
  force: boolean;
}

const HELP = `
Writes ca.pem, server.pem, server.key, client.pem and client.key. The keys are in the traditional form
(BEGIN EC/RSA PRIVATE KEY), the one that BG96 is known to read; server.pem holds the chain without the root.

  npx godwit pki --out certs --host broker.example.com --host 192.0.2.7

For the desk and for first tests only: the CA's own key is not written, so nothing can be added later.`;

/** Longest name of a host (RFC 1035, 2.3.4). */
const MAX_HOST = 253;
const LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;

/** What a certificate can be for: a DNS name, also with a star in front, or an address. Throws a `CliError` with `USAGE`. */
function checkHost(host: string): void {
  if (isIPv4(host) || isIPv6(host)) return;
  const labels = host.replace(/^\*\./, "").split(".");
  if (host.length <= MAX_HOST && labels.every((label) => LABEL.test(label))) return;
  const ascii = domainToASCII(host);
  const instead = ascii !== "" && ascii !== host ? `; write ${ascii}` : "";
  throw new CliError("USAGE", `--host wants a DNS name or an address, not "${host}"${instead}`, 2);
}

async function run(options: Options): Promise<void> {
  for (const host of options.host) checkHost(host);
  if (options.client.length < 1 || options.client.length > 64) {
    throw new CliError("USAGE", "--client wants a name of 1 to 64 characters", 2);
  }
  // Loaded here so that `godwit --help` does not pay for the X.509 library.
  const { createPki } = await import("./set.ts");
  const pki = await createPki({
    hosts: options.host,
    client: options.client,
    keyKind: options.keys,
    intermediate: options.intermediate,
  });
  const client = pki.client;
  if (client === undefined) throw new Error("no client certificate was made");
  const files: [name: string, text: string, mode: number][] = [
    ["ca.pem", pki.ca, 0o644],
    ["server.pem", pki.server.chain, 0o644],
    ["server.key", pki.server.traditionalKey, 0o600],
    ["client.pem", client.chain, 0o644],
    ["client.key", client.traditionalKey, 0o600],
  ];
  const present = files.map(([name]) => join(options.out, name)).filter((path) => existsSync(path));
  if (present.length > 0 && !options.force) {
    throw new CliError("FILE_EXISTS", `${present.join(", ")} already there; --force writes over it`);
  }
  await mkdir(options.out, { recursive: true });
  for (const [name, text, mode] of files) {
    await writeFile(join(options.out, name), text, { mode });
    console.log(`${join(options.out, name)}  ${text.length} bytes`);
  }
}

export function register(program: Command): void {
  program
    .command("pki")
    .description("make a CA, a server and a client certificate for the desk")
    .requiredOption("--out <dir>", "folder to write to")
    .option("--host <name...>", "DNS names and addresses of the broker", ["localhost", "127.0.0.1"])
    .option("--client <name>", "common name of the client certificate", "godwit-device")
    .addOption(new Option("--keys <kind>", "kind of keys").choices(["ec-p256", "rsa-2048"]).default("ec-p256"))
    .option("--intermediate", "put an intermediate CA between the root and the certificates", false)
    .option("--force", "write over files that are there", false)
    .addHelpText("after", HELP)
    .action((options: Options) => run(options));
}
