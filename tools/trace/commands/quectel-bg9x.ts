/** Quectel BG96, BG95, BG77: their AT, TCP/IP, SSL and file manuals (D); what session logs of an EG800K showed (H). */
import { socketCause } from "./causes.ts";
import { type CommandRecord, type Explained, type Family, type Field, lookup } from "./record.ts";

const context: Field = { name: "context" };
const socket: Field = { name: "socket" };

function opened(isTls: boolean): (args: readonly string[]) => Explained | undefined {
  return ([id = "", result = ""]) => {
    const number = Number(result);
    if (result === "" || !Number.isInteger(number)) return undefined;
    const what = `${isTls ? "TLS" : "TCP or UDP"} socket ${id}`;
    if (number === 0)
      return { says: isTls ? `${what} is open: the handshake succeeded` : `${what} is open`, severity: "good" };
    const { says, code } = socketCause(number, isTls);
    return { says: `${what} is not open. ${says}`, severity: "fault", code };
  };
}

function socketUrc([event = "", id = ""]: readonly string[]): Explained | undefined {
  if (event === "recv") return { says: `socket ${id} has data that wait to be read` };
  if (event === "closed")
    return { says: `socket ${id} was closed by the other side`, severity: "fault", code: "SOCKET_CLOSED" };
  if (event === "pdpdeact") return { says: `the network ended PDP context ${id}`, severity: "fault", code: "NET_PDP" };
  if (event === "dnsgip") return { says: "an answer of the name server" };
  return undefined;
}

/** By its first parameter; value and meaning of the last. */
const TLS_SETTINGS: Readonly<Record<string, { says: string; values?: Readonly<Record<string, string>> }>> = {
  sslversion: { says: "TLS version", values: { 0: "SSL 3.0", 1: "TLS 1.0", 2: "TLS 1.1", 3: "TLS 1.2", 4: "all" } },
  ciphersuite: { says: "cipher suites", values: { "0XFFFF": "all that it has" } },
  seclevel: {
    says: "what is verified",
    values: { 0: "NOTHING", 1: "the server's certificate", 2: "the server's certificate, and ours is shown" },
  },
  ignorelocaltime: { says: "dates of certificates", values: { 0: "count", 1: "are IGNORED" } },
  sni: { says: "server name in the handshake (SNI)", values: { 0: "off", 1: "on" } },
  negotiatetime: { says: "longest handshake, s" },
  cacert: { says: "CA file" },
  clientcert: { says: "client certificate file" },
  clientkey: { says: "private key file" },
  checkhost: { says: "compares the host name with the certificate (nobody has shown a refusal on hardware)" },
  session: { says: "session resumption" },
};

function tlsSetting(args: readonly string[]): Explained | undefined {
  const [key = "", id = "", value] = args;
  const setting = lookup(TLS_SETTINGS, key.toLowerCase());
  if (setting === undefined) return undefined;
  if (value === undefined) return { says: `TLS context ${id}: asks for ${setting.says}` };
  const meaning = lookup(setting.values, value.toUpperCase());
  const isOpen = meaning === "NOTHING" || meaning === "are IGNORED";
  return {
    says: `TLS context ${id}: ${setting.says} ${value}${meaning === undefined ? "" : ` (${meaning})`}`,
    ...(isOpen ? { severity: "fault" as const } : {}),
  };
}

/** `0 bytes`, and which command gave them. */
function read(kind: string): (args: readonly string[]) => Explained | undefined {
  return ([count = ""]) =>
    count === "0" ? { says: `${kind}: nothing more to read` } : { says: `${kind}: ${count} bytes follow` };
}

const FILE_NAME: Field = { name: "file" };

