/** What `--broker`, `--ca`, `--cert` and `--key` lead to, or why they cannot work. */
import { domainToASCII } from "node:url";
import { CliError } from "../cli/errors.ts";
import { readSmallFile } from "../cli/read-file.ts";
import type { OwnBroker } from "./peer.ts";

export interface BrokerOptions {
  readonly broker?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Longest text that a godwit.json may have (src/config.ts). */
const MAX_TEXT = 128;
/** As much as `godwit provision` reads of a file. */
const MAX_FILE = 65_536;

const usage = (message: string): CliError => new CliError("USAGE", message, 2);

/** @throws {CliError} USAGE, NO_FILE or NOT_PEM, all before anything is built. */
export function ownBroker({ broker, ca, cert, key }: BrokerOptions): OwnBroker | undefined {
  if (broker === undefined) {
    if (ca ?? cert ?? key) throw usage("--ca, --cert and --key go with --broker");
    return undefined;
  }
  const address = brokerAddress(broker);
  if (ca === undefined) throw usage("--broker needs --ca: the certificate that signed the broker's");
  if ((cert === undefined) !== (key === undefined)) throw usage("--cert and --key go together");
  const client =
    cert === undefined || key === undefined
      ? {}
      : { cert: pem("--cert", cert, "CERTIFICATE"), key: pem("--key", key, "PRIVATE KEY") };
  return { ...address, ca: pem("--ca", ca, "CERTIFICATE"), ...client };
}

type Address = Pick<OwnBroker, "host" | "port" | "login">;

/** Of `mqtts://user:password@host:port`; what is wrong with it is said without its password. */
export function brokerAddress(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== "mqtts:" || url.hostname === "") {
    const shown = text.replace(/\/\/.*@/s, "//...@");
    throw usage(`--broker wants mqtts://host:port, not "${shown}"; there is no way without TLS`);
  }
  if (!/^\/?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    throw usage("--broker wants mqtts://host:port and nothing behind it: MQTT over WebSocket is not in this firmware");
  }
  const host = hostOf(url.hostname);
  const port = url.port === "" ? 8883 : Number(url.port);
  if (port === 0) throw usage("--broker: there is no port 0");
  if (url.username === "" && url.password === "") return { host, port };
  return { host, port, login: { username: decoded(url.username), password: decoded(url.password) } };
}

/** What goes into the device's settings and from there into an AT command. */
function hostOf(name: string): string {
  if (name.startsWith("[")) throw usage("--broker: the modem's contexts are IPv4; give a name or an IPv4 address");
  const plain = decodeName(name);
  if (plain.length > MAX_TEXT) throw usage(`--broker: a host has at most ${MAX_TEXT} characters`);
  if (/^[A-Za-z0-9._-]+$/.test(plain)) return plain;
  const ascii = domainToASCII(plain);
  const instead = ascii === "" ? "" : `; write ${ascii}`;
  throw usage(`--broker: a host has letters, digits, dots and hyphens, not "${plain}"${instead}`);
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A setting has printable ASCII without quote and backslash; it may be a secret, so it is not repeated. */
function decoded(part: string): string {
  const text = decodeName(part);
  if (text.length <= MAX_TEXT && /^[\x20-\x7e]*$/.test(text) && !/["\\]/.test(text)) return text;
  throw usage(`--broker: user name and password have at most ${MAX_TEXT} printable ASCII characters, no " and no \\`);
}

/** The text of a PEM file that holds a `kind`. */
function pem(option: string, path: string, kind: string): string {
  let text: string;
  try {
    text = readSmallFile(path, MAX_FILE, "latin1");
  } catch (error) {
    throw new CliError("NO_FILE", `${option}: cannot read ${path}: ${(error as Error).message}`, 2);
  }
  if (new RegExp(`-----BEGIN [A-Z0-9 ]*${kind}-----`).test(text)) return text;
  const look = `npx godwit provision --check ${option} ${path} says what it is`;
  throw new CliError("NOT_PEM", `${option}: ${path} is no PEM file with a ${kind}; ${look}`, 2);
}
