/** Brokers other than mosquitto that are looked for on this machine, each with mutual TLS on a free port and files of its own. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Pki } from "../../tools/pki/set.ts";
import type { Mosquitto } from "./mosquitto.ts";
import { freePort, startProgram } from "./program.ts";

export interface OtherBroker {
  readonly name: string;
  readonly versions: readonly (4 | 5)[];
  /** The highest QoS that it has; more is lowered, of a PUBLISH by answering it with PUBACK. */
  readonly maxQos: 1 | 2;
  /** Nothing when it is not installed. */
  readonly program: string | undefined;
  start(pki: Pki): Promise<Mosquitto>;
}

/** What differs between brokers; `FOLDER` and `PORT` stand for theirs. */
interface Recipe {
  readonly config: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly patienceMs: number;
  /** Folders and further files inside FOLDER. */
  readonly folders?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

async function startBroker(program: string, pki: Pki, recipe: Recipe): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-broker-"));
  const port = await freePort();
  const fill = (text: string): string => text.replaceAll("FOLDER", folder).replaceAll("PORT", `${port}`);
  const files = {
    "ca.pem": pki.clientCa,
    "server.pem": pki.server.chain,
    "server.key": pki.server.key,
    "broker.conf": recipe.config,
    ...recipe.files,
  };
  for (const name of recipe.folders ?? []) mkdirSync(join(folder, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), fill(text), { mode: 0o600 });
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const [name, value] of Object.entries(recipe.env ?? {})) env[name] = fill(value);
  const { patienceMs } = recipe;
  const running = await startProgram({
    command: program,
    args: recipe.args.map(fill),
    options: { env },
    port,
    patienceMs,
  });
  return {
    ...running,
    port,
    async stop() {
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The first of these files that exists. */
const found = (paths: readonly string[]): string | undefined => paths.find((path) => existsSync(path));
const inPath = (name: string): string[] =>
  (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));

const flashmq = found(inPath("flashmq"));

// What Debian puts into the PATH becomes another user first.
const RABBIT = "/usr/lib/rabbitmq/lib";
const rabbit = existsSync(RABBIT)
  ? found(readdirSync(RABBIT).map((version) => join(RABBIT, version, "sbin", "rabbitmq-server")))
  : undefined;
const rabbitIsOld = /rabbitmq_server-3\./.test(rabbit ?? "");

export const otherBrokers: readonly OtherBroker[] = [
  {
    name: "FlashMQ",
    versions: [4, 5],
    maxQos: 2,
    program: flashmq,
    start: (pki) =>
      startBroker(flashmq ?? "", pki, {
        config:
          "log_file FOLDER/log\nstorage_dir FOLDER/store\nallow_anonymous true\n" +
          "listen {\nprotocol mqtt\nport PORT\nfullchain FOLDER/server.pem\nprivkey FOLDER/server.key\n" +
          "client_verification_ca_file FOLDER/ca.pem\n}\n",
        args: ["-c", "FOLDER/broker.conf"],
        folders: ["store"],
        patienceMs: 5000,
      }),
  },
  {
    name: "RabbitMQ",
    // MQTT 5 came with 3.13, QoS 2 never did.
    versions: rabbitIsOld ? [4] : [4, 5],
    maxQos: 1,
    program: rabbit,
    start: (pki) =>
      startBroker(rabbit ?? "", pki, {
        config:
          "listeners.tcp = none\nmqtt.listeners.tcp = none\nmqtt.listeners.ssl.default = PORT\n" +
          "mqtt.allow_anonymous = true\nmqtt.default_user = guest\nmqtt.default_pass = guest\n" +
          "ssl_options.cacertfile = FOLDER/ca.pem\nssl_options.certfile = FOLDER/server.pem\n" +
          "ssl_options.keyfile = FOLDER/server.key\nssl_options.verify = verify_peer\n" +
          "ssl_options.fail_if_no_peer_cert = true\n",
        args: [],
        env: {
          HOME: "FOLDER",
          RABBITMQ_CONFIG_FILE: "FOLDER/broker.conf",
          RABBITMQ_ENABLED_PLUGINS_FILE: "FOLDER/plugins",
          RABBITMQ_MNESIA_BASE: "FOLDER/data",
          RABBITMQ_LOG_BASE: "FOLDER/logs",
          RABBITMQ_NODENAME: "godwitPORT@localhost",
          // Without a port and a daemon for clusters, which would stay when the broker goes.
          RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-start_epmd false -erl_epmd_port 0 -kernel dist_auto_connect never",
        },
        files: { plugins: "[rabbitmq_mqtt].\n" },
        patienceMs: 60_000,
      }),
  },
];