const commands: readonly CommandRecord[] = [
  {
    name: "+QICSGP",
    says: "defines the PDP context",
    source: "TCP/IP manual (D)",
    parameters: [
      context,
      { name: "type", values: { 1: "IPv4", 2: "IPv6", 3: "both" } },
      { name: "APN" },
      { name: "user", isSecret: true },
      { name: "password", isSecret: true },
      { name: "method", values: { 0: "none", 1: "PAP", 2: "CHAP", 3: "PAP or CHAP" } },
    ],
    results: [
      { name: "type" },
      { name: "APN" },
      { name: "user", isSecret: true },
      { name: "password", isSecret: true },
    ],
  },
  {
    name: "+QIACT",
    says: "activates the PDP context",
    source: "TCP/IP manual (D)",
    parameters: [context],
    results: [context, { name: "state", values: { 0: "off", 1: "active" } }, { name: "type" }, { name: "address" }],
  },
  { name: "+QIDEACT", says: "deactivates the PDP context", source: "TCP/IP manual (D)", parameters: [context] },
  {
    name: "+QIOPEN",
    says: "opens a socket without TLS",
    source: "TCP/IP manual (D)",
    parameters: [
      context,
      socket,
      { name: "kind" },
      { name: "host" },
      { name: "port" },
      { name: "local port" },
      { name: "access", values: { 0: "buffer", 1: "direct push", 2: "transparent" } },
    ],
    explainResult: opened(false),
    isDeferred: true,
    socket: { kind: "tcp", at: 1, is: "open" },
  },
  {
    name: "+QISEND",
    says: "sends",
    source: "TCP/IP manual (D)",
    parameters: [socket, { name: "length", unit: "bytes" }],
    success: "SEND OK",
    socket: { kind: "tcp", at: 0 },
  },
  {
    name: "+QIRD",
    says: "reads what came",
    source: "TCP/IP manual (D)",
    parameters: [socket, { name: "at most", unit: "bytes" }],
    explainResult: read("socket"),
    socket: { kind: "tcp", at: 0 },
  },
  {
    name: "+QICLOSE",
    says: "closes the socket",
    source: "TCP/IP manual (D)",
    parameters: [socket],
    socket: { kind: "tcp", at: 0, is: "close" },
  },
  {
    name: "+QIGETERROR",
    says: "asks for the newest error of a socket",
    source: "TCP/IP manual (D)",
    results: [{ name: "error" }, { name: "text" }],
  },
  { name: "+QIURC", isNews: true, says: "news of a socket", source: "TCP/IP manual (D)", explainResult: socketUrc },
  {
    name: "+QSSLCFG",
    says: "setting of the TLS context",
    source: "SSL manual (D); factory values (H)",
    parameters: [{ name: "setting" }, { name: "TLS context" }, { name: "value" }],
    explainSet: tlsSetting,
    explainResult: tlsSetting,
  },
  {
    name: "+QSSLOPEN",
    says: "opens a TLS socket",
    source: "SSL manual (D)",
    parameters: [
      context,
      { name: "TLS context" },
      socket,
      { name: "host" },
      { name: "port" },
      { name: "access", values: { 0: "buffer", 1: "direct push", 2: "transparent" } },
    ],
    explainResult: opened(true),
    isDeferred: true,
    socket: { kind: "tls", at: 2, is: "open" },
  },
  {
    name: "+QSSLSEND",
    says: "sends through TLS",
    source: "SSL manual (D)",
    parameters: [socket, { name: "length", unit: "bytes" }],
    success: "SEND OK",
    socket: { kind: "tls", at: 0 },
  },
  {
    name: "+QSSLRECV",
    says: "reads what came through TLS",
    source: "SSL manual (D)",
    parameters: [socket, { name: "at most", unit: "bytes" }],
    explainResult: read("TLS"),
    socket: { kind: "tls", at: 0 },
  },
  {
    name: "+QSSLCLOSE",
    says: "closes the TLS socket",
    source: "SSL manual (D)",
    parameters: [socket, { name: "wait", unit: "s" }],
    socket: { kind: "tls", at: 0, is: "close" },
  },
  { name: "+QSSLSTATE", says: "asks for the state of TLS sockets", source: "SSL manual (D)" },
  { name: "+QSSLURC", isNews: true, says: "news of a TLS socket", source: "SSL manual (D)", explainResult: socketUrc },
  {
    name: "+QFUPL",
    says: "stores a file; its bytes follow and are never shown",
    source: "File manual (D); checksum (H)",
    parameters: [FILE_NAME, { name: "length", unit: "bytes" }, { name: "wait", unit: "s" }],
    results: [{ name: "stored", unit: "bytes" }, { name: "checksum" }],
  },
  { name: "+QFDEL", says: "removes a file", source: "File manual (D)", parameters: [FILE_NAME] },
  {
    name: "+QFLST",
    says: "lists the file store",
    source: "File manual (D)",
    parameters: [{ name: "pattern" }],
    results: [FILE_NAME, { name: "length", unit: "bytes" }],
  },
  { name: "+QFDWL", says: "reads a file back", source: "File manual (D)", parameters: [FILE_NAME] },
  { name: "+QFLDS", says: "asks for the room in the file store", source: "File manual (D)" },
  {
    name: "+QCSQ",
    says: "asks for the signal",
    source: "AT manual (D)",
    explainResult: ([rat = "", rssi = "", rsrp = "", sinr = "", rsrq = ""]) =>
      rat === "NOSERVICE"
        ? { says: "no service", severity: "fault" }
        : {
            says: `${rat}: received power ${rssi} dBm${rsrp === "" ? "" : `, reference signal ${rsrp} dBm`}${
              sinr === "" ? "" : `, SINR ${Math.round(Number(sinr) / 5 - 20)} dB`
            }${rsrq === "" ? "" : `, RSRQ ${rsrq} dB`}`,
          },
  },
  {
    name: "+QNWINFO",
    says: "asks for network and band",
    source: "AT manual (D)",
    results: [{ name: "access" }, { name: "operator" }, { name: "band" }, { name: "channel" }],
  },
  {
    name: "+QCFG",
    says: "setting of the modem",
    source: "AT manual (D)",
    parameters: [{ name: "setting" }, { name: "value" }],
  },
  {
    name: "+QURCCFG",
    says: "where URCs go",
    source: "AT manual (D)",
    parameters: [{ name: "setting" }, { name: "port" }],
  },
  {
    name: "+QINDCFG",
    says: "which URCs come",
    source: "AT manual (D)",
    parameters: [{ name: "URC" }, { name: "state", values: { 0: "off", 1: "on" } }],
  },
  {
    name: "+QLTS",
    says: "asks for network time (NITZ)",
    source: "AT manual (D)",
    parameters: [{ name: "form", values: { 0: "newest", 1: "UTC, carried on", 2: "local, carried on" } }],
    results: [{ name: "network time" }],
  },
  {
    name: "+QNTP",
    says: "asks an NTP server for the time",
    source: "TCP/IP manual (D)",
    parameters: [context, { name: "server" }, { name: "port" }],
    isDeferred: true,
    explainResult: ([result = "", time = ""]) =>
      result === "0"
        ? { says: `NTP: ${time}`, severity: "good" }
        : { says: `NTP failed: ${socketCause(Number(result), false).says}`, severity: "fault" },
  },
  {
    name: "+QPINC",
    says: "asks how many tries of the PIN are left",
    source: "AT manual (D)",
    parameters: [{ name: "of" }],
    results: [{ name: "of" }, { name: "PIN tries left" }, { name: "PUK tries left" }],
  },
  { name: "+QCCID", says: "asks for the ICCID of the SIM", source: "AT manual (D)" },
  {
    name: "+QPOWD",
    says: "switches the modem off",
    source: "AT manual (D)",
    parameters: [{ name: "way", values: { 0: "at once", 1: "in order" } }],
  },
  {
    name: "+QIND",
    isNews: true,
    says: "news of the modem",
    source: "AT manual (D)",
    results: [{ name: "of" }, { name: "value" }],
  },
  {
    name: "+QUSIM",
    isNews: true,
    says: "which application the SIM has",
    source: "R",
    results: [{ name: "USIM", values: { 0: "no, SIM", 1: "yes" } }],
  },
];

export const quectelBg9x: Family = {
  name: "quectel-bg9x",
  commands,
  lines: {
    RDY: { says: "the modem has started, and does not take commands yet" },
    "APP RDY": { says: "the modem has booted and takes commands" },
    "POWERED DOWN": { says: "the modem is off" },
    "NORMAL POWER DOWN": { says: "the modem is off" },
    "SEND OK": { says: "the data are in the modem's send buffer", severity: "good" },
    "SEND FAIL": { says: "the modem's send buffer is full", severity: "fault", code: "SOCKET_CLOSED" },
    CONNECT: { says: "the modem waits for data" },
  },
};
